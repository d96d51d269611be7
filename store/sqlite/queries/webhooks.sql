-- name: WebhookInsert :exec
-- WebhookInsert adds a webhook.
INSERT INTO webhooks (
    seller, webhook_id, name, url, filter, state, reason, state_at, secret_id, secret_at, secret, older_id, older_at,
    older_secret, feed_number, feed_order, feed_seq, backlog, failures, failing_since, delivered_at, version,
    created_at, updated_at
) VALUES (
    sqlc.arg(seller), sqlc.arg(webhook_id), sqlc.arg(name), sqlc.arg(url), sqlc.arg(filter), sqlc.arg(state),
    sqlc.arg(reason), sqlc.arg(state_at), sqlc.arg(secret_id), sqlc.arg(secret_at), sqlc.arg(secret),
    sqlc.arg(older_id), sqlc.arg(older_at), sqlc.arg(older_secret), sqlc.arg(feed_number), sqlc.arg(feed_order),
    sqlc.arg(feed_seq), sqlc.arg(backlog), sqlc.arg(failures), sqlc.arg(failing_since), sqlc.arg(delivered_at),
    sqlc.arg(version), sqlc.arg(created_at), sqlc.arg(updated_at)
);

-- name: WebhookCount :one
-- WebhookCount counts a seller's webhooks.
SELECT count(*) FROM webhooks WHERE seller = sqlc.arg(seller);

-- name: WebhookGet :one
-- WebhookGet reads one webhook.
SELECT
    seller, webhook_id, name, url, filter, state, reason, state_at, secret_id, secret_at, secret, older_id, older_at,
    older_secret, feed_number, feed_order, feed_seq, backlog, failures, failing_since, delivered_at, version,
    created_at, updated_at
FROM webhooks
WHERE seller = sqlc.arg(seller) AND webhook_id = sqlc.arg(webhook_id);

-- name: WebhookList :many
-- WebhookList reads the webhooks of a seller, who has few.
SELECT
    seller, webhook_id, name, url, filter, state, reason, state_at, secret_id, secret_at, secret, older_id, older_at,
    older_secret, feed_number, feed_order, feed_seq, backlog, failures, failing_since, delivered_at, version,
    created_at, updated_at
FROM webhooks
WHERE seller = sqlc.arg(seller)
ORDER BY created_at, webhook_id;

-- name: WebhookDues :many
-- WebhookDues tells when a delivery of each of a seller's webhooks may be attempted: one that was not yet, and one that failed.
SELECT
    w.webhook_id,
    CAST(coalesce((SELECT min(d.due_at) FROM webhook_deliveries AS d
        WHERE d.seller = w.seller AND d.webhook_id = w.webhook_id AND d.state = 'READY'), 0) AS INTEGER) AS ready_at,
    CAST(coalesce((SELECT min(d.due_at) FROM webhook_deliveries AS d
        WHERE d.seller = w.seller AND d.webhook_id = w.webhook_id AND d.state = 'RETRYING'), 0) AS INTEGER) AS retry_at
FROM webhooks AS w
WHERE w.seller = sqlc.arg(seller);

-- name: WebhookUpdate :execrows
-- WebhookUpdate replaces a webhook.
UPDATE webhooks SET
    name = sqlc.arg(name), url = sqlc.arg(url), filter = sqlc.arg(filter), state = sqlc.arg(state),
    reason = sqlc.arg(reason), state_at = sqlc.arg(state_at), secret_id = sqlc.arg(secret_id),
    secret_at = sqlc.arg(secret_at), secret = sqlc.arg(secret), older_id = sqlc.arg(older_id),
    older_at = sqlc.arg(older_at), older_secret = sqlc.arg(older_secret), feed_number = sqlc.arg(feed_number),
    feed_order = sqlc.arg(feed_order), feed_seq = sqlc.arg(feed_seq), backlog = sqlc.arg(backlog),
    failures = sqlc.arg(failures), failing_since = sqlc.arg(failing_since), delivered_at = sqlc.arg(delivered_at),
    version = sqlc.arg(version), updated_at = sqlc.arg(updated_at)
WHERE seller = sqlc.arg(seller) AND webhook_id = sqlc.arg(webhook_id);

-- name: WebhookMove :execrows
-- WebhookMove moves a webhook on in the feed if it is where the reader has begun.
UPDATE webhooks SET
    feed_number = sqlc.arg(feed_number), feed_order = sqlc.arg(feed_order), feed_seq = sqlc.arg(feed_seq),
    backlog = backlog + CAST(sqlc.arg(more) AS INTEGER)
WHERE seller = sqlc.arg(seller) AND webhook_id = sqlc.arg(webhook_id) AND state = 'ENABLED' AND feed_number = CAST(sqlc.arg(from_number) AS INTEGER)
    AND feed_order = CAST(sqlc.arg(from_order) AS TEXT) AND feed_seq = CAST(sqlc.arg(from_seq) AS INTEGER);

