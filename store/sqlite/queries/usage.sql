-- name: UsageRawInsert :execrows
-- UsageRawInsert adds a raw record unless its key is taken.
INSERT INTO usage_raw (
    seller, key, instance_id, start_at, package_id, meter, mode, begin_at, end_at, value, reported_at, corrects, counted,
    replaced_by
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
)
ON CONFLICT (seller, key) DO NOTHING;

-- name: UsageRawGet :one
-- UsageRawGet reads a raw record.
SELECT
    seller, key, instance_id, start_at, package_id, meter, mode, begin_at, end_at, value, reported_at, corrects, counted,
    replaced_by
FROM usage_raw
WHERE seller = sqlc.arg(seller) AND key = sqlc.arg(key);

-- name: UsageRawReplace :exec
-- UsageRawReplace takes a raw record out of its window's total: a correction took its place.
UPDATE usage_raw SET counted = 0, replaced_by = sqlc.arg(replaced_by)
WHERE seller = sqlc.arg(seller) AND key = sqlc.arg(key);

-- name: UsageRawTotal :one
-- UsageRawTotal sums up the raw records that count in a window; of a LAST window see UsageRawLast.
SELECT
    CAST(coalesce(sum(value), 0) AS INTEGER) AS total, CAST(coalesce(max(value), 0) AS INTEGER) AS greatest, count(*) AS records
FROM usage_raw
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND start_at = sqlc.arg(start_at) AND package_id = sqlc.arg(package_id) AND counted = 1;

-- name: UsageRawLast :one
-- UsageRawLast reads the raw record that a LAST window takes its total from.
SELECT
    seller, key, instance_id, start_at, package_id, meter, mode, begin_at, end_at, value, reported_at, corrects, counted,
    replaced_by
FROM usage_raw
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND start_at = sqlc.arg(start_at) AND package_id = sqlc.arg(package_id) AND counted = 1
ORDER BY end_at DESC, reported_at DESC, key DESC
LIMIT 1;

-- name: UsageWindowGet :one
-- UsageWindowGet reads a window.
SELECT
    seller, instance_id, start_at, package_id, id, meter, mode, end_at, total, settled, open, records, last_end_at,
    last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at
FROM usage_windows
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND start_at = sqlc.arg(start_at) AND package_id = sqlc.arg(package_id);

