-- name: LicenceCodeGet :one
-- LicenceCodeGet reads what is known of a code.
SELECT
    seller, hash, code, status, activate_at, expire_at, product_id, order_id, amount, checked_at, created_at, updated_at
FROM licence_codes
WHERE seller = sqlc.arg(seller) AND hash = sqlc.arg(hash);

-- name: LicenceCodeInsert :execrows
-- LicenceCodeInsert adds a code that is not there.
INSERT INTO licence_codes (
    seller, hash, code, status, activate_at, expire_at, product_id, order_id, amount, checked_at, created_at, updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
)
ON CONFLICT (seller, hash) DO NOTHING;

-- name: LicenceCodeUpdate :execrows
-- LicenceCodeUpdate replaces a code that is as the decision saw it.
UPDATE licence_codes SET
    code = sqlc.arg(code), status = sqlc.arg(status), activate_at = sqlc.arg(activate_at), expire_at = sqlc.arg(expire_at),
    product_id = sqlc.arg(product_id), order_id = sqlc.arg(order_id), amount = sqlc.arg(amount),
    checked_at = sqlc.arg(checked_at), updated_at = sqlc.arg(updated_at)
WHERE seller = sqlc.arg(seller) AND hash = sqlc.arg(hash) AND licence_codes.updated_at = sqlc.arg(was);

-- name: LicenceUseInsert :execrows
-- LicenceUseInsert adds a client of a day unless it is counted already.
INSERT INTO licence_uses (seller, hash, day, client, at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (seller, hash, day, client) DO NOTHING;

-- name: LicenceDayCount :exec
-- LicenceDayCount counts one more client.
INSERT INTO licence_days (seller, hash, day, clients, state, reason, updated_at) VALUES (?, ?, ?, 1, '', '', ?)
ON CONFLICT (seller, hash, day) DO UPDATE SET clients = licence_days.clients + 1, updated_at = excluded.updated_at;

-- name: LicenceDaysOpen :many
-- LicenceDaysOpen reads days that were not reported, the oldest first.
SELECT seller, hash, day, clients, state, reason, updated_at FROM licence_days
WHERE seller = sqlc.arg(seller) AND state = '' AND day < sqlc.arg(before)
ORDER BY day, hash
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: LicenceDayReport :exec
-- LicenceDayReport marks a day; what is reported stays so.
UPDATE licence_days SET state = sqlc.arg(state), reason = sqlc.arg(reason), updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND hash = sqlc.arg(hash) AND day = sqlc.arg(day) AND licence_days.state <> 'REPORTED';
