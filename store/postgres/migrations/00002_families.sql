-- The protocol families beside SaaS V2, and the directory of the joint-operation Kit. New columns have defaults and new
-- tables stand alone, so the previous binary works on while this schema is there.

-- +goose Up
ALTER TABLE instances ADD COLUMN family TEXT NOT NULL DEFAULT '';
ALTER TABLE order_lines ADD COLUMN input BYTEA;
ALTER TABLE order_lines ADD COLUMN result BYTEA;

-- The directory is merged by stamps (stamp_at, stamp_rank), see store.DirectoryChange. id is a digest of the key, for
-- paging. A row with deleted = 1 is a tombstone. A tenant's row also remembers its newest deletion and the newest full list
-- of departments; while nobody has told of the tenant itself it is a tombstone with stamp_rank -1, below every call.
CREATE TABLE tenants (
    seller      TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
    tenant_id   TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
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
);

CREATE TABLE applications (
    seller        TEXT COLLATE "C" NOT NULL,
    instance_id   TEXT COLLATE "C" NOT NULL,
    tenant_id     TEXT COLLATE "C" NOT NULL,
    app_id        TEXT COLLATE "C" NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    client_id     TEXT NOT NULL,
    client_secret BYTEA,
    stamp_at      BIGINT NOT NULL,
    stamp_rank    BIGINT NOT NULL,
    deleted       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    CONSTRAINT applications_pkey PRIMARY KEY (seller, instance_id, tenant_id, app_id)
);

CREATE TABLE users (
    seller      TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
    tenant_id   TEXT COLLATE "C" NOT NULL,
    app_id      TEXT COLLATE "C" NOT NULL,
    user_name   TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    state       TEXT NOT NULL,
    role        TEXT NOT NULL,
    org_code    TEXT NOT NULL,
    profile     BYTEA,
    stamp_at    BIGINT NOT NULL,
    stamp_rank  BIGINT NOT NULL,
    deleted     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (seller, instance_id, tenant_id, app_id, user_name)
);

CREATE TABLE departments (
    seller      TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
    tenant_id   TEXT COLLATE "C" NOT NULL,
    org_code    TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    name        TEXT NOT NULL,
    parent_code TEXT NOT NULL,
    stamp_at    BIGINT NOT NULL,
    stamp_rank  BIGINT NOT NULL,
    deleted     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT departments_pkey PRIMARY KEY (seller, instance_id, tenant_id, org_code)
);

-- Lists show what is alive; tombstones are not in their indexes.
CREATE INDEX tenants_list_idx ON tenants (seller, created_at, id) WHERE deleted = 0;
CREATE INDEX applications_list_idx ON applications (seller, created_at, id) WHERE deleted = 0;
CREATE INDEX users_list_idx ON users (seller, created_at, id) WHERE deleted = 0;
CREATE INDEX departments_list_idx ON departments (seller, created_at, id) WHERE deleted = 0;
