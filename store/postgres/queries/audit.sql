-- name: AuditInsert :exec
-- AuditInsert adds a row, by the database's clock where at is 0.
INSERT INTO audit (seller, at, actor, kind, via, action, resources, reason, before_digest, after_digest, request_id,
    order_id)
VALUES (sqlc.arg(seller), CASE
    WHEN sqlc.arg(at)::bigint > 0 THEN sqlc.arg(at)::bigint
    ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
END, sqlc.arg(actor), sqlc.arg(kind), sqlc.arg(via), sqlc.arg(action), sqlc.arg(resources), sqlc.arg(reason), sqlc.arg(before_digest),
    sqlc.arg(after_digest), sqlc.arg(request_id), sqlc.arg(order_id));

-- name: AuditList :many
-- AuditList is the base of a page; the list builder appends filters, order and limit.
SELECT id, seller, at, actor, kind, via, action, resources, reason, before_digest, after_digest, request_id, order_id FROM audit
WHERE seller = sqlc.arg(seller);

-- name: AuditForget :execrows
-- AuditForget deletes those of the first rows that are older than age. Rows were added in the order of their IDs, so that none that is due
-- stands far behind, and no index is kept for it.
WITH clock AS MATERIALIZED (
    SELECT CASE
        WHEN sqlc.arg(given)::bigint > 0 THEN sqlc.arg(given)::bigint
        ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
    END AS now
), oldest AS MATERIALIZED (
    SELECT a.id, a.at
    FROM audit AS a
    ORDER BY a.id
    LIMIT sqlc.arg(max)
)
DELETE FROM audit USING clock, oldest WHERE audit.id = oldest.id AND oldest.at < clock.now - sqlc.arg(age)::bigint;
