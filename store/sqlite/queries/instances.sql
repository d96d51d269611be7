-- name: InstanceInsert :exec
-- InstanceInsert adds an instance.
INSERT INTO instances (
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: InstanceUpdate :execrows
-- InstanceUpdate replaces an instance.
UPDATE instances SET
    endpoint = sqlc.arg(endpoint), order_id = sqlc.arg(order_id), order_line_id = sqlc.arg(order_line_id),
    state = sqlc.arg(state), frozen = sqlc.arg(frozen), reason = sqlc.arg(reason),
    failure_code = sqlc.arg(failure_code), product_id = sqlc.arg(product_id), sku_code = sqlc.arg(sku_code),
    product_name = sqlc.arg(product_name), charging_mode = sqlc.arg(charging_mode),
    linear_value = sqlc.arg(linear_value), trial = sqlc.arg(trial), expire_at = sqlc.arg(expire_at),
    access = sqlc.arg(access), task_seq = sqlc.arg(task_seq), updated_at = sqlc.arg(updated_at), family = sqlc.arg(family),
    facts = sqlc.arg(facts), access_version = sqlc.arg(access_version),
    failure_text = sqlc.arg(failure_text), buyer_key = sqlc.arg(buyer_key)
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id);

-- name: InstanceGet :one
-- InstanceGet reads one instance.
SELECT
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
FROM instances
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id);

-- name: InstancesByID :many
-- InstancesByID reads those instances that exist; the IDs are one parameter, a JSON array, so that the statement stays the same.
SELECT
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
FROM instances
WHERE seller = sqlc.arg(seller) AND instance_id IN (SELECT wanted.value FROM json_each(cast(sqlc.arg(ids) AS text)) AS wanted);

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
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: InstancesBought :many
-- InstancesBought reads what known buyers have of a product since a time and is not over.
SELECT
    seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
    product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at, family,
    facts, access_version, failure_text, buyer_key
FROM instances
WHERE seller = sqlc.arg(seller) AND product_id = sqlc.arg(product_id) AND buyer_key <> ''
    AND created_at >= sqlc.arg(since) AND (created_at > sqlc.arg(since) OR instance_id > sqlc.arg(after_id))
    AND state NOT IN ('RELEASED', 'FAILED')
ORDER BY created_at, instance_id
LIMIT CAST(sqlc.arg(max) AS INTEGER);
