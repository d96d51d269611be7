-- The usage ledger, the quotas of packages and the licence codes, see store.UsageStore. All tables are new, so the previous
-- binary works on while this schema is there. Amounts are ten-thousandths.

-- +goose Up
-- A raw record is written once; of its columns only counted and replaced_by ever change. counted = 1: it is part of its
-- window's total. counted = 0 with replaced_by: a correction took its place. counted = 0 without: it came too late to take
-- back what was settled, see store.UsageTally. start_at and package_id name its window.
CREATE TABLE usage_raw (
    seller      TEXT NOT NULL,
    key         TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    start_at    BIGINT NOT NULL,
    package_id  TEXT NOT NULL,
    meter       TEXT NOT NULL,
    mode        TEXT NOT NULL,
    begin_at    BIGINT NOT NULL,
    end_at      BIGINT NOT NULL,
    value       BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    corrects    TEXT NOT NULL,
    counted     BIGINT NOT NULL,
    replaced_by TEXT NOT NULL,
    CONSTRAINT usage_raw_pkey PRIMARY KEY (seller, key),
    CONSTRAINT usage_raw_value_check CHECK (value >= 0)
) WITHOUT ROWID;

CREATE INDEX usage_raw_window_idx ON usage_raw (seller, instance_id, start_at, package_id);

-- open is 1 while total and settled differ. It is a column so that adding to a window leaves the indexes of what waits
-- alone. last_… is the place of the raw record that a LAST window takes its total from. id is a digest of the key, for
-- paging.
CREATE TABLE usage_windows (
    seller           TEXT NOT NULL,
    instance_id      TEXT NOT NULL,
    start_at         BIGINT NOT NULL,
    package_id       TEXT NOT NULL,
    id               TEXT NOT NULL,
    meter            TEXT NOT NULL,
    mode             TEXT NOT NULL,
    end_at           BIGINT NOT NULL,
    total            BIGINT NOT NULL,
    settled          BIGINT NOT NULL,
    open             BIGINT NOT NULL,
    records          BIGINT NOT NULL,
    last_end_at      BIGINT NOT NULL,
    last_reported_at BIGINT NOT NULL,
    last_key         TEXT NOT NULL,
    due_at           BIGINT NOT NULL,
    deadline_at      BIGINT NOT NULL,
    refuse_at        BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    CONSTRAINT usage_windows_pkey PRIMARY KEY (seller, instance_id, start_at, package_id),
    CONSTRAINT usage_windows_settled_check CHECK (settled >= 0 AND settled <= total),
    CONSTRAINT usage_windows_open_check CHECK (open = CASE WHEN total = settled THEN 0 ELSE 1 END)
) WITHOUT ROWID;

CREATE INDEX usage_windows_list_idx ON usage_windows (seller, created_at, id);
-- What is to be closed, in the order of closing, and when the next is due. What is closed is not in them.
CREATE INDEX usage_windows_open_idx ON usage_windows (seller, deadline_at, due_at, instance_id, start_at, package_id) WHERE open = 1;
CREATE INDEX usage_windows_due_idx ON usage_windows (seller, due_at) WHERE open = 1;

CREATE TABLE usage_records (
    seller      TEXT NOT NULL,
    id          TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    start_at    BIGINT NOT NULL,
    package_id  TEXT NOT NULL,
    part        BIGINT NOT NULL,
    meter       TEXT NOT NULL,
    begin_at    BIGINT NOT NULL,
    end_at      BIGINT NOT NULL,
    value       BIGINT NOT NULL,
    state       TEXT NOT NULL,
    code        TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    deadline_at BIGINT NOT NULL,
    refuse_at   BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT usage_records_pkey PRIMARY KEY (seller, id)
) WITHOUT ROWID;

-- One part of a stretch of time is one record, and the marketplace takes one record of an instance for one begin and end.
CREATE UNIQUE INDEX usage_records_part_key ON usage_records (seller, instance_id, start_at, part);
CREATE UNIQUE INDEX usage_records_span_key ON usage_records (seller, instance_id, end_at, begin_at);
CREATE INDEX usage_records_list_idx ON usage_records (seller, created_at, id);
CREATE INDEX usage_records_sending_idx ON usage_records (seller, deadline_at, due_at, id) WHERE state = 'SENDING';
CREATE INDEX usage_records_due_idx ON usage_records (seller, due_at) WHERE state = 'SENDING';
CREATE INDEX usage_records_refused_idx ON usage_records (seller, created_at, id) WHERE state = 'REFUSED';

