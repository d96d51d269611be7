-- name: AuditInsert :exec
-- AuditInsert adds a row.
INSERT INTO audit (seller, at, actor, kind, via, action, resources, reason, before_digest, after_digest, request_id)
VALUES (sqlc.arg(seller), sqlc.arg(at), sqlc.arg(actor), sqlc.arg(kind), sqlc.arg(via), sqlc.arg(action), sqlc.arg(resources),
    sqlc.arg(reason), sqlc.arg(before_digest), sqlc.arg(after_digest), sqlc.arg(request_id));

-- name: AuditSince :many
-- AuditSince reads the rows of a seller from a time on, the newest first.
SELECT id, seller, at, actor, kind, via, action, resources, reason, before_digest, after_digest, request_id FROM audit
WHERE seller = sqlc.arg(seller) AND at >= sqlc.arg(since)
ORDER BY at DESC, id DESC
LIMIT sqlc.arg(max);
