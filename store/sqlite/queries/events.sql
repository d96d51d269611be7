-- name: EventInsert :exec
-- EventInsert adds a link to an order's chain.
INSERT INTO events (
    seller, order_id, seq, kind, instance_id, at, data, prev_hash, hash, claims, signature, sealed
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: EventsAfter :many
-- EventsAfter reads a piece of an order's chain.
SELECT
    seller, order_id, seq, kind, instance_id, at, data, prev_hash, hash, claims, signature, sealed
FROM events
WHERE seller = sqlc.arg(seller) AND order_id = sqlc.arg(order_id) AND seq > sqlc.arg(after)
ORDER BY seq
LIMIT CAST(sqlc.arg(max) AS INTEGER);