-- name: WebhookDelete :execrows
-- WebhookDelete removes a webhook.
DELETE FROM webhooks WHERE seller = sqlc.arg(seller) AND webhook_id = sqlc.arg(webhook_id);

-- name: DeliveryInsert :exec
-- DeliveryInsert adds a delivery, which waits while an earlier one of its order has not ended.
INSERT INTO webhook_deliveries (
    seller, id, created_at, webhook_id, order_id, seq, kind, instance_id, event_at, state, reason, due_at, fence,
    attempts, first_at, last_at, http_status, answer_size, took, resends, updated_at
)
SELECT
    CAST(sqlc.arg(seller) AS TEXT), CAST(sqlc.arg(id) AS TEXT), CAST(sqlc.arg(created_at) AS INTEGER), CAST(sqlc.arg(webhook_id) AS TEXT), CAST(sqlc.arg(order_id) AS TEXT), CAST(sqlc.arg(seq) AS INTEGER),
    CAST(sqlc.arg(kind) AS TEXT), CAST(sqlc.arg(instance_id) AS TEXT), CAST(sqlc.arg(event_at) AS INTEGER),
    CASE WHEN EXISTS (
        SELECT 1 FROM webhook_deliveries AS d
        WHERE d.seller = CAST(sqlc.arg(seller) AS TEXT) AND d.webhook_id = CAST(sqlc.arg(webhook_id) AS TEXT) AND d.order_id = CAST(sqlc.arg(order_id) AS TEXT)
            AND d.state IN ('WAITING', 'READY', 'RETRYING')
    ) THEN 'WAITING' ELSE 'READY' END,
    '', CAST(sqlc.arg(created_at) AS INTEGER), 0, 0, 0, 0, 0, 0, 0, 0, CAST(sqlc.arg(created_at) AS INTEGER);

-- name: DeliveryGet :one
-- DeliveryGet reads one delivery, by its ID and the millisecond in it.
SELECT
    seller, id, created_at, webhook_id, order_id, seq, kind, instance_id, event_at, state, reason, due_at, fence,
    attempts, first_at, last_at, http_status, answer_size, took, resends, updated_at
FROM webhook_deliveries
WHERE seller = sqlc.arg(seller) AND created_at >= sqlc.arg(since) AND created_at < sqlc.arg(before) AND id = sqlc.arg(id);

-- name: DeliveryList :many
-- DeliveryList is the base of a page; the list builder appends filters, order and limit.
SELECT
    seller, id, created_at, webhook_id, order_id, seq, kind, instance_id, event_at, state, reason, due_at, fence,
    attempts, first_at, last_at, http_status, answer_size, took, resends, updated_at
FROM webhook_deliveries
WHERE seller = sqlc.arg(seller);

-- name: DeliveryLease :many
-- DeliveryLease hands out deliveries of a webhook that are due in a state.
UPDATE webhook_deliveries SET due_at = sqlc.arg(until), fence = fence + 1
WHERE rowid IN (
    SELECT d.rowid FROM webhook_deliveries AS d
    WHERE d.seller = sqlc.arg(seller) AND d.webhook_id = sqlc.arg(webhook_id) AND d.state = sqlc.arg(state)
        AND d.state IN ('READY', 'RETRYING') AND d.due_at <= sqlc.arg(now)
    ORDER BY d.due_at
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
)
RETURNING
    seller, id, created_at, webhook_id, order_id, seq, kind, instance_id, event_at, state, reason, due_at, fence,
    attempts, first_at, last_at, http_status, answer_size, took, resends, updated_at;

-- name: DeliveryUpdate :execrows
-- DeliveryUpdate writes what has become of a delivery.
UPDATE webhook_deliveries SET
    state = sqlc.arg(state), reason = sqlc.arg(reason), due_at = sqlc.arg(due_at), fence = sqlc.arg(fence),
    attempts = sqlc.arg(attempts), first_at = sqlc.arg(first_at), last_at = sqlc.arg(last_at),
    http_status = sqlc.arg(http_status), answer_size = sqlc.arg(answer_size), took = sqlc.arg(took),
    resends = sqlc.arg(resends), updated_at = sqlc.arg(updated_at)
WHERE seller = sqlc.arg(seller) AND created_at = sqlc.arg(created_at) AND id = sqlc.arg(id);

-- name: DeliveryNext :execrows
-- DeliveryNext lets the first open delivery of an order go.
UPDATE webhook_deliveries SET
    state = CASE WHEN attempts > 0 THEN 'RETRYING' ELSE 'READY' END,
    due_at = CASE WHEN due_at > CAST(sqlc.arg(now) AS INTEGER) THEN due_at ELSE CAST(sqlc.arg(now) AS INTEGER) END
