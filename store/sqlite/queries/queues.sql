-- name: QueueNote :exec
-- QueueNote remembers that a worker has asked for a queue, and whether it has got something from it.
INSERT INTO queue_leases (seller, queue, asked_at, leased_at, worker)
VALUES (sqlc.arg(seller), sqlc.arg(queue), sqlc.arg(asked_at), sqlc.arg(leased_at), sqlc.arg(worker))
ON CONFLICT (seller, queue) DO UPDATE SET
    asked_at = excluded.asked_at, leased_at = max(queue_leases.leased_at, excluded.leased_at), worker = excluded.worker;

-- name: QueueLeases :many
-- QueueLeases tells when workers last came to each queue.
SELECT seller, queue, asked_at, leased_at, worker FROM queue_leases
WHERE seller = sqlc.arg(seller)
ORDER BY queue;

-- name: QueueOpen :many
-- QueueOpen reads what is open in a queue, the earliest due first, along tasks_due_idx.
SELECT kind, state, due_at, created_at, payload FROM tasks
WHERE seller = sqlc.arg(seller) AND queue = sqlc.arg(queue) AND state IN ('READY', 'LEASED')
ORDER BY due_at
LIMIT CAST(sqlc.arg(max) AS INTEGER);
