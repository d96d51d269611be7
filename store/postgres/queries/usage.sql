-- name: UsageRawsInsert :many
-- UsageRawsInsert adds the raw records whose keys are not taken, and returns their keys. The arrays are columns.
INSERT INTO usage_raw (
    seller, key, instance_id, start_at, package_id, meter, mode, begin_at, end_at, value, reported_at, corrects, counted,
    replaced_by
)
SELECT
    unnest(sqlc.arg(sellers)::text[]), unnest(sqlc.arg(keys)::text[]), unnest(sqlc.arg(instance_ids)::text[]),
    unnest(sqlc.arg(start_ats)::bigint[]), unnest(sqlc.arg(package_ids)::text[]), unnest(sqlc.arg(meters)::text[]),
    unnest(sqlc.arg(modes)::text[]), unnest(sqlc.arg(begin_ats)::bigint[]), unnest(sqlc.arg(end_ats)::bigint[]),
    unnest(sqlc.arg(values)::bigint[]), unnest(sqlc.arg(reported_ats)::bigint[]), unnest(sqlc.arg(corrects)::text[]), 1,
    ''
ON CONFLICT (seller, key) DO NOTHING
RETURNING seller, key;

-- name: UsageRawsGet :many
-- UsageRawsGet reads raw records.
SELECT
    seller, key, instance_id, start_at, package_id, meter, mode, begin_at, end_at, value, reported_at, corrects, counted,
    replaced_by
FROM usage_raw
WHERE (seller, key) IN (SELECT unnest(sqlc.arg(sellers)::text[]), unnest(sqlc.arg(keys)::text[]));

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

-- name: UsageRawsLeaveOut :exec
-- UsageRawsLeaveOut takes raw records out of their windows' totals: they came too late.
UPDATE usage_raw SET counted = 0
WHERE (seller, key) IN (SELECT unnest(sqlc.arg(sellers)::text[]), unnest(sqlc.arg(keys)::text[]));

-- name: UsageRawTotal :one
-- UsageRawTotal sums up the raw records that count in a window; of a LAST window see UsageRawLast.
SELECT coalesce(sum(value), 0)::bigint AS total, coalesce(max(value), 0)::bigint AS greatest, count(*) AS records
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

-- name: UsageWindowsLock :many
-- UsageWindowsLock returns windows and keeps them for this transaction; those that are missing it starts empty. The arrays
-- are columns, in the order of the windows' keys, so that no two transactions wait for each other in a circle.
INSERT INTO usage_windows (
    seller, instance_id, start_at, package_id, id, meter, mode, end_at, total, settled, open, records, last_end_at,
    last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at
)
SELECT
    unnest(sqlc.arg(sellers)::text[]), unnest(sqlc.arg(instance_ids)::text[]), unnest(sqlc.arg(start_ats)::bigint[]),
    unnest(sqlc.arg(package_ids)::text[]), unnest(sqlc.arg(ids)::text[]), unnest(sqlc.arg(meters)::text[]),
    unnest(sqlc.arg(modes)::text[]), unnest(sqlc.arg(end_ats)::bigint[]), 0, 0, 0, 0, 0, 0, '',
    unnest(sqlc.arg(due_ats)::bigint[]), unnest(sqlc.arg(deadline_ats)::bigint[]), unnest(sqlc.arg(refuse_ats)::bigint[]),
    unnest(sqlc.arg(created_ats)::bigint[]), unnest(sqlc.arg(updated_ats)::bigint[])
ON CONFLICT (seller, instance_id, start_at, package_id) DO UPDATE SET updated_at = usage_windows.updated_at
RETURNING
    seller, instance_id, start_at, package_id, id, meter, mode, end_at, total, settled, open, records, last_end_at,
    last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at;

-- name: UsageWindowLock :one
-- UsageWindowLock returns a window and keeps it for this transaction.
SELECT
    seller, instance_id, start_at, package_id, id, meter, mode, end_at, total, settled, open, records, last_end_at,
    last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at
