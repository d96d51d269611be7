-- name: QueueNote :exec
-- QueueNote remembers which queues a worker has asked for just now, and from which of them it has got something.
WITH clock AS MATERIALIZED (
    SELECT CASE
        WHEN sqlc.arg(given)::bigint > 0 THEN sqlc.arg(given)::bigint
        ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
    END AS now
)
INSERT INTO queue_leases (seller, queue, asked_at, leased_at, worker)
SELECT
    sqlc.arg(seller)::text, asked.queue, clock.now,
    CASE WHEN asked.queue = ANY (sqlc.arg(leased)::text[]) THEN clock.now ELSE 0 END, sqlc.arg(worker)::text
FROM clock
CROSS JOIN unnest(sqlc.arg(asked)::text[]) AS asked (queue)
ORDER BY asked.queue
ON CONFLICT ON CONSTRAINT queue_leases_pkey DO UPDATE SET
    asked_at = excluded.asked_at, leased_at = greatest(queue_leases.leased_at, excluded.leased_at), worker = excluded.worker;

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
LIMIT sqlc.arg(max);
