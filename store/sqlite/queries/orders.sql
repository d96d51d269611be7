-- name: OrderInsert :exec
-- OrderInsert adds an order.
INSERT INTO orders (
    seller, order_id, endpoint, order_type, query_state, query_reason, buyer, head_seq, head_hash, created_at,
    updated_at, anchored_seq
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: OrderUpdate :execrows
-- OrderUpdate replaces an order.
UPDATE orders SET
    endpoint = sqlc.arg(endpoint), order_type = sqlc.arg(order_type), query_state = sqlc.arg(query_state),
    query_reason = sqlc.arg(query_reason), buyer = sqlc.arg(buyer), head_seq = sqlc.arg(head_seq),
    head_hash = sqlc.arg(head_hash), updated_at = sqlc.arg(updated_at)
WHERE seller = sqlc.arg(seller) AND order_id = sqlc.arg(order_id);

-- name: OrderGet :one
-- OrderGet reads one order.
SELECT
    seller, order_id, endpoint, order_type, query_state, query_reason, buyer, head_seq, head_hash, created_at,
    updated_at, anchored_seq
FROM orders
WHERE seller = sqlc.arg(seller) AND order_id = sqlc.arg(order_id);

-- name: OrderList :many
-- OrderList is the base of a page; the list builder appends filters, order and limit.
SELECT
    seller, order_id, endpoint, order_type, query_state, query_reason, buyer, head_seq, head_hash, created_at,
    updated_at, anchored_seq
FROM orders
WHERE seller = sqlc.arg(seller);
