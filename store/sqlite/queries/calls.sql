-- name: CallPut :exec
-- CallPut adds a call at its place in its series, that of a call without a subject being told, or counts on in the row of its ID.
INSERT INTO calls (
    seller, id, created_at, last_at, times, endpoint, family, activity, order_id, instance_id, subject, attempt, first_at, verdict, cause,
    result_code, reason, http_status, took, probe, key_id, trace_id, request_size, answer_size, direction, records,
    task_id, until_at, replay_of, side, comparison, own_code, rules
)
SELECT
    CAST(sqlc.arg(seller) AS TEXT),
    CAST(sqlc.arg(id) AS TEXT),
    CAST(sqlc.arg(created_at) AS INTEGER),
    CAST(sqlc.arg(last_at) AS INTEGER),
    CAST(sqlc.arg(times) AS INTEGER),
    CAST(sqlc.arg(endpoint) AS TEXT),
    CAST(sqlc.arg(family) AS TEXT),
    CAST(sqlc.arg(activity) AS TEXT),
    CAST(sqlc.arg(order_id) AS TEXT),
    CAST(sqlc.arg(instance_id) AS TEXT),
    CAST(sqlc.arg(subject) AS TEXT),
    CASE WHEN CAST(sqlc.arg(subject) AS TEXT) = '' THEN CAST(sqlc.arg(attempt) AS INTEGER) ELSE coalesce(series.attempt, 0) + 1 END,
    CASE WHEN CAST(sqlc.arg(subject) AS TEXT) = '' THEN 0 ELSE coalesce(series.first_at, CAST(sqlc.arg(created_at) AS INTEGER)) END,
    CAST(sqlc.arg(verdict) AS TEXT),
    CAST(sqlc.arg(cause) AS TEXT),
    CAST(sqlc.arg(result_code) AS TEXT),
    CAST(sqlc.arg(reason) AS TEXT),
    CAST(sqlc.arg(http_status) AS INTEGER),
    CAST(sqlc.arg(took) AS INTEGER),
    CAST(sqlc.arg(probe) AS INTEGER),
    CAST(sqlc.arg(key_id) AS TEXT),
    CAST(sqlc.arg(trace_id) AS TEXT),
    CAST(sqlc.arg(request_size) AS INTEGER),
    CAST(sqlc.arg(answer_size) AS INTEGER),
    CAST(sqlc.arg(direction) AS TEXT),
    CAST(sqlc.arg(records) AS INTEGER),
    CAST(sqlc.arg(task_id) AS TEXT),
    CAST(sqlc.arg(until_at) AS INTEGER),
    CAST(sqlc.arg(replay_of) AS TEXT),
    CAST(sqlc.arg(side) AS TEXT),
    CAST(sqlc.arg(comparison) AS TEXT),
    CAST(sqlc.arg(own_code) AS TEXT),
    CAST(sqlc.arg(rules) AS TEXT)
FROM (SELECT 1) AS one LEFT JOIN (
    SELECT c.attempt, c.first_at FROM calls AS c
    WHERE c.seller = CAST(sqlc.arg(seller) AS TEXT) AND c.subject = CAST(sqlc.arg(subject) AS TEXT) AND c.subject <> '' AND c.id <> CAST(sqlc.arg(id) AS TEXT)
        AND c.first_at >= CAST(sqlc.arg(created_at) AS INTEGER) - CAST(sqlc.arg(series) AS INTEGER)
    ORDER BY c.first_at DESC, c.attempt DESC
    LIMIT 1
) AS series ON TRUE
WHERE TRUE
ON CONFLICT (seller, created_at, id) DO UPDATE SET
    times = max(calls.times, excluded.times), last_at = max(calls.last_at, excluded.last_at);

-- name: CallGet :one
-- CallGet reads one call, by its ID and the millisecond in it.
SELECT
    seller, id, created_at, last_at, times, endpoint, family, activity, order_id, instance_id, subject, attempt,
    first_at, verdict, cause, result_code, reason, http_status, took, probe, key_id, trace_id, request_size, answer_size, direction, records,
    task_id, until_at, replay_of, side, comparison, own_code, rules
FROM calls
WHERE seller = sqlc.arg(seller) AND created_at >= sqlc.arg(since) AND created_at < sqlc.arg(before) AND id = sqlc.arg(id);

-- name: CallList :many
-- CallList is the base of a page; the list builder appends filters, order and limit.
SELECT
    seller, id, created_at, last_at, times, endpoint, family, activity, order_id, instance_id, subject, attempt,
    first_at, verdict, cause, result_code, reason, http_status, took, probe, key_id, trace_id, request_size, answer_size, direction, records,
    task_id, until_at, replay_of, side, comparison, own_code, rules
FROM calls
WHERE seller = sqlc.arg(seller);

