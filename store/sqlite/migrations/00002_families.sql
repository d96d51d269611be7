-- The protocol families beside SaaS V2, and the directory of the joint-operation Kit. New columns have defaults and new
-- tables stand alone, so the previous binary works on while this schema is there.

-- +goose Up
ALTER TABLE instances ADD COLUMN family TEXT NOT NULL DEFAULT '';
ALTER TABLE order_lines ADD COLUMN input BLOB;
ALTER TABLE order_lines ADD COLUMN result BLOB;

-- The directory is merged by stamps (stamp_at, stamp_rank), see store.DirectoryChange. id is a digest of the key, for
-- paging. A row with deleted = 1 is a tombstone. A tenant's row also remembers its newest deletion and the newest full list
-- of departments; while nobody has told of the tenant itself it is a tombstone with stamp_rank -1, below every call.
CREATE TABLE tenants (
    seller      TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    tenant_id   TEXT NOT NULL,
    id          TEXT NOT NULL,
    order_id    TEXT NOT NULL,
    tenant_code TEXT NOT NULL,
    name        TEXT NOT NULL,
    domain_name TEXT NOT NULL,
    stamp_at    BIGINT NOT NULL,
    stamp_rank  BIGINT NOT NULL,
    deleted     BIGINT NOT NULL,
    erased_at   BIGINT NOT NULL,
    erased_rank BIGINT NOT NULL,
    floor_at    BIGINT NOT NULL,
    floor_rank  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT tenants_pkey PRIMARY KEY (seller, instance_id, tenant_id)
) WITHOUT ROWID;

CREATE TABLE applications (
    seller        TEXT NOT NULL,
    instance_id   TEXT NOT NULL,
    tenant_id     TEXT NOT NULL,
    app_id        TEXT NOT NULL,
    id            TEXT NOT NULL,
    client_id     TEXT NOT NULL,
    client_secret BLOB,
    stamp_at      BIGINT NOT NULL,
    stamp_rank    BIGINT NOT NULL,
    deleted       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    CONSTRAINT applications_pkey PRIMARY KEY (seller, instance_id, tenant_id, app_id)
) WITHOUT ROWID;

CREATE TABLE users (
    seller      TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    tenant_id   TEXT NOT NULL,
    app_id      TEXT NOT NULL,
    user_name   TEXT NOT NULL,
    id          TEXT NOT NULL,
    state       TEXT NOT NULL,
    role        TEXT NOT NULL,
    org_code    TEXT NOT NULL,
    profile     BLOB,
    stamp_at    BIGINT NOT NULL,
    stamp_rank  BIGINT NOT NULL,
    deleted     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (seller, instance_id, tenant_id, app_id, user_name)
) WITHOUT ROWID;

CREATE TABLE departments (
    seller      TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    tenant_id   TEXT NOT NULL,
    org_code    TEXT NOT NULL,
    id          TEXT NOT NULL,
    name        TEXT NOT NULL,
    parent_code TEXT NOT NULL,
    stamp_at    BIGINT NOT NULL,
    stamp_rank  BIGINT NOT NULL,
    deleted     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT departments_pkey PRIMARY KEY (seller, instance_id, tenant_id, org_code)
) WITHOUT ROWID;

-- Lists show what is alive; tombstones are not in their indexes.
CREATE INDEX tenants_list_idx ON tenants (seller, created_at, id) WHERE deleted = 0;
CREATE INDEX applications_list_idx ON applications (seller, created_at, id) WHERE deleted = 0;
CREATE INDEX users_list_idx ON users (seller, created_at, id) WHERE deleted = 0;
CREATE INDEX departments_list_idx ON departments (seller, created_at, id) WHERE deleted = 0;

-- As in 00001: what the planner cannot guess from an empty file.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('tenants', 'tenants', '10000 10000 1 1'),
    ('tenants', 'tenants_list_idx', '10000 10000 2 1'),
    ('applications', 'applications', '10000 10000 2 1 1'),
    ('applications', 'applications_list_idx', '10000 10000 2 1'),
    ('users', 'users', '1000000 1000000 500 500 500 1'),
    ('users', 'users_list_idx', '1000000 1000000 500 1'),
    ('departments', 'departments', '1000000 1000000 500 500 1'),
    ('departments', 'departments_list_idx', '1000000 1000000 500 1');
ANALYZE sqlite_schema;