WHERE webhook_deliveries.seller = sqlc.arg(seller) AND webhook_deliveries.webhook_id = sqlc.arg(webhook_id)
    AND webhook_deliveries.order_id = sqlc.arg(order_id) AND webhook_deliveries.state = 'WAITING'
    AND webhook_deliveries.seq = (
        SELECT min(d.seq) FROM webhook_deliveries AS d
        WHERE d.seller = sqlc.arg(seller) AND d.webhook_id = sqlc.arg(webhook_id) AND d.order_id = sqlc.arg(order_id)
            AND d.state IN ('WAITING', 'READY', 'RETRYING')
    );

-- name: DeliveriesRevive :exec
-- DeliveriesRevive lets all open deliveries of a webhook begin anew.
UPDATE webhook_deliveries SET
    state = CASE WHEN state = 'RETRYING' THEN 'READY' ELSE state END, due_at = sqlc.arg(now), attempts = 0, first_at = 0
WHERE seller = sqlc.arg(seller) AND webhook_id = sqlc.arg(webhook_id) AND state IN ('WAITING', 'READY', 'RETRYING');

-- name: DeliveriesCancel :exec
-- DeliveriesCancel ends all open deliveries of a webhook.
UPDATE webhook_deliveries SET state = 'CANCELLED', reason = sqlc.arg(reason), updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND webhook_id = sqlc.arg(webhook_id) AND state IN ('WAITING', 'READY', 'RETRYING');

-- name: DeliveriesEnded :many
-- DeliveriesEnded names the first deliveries of a webhook behind a place, those that have not ended among them.
SELECT created_at, id, state FROM webhook_deliveries
WHERE seller = sqlc.arg(seller) AND webhook_id = sqlc.arg(webhook_id)
    AND (created_at, id) > (CAST(sqlc.arg(after_at) AS INTEGER), CAST(sqlc.arg(after_id) AS TEXT))
ORDER BY created_at, id
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: DeliveriesResend :execrows
-- DeliveriesResend lets the ended deliveries of a webhook between two places wait anew.
UPDATE webhook_deliveries SET
    state = 'WAITING', reason = '', due_at = sqlc.arg(now), attempts = 0, first_at = 0, resends = resends + 1, updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND webhook_id = sqlc.arg(webhook_id) AND (created_at, id) > (CAST(sqlc.arg(after_at) AS INTEGER), CAST(sqlc.arg(after_id) AS TEXT))
    AND (created_at, id) <= (CAST(sqlc.arg(until_at) AS INTEGER), CAST(sqlc.arg(until_id) AS TEXT)) AND NOT state IN ('WAITING', 'READY', 'RETRYING');

-- name: DeliveriesHold :exec
-- DeliveriesHold lets those deliveries of a webhook wait again before which an earlier one of the order is open.
UPDATE webhook_deliveries SET state = 'WAITING'
WHERE webhook_deliveries.seller = sqlc.arg(seller) AND webhook_deliveries.webhook_id = sqlc.arg(webhook_id)
    AND webhook_deliveries.state IN ('READY', 'RETRYING') AND EXISTS (
    SELECT 1 FROM webhook_deliveries AS d
    WHERE d.seller = webhook_deliveries.seller AND d.webhook_id = webhook_deliveries.webhook_id
        AND d.order_id = webhook_deliveries.order_id AND d.seq < webhook_deliveries.seq AND d.state IN ('WAITING', 'READY', 'RETRYING')
);

-- name: DeliveriesGo :exec
-- DeliveriesGo lets those deliveries of a webhook go before which no other of the order is open.
UPDATE webhook_deliveries SET state = CASE WHEN attempts > 0 THEN 'RETRYING' ELSE 'READY' END
WHERE webhook_deliveries.seller = sqlc.arg(seller) AND webhook_deliveries.webhook_id = sqlc.arg(webhook_id)
    AND webhook_deliveries.state = 'WAITING' AND NOT EXISTS (
    SELECT 1 FROM webhook_deliveries AS d
    WHERE d.seller = webhook_deliveries.seller AND d.webhook_id = webhook_deliveries.webhook_id
        AND d.order_id = webhook_deliveries.order_id AND d.seq < webhook_deliveries.seq AND d.state IN ('WAITING', 'READY', 'RETRYING')
);

-- name: DeliverySellerAfter :one
-- DeliverySellerAfter names the next seller who has deliveries, and nobody after the last.
SELECT CAST(coalesce(min(seller), '') AS TEXT) FROM webhook_deliveries WHERE seller > sqlc.arg(seller);

-- name: DeliveriesForget :execrows
-- DeliveriesForget deletes those of a seller's first deliveries that were made before a time and have ended.
DELETE FROM webhook_deliveries WHERE webhook_deliveries.seller = sqlc.arg(seller)
    AND (webhook_deliveries.created_at, webhook_deliveries.id) IN (
        SELECT d.created_at, d.id FROM webhook_deliveries AS d
        WHERE d.seller = sqlc.arg(seller) AND d.created_at < sqlc.arg(before) AND NOT d.state IN ('WAITING', 'READY', 'RETRYING')
        ORDER BY d.created_at, d.id
        LIMIT CAST(sqlc.arg(max) AS INTEGER)
    );
