-- name: LineInsert :exec
-- LineInsert adds an admitted effect.
INSERT INTO order_lines (
    seller, order_id, order_line_id, product_id, action, root_order_id, instance_id, params, extra, bought_product_id,
    sku_code, product_name, charging_mode, linear_value, answer_code, created_at, input, result, admitted, differs, purchase
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: LineUpdate :execrows
-- LineUpdate replaces an admitted effect.
UPDATE order_lines SET
    root_order_id = sqlc.arg(root_order_id), instance_id = sqlc.arg(instance_id), params = sqlc.arg(params), extra = sqlc.arg(extra),
    bought_product_id = sqlc.arg(bought_product_id), sku_code = sqlc.arg(sku_code),
    product_name = sqlc.arg(product_name), charging_mode = sqlc.arg(charging_mode),
    linear_value = sqlc.arg(linear_value), answer_code = sqlc.arg(answer_code),
    input = sqlc.arg(input), result = sqlc.arg(result),
    admitted = sqlc.arg(admitted), differs = sqlc.arg(differs), purchase = sqlc.arg(purchase)
WHERE seller = sqlc.arg(seller) AND order_id = sqlc.arg(order_id) AND order_line_id = sqlc.arg(order_line_id) AND product_id = sqlc.arg(product_id) AND action = sqlc.arg(action);

-- name: LineGet :one
-- LineGet reads one admitted effect.
SELECT
    seller, order_id, order_line_id, product_id, action, root_order_id, instance_id, params, extra, bought_product_id,
    sku_code, product_name, charging_mode, linear_value, answer_code, created_at, input, result, admitted, differs, purchase
FROM order_lines
WHERE seller = sqlc.arg(seller) AND order_id = sqlc.arg(order_id) AND order_line_id = sqlc.arg(order_line_id) AND product_id = sqlc.arg(product_id) AND action = sqlc.arg(action);

-- name: LinesOfOrder :many
-- LinesOfOrder reads the effects in one order's chain, oldest first.
SELECT
    seller, order_id, order_line_id, product_id, action, root_order_id, instance_id, params, extra, bought_product_id,
    sku_code, product_name, charging_mode, linear_value, answer_code, created_at, input, result, admitted, differs, purchase
FROM order_lines
WHERE seller = sqlc.arg(seller) AND root_order_id = sqlc.arg(root_order_id)
ORDER BY created_at, order_id, order_line_id, product_id, action;