-- name: UsageWindowInsert :exec
-- UsageWindowInsert adds a window.
INSERT INTO usage_windows (
    seller, instance_id, start_at, package_id, id, meter, mode, end_at, total, settled, open, records, last_end_at,
    last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: UsageWindowGrow :exec
-- UsageWindowGrow writes a window whose open stays as it is, which leaves the indexes alone; only the one writer runs it.
UPDATE usage_windows SET
    total = sqlc.arg(total), settled = sqlc.arg(settled), records = sqlc.arg(records), last_end_at = sqlc.arg(last_end_at),
    last_reported_at = sqlc.arg(last_reported_at), last_key = sqlc.arg(last_key), updated_at = sqlc.arg(updated_at)
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND start_at = sqlc.arg(start_at) AND package_id = sqlc.arg(package_id);

-- name: UsageWindowTurn :exec
-- UsageWindowTurn writes a window that opens or closes; only the one writer runs it.
UPDATE usage_windows SET
    total = sqlc.arg(total), settled = sqlc.arg(settled), open = sqlc.arg(open), records = sqlc.arg(records),
    last_end_at = sqlc.arg(last_end_at), last_reported_at = sqlc.arg(last_reported_at), last_key = sqlc.arg(last_key),
    updated_at = sqlc.arg(updated_at)
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND start_at = sqlc.arg(start_at) AND package_id = sqlc.arg(package_id);

-- name: UsageWindowsDue :many
-- UsageWindowsDue reads the windows to be closed, the earliest deadline first. The plus keeps the planner, whatever it
-- believes of the table, from finding them by due_at and sorting all of them.
SELECT
    seller, instance_id, start_at, package_id, id, meter, mode, end_at, total, settled, open, records, last_end_at,
    last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at
FROM usage_windows
WHERE seller = sqlc.arg(seller) AND open = 1 AND +due_at <= sqlc.arg(now)
ORDER BY deadline_at, due_at, instance_id, start_at, package_id
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: UsageWindowNextDue :one
-- UsageWindowNextDue tells when the next window is to be closed.
SELECT due_at FROM usage_windows
WHERE seller = sqlc.arg(seller) AND open = 1
ORDER BY due_at
LIMIT 1;

-- name: UsageWindowsOpen :one
-- UsageWindowsOpen counts what waits to be closed; 0 for no deadline.
SELECT count(*) AS windows, CAST(coalesce(min(deadline_at), 0) AS INTEGER) AS deadline
FROM usage_windows
WHERE seller = sqlc.arg(seller) AND open = 1;

-- name: UsageWindowList :many
-- UsageWindowList is the base of a page; the list builder appends filters, order and limit.
SELECT
    seller, instance_id, start_at, package_id, id, meter, mode, end_at, total, settled, open, records, last_end_at,
    last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at
FROM usage_windows
WHERE seller = sqlc.arg(seller);

-- name: UsageProofWindows :many
-- UsageProofWindows is the base of a page of windows, each with the aggregate of its raw records; place, order and limit are
-- appended.
SELECT
    sqlc.embed(w),
    CAST(coalesce(CASE w.mode
        WHEN 'COUNT' THEN (
            SELECT count(*) * 10000 FROM usage_raw AS r
            WHERE r.seller = w.seller AND r.instance_id = w.instance_id AND r.start_at = w.start_at AND r.package_id = w.package_id AND r.counted = 1
        )
        WHEN 'MAX' THEN (
            SELECT max(r.value) FROM usage_raw AS r
            WHERE r.seller = w.seller AND r.instance_id = w.instance_id AND r.start_at = w.start_at AND r.package_id = w.package_id AND r.counted = 1
        )
        WHEN 'LAST' THEN (
            SELECT r.value FROM usage_raw AS r
            WHERE r.seller = w.seller AND r.instance_id = w.instance_id AND r.start_at = w.start_at AND r.package_id = w.package_id AND r.counted = 1
            ORDER BY r.end_at DESC, r.reported_at DESC, r.key DESC
            LIMIT 1
        )
        ELSE (
            SELECT sum(r.value) FROM usage_raw AS r
            WHERE r.seller = w.seller AND r.instance_id = w.instance_id AND r.start_at = w.start_at AND r.package_id = w.package_id AND r.counted = 1
        )
    END, 0) AS INTEGER) AS raw
FROM usage_windows AS w
WHERE w.seller = sqlc.arg(seller);

-- name: UsageProofRecords :many
-- UsageProofRecords sums up a window's records by state and code.
SELECT state, code, CAST(sum(value) AS INTEGER) AS value
FROM usage_records
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND start_at = sqlc.arg(start_at) AND package_id = sqlc.arg(package_id)
GROUP BY state, code;

-- name: UsageRecordInsert :exec
-- UsageRecordInsert adds a record.
INSERT INTO usage_records (
    seller, id, instance_id, start_at, package_id, part, meter, begin_at, end_at, value, state, code, attempt, due_at,
    deadline_at, refuse_at, created_at, updated_at, told_begin_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: UsagePartNext :one
-- UsagePartNext tells the first free part of an instance and start.
SELECT CAST(coalesce(max(part) + 1, 0) AS INTEGER) AS next
FROM usage_records
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND start_at = sqlc.arg(start_at);

-- name: UsageBeginLatest :one
-- UsageBeginLatest tells the latest begin of an instance's records with an end; 0 for none.
SELECT CAST(coalesce(max(begin_at), 0) AS INTEGER) AS latest
FROM usage_records
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND end_at = sqlc.arg(end_at);

-- name: UsageToldLatest :one
-- UsageToldLatest tells the latest begin that was told of an instance's records with an end and a package; 0 for none.
SELECT CAST(coalesce(max(iif(told_begin_at = 0, begin_at, told_begin_at)), 0) AS INTEGER) AS latest
FROM usage_records
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND end_at = sqlc.arg(end_at)
    AND package_id = sqlc.arg(package_id);

-- name: UsageRecordsSending :many
-- UsageRecordsSending reads the records to be sent, the earliest deadline first. The plus is that of UsageWindowsDue.
SELECT
    seller, id, instance_id, start_at, package_id, part, meter, begin_at, end_at, value, state, code, attempt, due_at,
    deadline_at, refuse_at, created_at, updated_at, told_begin_at
FROM usage_records
WHERE seller = sqlc.arg(seller) AND state = 'SENDING' AND +due_at <= sqlc.arg(now)
ORDER BY deadline_at, due_at, id
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: UsageRecordNextDue :one
-- UsageRecordNextDue tells when the next record is to be sent.
SELECT due_at FROM usage_records
WHERE seller = sqlc.arg(seller) AND state = 'SENDING'
ORDER BY due_at
LIMIT 1;

-- name: UsageRecordsOpen :one
-- UsageRecordsOpen counts what waits to be sent; 0 for no deadline.
SELECT count(*) AS records, CAST(coalesce(min(deadline_at), 0) AS INTEGER) AS deadline
FROM usage_records
WHERE seller = sqlc.arg(seller) AND state = 'SENDING';

-- name: UsageRecordsRefused :one
-- UsageRecordsRefused counts what was refused.
SELECT count(*) FROM usage_records
WHERE seller = sqlc.arg(seller) AND state = 'REFUSED';

-- name: UsageRecordSettle :exec
-- UsageRecordSettle writes a verdict on a record that is still to be sent.
UPDATE usage_records SET
    state = sqlc.arg(state), code = sqlc.arg(code), attempt = attempt + 1, due_at = sqlc.arg(due_at), updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND id = sqlc.arg(id) AND usage_records.state = 'SENDING';

-- name: UsageRecordsRevive :execrows
-- UsageRecordsRevive puts an instance's refused records back: those that the marketplace may still take, and with until, for
-- that long, those that are too old.
UPDATE usage_records SET
    state = 'SENDING', due_at = sqlc.arg(now), updated_at = sqlc.arg(now),
    refuse_at = CASE WHEN refuse_at > sqlc.arg(now) THEN refuse_at ELSE CAST(sqlc.arg(until) AS INTEGER) END
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND state = 'REFUSED'
    AND (refuse_at > sqlc.arg(now) OR CAST(sqlc.arg(until) AS INTEGER) > 0);

-- name: UsageRecordsPast :one
-- UsageRecordsPast counts an instance's refused records.
SELECT count(*) FROM usage_records
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND state = 'REFUSED';

-- name: UsageRecordList :many
-- UsageRecordList is the base of a page; the list builder appends filters, order and limit.
SELECT
    seller, id, instance_id, start_at, package_id, part, meter, begin_at, end_at, value, state, code, attempt, due_at,
    deadline_at, refuse_at, created_at, updated_at, told_begin_at
FROM usage_records
WHERE seller = sqlc.arg(seller);

-- name: UsageJudged :one
-- UsageJudged reads what usage of an instance is judged by.
SELECT
    CAST(EXISTS (SELECT 1 FROM quota_rows AS q WHERE q.seller = sqlc.arg(seller) AND q.instance_id = sqlc.arg(instance_id) AND q.stop = 1) AS INTEGER) AS stops,
    CAST(EXISTS (SELECT 1 FROM instances AS i WHERE i.seller = sqlc.arg(seller) AND i.instance_id = sqlc.arg(instance_id) AND i.state IN ('RELEASED', 'FAILED')) AS INTEGER) AS ended;

-- name: UsageRecordsPullIn :execrows
-- UsageRecordsPullIn is TasksPullIn for records that wait to be sent again.
UPDATE usage_records SET due_at = sqlc.arg(now) + max(due_at - updated_at, 0), updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND state = 'SENDING' AND due_at >= 0 AND due_at > sqlc.arg(now) AND updated_at > sqlc.arg(ahead);
