-- name: SellerRevisionGet :one
-- SellerRevisionGet reads the revision of all that is sold through.
SELECT revision FROM seller_revision WHERE id = 1;

-- name: SellerRevisionRaise :execrows
-- SellerRevisionRaise raises the revision if it is still the one that was seen.
UPDATE seller_revision SET revision = revision + 1 WHERE id = 1 AND revision = sqlc.arg(seen);

-- name: SellerSettings :many
-- SellerSettings reads the settings that count.
SELECT kind, parent, name, seller, managed_by, version, document, created_at, updated_at, ended_at FROM seller_settings
WHERE ended_at = 0 ORDER BY kind, parent, name;

-- name: SellerSettingPut :exec
-- SellerSettingPut writes a setting.
INSERT INTO seller_settings (kind, parent, name, seller, managed_by, version, document, created_at, updated_at, ended_at)
VALUES (sqlc.arg(kind), sqlc.arg(parent), sqlc.arg(name), sqlc.arg(seller), sqlc.arg(managed_by), sqlc.arg(version), sqlc.arg(document),
    sqlc.arg(created_at), sqlc.arg(updated_at), sqlc.arg(ended_at))
ON CONFLICT (kind, parent, name) DO UPDATE SET seller = excluded.seller, managed_by = excluded.managed_by, version = excluded.version,
    document = excluded.document, updated_at = excluded.updated_at, ended_at = excluded.ended_at;

-- name: SellerKeys :many
-- SellerKeys reads the keys that count.
SELECT seller, key_id, purpose, owner, key_rank, secret, digest, document, managed_by, version, not_before, not_after, last_used_at,
    created_at, updated_at, ended_at FROM seller_keys
WHERE ended_at = 0 ORDER BY seller, owner, purpose, key_rank, key_id;

-- name: SellerKeyPut :exec
-- SellerKeyPut writes a key; when it was last used stays.
INSERT INTO seller_keys (seller, key_id, purpose, owner, key_rank, secret, digest, document, managed_by, version, not_before, not_after,
    last_used_at, created_at, updated_at, ended_at)
VALUES (sqlc.arg(seller), sqlc.arg(key_id), sqlc.arg(purpose), sqlc.arg(owner), sqlc.arg(key_rank), sqlc.arg(secret), sqlc.arg(digest),
    sqlc.arg(document), sqlc.arg(managed_by), sqlc.arg(version), sqlc.arg(not_before), sqlc.arg(not_after), 0, sqlc.arg(created_at),
    sqlc.arg(updated_at), sqlc.arg(ended_at))
ON CONFLICT (seller, key_id) DO UPDATE SET purpose = excluded.purpose, owner = excluded.owner, key_rank = excluded.key_rank,
    secret = excluded.secret, digest = excluded.digest, document = excluded.document, managed_by = excluded.managed_by,
    version = excluded.version, not_before = excluded.not_before, not_after = excluded.not_after, updated_at = excluded.updated_at,
    ended_at = excluded.ended_at;

-- name: SellerKeyUsed :exec
-- SellerKeyUsed notes when a key was last used.
UPDATE seller_keys SET last_used_at = sqlc.arg(at) WHERE seller = sqlc.arg(seller) AND key_id = sqlc.arg(key_id) AND last_used_at < sqlc.arg(at);
