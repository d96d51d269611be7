-- name: EventInsert :exec
-- EventInsert adds a link to an order's chain.
INSERT INTO events (
    seller, order_id, seq, kind, instance_id, at, data, prev_hash, hash, claims, signature, sealed
) VALUES (
    sqlc.arg(seller), sqlc.arg(order_id), sqlc.arg(seq), sqlc.arg(kind), sqlc.arg(instance_id), sqlc.arg(at),
    sqlc.arg(data), sqlc.arg(prev_hash), sqlc.arg(hash), sqlc.arg(claims), sqlc.arg(signature), sqlc.arg(sealed)
);

-- name: EventsAfter :many
-- EventsAfter reads a piece of an order's chain.
SELECT
    seller, order_id, seq, kind, instance_id, at, data, prev_hash, hash, claims, signature, sealed
FROM events
WHERE seller = sqlc.arg(seller) AND order_id = sqlc.arg(order_id) AND seq > sqlc.arg(after)
ORDER BY seq
LIMIT sqlc.arg(max);