CREATE TABLE quotas (
    seller      TEXT NOT NULL,
    package_id  TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    meter       TEXT NOT NULL,
    quota       BIGINT NOT NULL,
    used        BIGINT NOT NULL,
    reserved    BIGINT NOT NULL,
    priority    BIGINT NOT NULL,
    expire_at   BIGINT NOT NULL,
    stop        BIGINT NOT NULL,
    told        BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT quotas_pkey PRIMARY KEY (seller, package_id),
    CONSTRAINT quotas_sold_check CHECK (used >= 0 AND reserved >= 0 AND used + reserved <= quota)
) WITHOUT ROWID;

CREATE INDEX quotas_instance_idx ON quotas (seller, instance_id);

-- parts is JSON: what was taken from which package, in the order of drawing.
CREATE TABLE reservations (
    seller      TEXT NOT NULL,
    id          TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    amount      BIGINT NOT NULL,
    used        BIGINT NOT NULL,
    parts       TEXT NOT NULL,
    state       TEXT NOT NULL,
    expire_at   BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT reservations_pkey PRIMARY KEY (seller, id)
) WITHOUT ROWID;

CREATE INDEX reservations_expiry_idx ON reservations (seller, expire_at, id) WHERE state = 'HELD';

CREATE TABLE licence_codes (
    seller      TEXT NOT NULL,
    hash        TEXT NOT NULL,
    code        BLOB,
    status      TEXT NOT NULL,
    activate_at BIGINT NOT NULL,
    expire_at   BIGINT NOT NULL,
    product_id  TEXT NOT NULL,
    order_id    TEXT NOT NULL,
    amount      BIGINT NOT NULL,
    checked_at  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT licence_codes_pkey PRIMARY KEY (seller, hash)
) WITHOUT ROWID;

-- The primary key is what makes counting a client idempotent.
CREATE TABLE licence_uses (
    seller TEXT NOT NULL,
    hash   TEXT NOT NULL,
    day    TEXT NOT NULL,
    client TEXT NOT NULL,
    at     BIGINT NOT NULL,
    CONSTRAINT licence_uses_pkey PRIMARY KEY (seller, hash, day, client)
) WITHOUT ROWID;

CREATE TABLE licence_days (
    seller     TEXT NOT NULL,
    hash       TEXT NOT NULL,
    day        TEXT NOT NULL,
    clients    BIGINT NOT NULL,
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT licence_days_pkey PRIMARY KEY (seller, hash, day)
) WITHOUT ROWID;

CREATE INDEX licence_days_open_idx ON licence_days (seller, day, hash) WHERE state = '';

-- As in 00001: what the planner cannot guess from an empty file.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('usage_raw', 'usage_raw', '100000000 100000000 1'),
    ('usage_raw', 'usage_raw_window_idx', '100000000 100000000 10000 100 100'),
    ('usage_windows', 'usage_windows', '1000000 1000000 1000 2 1'),
    ('usage_windows', 'usage_windows_list_idx', '1000000 1000000 100 1'),
    ('usage_windows', 'usage_windows_open_idx', '10000 10000 1000 1000 2 1 1'),
    ('usage_windows', 'usage_windows_due_idx', '10000 10000 1000'),
    ('usage_records', 'usage_records', '1000000 1000000 1'),
    ('usage_records', 'usage_records_part_key', '1000000 1000000 1000 2 1'),
    ('usage_records', 'usage_records_span_key', '1000000 1000000 1000 2 1'),
    ('usage_records', 'usage_records_list_idx', '1000000 1000000 100 1'),
    ('usage_records', 'usage_records_sending_idx', '10000 10000 1000 1000 1'),
    ('usage_records', 'usage_records_due_idx', '10000 10000 100'),
    ('usage_records', 'usage_records_refused_idx', '1000 1000 100 1'),
    ('quotas', 'quotas', '10000 10000 1'),
    ('quotas', 'quotas_instance_idx', '10000 10000 3'),
    ('reservations', 'reservations', '1000000 1000000 1'),
    ('reservations', 'reservations_expiry_idx', '10000 10000 2 1'),
    ('licence_codes', 'licence_codes', '100000 100000 1'),
    ('licence_uses', 'licence_uses', '10000000 10000000 1000 10 1'),
    ('licence_days', 'licence_days', '1000000 1000000 300 1'),
    ('licence_days', 'licence_days_open_idx', '1000 1000 500 1');
ANALYZE sqlite_schema;
