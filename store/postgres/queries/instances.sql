-- name: InstanceInsert :exec
-- InstanceInsert adds an instance.
INSERT INTO instances (
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
) VALUES (
    sqlc.arg(seller), sqlc.arg(instance_id), sqlc.arg(endpoint), sqlc.arg(order_id), sqlc.arg(order_line_id),
    sqlc.arg(state), sqlc.arg(frozen), sqlc.arg(reason), sqlc.arg(failure_code), sqlc.arg(product_id),
    sqlc.arg(sku_code), sqlc.arg(product_name), sqlc.arg(charging_mode), sqlc.arg(linear_value), sqlc.arg(trial),
    sqlc.arg(expire_at), sqlc.arg(access), sqlc.arg(task_seq), sqlc.arg(created_at), sqlc.arg(updated_at),
    sqlc.arg(family), sqlc.arg(facts), sqlc.arg(access_version), sqlc.arg(failure_text),
    sqlc.arg(buyer_key)
);

-- name: InstanceUpdate :exec
-- InstanceUpdate replaces an instance. Division by zero when there is none: see batch.go.
WITH changed AS (
    UPDATE instances SET
        endpoint = sqlc.arg(endpoint), order_id = sqlc.arg(order_id), order_line_id = sqlc.arg(order_line_id),
        state = sqlc.arg(state), frozen = sqlc.arg(frozen), reason = sqlc.arg(reason),
        failure_code = sqlc.arg(failure_code), product_id = sqlc.arg(product_id), sku_code = sqlc.arg(sku_code),
        product_name = sqlc.arg(product_name), charging_mode = sqlc.arg(charging_mode),
        linear_value = sqlc.arg(linear_value), trial = sqlc.arg(trial), expire_at = sqlc.arg(expire_at),
        access = sqlc.arg(access), task_seq = sqlc.arg(task_seq), updated_at = sqlc.arg(updated_at), family = sqlc.arg(family),
        facts = sqlc.arg(facts), access_version = sqlc.arg(access_version),
        failure_text = sqlc.arg(failure_text), buyer_key = sqlc.arg(buyer_key)
    WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id)
    RETURNING 1
)
SELECT 1 / count(*) FROM changed;

-- name: InstanceGet :one
-- InstanceGet reads one instance. The server keeps the plan of this statement, and makes that of InstancesByID at each call: it takes
-- a list that it does not know for a long one.
SELECT
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
FROM instances
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id);

-- name: InstancesByID :many
-- InstancesByID reads those instances that exist.
SELECT
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
FROM instances
WHERE seller = sqlc.arg(seller) AND instance_id = ANY(sqlc.arg(ids)::text[]);

-- name: InstancesOfOrder :many
-- InstancesOfOrder reads what one order created.
SELECT
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
FROM instances
WHERE seller = sqlc.arg(seller) AND order_id = sqlc.arg(order_id)
ORDER BY created_at, instance_id;

-- name: InstanceList :many
-- InstanceList is the base of a page; the list builder appends filters, order and limit.
SELECT
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
FROM instances
WHERE seller = sqlc.arg(seller);

-- name: InstancesOfBuyer :many
-- InstancesOfBuyer reads what one buyer has of a product and is not over.
SELECT
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
FROM instances
WHERE seller = sqlc.arg(seller) AND product_id = sqlc.arg(product_id) AND buyer_key = sqlc.arg(buyer_key)
    AND buyer_key <> '' AND state NOT IN ('RELEASED', 'FAILED')
ORDER BY created_at, instance_id
LIMIT sqlc.arg(max);

-- name: InstancesBought :many
-- InstancesBought reads what known buyers have of a product since a time and is not over.
SELECT
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
FROM instances
WHERE seller = sqlc.arg(seller) AND product_id = sqlc.arg(product_id) AND buyer_key <> ''
    AND created_at >= sqlc.arg(since) AND (created_at > sqlc.arg(since) OR instance_id > sqlc.arg(after_id)::text)
    AND state NOT IN ('RELEASED', 'FAILED')
ORDER BY created_at, instance_id
LIMIT sqlc.arg(max);
