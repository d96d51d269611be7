-- name: TenantRow :one
-- TenantRow reads a tenant's row, also a tombstone.
SELECT
    seller, instance_id, tenant_id, id, order_id, tenant_code, name, domain_name, stamp_at, stamp_rank, deleted, erased_at,
    erased_rank, floor_at, floor_rank, created_at, updated_at
FROM tenants
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id);

-- name: TenantPut :exec
-- TenantPut writes a tenant's row that was merged after TenantRow; only the one writer runs it.
INSERT INTO tenants (
    seller, instance_id, tenant_id, id, order_id, tenant_code, name, domain_name, stamp_at, stamp_rank, deleted, erased_at,
    erased_rank, floor_at, floor_rank, created_at, updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
)
ON CONFLICT (seller, instance_id, tenant_id) DO UPDATE SET
    order_id = excluded.order_id, tenant_code = excluded.tenant_code, name = excluded.name,
    domain_name = excluded.domain_name, stamp_at = excluded.stamp_at, stamp_rank = excluded.stamp_rank,
    deleted = excluded.deleted, erased_at = excluded.erased_at, erased_rank = excluded.erased_rank,
    floor_at = excluded.floor_at, floor_rank = excluded.floor_rank, created_at = excluded.created_at,
    updated_at = excluded.updated_at;

-- name: TenantGet :one
-- TenantGet reads a tenant that is alive.
SELECT
    seller, instance_id, tenant_id, id, order_id, tenant_code, name, domain_name, stamp_at, stamp_rank, deleted, erased_at,
    erased_rank, floor_at, floor_rank, created_at, updated_at
FROM tenants
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id) AND deleted = 0;

-- name: TenantList :many
-- TenantList is the base of a page; the list builder appends filters, order and limit.
SELECT
    seller, instance_id, tenant_id, id, order_id, tenant_code, name, domain_name, stamp_at, stamp_rank, deleted, erased_at,
    erased_rank, floor_at, floor_rank, created_at, updated_at
FROM tenants
WHERE seller = sqlc.arg(seller) AND deleted = 0;

-- name: ApplicationMerge :execrows
-- ApplicationMerge writes a row unless there is one of the same key whose stamp is as great.
INSERT INTO applications (
    seller, instance_id, tenant_id, app_id, id, client_id, client_secret, stamp_at, stamp_rank, deleted, created_at,
    updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
)
ON CONFLICT (seller, instance_id, tenant_id, app_id) DO UPDATE SET
    client_id = excluded.client_id, client_secret = excluded.client_secret, stamp_at = excluded.stamp_at,
    stamp_rank = excluded.stamp_rank, deleted = excluded.deleted, updated_at = excluded.updated_at
WHERE excluded.stamp_at > applications.stamp_at OR excluded.stamp_at = applications.stamp_at AND excluded.stamp_rank > applications.stamp_rank;

-- name: ApplicationsErase :execrows
-- ApplicationsErase makes tombstones of a tenant's applications whose stamp is not greater than that of the tenant's deletion.
UPDATE applications SET client_id = '', client_secret = NULL, deleted = 1, updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id)
    AND deleted = 0 AND (stamp_at < sqlc.arg(stamp_at) OR stamp_at = sqlc.arg(stamp_at) AND stamp_rank <= sqlc.arg(stamp_rank));

-- name: ApplicationGet :one
-- ApplicationGet reads an application that is alive.
SELECT
    seller, instance_id, tenant_id, app_id, id, client_id, client_secret, stamp_at, stamp_rank, deleted, created_at,
    updated_at
FROM applications
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id) AND app_id = sqlc.arg(app_id) AND deleted = 0;

-- name: ApplicationList :many
-- ApplicationList is the base of a page; the list builder appends filters, order and limit.
SELECT
    seller, instance_id, tenant_id, app_id, id, client_id, client_secret, stamp_at, stamp_rank, deleted, created_at,
    updated_at
FROM applications
WHERE seller = sqlc.arg(seller) AND deleted = 0;

-- name: UserMerge :execrows
-- UserMerge writes a row unless there is one of the same key whose stamp is as great.
INSERT INTO users (
    seller, instance_id, tenant_id, app_id, user_name, id, state, role, org_code, profile, stamp_at, stamp_rank, deleted,
    created_at, updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
)
ON CONFLICT (seller, instance_id, tenant_id, app_id, user_name) DO UPDATE SET
    state = excluded.state, role = excluded.role, org_code = excluded.org_code, profile = excluded.profile,
    stamp_at = excluded.stamp_at, stamp_rank = excluded.stamp_rank, deleted = excluded.deleted,
    updated_at = excluded.updated_at
WHERE excluded.stamp_at > users.stamp_at OR excluded.stamp_at = users.stamp_at AND excluded.stamp_rank > users.stamp_rank;

