-- The usage ledger, the quotas of packages and the licence codes, see store.UsageStore. All tables are new, so the previous
-- binary works on while this schema is there. Amounts are ten-thousandths.

-- +goose Up
-- A raw record is written once; of its columns only counted and replaced_by ever change. counted = 1: it is part of its
-- window's total. counted = 0 with replaced_by: a correction took its place. counted = 0 without: it came too late to take
-- back what was settled, see store.UsageTally. start_at and package_id name its window.
CREATE TABLE usage_raw (
    seller      TEXT COLLATE "C" NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
    start_at    BIGINT NOT NULL,
    package_id  TEXT COLLATE "C" NOT NULL,
    meter       TEXT NOT NULL,
    mode        TEXT NOT NULL,
    begin_at    BIGINT NOT NULL,
    end_at      BIGINT NOT NULL,
    value       BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    corrects    TEXT COLLATE "C" NOT NULL,
    counted     BIGINT NOT NULL,
    replaced_by TEXT COLLATE "C" NOT NULL,
    CONSTRAINT usage_raw_pkey PRIMARY KEY (seller, key),
    CONSTRAINT usage_raw_value_check CHECK (value >= 0)
);

CREATE INDEX usage_raw_window_idx ON usage_raw (seller, instance_id, start_at, package_id);

-- open is 1 while total and settled differ. It is a column so that adding to a window leaves the indexes of what waits
-- alone. last_… is the place of the raw record that a LAST window takes its total from. id is a digest of the key, for
-- paging.
CREATE TABLE usage_windows (
    seller           TEXT COLLATE "C" NOT NULL,
    instance_id      TEXT COLLATE "C" NOT NULL,
    start_at         BIGINT NOT NULL,
    package_id       TEXT COLLATE "C" NOT NULL,
    id               TEXT COLLATE "C" NOT NULL,
    meter            TEXT NOT NULL,
    mode             TEXT NOT NULL,
    end_at           BIGINT NOT NULL,
    total            BIGINT NOT NULL,
    settled          BIGINT NOT NULL,
    open             BIGINT NOT NULL,
    records          BIGINT NOT NULL,
    last_end_at      BIGINT NOT NULL,
    last_reported_at BIGINT NOT NULL,
    last_key         TEXT COLLATE "C" NOT NULL,
    due_at           BIGINT NOT NULL,
    deadline_at      BIGINT NOT NULL,
    refuse_at        BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    CONSTRAINT usage_windows_pkey PRIMARY KEY (seller, instance_id, start_at, package_id),
    CONSTRAINT usage_windows_settled_check CHECK (settled >= 0 AND settled <= total),
    CONSTRAINT usage_windows_open_check CHECK (open = CASE WHEN total = settled THEN 0 ELSE 1 END)
);

CREATE INDEX usage_windows_list_idx ON usage_windows (seller, created_at, id);
-- What is to be closed, in the order of closing, and when the next is due. What is closed is not in them. Whoever asks for
-- "due_at <= now" does not say "due_at >= 0": so the planner, however old its statistics, cannot find a backlog by due_at
-- and sort all of it by deadline.
CREATE INDEX usage_windows_open_idx ON usage_windows (seller, deadline_at, due_at, instance_id, start_at, package_id) WHERE open = 1;
CREATE INDEX usage_windows_due_idx ON usage_windows (seller, due_at) WHERE open = 1 AND due_at >= 0;

CREATE TABLE usage_records (
    seller      TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
    start_at    BIGINT NOT NULL,
    package_id  TEXT COLLATE "C" NOT NULL,
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
);

-- One part of a stretch of time is one record, and the marketplace takes one record of an instance for one begin and end.
CREATE UNIQUE INDEX usage_records_part_key ON usage_records (seller, instance_id, start_at, part);
CREATE UNIQUE INDEX usage_records_span_key ON usage_records (seller, instance_id, end_at, begin_at);
CREATE INDEX usage_records_list_idx ON usage_records (seller, created_at, id);
CREATE INDEX usage_records_sending_idx ON usage_records (seller, deadline_at, due_at, id) WHERE state = 'SENDING';
CREATE INDEX usage_records_due_idx ON usage_records (seller, due_at) WHERE state = 'SENDING' AND due_at >= 0;
CREATE INDEX usage_records_refused_idx ON usage_records (seller, created_at, id) WHERE state = 'REFUSED';

CREATE TABLE quotas (
    seller      TEXT COLLATE "C" NOT NULL,
    package_id  TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
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
);

CREATE INDEX quotas_instance_idx ON quotas (seller, instance_id);

-- parts is JSON: what was taken from which package, in the order of drawing.
CREATE TABLE reservations (
    seller      TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
    amount      BIGINT NOT NULL,
    used        BIGINT NOT NULL,
    parts       TEXT NOT NULL,
    state       TEXT NOT NULL,
    expire_at   BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT reservations_pkey PRIMARY KEY (seller, id)
);

CREATE INDEX reservations_expiry_idx ON reservations (seller, expire_at, id) WHERE state = 'HELD';

CREATE TABLE licence_codes (
    seller      TEXT COLLATE "C" NOT NULL,
    hash        TEXT COLLATE "C" NOT NULL,
    code        BYTEA,
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
);

-- The primary key is what makes counting a client idempotent.
CREATE TABLE licence_uses (
    seller TEXT COLLATE "C" NOT NULL,
    hash   TEXT COLLATE "C" NOT NULL,
    day    TEXT COLLATE "C" NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    at     BIGINT NOT NULL,
    CONSTRAINT licence_uses_pkey PRIMARY KEY (seller, hash, day, client)
);

CREATE TABLE licence_days (
    seller     TEXT COLLATE "C" NOT NULL,
    hash       TEXT COLLATE "C" NOT NULL,
    day        TEXT COLLATE "C" NOT NULL,
    clients    BIGINT NOT NULL,
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT licence_days_pkey PRIMARY KEY (seller, hash, day)
);

CREATE INDEX licence_days_open_idx ON licence_days (seller, day, hash) WHERE state = '';

-- Windows and quotas change often and in place: room on the page keeps their indexes out of it. Every record and
-- reservation changes a few times and is then left alone, as tasks are.
ALTER TABLE usage_windows SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE usage_records SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE quotas SET (fillfactor = 50);
ALTER TABLE reservations SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