FROM usage_windows
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND start_at = sqlc.arg(start_at) AND package_id = sqlc.arg(package_id)
FOR UPDATE;

-- name: UsageWindowsPut :exec
-- UsageWindowsPut writes windows that are kept for this transaction. The arrays are columns.
UPDATE usage_windows SET
    total = put.total, settled = put.settled, open = put.open, records = put.records, last_end_at = put.last_end_at,
    last_reported_at = put.last_reported_at, last_key = put.last_key, updated_at = put.updated_at
FROM (
    SELECT
        unnest(sqlc.arg(sellers)::text[]) AS seller, unnest(sqlc.arg(instance_ids)::text[]) AS instance_id,
        unnest(sqlc.arg(start_ats)::bigint[]) AS start_at, unnest(sqlc.arg(package_ids)::text[]) AS package_id,
        unnest(sqlc.arg(totals)::bigint[]) AS total, unnest(sqlc.arg(settles)::bigint[]) AS settled,
        unnest(sqlc.arg(opens)::bigint[]) AS open, unnest(sqlc.arg(records)::bigint[]) AS records,
        unnest(sqlc.arg(last_end_ats)::bigint[]) AS last_end_at,
        unnest(sqlc.arg(last_reported_ats)::bigint[]) AS last_reported_at,
        unnest(sqlc.arg(last_keys)::text[]) AS last_key, unnest(sqlc.arg(updated_ats)::bigint[]) AS updated_at
) AS put
WHERE usage_windows.seller = put.seller AND usage_windows.instance_id = put.instance_id
    AND usage_windows.start_at = put.start_at AND usage_windows.package_id = put.package_id;

-- name: UsageCloseLock :exec
-- UsageCloseLock lets one transaction at a time close windows of a seller: parts are numbered over all packages.
SELECT pg_advisory_xact_lock(hashtextextended('koogate close ' || current_schema() || ' ' || sqlc.arg(seller)::text, 0));

-- name: UsageWindowsDue :many
-- UsageWindowsDue returns the windows to be closed, the earliest deadline first, and keeps them for this transaction. Those
-- that are being added to are passed over: waiting for them could be waiting in a circle.
SELECT
    seller, instance_id, start_at, package_id, id, meter, mode, end_at, total, settled, open, records, last_end_at,
    last_reported_at, last_key, due_at, deadline_at, refuse_at, created_at, updated_at
FROM usage_windows
WHERE seller = sqlc.arg(seller) AND open = 1 AND due_at <= sqlc.arg(now)
ORDER BY deadline_at, due_at, instance_id, start_at, package_id
LIMIT sqlc.arg(max)
FOR UPDATE SKIP LOCKED;

-- name: UsagePartsTaken :many
-- UsagePartsTaken tells, for windows, the first free part of instance and start, and the latest begin of the instance's
-- records with the window's end, 0 for none, and the latest that was told of those of the package. The arrays are columns.
SELECT
    w.instance_id::text AS instance_id, w.start_at::bigint AS start_at, w.end_at::bigint AS end_at, w.package_id::text AS package_id,
    (SELECT coalesce(max(r.part) + 1, 0) FROM usage_records AS r
        WHERE r.seller = sqlc.arg(seller) AND r.instance_id = w.instance_id AND r.start_at = w.start_at)::bigint AS next,
    (SELECT coalesce(max(r.begin_at), 0) FROM usage_records AS r
        WHERE r.seller = sqlc.arg(seller) AND r.instance_id = w.instance_id AND r.end_at = w.end_at)::bigint AS latest,
    (SELECT coalesce(max(CASE WHEN r.told_begin_at = 0 THEN r.begin_at ELSE r.told_begin_at END), 0) FROM usage_records AS r
        WHERE r.seller = sqlc.arg(seller) AND r.instance_id = w.instance_id AND r.end_at = w.end_at
        AND r.package_id = w.package_id)::bigint AS told