-- name: UsersErase :execrows
-- UsersErase makes tombstones of a tenant's users whose stamp is not greater than that of the tenant's deletion.
UPDATE users SET state = '', role = '', org_code = '', profile = NULL, deleted = 1, updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id)
    AND deleted = 0 AND (stamp_at < sqlc.arg(stamp_at) OR stamp_at = sqlc.arg(stamp_at) AND stamp_rank <= sqlc.arg(stamp_rank));

-- name: UserList :many
-- UserList is the base of a page; the list builder appends filters, order and limit.
SELECT
    seller, instance_id, tenant_id, app_id, user_name, id, state, role, org_code, profile, stamp_at, stamp_rank, deleted,
    created_at, updated_at
FROM users
WHERE seller = sqlc.arg(seller) AND deleted = 0;

-- name: DepartmentMerge :execrows
-- DepartmentMerge writes a row unless there is one of the same key whose stamp is as great.
INSERT INTO departments (
    seller, instance_id, tenant_id, org_code, id, name, parent_code, stamp_at, stamp_rank, deleted, created_at, updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
)
ON CONFLICT (seller, instance_id, tenant_id, org_code) DO UPDATE SET
    name = excluded.name, parent_code = excluded.parent_code, stamp_at = excluded.stamp_at,
    stamp_rank = excluded.stamp_rank, deleted = excluded.deleted, updated_at = excluded.updated_at
WHERE excluded.stamp_at > departments.stamp_at OR excluded.stamp_at = departments.stamp_at AND excluded.stamp_rank > departments.stamp_rank;

-- name: DepartmentsErase :execrows
-- DepartmentsErase makes tombstones of a tenant's departments whose stamp is not greater than that of the tenant's deletion.
UPDATE departments SET name = '', parent_code = '', deleted = 1, updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id)
    AND deleted = 0 AND (stamp_at < sqlc.arg(stamp_at) OR stamp_at = sqlc.arg(stamp_at) AND stamp_rank <= sqlc.arg(stamp_rank));

-- name: DepartmentsBelow :execrows
-- DepartmentsBelow makes tombstones of a tenant's departments whose stamp is below that of a full list.
UPDATE departments SET name = '', parent_code = '', deleted = 1, updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id)
    AND deleted = 0 AND (stamp_at < sqlc.arg(stamp_at) OR stamp_at = sqlc.arg(stamp_at) AND stamp_rank < sqlc.arg(stamp_rank));

-- name: DepartmentList :many
-- DepartmentList is the base of a page; the list builder appends filters, order and limit.
SELECT
    seller, instance_id, tenant_id, org_code, id, name, parent_code, stamp_at, stamp_rank, deleted, created_at, updated_at
FROM departments
WHERE seller = sqlc.arg(seller) AND deleted = 0;

-- name: DirectoryArrive :execrows
-- DirectoryArrive keeps when a call with a time from the future came first.
INSERT INTO directory_arrivals (seller, instance_id, tenant_id, claimed_at, arrived_at)
VALUES (sqlc.arg(seller), sqlc.arg(instance_id), sqlc.arg(tenant_id), sqlc.arg(claimed_at), sqlc.arg(arrived_at))
ON CONFLICT (seller, instance_id, tenant_id, claimed_at) DO NOTHING;

-- name: DirectoryArrival :one
-- DirectoryArrival reads when a call with a time from the future came first.
SELECT arrived_at FROM directory_arrivals
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id) AND claimed_at = sqlc.arg(claimed_at);

-- name: ApplicationStamps :many
-- ApplicationStamps reads what the rows of a tenant were written by.
SELECT id, stamp_at, stamp_rank FROM applications
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id) AND id IN (SELECT wanted.value FROM json_each(cast(sqlc.arg(ids) AS text)) AS wanted);

-- name: UserStamps :many
-- UserStamps reads what the rows of a tenant were written by.
SELECT id, stamp_at, stamp_rank FROM users
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id) AND id IN (SELECT wanted.value FROM json_each(cast(sqlc.arg(ids) AS text)) AS wanted);

-- name: DepartmentStamps :many
-- DepartmentStamps reads what the rows of a tenant were written by.
SELECT id, stamp_at, stamp_rank FROM departments
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id) AND id IN (SELECT wanted.value FROM json_each(cast(sqlc.arg(ids) AS text)) AS wanted);

-- name: DepartmentsOfTenant :many
-- DepartmentsOfTenant reads all departments of a tenant, tombstones too.
SELECT seller, instance_id, tenant_id, org_code, id, name, parent_code, stamp_at, stamp_rank, deleted, created_at, updated_at FROM departments
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id);

-- name: DepartmentGet :one
-- DepartmentGet reads a department that is alive.
SELECT
    seller, instance_id, tenant_id, org_code, id, name, parent_code, stamp_at, stamp_rank, deleted, created_at, updated_at
FROM departments
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND tenant_id = sqlc.arg(tenant_id)
    AND org_code = sqlc.arg(org_code) AND deleted = 0;