-- name: CallsOfSubjects :many
-- CallsOfSubjects reads the calls of several subjects whose series began at a time or later; the subjects are one parameter, a JSON array.
SELECT
    seller, id, created_at, last_at, times, endpoint, family, activity, order_id, instance_id, subject, attempt,
    first_at, verdict, cause, result_code, reason, http_status, took, probe, key_id, trace_id, request_size, answer_size, direction, records,
    task_id, until_at, replay_of, side, comparison, own_code, rules
FROM calls
WHERE seller = sqlc.arg(seller) AND subject IN (SELECT wanted.value FROM json_each(cast(sqlc.arg(subjects) AS text)) AS wanted)
    AND subject <> '' AND first_at >= sqlc.arg(since)
ORDER BY subject, first_at, attempt
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: CallsCompared :many
-- CallsCompared counts the latest calls of an endpoint that were compared, by what came of it.
SELECT c.comparison, c.rules, CAST(sum(c.times) AS INTEGER) AS calls, CAST(min(c.created_at) AS INTEGER) AS first_at, CAST(max(c.last_at) AS INTEGER) AS last_at
FROM (
    SELECT k.comparison, k.rules, k.times, k.created_at, k.last_at FROM calls AS k
    WHERE k.seller = sqlc.arg(seller) AND k.endpoint = sqlc.arg(endpoint) AND k.comparison <> '' AND k.created_at >= sqlc.arg(since)
    ORDER BY k.created_at DESC
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
) AS c
GROUP BY c.comparison, c.rules
ORDER BY c.comparison, c.rules;

-- name: CallRefusalAdd :exec
-- CallRefusalAdd adds to a count.
INSERT INTO call_refusals (seller, created_at, id, endpoint, cause, calls, first_at, last_at)
VALUES (sqlc.arg(seller), sqlc.arg(created_at), sqlc.arg(id), sqlc.arg(endpoint), sqlc.arg(cause), sqlc.arg(calls), sqlc.arg(first_at), sqlc.arg(last_at))
ON CONFLICT (seller, created_at, id) DO UPDATE SET
    calls = call_refusals.calls + excluded.calls, first_at = min(call_refusals.first_at, excluded.first_at),
    last_at = max(call_refusals.last_at, excluded.last_at);

-- name: CallRefusalList :many
-- CallRefusalList is the base of a page; the list builder appends filters, order and limit.
SELECT seller, created_at, id, endpoint, cause, calls, first_at, last_at FROM call_refusals
WHERE seller = sqlc.arg(seller);

-- name: CallSellerAfter :one
-- CallSellerAfter names the next seller who has calls, and nobody after the last.
SELECT CAST(coalesce(min(seller), '') AS TEXT) FROM calls WHERE seller > sqlc.arg(seller);

-- name: CallsForget :execrows
-- CallsForget deletes a seller's first calls, if they were made before a time.
DELETE FROM calls WHERE calls.seller = sqlc.arg(seller) AND (calls.created_at, calls.id) IN (
    SELECT c.created_at, c.id FROM calls AS c
    WHERE c.seller = sqlc.arg(seller) AND c.created_at < sqlc.arg(before)
    ORDER BY c.created_at, c.id
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
);

-- name: CallRefusalsForget :execrows
-- CallRefusalsForget deletes those of the first counts whose hours began before a time.
DELETE FROM call_refusals WHERE call_refusals.rowid IN (
    SELECT r.rowid FROM call_refusals AS r
    WHERE r.created_at < sqlc.arg(before)
    ORDER BY r.created_at
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
);

-- name: CallBodyPut :exec
-- CallBodyPut keeps what was said in a call; a repeat changes nothing.
INSERT INTO call_bodies (seller, created_at, id, sealed)
VALUES (sqlc.arg(seller), sqlc.arg(created_at), sqlc.arg(id), sqlc.arg(sealed))
ON CONFLICT (seller, created_at, id) DO NOTHING;

-- name: CallBodyGet :one
-- CallBodyGet reads what was said in a call, by its ID and the millisecond in it.
SELECT sealed FROM call_bodies
WHERE seller = sqlc.arg(seller) AND created_at >= sqlc.arg(since) AND created_at < sqlc.arg(before) AND id = sqlc.arg(id);

-- name: CallBodySellerAfter :one
-- CallBodySellerAfter names the next seller of whose calls bodies are kept, and nobody after the last.
SELECT CAST(coalesce(min(seller), '') AS TEXT) FROM call_bodies WHERE seller > sqlc.arg(seller);

-- name: CallBodiesForget :execrows
-- CallBodiesForget deletes a seller's first bodies, if their calls were made before a time.
DELETE FROM call_bodies WHERE call_bodies.seller = sqlc.arg(seller) AND (call_bodies.created_at, call_bodies.id) IN (
    SELECT b.created_at, b.id FROM call_bodies AS b
    WHERE b.seller = sqlc.arg(seller) AND b.created_at < sqlc.arg(before)
    ORDER BY b.created_at, b.id
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
);
