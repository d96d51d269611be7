-- name: QuotaInsert :exec
-- QuotaInsert adds the first quota of a package.
INSERT INTO quotas (
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
) VALUES (
    sqlc.arg(seller), sqlc.arg(package_id), sqlc.arg(instance_id), sqlc.arg(meter), sqlc.arg(quota), sqlc.arg(used),
    sqlc.arg(reserved), sqlc.arg(priority), sqlc.arg(expire_at), sqlc.arg(stop), sqlc.arg(told), sqlc.arg(created_at),
    sqlc.arg(updated_at), sqlc.arg(reset), sqlc.arg(begin_at), sqlc.arg(cycle), sqlc.arg(used_before), sqlc.arg(turn_at),
    sqlc.arg(settled_at), sqlc.arg(settled_cycle), sqlc.arg(used_elsewhere)
);

-- name: QuotaItemInsert :exec
-- QuotaItemInsert adds a further quota of a package.
INSERT INTO quota_items (
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
) VALUES (
    sqlc.arg(seller), sqlc.arg(package_id), sqlc.arg(instance_id), sqlc.arg(meter), sqlc.arg(quota), sqlc.arg(used),
    sqlc.arg(reserved), sqlc.arg(priority), sqlc.arg(expire_at), sqlc.arg(stop), sqlc.arg(told), sqlc.arg(created_at),
    sqlc.arg(updated_at), sqlc.arg(reset), sqlc.arg(begin_at), sqlc.arg(cycle), sqlc.arg(used_before), sqlc.arg(turn_at),
    sqlc.arg(settled_at), sqlc.arg(settled_cycle), sqlc.arg(used_elsewhere)
);

-- name: QuotaLock :one
-- QuotaLock returns a quota and keeps it for this transaction.
WITH first AS (
    SELECT
        seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
        reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
    FROM quotas
    WHERE quotas.seller = sqlc.arg(seller) AND quotas.package_id = sqlc.arg(package_id) AND quotas.instance_id = sqlc.arg(instance_id)
    FOR UPDATE
), further AS (
    SELECT
        seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
        reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
    FROM quota_items
    WHERE quota_items.seller = sqlc.arg(seller) AND quota_items.package_id = sqlc.arg(package_id) AND quota_items.instance_id = sqlc.arg(instance_id)
    FOR UPDATE
)
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
FROM first
UNION ALL
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
FROM further;

-- name: QuotaUpdate :exec
-- QuotaUpdate writes what may change of a quota that is kept for this transaction.
WITH first AS (
    UPDATE quotas SET
        quota = sqlc.arg(quota), priority = sqlc.arg(priority), expire_at = sqlc.arg(expire_at), told = sqlc.arg(told),
        updated_at = sqlc.arg(updated_at)
    WHERE quotas.seller = sqlc.arg(seller) AND quotas.package_id = sqlc.arg(package_id) AND quotas.instance_id = sqlc.arg(instance_id)
)
UPDATE quota_items SET
    quota = sqlc.arg(quota), priority = sqlc.arg(priority), expire_at = sqlc.arg(expire_at), told = sqlc.arg(told),
    updated_at = sqlc.arg(updated_at)
WHERE quota_items.seller = sqlc.arg(seller) AND quota_items.package_id = sqlc.arg(package_id) AND quota_items.instance_id = sqlc.arg(instance_id);

-- name: QuotaExpire :exec
-- QuotaExpire writes when a package ends, which all its fee items share.
WITH first AS (
    UPDATE quotas SET expire_at = sqlc.arg(expire_at)
    WHERE quotas.seller = sqlc.arg(seller) AND quotas.package_id = sqlc.arg(package_id)
)
UPDATE quota_items SET expire_at = sqlc.arg(expire_at)
WHERE quota_items.seller = sqlc.arg(seller) AND quota_items.package_id = sqlc.arg(package_id);

-- name: QuotaBook :exec
-- QuotaBook moves amounts of a quota. What was reserved in a cycle that is over is free since, and what was used of it counts
-- to the cycles before. Division by zero when that would oversell it: see batch.go.
WITH first AS (
    UPDATE quotas SET
        used = used + CASE WHEN cycle = sqlc.arg(cycle)::bigint THEN sqlc.arg(use)::bigint ELSE 0 END,
        reserved = reserved + CASE WHEN cycle = sqlc.arg(cycle)::bigint THEN sqlc.arg(reserve)::bigint ELSE 0 END,
        used_before = used_before + CASE WHEN cycle = sqlc.arg(cycle)::bigint THEN 0 ELSE sqlc.arg(use)::bigint END,
        updated_at = sqlc.arg(now)
    WHERE quotas.seller = sqlc.arg(seller) AND quotas.package_id = sqlc.arg(package_id) AND quotas.instance_id = sqlc.arg(instance_id)
        AND (cycle <> sqlc.arg(cycle)::bigint OR quotas.used + quotas.reserved + sqlc.arg(use)::bigint + sqlc.arg(reserve)::bigint <= quota)
    RETURNING 1
), further AS (
    UPDATE quota_items SET
        used = used + CASE WHEN cycle = sqlc.arg(cycle)::bigint THEN sqlc.arg(use)::bigint ELSE 0 END,
        reserved = reserved + CASE WHEN cycle = sqlc.arg(cycle)::bigint THEN sqlc.arg(reserve)::bigint ELSE 0 END,
        used_before = used_before + CASE WHEN cycle = sqlc.arg(cycle)::bigint THEN 0 ELSE sqlc.arg(use)::bigint END,
        updated_at = sqlc.arg(now)
    WHERE quota_items.seller = sqlc.arg(seller) AND quota_items.package_id = sqlc.arg(package_id) AND quota_items.instance_id = sqlc.arg(instance_id)
        AND (cycle <> sqlc.arg(cycle)::bigint OR quota_items.used + quota_items.reserved + sqlc.arg(use)::bigint + sqlc.arg(reserve)::bigint <= quota)
    RETURNING 1
)
SELECT 1 / ((SELECT count(*) FROM first) + (SELECT count(*) FROM further));

