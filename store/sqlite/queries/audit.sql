-- name: AuditInsert :exec
-- AuditInsert adds a row.
INSERT INTO audit (seller, at, actor, kind, via, action, resources, reason, before_digest, after_digest, request_id,
    order_id)
VALUES (sqlc.arg(seller), sqlc.arg(at), sqlc.arg(actor), sqlc.arg(kind), sqlc.arg(via), sqlc.arg(action), sqlc.arg(resources),
    sqlc.arg(reason), sqlc.arg(before_digest), sqlc.arg(after_digest), sqlc.arg(request_id), sqlc.arg(order_id));

-- name: AuditList :many
-- AuditList is the base of a page; the list builder appends filters, order and limit.
SELECT id, seller, at, actor, kind, via, action, resources, reason, before_digest, after_digest, request_id, order_id FROM audit
WHERE seller = sqlc.arg(seller);

-- name: AuditForget :execrows
-- AuditForget deletes those of the first rows that are older than a time. Rows were added in the order of their IDs, so that none that is due
-- stands far behind, and no index is kept for it.
DELETE FROM audit WHERE audit.at < sqlc.arg(before) AND audit.id IN (
    SELECT a.id FROM audit AS a
    ORDER BY a.id
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
);
