-- Times are microseconds since the epoch in UTC; 0 is "none". Truth values are 0 and 1. There are no foreign keys on
-- purpose: a change writes parent and child in one transaction, rows are never deleted, and checking the parent row would
-- cost every admission a lookup (and, on PostgreSQL, a shared lock on the order).

-- +goose Up
CREATE TABLE orders (
    seller       TEXT COLLATE "C" NOT NULL,
    order_id     TEXT COLLATE "C" NOT NULL,
    endpoint     TEXT NOT NULL,
    order_type   TEXT NOT NULL,
    query_state  TEXT NOT NULL,
    query_reason TEXT NOT NULL,
    buyer        BYTEA,
    head_seq     BIGINT NOT NULL,
    head_hash    TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    CONSTRAINT orders_pkey PRIMARY KEY (seller, order_id)
);

CREATE INDEX orders_list_idx ON orders (seller, created_at, order_id);

-- One row is one admitted effect of one order line: its primary key is what makes admission idempotent.
CREATE TABLE order_lines (
    seller        TEXT COLLATE "C" NOT NULL,
    order_id      TEXT COLLATE "C" NOT NULL,
    order_line_id TEXT COLLATE "C" NOT NULL,
    product_id    TEXT COLLATE "C" NOT NULL,
    action        TEXT COLLATE "C" NOT NULL,
    root_order_id TEXT COLLATE "C" NOT NULL,
    instance_id   TEXT COLLATE "C" NOT NULL,
    params        TEXT NOT NULL,
    extra         BYTEA,
    bought_product_id TEXT NOT NULL,
    sku_code      TEXT NOT NULL,
    product_name  TEXT NOT NULL,
    charging_mode TEXT NOT NULL,
    linear_value  BIGINT NOT NULL,
    answer_code   TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    CONSTRAINT order_lines_pkey PRIMARY KEY (seller, order_id, order_line_id, product_id, action)
);

CREATE INDEX order_lines_root_idx ON order_lines (seller, root_order_id, created_at);

CREATE TABLE instances (
    seller        TEXT COLLATE "C" NOT NULL,
    instance_id   TEXT COLLATE "C" NOT NULL,
    endpoint      TEXT NOT NULL,
    order_id      TEXT COLLATE "C" NOT NULL,
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
    access        BYTEA,
    task_seq      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    CONSTRAINT instances_pkey PRIMARY KEY (seller, instance_id)
);

CREATE INDEX instances_order_idx ON instances (seller, order_id);
CREATE INDEX instances_list_idx ON instances (seller, created_at, instance_id);
-- What operators look for; the rest of a million instances is not in it.
CREATE INDEX instances_failed_idx ON instances (seller, created_at, instance_id) WHERE state = 'FAILED';

CREATE TABLE tasks (
    id            TEXT COLLATE "C" NOT NULL,
    seller        TEXT COLLATE "C" NOT NULL,
    queue         TEXT COLLATE "C" NOT NULL,
    kind          TEXT NOT NULL,
    state         TEXT NOT NULL,
    order_id      TEXT COLLATE "C" NOT NULL,
    instance_id   TEXT COLLATE "C" NOT NULL,
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
CREATE UNIQUE INDEX tasks_instance_seq_key ON tasks (seller, instance_id, (nullif(seq, 0)));
CREATE INDEX tasks_due_idx ON tasks (seller, queue, due_at, id) WHERE state IN ('READY', 'LEASED');
CREATE INDEX tasks_order_idx ON tasks (seller, order_id);
CREATE INDEX tasks_list_idx ON tasks (seller, created_at, id);
CREATE INDEX tasks_failed_idx ON tasks (seller, created_at, id) WHERE state = 'FAILED';

-- The unique number of an event is the optimistic guard of the whole order.
CREATE TABLE events (
    seller      TEXT COLLATE "C" NOT NULL,
    order_id    TEXT COLLATE "C" NOT NULL,
    seq         BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    at          BIGINT NOT NULL,
    data        TEXT NOT NULL,
    prev_hash   TEXT NOT NULL,
    hash        TEXT NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (seller, order_id, seq),
    CONSTRAINT events_seq_check CHECK (seq > 0)
);

-- Every task changes several times and is then left alone: vacuum its dead rows early, or leasing wades through them.
ALTER TABLE tasks SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
