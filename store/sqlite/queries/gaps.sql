-- name: GapOpen :execrows
-- GapOpen adds a gap unless one is open.
INSERT INTO gaps (seller, gap_id, since, opened_at, opened_by, opened_why, closed_at, closed_by, closed_why)
VALUES (sqlc.arg(seller), sqlc.arg(gap_id), sqlc.arg(since), sqlc.arg(opened_at), sqlc.arg(opened_by), sqlc.arg(opened_why), 0, '', '')
ON CONFLICT DO NOTHING;

-- name: GapClose :execrows
-- GapClose closes a gap that is open.
UPDATE gaps SET closed_at = sqlc.arg(closed_at), closed_by = sqlc.arg(closed_by), closed_why = sqlc.arg(closed_why)
WHERE seller = sqlc.arg(seller) AND gap_id = sqlc.arg(gap_id) AND gaps.closed_at = 0;

-- name: GapGet :one
-- GapGet reads the gap that is open.
SELECT seller, gap_id, since, opened_at, opened_by, opened_why, closed_at, closed_by, closed_why FROM gaps
WHERE seller = sqlc.arg(seller) AND closed_at = 0;

-- name: GapCallCount :execrows
-- GapCallCount counts a further call about an instance.
UPDATE gap_calls SET calls = gap_calls.calls + 1, last_at = sqlc.arg(at)
WHERE seller = sqlc.arg(seller) AND gap_id = sqlc.arg(gap_id) AND instance_id = sqlc.arg(instance_id) AND activity = sqlc.arg(activity);

-- name: GapCallInsert :execrows
-- GapCallInsert notes the first call about an instance while there is room.
INSERT INTO gap_calls (seller, gap_id, instance_id, activity, calls, first_at, last_at)
SELECT sqlc.arg(seller), sqlc.arg(gap_id), sqlc.arg(instance_id), sqlc.arg(activity), 1, sqlc.arg(at), sqlc.arg(at)
WHERE (SELECT count(*) FROM gap_calls AS c WHERE c.seller = sqlc.arg(seller) AND c.gap_id = sqlc.arg(gap_id)) < CAST(sqlc.arg(room) AS INTEGER)
ON CONFLICT (seller, gap_id, instance_id, activity) DO UPDATE SET calls = gap_calls.calls + 1, last_at = excluded.last_at;

-- name: GapCalls :many
-- GapCalls reads the instances that calls of a gap named and that are still not known, the first seen first.
SELECT c.instance_id, c.activity, c.calls, c.first_at, c.last_at FROM gap_calls AS c
WHERE c.seller = sqlc.arg(seller) AND c.gap_id = sqlc.arg(gap_id)
    AND NOT EXISTS (SELECT 1 FROM instances AS i WHERE i.seller = c.seller AND i.instance_id = c.instance_id)
ORDER BY c.first_at, c.instance_id, c.activity;
