-- name: QuotaInsert :exec
-- QuotaInsert adds the first quota of a package.
INSERT INTO quotas (
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: QuotaItemInsert :exec
-- QuotaItemInsert adds a further quota of a package.
INSERT INTO quota_items (
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: QuotasOfPackage :many
-- QuotasOfPackage reads the quotas of a package, one for each of its fee items.
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
FROM quota_rows
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id)
ORDER BY created_at, instance_id;

-- name: QuotaGet :one
-- QuotaGet reads a quota.
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
FROM quota_rows
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id) AND instance_id = sqlc.arg(instance_id);

-- name: QuotaUpdate :execrows
-- QuotaUpdate writes what may change of a quota; only the one writer runs it.
UPDATE quotas SET
    quota = sqlc.arg(quota), priority = sqlc.arg(priority), expire_at = sqlc.arg(expire_at), told = sqlc.arg(told),
    updated_at = sqlc.arg(updated_at)
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id) AND instance_id = sqlc.arg(instance_id);

-- name: QuotaItemUpdate :execrows
-- QuotaItemUpdate does the same to a further quota of a package.
UPDATE quota_items SET
    quota = sqlc.arg(quota), priority = sqlc.arg(priority), expire_at = sqlc.arg(expire_at), told = sqlc.arg(told),
    updated_at = sqlc.arg(updated_at)
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id) AND instance_id = sqlc.arg(instance_id);

-- name: QuotaExpire :exec
-- QuotaExpire writes when a package ends, which all its fee items share.
UPDATE quotas SET expire_at = sqlc.arg(expire_at)
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id);

-- name: QuotaItemExpire :exec
-- QuotaItemExpire writes when a package ends, which all its fee items share.
UPDATE quota_items SET expire_at = sqlc.arg(expire_at)
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id);

-- name: QuotaBook :execrows
-- QuotaBook moves amounts of a quota; what would oversell it finds no row. What was reserved in a cycle that is over is free
-- since, and what was used of it counts to the cycles before.
UPDATE quotas SET
    used = used + iif(cycle = sqlc.arg(cycle), sqlc.arg(use), 0),
    reserved = reserved + iif(cycle = sqlc.arg(cycle), sqlc.arg(reserve), 0),
    used_before = used_before + iif(cycle = sqlc.arg(cycle), 0, sqlc.arg(use)),
    updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id) AND instance_id = sqlc.arg(instance_id)
    AND (cycle <> sqlc.arg(cycle) OR used + reserved + sqlc.arg(use) + sqlc.arg(reserve) <= quota);

-- name: QuotaItemBook :execrows
-- QuotaItemBook does the same to a further quota of a package.
UPDATE quota_items SET
    used = used + iif(cycle = sqlc.arg(cycle), sqlc.arg(use), 0),
    reserved = reserved + iif(cycle = sqlc.arg(cycle), sqlc.arg(reserve), 0),
    used_before = used_before + iif(cycle = sqlc.arg(cycle), 0, sqlc.arg(use)),
    updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id) AND instance_id = sqlc.arg(instance_id)
    AND (cycle <> sqlc.arg(cycle) OR used + reserved + sqlc.arg(use) + sqlc.arg(reserve) <= quota);

-- name: QuotasDue :many
-- QuotasDue reads the quotas from whose expiry or cycle something follows that nobody has brought about yet.
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
FROM quota_rows
WHERE seller = sqlc.arg(seller) AND (
    (expire_at > 0 AND expire_at <= sqlc.arg(now) AND settled_at < expire_at)
    OR (turn_at > 0 AND turn_at <= sqlc.arg(now) AND (expire_at = 0 OR turn_at < expire_at))
    OR settled_cycle < cycle
)
ORDER BY instance_id, package_id
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: QuotaTurn :execrows
-- QuotaTurn writes the cycle that a quota has come to.
UPDATE quotas SET
    cycle = sqlc.arg(cycle), used_before = sqlc.arg(used_before), used = sqlc.arg(used), reserved = sqlc.arg(reserved),
    turn_at = sqlc.arg(turn_at), settled_at = sqlc.arg(settled_at), settled_cycle = sqlc.arg(settled_cycle)
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id) AND instance_id = sqlc.arg(instance_id);

-- name: QuotaItemTurn :execrows
-- QuotaItemTurn does the same to a further quota of a package.
UPDATE quota_items SET
    cycle = sqlc.arg(cycle), used_before = sqlc.arg(used_before), used = sqlc.arg(used), reserved = sqlc.arg(reserved),
    turn_at = sqlc.arg(turn_at), settled_at = sqlc.arg(settled_at), settled_cycle = sqlc.arg(settled_cycle)
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id) AND instance_id = sqlc.arg(instance_id);

-- name: QuotasOfInstance :many
-- QuotasOfInstance reads the quotas of an instance.
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
FROM quota_rows
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
LIMIT CAST(sqlc.arg(max) AS INTEGER);
