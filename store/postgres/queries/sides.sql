-- name: SideOfOrder :many
-- SideOfOrder tells on which side an order is: ours when it has a row or a line here.
SELECT 'OWN'::TEXT AS side
WHERE EXISTS (SELECT 1 FROM orders AS o WHERE o.seller = sqlc.arg(seller) AND o.order_id = sqlc.arg(id))
    OR EXISTS (SELECT 1 FROM order_lines AS l WHERE l.seller = sqlc.arg(seller) AND l.order_id = sqlc.arg(id))
UNION ALL
SELECT 'OLD'::TEXT AS side
WHERE EXISTS (SELECT 1 FROM sides AS s WHERE s.seller = sqlc.arg(seller) AND s.kind = 'ORDER' AND s.id = sqlc.arg(id));

-- name: SideInsert :exec
-- SideInsert claims an order or an instance for the old side, once.
INSERT INTO sides (seller, kind, id, endpoint, claimed_at, ended_at)
VALUES (sqlc.arg(seller), sqlc.arg(kind), sqlc.arg(id), sqlc.arg(endpoint), sqlc.arg(claimed_at), 0)
ON CONFLICT DO NOTHING;

-- name: SideEnd :exec
-- SideEnd says that an instance of the old side is released.
UPDATE sides SET ended_at = sqlc.arg(ended_at)
WHERE seller = sqlc.arg(seller) AND kind = 'INSTANCE' AND id = sqlc.arg(id) AND ended_at = 0;

-- name: SideTake :exec
-- SideTake takes an order and its instance from the old side.
DELETE FROM sides
WHERE seller = sqlc.arg(seller) AND (kind = 'ORDER' AND id = sqlc.arg(order_id) OR kind = 'INSTANCE' AND id = sqlc.arg(instance_id));

-- name: SideCount :one
-- SideCount counts what is left on the old side of an endpoint: instances that are not released, and orders that were claimed since a time.
SELECT
    (
        SELECT count(*) FROM sides AS i
        WHERE i.seller = sqlc.arg(seller) AND i.endpoint = sqlc.arg(endpoint) AND i.kind = 'INSTANCE' AND i.ended_at = 0
    ) AS instances,
    (
        SELECT count(*) FROM sides AS o
        WHERE o.seller = sqlc.arg(seller) AND o.endpoint = sqlc.arg(endpoint) AND o.kind = 'ORDER' AND o.ended_at = 0 AND o.claimed_at >= sqlc.arg(since)
    ) AS orders;

-- name: SideLock :exec
-- SideLock waits for whoever adds the order's row or claims it, and keeps them away until the transaction ends. The trigger orders_side takes the same lock.
SELECT pg_advisory_xact_lock(54, hashtext(sqlc.arg(seller)::TEXT || chr(31) || sqlc.arg(id)::TEXT));

-- name: SideOfInstance :many
-- SideOfInstance tells whether an instance was noted on the old side, and when it was released; 0 for not yet.
SELECT s.ended_at FROM sides AS s WHERE s.seller = sqlc.arg(seller) AND s.kind = 'INSTANCE' AND s.id = sqlc.arg(id);
