-- Times are microseconds since the epoch in UTC; 0 is "none". Truth values are 0 and 1. There are no foreign keys on
-- purpose: a change writes parent and child in one transaction, rows are never deleted, and checking the parent row would
-- cost every admission a lookup (and, on PostgreSQL, a shared lock on the order).

-- +goose Up
CREATE TABLE orders (
    seller       TEXT NOT NULL,
    order_id     TEXT NOT NULL,
    endpoint     TEXT NOT NULL,
    order_type   TEXT NOT NULL,
    query_state  TEXT NOT NULL,
    query_reason TEXT NOT NULL,
    buyer        BLOB,
    head_seq     BIGINT NOT NULL,
    head_hash    TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    CONSTRAINT orders_pkey PRIMARY KEY (seller, order_id)
) WITHOUT ROWID;

CREATE INDEX orders_list_idx ON orders (seller, created_at, order_id);

-- One row is one admitted effect of one order line: its primary key is what makes admission idempotent.
CREATE TABLE order_lines (
    seller        TEXT NOT NULL,
    order_id      TEXT NOT NULL,
    order_line_id TEXT NOT NULL,
    product_id    TEXT NOT NULL,
    action        TEXT NOT NULL,
    root_order_id TEXT NOT NULL,
    instance_id   TEXT NOT NULL,
    params        TEXT NOT NULL,
    extra         BLOB,
    bought_product_id TEXT NOT NULL,
    sku_code      TEXT NOT NULL,
    product_name  TEXT NOT NULL,
    charging_mode TEXT NOT NULL,
    linear_value  BIGINT NOT NULL,
    answer_code   TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    CONSTRAINT order_lines_pkey PRIMARY KEY (seller, order_id, order_line_id, product_id, action)
) WITHOUT ROWID;

CREATE INDEX order_lines_root_idx ON order_lines (seller, root_order_id, created_at);

CREATE TABLE instances (
    seller        TEXT NOT NULL,
    instance_id   TEXT NOT NULL,
    endpoint      TEXT NOT NULL,
    order_id      TEXT NOT NULL,
    order_line_id TEXT NOT NULL,
    state         TEXT NOT NULL,
    frozen        BIGINT NOT NULL,
    reason        TEXT NOT NULL,
    failure_code  TEXT NOT NULL,
    product_id    TEXT NOT NULL,
    sku_code      TEXT NOT NULL,
    product_name  TEXT NOT NULL,
    charging_mode TEXT NOT NULL,
    linear_value  BIGINT NOT NULL,
    trial         BIGINT NOT NULL,
    expire_at     BIGINT NOT NULL,
    access        BLOB,
    task_seq      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    CONSTRAINT instances_pkey PRIMARY KEY (seller, instance_id)
) WITHOUT ROWID;

CREATE INDEX instances_order_idx ON instances (seller, order_id);
CREATE INDEX instances_list_idx ON instances (seller, created_at, instance_id);
-- What operators look for; the rest of a million instances is not in it.
CREATE INDEX instances_failed_idx ON instances (seller, created_at, instance_id) WHERE state = 'FAILED';

CREATE TABLE tasks (
    id            TEXT NOT NULL,
    seller        TEXT NOT NULL,
    queue         TEXT NOT NULL,
    kind          TEXT NOT NULL,
    state         TEXT NOT NULL,
    order_id      TEXT NOT NULL,
    instance_id   TEXT NOT NULL,
    line_order_id TEXT NOT NULL,
    line_id       TEXT NOT NULL,
    seq           BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    deadline      BIGINT NOT NULL,
    retry_until   BIGINT NOT NULL,
    attempt       BIGINT NOT NULL,
    worker        TEXT NOT NULL,
    fence         BIGINT NOT NULL,
    payload       TEXT NOT NULL,
    result        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    traceparent   TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    CONSTRAINT tasks_pkey PRIMARY KEY (id),
    CONSTRAINT tasks_seq_check CHECK (seq >= 0)
);

-- Seq 0 becomes NULL, and NULLs are no duplicates: ordered tasks are unique, and the index finds all tasks of an instance.
CREATE UNIQUE INDEX tasks_instance_seq_key ON tasks (seller, instance_id, nullif(seq, 0));
CREATE INDEX tasks_due_idx ON tasks (seller, queue, due_at, id) WHERE state IN ('READY', 'LEASED');
CREATE INDEX tasks_order_idx ON tasks (seller, order_id);
CREATE INDEX tasks_list_idx ON tasks (seller, created_at, id);
CREATE INDEX tasks_failed_idx ON tasks (seller, created_at, id) WHERE state = 'FAILED';

-- The unique number of an event is the optimistic guard of the whole order.
CREATE TABLE events (
    seller      TEXT NOT NULL,
    order_id    TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    at          BIGINT NOT NULL,
    data        TEXT NOT NULL,
    prev_hash   TEXT NOT NULL,
    hash        TEXT NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (seller, order_id, seq),
    CONSTRAINT events_seq_check CHECK (seq > 0)
) WITHOUT ROWID;

-- What the planner has to know and cannot guess from an empty file: that nearly all rows are of one seller, and that an
-- order has few rows. Without it reading one order would walk all instances.
ANALYZE;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('orders', 'orders', '1000000 1000000 1'),
    ('orders', 'orders_list_idx', '1000000 1000000 2 1'),
    ('order_lines', 'order_lines', '2000000 2000000 2 2 2 1'),
    ('order_lines', 'order_lines_root_idx', '2000000 2000000 2 2'),
    ('instances', 'instances', '1000000 1000000 1'),
    ('instances', 'instances_order_idx', '1000000 1000000 2'),
    ('instances', 'instances_list_idx', '1000000 1000000 2 1'),
    ('instances', 'instances_failed_idx', '1000 1000 1 1'),
    ('tasks', 'sqlite_autoindex_tasks_1', '4000000 1'),
    ('tasks', 'tasks_instance_seq_key', '4000000 4000000 4 1'),
    ('tasks', 'tasks_due_idx', '1000 1000 500 2 1'),
    ('tasks', 'tasks_order_idx', '4000000 4000000 4'),
    ('tasks', 'tasks_list_idx', '4000000 4000000 2 1'),
    ('tasks', 'tasks_failed_idx', '1000 1000 1 1'),
    ('events', 'events', '8000000 8000000 8 1');
ANALYZE sqlite_schema;
