-- Every filter of a list has an index that yields its rows in the order of the list, so that a filter without hits costs as
-- little as one with many. Each admission pays for its index entries, so an index leaves out what nearly every order has (a
-- CREATE task, an order query) and what is set later (order_type, charging_mode): these rows are found along the list itself.
-- The previous binary works on while this schema is there, and goes on writing while the indexes are built: each is built
-- without a lock, and anew when an earlier try died on the way.

-- +goose NO TRANSACTION
-- +goose Up
-- The order of what is committed counts here, and not that each step is on the disk.
SET synchronous_commit = off;
DROP INDEX CONCURRENTLY IF EXISTS orders_endpoint_idx;
CREATE INDEX CONCURRENTLY orders_endpoint_idx ON orders (seller, endpoint, created_at, order_id);
DROP INDEX CONCURRENTLY IF EXISTS orders_type_idx;
CREATE INDEX CONCURRENTLY orders_type_idx ON orders (seller, order_type, created_at, order_id) WHERE order_type <> '';
DROP INDEX CONCURRENTLY IF EXISTS orders_query_idx;
CREATE INDEX CONCURRENTLY orders_query_idx ON orders (seller, query_state, created_at, order_id) WHERE query_state <> 'DONE';

DROP INDEX CONCURRENTLY IF EXISTS instances_state_idx;
CREATE INDEX CONCURRENTLY instances_state_idx ON instances (seller, state, created_at, instance_id) WHERE state <> 'FAILED';
DROP INDEX CONCURRENTLY IF EXISTS instances_endpoint_idx;
CREATE INDEX CONCURRENTLY instances_endpoint_idx ON instances (seller, endpoint, created_at, instance_id);
DROP INDEX CONCURRENTLY IF EXISTS instances_charging_idx;
CREATE INDEX CONCURRENTLY instances_charging_idx ON instances (seller, charging_mode, created_at, instance_id) WHERE charging_mode <> '';
-- Takes the place of instances_bought_idx, which had the same columns and only the rows of known buyers.
DROP INDEX CONCURRENTLY IF EXISTS instances_product_idx;
CREATE INDEX CONCURRENTLY instances_product_idx ON instances (seller, product_id, created_at, instance_id);
DROP INDEX CONCURRENTLY IF EXISTS instances_bought_idx;

DROP INDEX CONCURRENTLY IF EXISTS tasks_state_idx;
CREATE INDEX CONCURRENTLY tasks_state_idx ON tasks (seller, state, created_at, id) WHERE state <> 'DONE' AND state <> 'FAILED';
DROP INDEX CONCURRENTLY IF EXISTS tasks_kind_idx;
CREATE INDEX CONCURRENTLY tasks_kind_idx ON tasks (seller, kind, created_at, id) WHERE kind <> 'CREATE' AND kind <> 'ORDER_QUERY';
DROP INDEX CONCURRENTLY IF EXISTS tasks_queue_idx;
CREATE INDEX CONCURRENTLY tasks_queue_idx ON tasks (seller, queue, created_at, id) WHERE queue <> 'koogate-order-query';

DROP INDEX CONCURRENTLY IF EXISTS tenants_tenant_idx;
CREATE INDEX CONCURRENTLY tenants_tenant_idx ON tenants (seller, tenant_id, created_at, id) WHERE deleted = 0;
DROP INDEX CONCURRENTLY IF EXISTS applications_tenant_idx;
CREATE INDEX CONCURRENTLY applications_tenant_idx ON applications (seller, tenant_id, created_at, id) WHERE deleted = 0;
DROP INDEX CONCURRENTLY IF EXISTS applications_app_idx;
CREATE INDEX CONCURRENTLY applications_app_idx ON applications (seller, app_id, created_at, id) WHERE deleted = 0;
DROP INDEX CONCURRENTLY IF EXISTS users_tenant_idx;
CREATE INDEX CONCURRENTLY users_tenant_idx ON users (seller, tenant_id, created_at, id) WHERE deleted = 0;
DROP INDEX CONCURRENTLY IF EXISTS users_app_idx;
CREATE INDEX CONCURRENTLY users_app_idx ON users (seller, app_id, created_at, id) WHERE deleted = 0;
DROP INDEX CONCURRENTLY IF EXISTS users_state_idx;
CREATE INDEX CONCURRENTLY users_state_idx ON users (seller, state, created_at, id) WHERE deleted = 0 AND state <> 'ACTIVE';
DROP INDEX CONCURRENTLY IF EXISTS users_role_idx;
CREATE INDEX CONCURRENTLY users_role_idx ON users (seller, role, created_at, id) WHERE deleted = 0;
DROP INDEX CONCURRENTLY IF EXISTS users_org_idx;
CREATE INDEX CONCURRENTLY users_org_idx ON users (seller, org_code, created_at, id) WHERE deleted = 0 AND org_code <> '';
DROP INDEX CONCURRENTLY IF EXISTS departments_tenant_idx;
CREATE INDEX CONCURRENTLY departments_tenant_idx ON departments (seller, tenant_id, created_at, id) WHERE deleted = 0;
DROP INDEX CONCURRENTLY IF EXISTS departments_parent_idx;
CREATE INDEX CONCURRENTLY departments_parent_idx ON departments (seller, parent_code, created_at, id) WHERE deleted = 0;

DROP INDEX CONCURRENTLY IF EXISTS usage_records_unsent_idx;
CREATE INDEX CONCURRENTLY usage_records_unsent_idx ON usage_records (seller, created_at, id) WHERE state = 'SENDING';
DROP INDEX CONCURRENTLY IF EXISTS usage_records_package_idx;
CREATE INDEX CONCURRENTLY usage_records_package_idx ON usage_records (seller, package_id, created_at, id) WHERE package_id <> '';
DROP INDEX CONCURRENTLY IF EXISTS usage_windows_package_idx;
CREATE INDEX CONCURRENTLY usage_windows_package_idx ON usage_windows (seller, package_id, created_at, id) WHERE package_id <> '';
RESET synchronous_commit;
