-- name: CallPut :exec
-- CallPut adds a call at its place in its series, that of a call without a subject being told, or counts on in the row of its ID.
INSERT INTO calls (
    seller, id, created_at, last_at, times, endpoint, family, activity, order_id, instance_id, subject, attempt, first_at, verdict, cause,
    result_code, reason, http_status, took, probe, key_id, trace_id, request_size, answer_size, direction, records,
    task_id, until_at, replay_of, side, comparison, own_code, rules
)
SELECT
    sqlc.arg(seller)::text,
    sqlc.arg(id)::text,
    sqlc.arg(created_at)::bigint,
    sqlc.arg(last_at)::bigint,
    sqlc.arg(times)::bigint,
    sqlc.arg(endpoint)::text,
    sqlc.arg(family)::text,
    sqlc.arg(activity)::text,
    sqlc.arg(order_id)::text,
    sqlc.arg(instance_id)::text,
    sqlc.arg(subject)::text,
    CASE WHEN sqlc.arg(subject)::text = '' THEN sqlc.arg(attempt)::bigint ELSE coalesce(series.attempt, 0) + 1 END,
    CASE WHEN sqlc.arg(subject)::text = '' THEN 0 ELSE coalesce(series.first_at, sqlc.arg(created_at)::bigint) END,
    sqlc.arg(verdict)::text,
    sqlc.arg(cause)::text,
    sqlc.arg(result_code)::text,
    sqlc.arg(reason)::text,
    sqlc.arg(http_status)::bigint,
    sqlc.arg(took)::bigint,
    sqlc.arg(probe)::bigint,
    sqlc.arg(key_id)::text,
    sqlc.arg(trace_id)::text,
    sqlc.arg(request_size)::bigint,
    sqlc.arg(answer_size)::bigint,
    sqlc.arg(direction)::text,
    sqlc.arg(records)::bigint,
    sqlc.arg(task_id)::text,
    sqlc.arg(until_at)::bigint,
    sqlc.arg(replay_of)::text,
    sqlc.arg(side)::text,
    sqlc.arg(comparison)::text,
    sqlc.arg(own_code)::text,
    sqlc.arg(rules)::text
FROM (SELECT 1) AS one LEFT JOIN (
    SELECT c.attempt, c.first_at FROM calls AS c
    WHERE c.seller = sqlc.arg(seller)::text AND c.subject = sqlc.arg(subject)::text AND c.subject <> '' AND c.id <> sqlc.arg(id)::text
        AND c.first_at >= sqlc.arg(created_at)::bigint - sqlc.arg(series)::bigint
    ORDER BY c.first_at DESC, c.attempt DESC
    LIMIT 1
) AS series ON TRUE
WHERE TRUE
ON CONFLICT (seller, created_at, id) DO UPDATE SET
    times = greatest(calls.times, excluded.times), last_at = greatest(calls.last_at, excluded.last_at);

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
-- CallsOfSubjects reads the calls of several subjects whose series began at a time or later.
SELECT
    seller, id, created_at, last_at, times, endpoint, family, activity, order_id, instance_id, subject, attempt,
    first_at, verdict, cause, result_code, reason, http_status, took, probe, key_id, trace_id, request_size, answer_size, direction, records,
    task_id, until_at, replay_of, side, comparison, own_code, rules
FROM calls
WHERE seller = sqlc.arg(seller) AND subject = ANY(sqlc.arg(subjects)::text[])
    AND subject <> '' AND first_at >= sqlc.arg(since)
ORDER BY subject, first_at, attempt
LIMIT sqlc.arg(max);

-- name: CallsCompared :many
-- CallsCompared counts the latest calls of an endpoint that were compared, by what came of it.
SELECT c.comparison, c.rules, (sum(c.times))::bigint AS calls, (min(c.created_at))::bigint AS first_at, (max(c.last_at))::bigint AS last_at
FROM (
    SELECT k.comparison, k.rules, k.times, k.created_at, k.last_at FROM calls AS k
    WHERE k.seller = sqlc.arg(seller) AND k.endpoint = sqlc.arg(endpoint) AND k.comparison <> '' AND k.created_at >= sqlc.arg(since)
    ORDER BY k.created_at DESC
    LIMIT sqlc.arg(max)
) AS c
GROUP BY c.comparison, c.rules
ORDER BY c.comparison, c.rules;