FROM (
    SELECT
        unnest(sqlc.arg(instance_ids)::text[]) AS instance_id, unnest(sqlc.arg(start_ats)::bigint[]) AS start_at,
        unnest(sqlc.arg(end_ats)::bigint[]) AS end_at, unnest(sqlc.arg(package_ids)::text[]) AS package_id
) AS w;

-- name: UsageNextDue :one
-- UsageNextDue tells when the next window is to be closed or record to be sent; 0 when there is none.
SELECT coalesce(min(next.due_at), 0)::bigint AS due_at, count(*) AS found
FROM (
    (SELECT w.due_at FROM usage_windows AS w WHERE w.seller = sqlc.arg(seller) AND w.open = 1 AND w.due_at >= 0 ORDER BY w.due_at LIMIT 1)
    UNION ALL
    (SELECT r.due_at FROM usage_records AS r WHERE r.seller = sqlc.arg(seller) AND r.state = 'SENDING' AND r.due_at >= 0 ORDER BY r.due_at LIMIT 1)
) AS next;

-- name: UsageWindowsOpen :one
-- UsageWindowsOpen counts what waits to be closed; 0 for no deadline.
SELECT count(*) AS windows, coalesce(min(deadline_at), 0)::bigint AS deadline
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
-- UsageProofWindows reads windows after a key, and the aggregate of their raw records.
SELECT
    sqlc.embed(w),
    coalesce(CASE w.mode
        WHEN 'COUNT' THEN (SELECT count(*) * 10000 FROM usage_raw AS r WHERE r.seller = w.seller AND r.instance_id = w.instance_id AND r.start_at = w.start_at AND r.package_id = w.package_id AND r.counted = 1)
        WHEN 'MAX' THEN (SELECT max(r.value) FROM usage_raw AS r WHERE r.seller = w.seller AND r.instance_id = w.instance_id AND r.start_at = w.start_at AND r.package_id = w.package_id AND r.counted = 1)
        WHEN 'LAST' THEN (
            SELECT r.value FROM usage_raw AS r
            WHERE r.seller = w.seller AND r.instance_id = w.instance_id AND r.start_at = w.start_at AND r.package_id = w.package_id AND r.counted = 1
            ORDER BY r.end_at DESC, r.reported_at DESC, r.key DESC
            LIMIT 1
        )
        ELSE (SELECT sum(r.value)::bigint FROM usage_raw AS r WHERE r.seller = w.seller AND r.instance_id = w.instance_id AND r.start_at = w.start_at AND r.package_id = w.package_id AND r.counted = 1)
    END, 0)::bigint AS raw
FROM usage_windows AS w
WHERE w.seller = sqlc.arg(seller)
    AND (w.instance_id, w.start_at, w.package_id) > (sqlc.arg(after_instance_id)::text, sqlc.arg(after_start_at)::bigint, sqlc.arg(after_package_id)::text)
ORDER BY w.instance_id, w.start_at, w.package_id
LIMIT sqlc.arg(max);

-- name: UsageProofRecords :many
-- UsageProofRecords sums up the records of windows by state and code. The arrays are columns.
SELECT instance_id, start_at, package_id, state, code, sum(value)::bigint AS value
FROM usage_records
WHERE seller = sqlc.arg(seller) AND (instance_id, start_at, package_id) IN (
    SELECT unnest(sqlc.arg(instance_ids)::text[]), unnest(sqlc.arg(start_ats)::bigint[]), unnest(sqlc.arg(package_ids)::text[])
)
GROUP BY instance_id, start_at, package_id, state, code;