-- name: QuotasOfInstance :many
-- QuotasOfInstance reads the quotas of an instance.
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
FROM quota_rows
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id);

-- name: QuotasLock :many
-- QuotasLock returns the quotas of an instance and keeps them for this transaction.
WITH first AS (
    SELECT
        seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
        reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
    FROM quotas
    WHERE quotas.seller = sqlc.arg(seller) AND quotas.instance_id = sqlc.arg(instance_id)
    ORDER BY package_id
    FOR UPDATE
), further AS (
    SELECT
        seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
        reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
    FROM quota_items
    WHERE quota_items.seller = sqlc.arg(seller) AND quota_items.instance_id = sqlc.arg(instance_id)
    ORDER BY package_id
    FOR UPDATE
)
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
FROM first
UNION ALL
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
FROM further;

-- name: QuotasOfPackage :many
-- QuotasOfPackage reads the quotas of a package, one for each of its fee items.
SELECT
    seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
    reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
FROM quota_rows
WHERE seller = sqlc.arg(seller) AND package_id = sqlc.arg(package_id)
ORDER BY created_at, instance_id;

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
LIMIT sqlc.arg(max);

-- name: QuotaTurn :exec
-- QuotaTurn writes the cycle that a quota has come to.
WITH first AS (
    UPDATE quotas SET
        cycle = sqlc.arg(cycle), used_before = sqlc.arg(used_before), used = sqlc.arg(used), reserved = sqlc.arg(reserved),
        turn_at = sqlc.arg(turn_at), settled_at = sqlc.arg(settled_at), settled_cycle = sqlc.arg(settled_cycle)
    WHERE quotas.seller = sqlc.arg(seller) AND quotas.package_id = sqlc.arg(package_id) AND quotas.instance_id = sqlc.arg(instance_id)
)
UPDATE quota_items SET
    cycle = sqlc.arg(cycle), used_before = sqlc.arg(used_before), used = sqlc.arg(used), reserved = sqlc.arg(reserved),
    turn_at = sqlc.arg(turn_at), settled_at = sqlc.arg(settled_at), settled_cycle = sqlc.arg(settled_cycle)
WHERE quota_items.seller = sqlc.arg(seller) AND quota_items.package_id = sqlc.arg(package_id) AND quota_items.instance_id = sqlc.arg(instance_id);

-- name: ReservationInsert :execrows
-- ReservationInsert adds a reservation unless its ID is taken.
INSERT INTO reservations (
    seller, id, instance_id, amount, used, parts, state, expire_at, created_at, updated_at
) VALUES (
    sqlc.arg(seller), sqlc.arg(id), sqlc.arg(instance_id), sqlc.arg(amount), sqlc.arg(used), sqlc.arg(parts),
    sqlc.arg(state), sqlc.arg(expire_at), sqlc.arg(created_at), sqlc.arg(updated_at)
)
ON CONFLICT (seller, id) DO NOTHING;

-- name: ReservationGet :one
-- ReservationGet reads a reservation.
SELECT
    seller, id, instance_id, amount, used, parts, state, expire_at, created_at, updated_at
FROM reservations
WHERE seller = sqlc.arg(seller) AND id = sqlc.arg(id);

-- name: ReservationLock :one
-- ReservationLock returns a reservation and keeps it for this transaction.
SELECT
    seller, id, instance_id, amount, used, parts, state, expire_at, created_at, updated_at
FROM reservations
WHERE seller = sqlc.arg(seller) AND id = sqlc.arg(id)
FOR UPDATE;

-- name: ReservationEnd :exec
-- ReservationEnd ends a reservation that is kept for this transaction.
UPDATE reservations SET state = sqlc.arg(state), used = sqlc.arg(used), updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND id = sqlc.arg(id);

-- name: ReservationsOver :many
-- ReservationsOver returns the reservations whose time is over, the earliest first, and keeps them for this transaction.
-- Those that somebody else is ending are passed over.
SELECT
    seller, id, instance_id, amount, used, parts, state, expire_at, created_at, updated_at
FROM reservations
WHERE seller = sqlc.arg(seller) AND state = 'HELD' AND expire_at > 0 AND expire_at <= sqlc.arg(now)
ORDER BY expire_at, id
LIMIT sqlc.arg(max)
FOR UPDATE SKIP LOCKED;