-- name: CallRefusalAdd :exec
-- CallRefusalAdd adds to a count.
INSERT INTO call_refusals (seller, created_at, id, endpoint, cause, calls, first_at, last_at)
VALUES (sqlc.arg(seller), sqlc.arg(created_at), sqlc.arg(id), sqlc.arg(endpoint), sqlc.arg(cause), sqlc.arg(calls), sqlc.arg(first_at), sqlc.arg(last_at))
ON CONFLICT (seller, created_at, id) DO UPDATE SET
    calls = call_refusals.calls + excluded.calls, first_at = least(call_refusals.first_at, excluded.first_at),
    last_at = greatest(call_refusals.last_at, excluded.last_at);

-- name: CallRefusalList :many
-- CallRefusalList is the base of a page; the list builder appends filters, order and limit.
SELECT seller, created_at, id, endpoint, cause, calls, first_at, last_at FROM call_refusals
WHERE seller = sqlc.arg(seller);

-- name: CallSellerAfter :one
-- CallSellerAfter names the next seller who has calls, and nobody after the last.
SELECT coalesce(min(seller), '')::text FROM calls WHERE seller > sqlc.arg(seller);

-- name: CallsForget :execrows
-- CallsForget deletes a seller's first calls, if they are older than age.
WITH clock AS MATERIALIZED (
    SELECT CASE
        WHEN sqlc.arg(given)::bigint > 0 THEN sqlc.arg(given)::bigint
        ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
    END AS now
), oldest AS MATERIALIZED (
    SELECT c.created_at, c.id
    FROM calls AS c
    WHERE c.seller = sqlc.arg(seller)
    ORDER BY c.created_at, c.id
    LIMIT sqlc.arg(max)
)
DELETE FROM calls USING clock, oldest
WHERE calls.seller = sqlc.arg(seller) AND calls.created_at = oldest.created_at AND calls.id = oldest.id AND oldest.created_at < clock.now - sqlc.arg(age)::bigint;

-- name: CallRefusalsForget :execrows
-- CallRefusalsForget deletes those of the first counts whose hours began longer ago than age.
WITH clock AS MATERIALIZED (
    SELECT CASE
        WHEN sqlc.arg(given)::bigint > 0 THEN sqlc.arg(given)::bigint
        ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
    END AS now
), oldest AS MATERIALIZED (
    SELECT r.seller, r.created_at, r.id
    FROM call_refusals AS r
    ORDER BY r.created_at
    LIMIT sqlc.arg(max)
)
DELETE FROM call_refusals AS r USING clock, oldest
WHERE r.seller = oldest.seller AND r.created_at = oldest.created_at AND r.id = oldest.id AND oldest.created_at < clock.now - sqlc.arg(age)::bigint;

-- name: CallsLock :exec
-- CallsLock lets those who record calls of a seller queue, so that each finds the place of its calls in their series.
SELECT pg_advisory_xact_lock(hashtextextended('koogate calls ' || current_schema() || ' ' || sqlc.arg(seller)::text, 0));

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
SELECT coalesce(min(seller), '')::text FROM call_bodies WHERE seller > sqlc.arg(seller);

-- name: CallBodiesForget :execrows
-- CallBodiesForget deletes a seller's first bodies, if their calls are older than age.
WITH clock AS MATERIALIZED (
    SELECT CASE
        WHEN sqlc.arg(given)::bigint > 0 THEN sqlc.arg(given)::bigint
        ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
    END AS now
), oldest AS MATERIALIZED (
    SELECT b.created_at, b.id
    FROM call_bodies AS b
    WHERE b.seller = sqlc.arg(seller)
    ORDER BY b.created_at, b.id
    LIMIT sqlc.arg(max)
)
DELETE FROM call_bodies AS c USING clock, oldest
WHERE c.seller = sqlc.arg(seller) AND c.created_at = oldest.created_at AND c.id = oldest.id AND oldest.created_at < clock.now - sqlc.arg(age)::bigint;
