-- name: QuotaInsert :exec
-- QuotaInsert adds a quota.
INSERT INTO quotas (
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: QuotaGet :one
-- QuotaGet reads a quota.
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at
FROM quotas
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id);

-- name: QuotaUpdate :exec
-- QuotaUpdate writes what may change of a quota; only the one writer runs it.
UPDATE quotas SET
    quota = sqlc.arg(quota), priority = sqlc.arg(priority), expire_at = sqlc.arg(expire_at), told = sqlc.arg(told),
    updated_at = sqlc.arg(updated_at)
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id);

-- name: QuotaBook :execrows
-- QuotaBook moves amounts of a quota; what would oversell it finds no row.
UPDATE quotas SET
    used = used + sqlc.arg(use), reserved = reserved + sqlc.arg(reserve), updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id)
    AND used + reserved + sqlc.arg(use) + sqlc.arg(reserve) <= quota;

-- name: QuotasOfInstance :many
-- QuotasOfInstance reads the quotas of an instance.
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at
FROM quotas
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id);

-- name: ReservationInsert :exec
-- ReservationInsert adds a reservation.
INSERT INTO reservations (
    seller, id, instance_id, amount, used, parts, state, expire_at, created_at, updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: ReservationGet :one
-- ReservationGet reads a reservation.
SELECT
    seller, id, instance_id, amount, used, parts, state, expire_at, created_at, updated_at
FROM reservations
WHERE seller = sqlc.arg(seller) AND id = sqlc.arg(id);

-- name: ReservationEnd :exec
-- ReservationEnd ends a reservation; only the one writer runs it.
UPDATE reservations SET state = sqlc.arg(state), used = sqlc.arg(used), updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND id = sqlc.arg(id);

-- name: ReservationsOver :many
-- ReservationsOver reads the reservations whose time is over, the earliest first.
SELECT
    seller, id, instance_id, amount, used, parts, state, expire_at, created_at, updated_at
FROM reservations
WHERE seller = sqlc.arg(seller) AND state = 'HELD' AND expire_at > 0 AND expire_at <= sqlc.arg(now)
ORDER BY expire_at, id
LIMIT sqlc.arg(max);
