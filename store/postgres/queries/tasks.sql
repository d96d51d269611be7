-- name: TaskInsert :exec
-- TaskInsert adds a task.
INSERT INTO tasks (
    id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline,
    retry_until, attempt, worker, fence, payload, result, reason, traceparent, created_at, updated_at
) VALUES (
    sqlc.arg(id), sqlc.arg(seller), sqlc.arg(queue), sqlc.arg(kind), sqlc.arg(state), sqlc.arg(order_id),
    sqlc.arg(instance_id), sqlc.arg(line_order_id), sqlc.arg(line_id), sqlc.arg(seq), sqlc.arg(due_at),
    sqlc.arg(deadline), sqlc.arg(retry_until), sqlc.arg(attempt), sqlc.arg(worker), sqlc.arg(fence), sqlc.arg(payload), sqlc.arg(result),
    sqlc.arg(reason), sqlc.arg(traceparent), sqlc.arg(created_at), sqlc.arg(updated_at)
);

-- name: TaskUpdate :exec
-- TaskUpdate replaces a task that is still as the decision saw it. Division by zero when there is none: see batch.go.
WITH changed AS (
    UPDATE tasks SET
        seller = sqlc.arg(seller), queue = sqlc.arg(queue), kind = sqlc.arg(kind), state = sqlc.arg(state),
        order_id = sqlc.arg(order_id), instance_id = sqlc.arg(instance_id), line_order_id = sqlc.arg(line_order_id),
        line_id = sqlc.arg(line_id), seq = sqlc.arg(seq), due_at = sqlc.arg(due_at), deadline = sqlc.arg(deadline), retry_until = sqlc.arg(retry_until),
        attempt = sqlc.arg(attempt), worker = sqlc.arg(worker), fence = sqlc.arg(fence), payload = sqlc.arg(payload),
        result = sqlc.arg(result), reason = sqlc.arg(reason), traceparent = sqlc.arg(traceparent),
        updated_at = sqlc.arg(updated_at)
    WHERE id = sqlc.arg(id) AND state = sqlc.arg(expect_state) AND fence = sqlc.arg(expect_fence)
    RETURNING 1
)
SELECT 1 / count(*) FROM changed;

-- name: TaskGet :one
-- TaskGet reads one task.
SELECT
    id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline,
    retry_until, attempt, worker, fence, payload, result, reason, traceparent, created_at, updated_at
FROM tasks
WHERE id = sqlc.arg(id);

-- name: TasksOfOrder :many
-- TasksOfOrder reads the open tasks of one order.
SELECT
    id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline,
    retry_until, attempt, worker, fence, payload, result, reason, traceparent, created_at, updated_at
FROM tasks
WHERE seller = sqlc.arg(seller) AND order_id = sqlc.arg(order_id) AND state NOT IN ('DONE', 'CANCELLED')
ORDER BY instance_id, seq, created_at, id;

-- name: TaskList :many
-- TaskList is the base of a page; the list builder appends filters, order and limit.
SELECT
    id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline,
    retry_until, attempt, worker, fence, payload, result, reason, traceparent, created_at, updated_at
FROM tasks
WHERE seller = sqlc.arg(seller);

-- name: TasksLease :many
-- TasksLease hands out due tasks by the database's clock, or by the one that is given where that is not 0. Each queue is read
-- along tasks_due_idx for its own first rows, so that a long backlog costs nothing; rows that another leaser holds are passed
-- over. Nobody leases more than 100; the constant keeps the plan for any queues and any limit, which expects a tenth of all open
-- tasks, from reading the whole table to find those that are due.
WITH clock AS MATERIALIZED (
    SELECT CASE
        WHEN sqlc.arg(given)::bigint > 0 THEN sqlc.arg(given)::bigint
        ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
    END AS now
), due AS MATERIALIZED (
    SELECT found.id, found.due_at, clock.now
    FROM clock
    CROSS JOIN unnest(sqlc.arg(queues)::text[]) AS wanted (queue)
    CROSS JOIN LATERAL (
        SELECT t.id, t.due_at
        FROM tasks AS t
        WHERE t.seller = sqlc.arg(seller) AND t.queue = wanted.queue AND t.state IN ('READY', 'LEASED')
            AND t.due_at <= clock.now
        ORDER BY t.due_at, t.id
        LIMIT sqlc.arg(max)
        FOR UPDATE SKIP LOCKED
    ) AS found
    ORDER BY found.due_at, found.id
    LIMIT sqlc.arg(max)
), few AS MATERIALIZED (
    SELECT due.id, due.due_at, due.now FROM due LIMIT 100
)
UPDATE tasks SET
    state = 'LEASED', due_at = few.now + sqlc.arg(length)::bigint, attempt = tasks.attempt + 1, worker = sqlc.arg(worker),
    fence = tasks.fence + 1, updated_at = few.now