-- name: UsageRecordsInsert :exec
-- UsageRecordsInsert adds records. The arrays are columns.
INSERT INTO usage_records (
    seller, id, instance_id, start_at, package_id, part, meter, begin_at, end_at, value, state, code, attempt, due_at,
    deadline_at, refuse_at, created_at, updated_at, told_begin_at
)
SELECT
    unnest(sqlc.arg(sellers)::text[]), unnest(sqlc.arg(ids)::text[]), unnest(sqlc.arg(instance_ids)::text[]),
    unnest(sqlc.arg(start_ats)::bigint[]), unnest(sqlc.arg(package_ids)::text[]), unnest(sqlc.arg(parts)::bigint[]),
    unnest(sqlc.arg(meters)::text[]), unnest(sqlc.arg(begin_ats)::bigint[]), unnest(sqlc.arg(end_ats)::bigint[]),
    unnest(sqlc.arg(values)::bigint[]), unnest(sqlc.arg(states)::text[]), unnest(sqlc.arg(codes)::text[]),
    unnest(sqlc.arg(attempts)::bigint[]), unnest(sqlc.arg(due_ats)::bigint[]), unnest(sqlc.arg(deadline_ats)::bigint[]),
    unnest(sqlc.arg(refuse_ats)::bigint[]), unnest(sqlc.arg(created_ats)::bigint[]),
    unnest(sqlc.arg(updated_ats)::bigint[]), unnest(sqlc.arg(told_begin_ats)::bigint[]);

-- name: UsageRecordsSending :many
-- UsageRecordsSending reads the records to be sent, the earliest deadline first.
SELECT
    seller, id, instance_id, start_at, package_id, part, meter, begin_at, end_at, value, state, code, attempt, due_at,
    deadline_at, refuse_at, created_at, updated_at, told_begin_at
FROM usage_records
WHERE seller = sqlc.arg(seller) AND state = 'SENDING' AND due_at <= sqlc.arg(now)
ORDER BY deadline_at, due_at, id
LIMIT sqlc.arg(max);

-- name: UsageRecordsOpen :one
-- UsageRecordsOpen counts what waits to be sent; 0 for no deadline.
SELECT count(*) AS records, coalesce(min(deadline_at), 0)::bigint AS deadline
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
    refuse_at = CASE WHEN refuse_at > sqlc.arg(now) THEN refuse_at ELSE sqlc.arg(until)::bigint END
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND state = 'REFUSED'
    AND (refuse_at > sqlc.arg(now) OR sqlc.arg(until)::bigint > 0);

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

-- name: UsageSellerShare :exec
-- UsageSellerShare lets usage of a seller be added together, but not while a quota is put.
SELECT pg_advisory_xact_lock_shared(hashtextextended('koogate/usage/' || sqlc.arg(seller)::text, 0));

-- name: UsageSellerLock :exec
-- UsageSellerLock waits for the usage of a seller that is being added, and holds further up until the commit.
SELECT pg_advisory_xact_lock(hashtextextended('koogate/usage/' || sqlc.arg(seller)::text, 0));

-- name: UsageStops :many
-- UsageStops reads which of a seller's instances stop when their packages are used up.
SELECT DISTINCT instance_id FROM quota_rows
WHERE seller = sqlc.arg(seller) AND instance_id = ANY(sqlc.arg(instance_ids)::text[]) AND stop = 1;

-- name: UsageEnded :many
-- UsageEnded reads which of a seller's instances are released, or were never opened.
SELECT instance_id FROM instances
WHERE seller = sqlc.arg(seller) AND instance_id = ANY(sqlc.arg(instance_ids)::text[]) AND state IN ('RELEASED', 'FAILED');

-- name: UsageRecordsPullIn :execrows
-- UsageRecordsPullIn is TasksPullIn for records that wait to be sent again.
WITH clock AS MATERIALIZED (
    SELECT CASE
        WHEN sqlc.arg(given)::bigint > 0 THEN sqlc.arg(given)::bigint
        ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
    END AS now
)
UPDATE usage_records SET due_at = clock.now + greatest(usage_records.due_at - usage_records.updated_at, 0), updated_at = clock.now
FROM clock
WHERE usage_records.seller = sqlc.arg(seller) AND usage_records.state = 'SENDING' AND usage_records.due_at >= 0
    AND usage_records.due_at > clock.now AND usage_records.updated_at > clock.now + sqlc.arg(ahead)::bigint;
