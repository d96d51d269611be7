-- name: TaskInsert :exec
-- TaskInsert adds a task.
INSERT INTO tasks (
    id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline,
    retry_until, attempt, worker, fence, payload, result, reason, traceparent, created_at, updated_at
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: TaskUpdate :execrows
-- TaskUpdate replaces a task that is still as the decision saw it.
UPDATE tasks SET
    seller = sqlc.arg(seller), queue = sqlc.arg(queue), kind = sqlc.arg(kind), state = sqlc.arg(state),
    order_id = sqlc.arg(order_id), instance_id = sqlc.arg(instance_id), line_order_id = sqlc.arg(line_order_id),
    line_id = sqlc.arg(line_id), seq = sqlc.arg(seq), due_at = sqlc.arg(due_at), deadline = sqlc.arg(deadline), retry_until = sqlc.arg(retry_until),
    attempt = sqlc.arg(attempt), worker = sqlc.arg(worker), fence = sqlc.arg(fence), payload = sqlc.arg(payload),
    result = sqlc.arg(result), reason = sqlc.arg(reason), traceparent = sqlc.arg(traceparent),
    updated_at = sqlc.arg(updated_at)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(expect_state) AND fence = sqlc.arg(expect_fence);

-- name: TaskGet :one
-- TaskGet reads one task.
SELECT
    id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline,
    retry_until, attempt, worker, fence, payload, result, reason, traceparent, created_at, updated_at
FROM tasks
WHERE id = sqlc.arg(id);

-- name: TasksOfOrder :many
-- TasksOfOrder reads the open tasks of one order. Compared with a bare parameter, order_id = '' of tasks_ended_idx would have the statement
-- parsed at each run.
SELECT
    id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline,
    retry_until, attempt, worker, fence, payload, result, reason, traceparent, created_at, updated_at
FROM tasks
WHERE seller = sqlc.arg(seller) AND order_id = CAST(sqlc.arg(order_id) AS TEXT) AND state NOT IN ('DONE', 'CANCELLED')
ORDER BY instance_id, seq, created_at, id;

-- name: TaskList :many
-- TaskList is the base of a page; the list builder appends filters, order and limit.
SELECT
    id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline,
    retry_until, attempt, worker, fence, payload, result, reason, traceparent, created_at, updated_at
FROM tasks
WHERE seller = sqlc.arg(seller);

-- name: TasksDue :many
-- TasksDue reads what one queue may hand out now, earliest due first.
SELECT
    id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline,
    retry_until, attempt, worker, fence, payload, result, reason, traceparent, created_at, updated_at
FROM tasks
WHERE seller = sqlc.arg(seller) AND queue = sqlc.arg(queue) AND state IN ('READY', 'LEASED') AND due_at <= sqlc.arg(now)
ORDER BY due_at, id
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: TaskLease :exec
-- TaskLease hands out one task that TasksDue found; only the one writer runs it.
UPDATE tasks SET
    state = 'LEASED', due_at = sqlc.arg(until), attempt = sqlc.arg(attempt), worker = sqlc.arg(worker), fence = sqlc.arg(fence),
    updated_at = sqlc.arg(now)
WHERE id = sqlc.arg(id);

-- name: TaskHeartbeat :execrows
-- TaskHeartbeat moves the end of a lease that is still held.
UPDATE tasks SET due_at = sqlc.arg(until), updated_at = sqlc.arg(now)
WHERE id = sqlc.arg(id) AND state = 'LEASED' AND fence = sqlc.arg(fence) AND due_at > sqlc.arg(now);

-- name: TaskNextDue :one
-- TaskNextDue tells when the next task of one queue may be handed out.
SELECT due_at FROM tasks
WHERE seller = sqlc.arg(seller) AND queue = sqlc.arg(queue) AND state IN ('READY', 'LEASED')
ORDER BY due_at
LIMIT 1;

-- name: TaskQueueAfter :one
-- TaskQueueAfter names the next queue, in the order of their names, in which something is open.
SELECT queue FROM tasks
WHERE seller = sqlc.arg(seller) AND queue > sqlc.arg(after) AND state IN ('READY', 'LEASED')
ORDER BY queue
LIMIT 1;

-- name: TasksPullIn :execrows
-- TasksPullIn corrects the times of a queue's tasks that a clock wrote which was ahead: they keep their distance to the moment
-- of writing.
UPDATE tasks SET due_at = sqlc.arg(now) + max(due_at - updated_at, 0), updated_at = sqlc.arg(now)
WHERE seller = sqlc.arg(seller) AND queue = sqlc.arg(queue) AND state IN ('READY', 'LEASED')
    AND due_at > sqlc.arg(now) AND updated_at > sqlc.arg(ahead);

-- name: TasksForget :execrows
-- TasksForget deletes tasks that belong to no order and ended long ago, along tasks_ended_idx.
DELETE FROM tasks WHERE id IN (
    SELECT t.id FROM tasks AS t INDEXED BY tasks_ended_idx
    WHERE t.order_id = '' AND t.state IN ('DONE', 'FAILED', 'CANCELLED') AND t.updated_at < sqlc.arg(before)
    ORDER BY t.updated_at
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
);