FROM few
WHERE tasks.id = few.id
RETURNING sqlc.embed(tasks), few.due_at AS was_due_at;

-- name: TaskHeartbeat :one
-- TaskHeartbeat moves the end of a lease that is still held, by the clock of TasksLease.
WITH clock AS MATERIALIZED (
    SELECT CASE
        WHEN sqlc.arg(given)::bigint > 0 THEN sqlc.arg(given)::bigint
        ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
    END AS now
)
UPDATE tasks SET due_at = clock.now + sqlc.arg(length)::bigint, updated_at = clock.now
FROM clock
WHERE tasks.id = sqlc.arg(id) AND tasks.state = 'LEASED' AND tasks.fence = sqlc.arg(fence) AND tasks.due_at > clock.now
RETURNING sqlc.embed(tasks);

-- name: Clock :one
-- Clock reads the database's clock.
SELECT (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint AS now;

-- name: TaskQueueAfter :one
-- TaskQueueAfter names the next queue, in the order of their names, in which something is open.
SELECT queue FROM tasks
WHERE seller = sqlc.arg(seller) AND queue > sqlc.arg(after) AND state IN ('READY', 'LEASED')
ORDER BY queue
LIMIT 1;

-- name: TasksPullIn :execrows
-- TasksPullIn corrects the times of a queue's tasks that a clock wrote which was ahead: they keep their distance to the moment
-- of writing.
WITH clock AS MATERIALIZED (
    SELECT CASE
        WHEN sqlc.arg(given)::bigint > 0 THEN sqlc.arg(given)::bigint
        ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
    END AS now
)
UPDATE tasks SET due_at = clock.now + greatest(tasks.due_at - tasks.updated_at, 0), updated_at = clock.now
FROM clock
WHERE tasks.seller = sqlc.arg(seller) AND tasks.queue = sqlc.arg(queue) AND tasks.state IN ('READY', 'LEASED')
    AND tasks.due_at > clock.now AND tasks.updated_at > clock.now + sqlc.arg(ahead)::bigint;

-- name: TasksNextDue :one
-- TasksNextDue tells when the next task of the queues may be handed out; 0 when there is none.
SELECT coalesce(min(found.due_at), 0)::bigint AS due_at, count(*) AS found
FROM unnest(sqlc.arg(queues)::text[]) AS wanted (queue)
CROSS JOIN LATERAL (
    SELECT t.due_at
    FROM tasks AS t
    WHERE t.seller = sqlc.arg(seller) AND t.queue = wanted.queue AND t.state IN ('READY', 'LEASED')
    ORDER BY t.due_at
    LIMIT 1
) AS found;

-- name: TasksForget :execrows
-- TasksForget deletes tasks that belong to no order and ended long ago, along tasks_ended_idx; those that somebody else holds are
-- passed over.
WITH clock AS MATERIALIZED (
    SELECT CASE
        WHEN sqlc.arg(given)::bigint > 0 THEN sqlc.arg(given)::bigint
        ELSE (extract(EPOCH FROM statement_timestamp()) * 1000000)::bigint
    END AS now
), old AS MATERIALIZED (
    SELECT found.id
    FROM clock
    CROSS JOIN LATERAL (
        SELECT t.id
        FROM tasks AS t
        WHERE t.order_id = '' AND t.state IN ('DONE', 'FAILED', 'CANCELLED') AND t.updated_at < clock.now - sqlc.arg(age)::bigint
        ORDER BY t.updated_at
        LIMIT sqlc.arg(max)
        FOR UPDATE SKIP LOCKED
    ) AS found
)
DELETE FROM tasks USING old WHERE tasks.id = old.id;
