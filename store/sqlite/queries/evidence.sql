-- name: OrdersUnanchored :many
-- OrdersUnanchored reads the heads that no anchor knows, with their signatures; '' where the head's event is missing.
SELECT o.order_id, o.head_seq, o.head_hash, coalesce(e.signature, '') AS signature
FROM orders AS o
LEFT JOIN events AS e ON e.seller = o.seller AND e.order_id = o.order_id AND e.seq = o.head_seq
WHERE o.seller = sqlc.arg(seller) AND o.head_seq > o.anchored_seq
ORDER BY o.order_id
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: OrderAnchored :exec
-- OrderAnchored notes that an anchor knows an order up to a seq.
UPDATE orders SET anchored_seq = sqlc.arg(seq)
WHERE seller = sqlc.arg(seller) AND order_id = sqlc.arg(order_id) AND anchored_seq < sqlc.arg(seq);

-- name: AnchorInsert :exec
-- AnchorInsert adds an anchor.
INSERT INTO anchors (
    seller, seq, at, heads, prev_hash, hash, signature
) VALUES (
    ?, ?, ?, ?, ?, ?, ?
);

-- name: AnchorsAfter :many
-- AnchorsAfter reads a piece of a seller's anchors.
SELECT
    seller, seq, at, heads, prev_hash, hash, signature
FROM anchors
WHERE seller = sqlc.arg(seller) AND seq > sqlc.arg(after)
ORDER BY seq
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: AnchorLast :one
-- AnchorLast reads a seller's newest anchor.
SELECT
    seller, seq, at, heads, prev_hash, hash, signature
FROM anchors
WHERE seller = sqlc.arg(seller)
ORDER BY seq DESC
LIMIT 1;
