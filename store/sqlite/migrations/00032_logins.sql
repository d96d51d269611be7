-- Who logs in to joint products (ADR 57). The tables stand alone, so the previous binary works on while this schema is there; it marks no
-- session as one to be judged.

-- +goose Up
CREATE TABLE login_applications (
    seller     TEXT NOT NULL,
    app_id     TEXT NOT NULL, -- of whichever seller: it is the client_id
    name       TEXT NOT NULL,
    product_id TEXT NOT NULL, -- empty while it is bound to no product
    state      TEXT NOT NULL,
    settings   TEXT NOT NULL, -- JSON
    secrets    TEXT NOT NULL, -- JSON, with digests
    test       BLOB, -- sealed; NULL for none
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT login_applications_pkey PRIMARY KEY (app_id)
);

CREATE UNIQUE INDEX login_applications_product_key ON login_applications (seller, product_id) WHERE product_id <> '';

CREATE TABLE login_requests (
    id           TEXT NOT NULL,
    seller       TEXT NOT NULL,
    app_id       TEXT NOT NULL,
    entrance     TEXT NOT NULL,
    step         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    browser      TEXT NOT NULL, -- a digest in hex; empty for none
    state_digest TEXT NOT NULL, -- in hex; empty where no state went to the authentication centre
    tenant_id    TEXT NOT NULL, -- empty while any will do
    asked        TEXT NOT NULL, -- JSON
    held         BLOB, -- sealed; NULL for none
    session_id   TEXT NOT NULL, -- empty while there is none
    steps        TEXT NOT NULL, -- JSON
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    CONSTRAINT login_requests_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX login_requests_state_key ON login_requests (state_digest) WHERE state_digest <> '';
CREATE INDEX login_requests_over_idx ON login_requests (expires_at);

-- Each in the order of the list, without what nearly all rows have.
CREATE INDEX login_requests_list_idx ON login_requests (seller, created_at, id);
CREATE INDEX login_requests_app_idx ON login_requests (seller, app_id, created_at, id);
CREATE INDEX login_requests_tenant_idx ON login_requests (seller, tenant_id, created_at, id) WHERE tenant_id <> '';
CREATE INDEX login_requests_step_idx ON login_requests (seller, step, created_at, id) WHERE step <> 'DONE';
CREATE INDEX login_requests_session_idx ON login_requests (seller, session_id, created_at, id) WHERE session_id <> '';

CREATE TABLE login_grants (
    digest     TEXT NOT NULL, -- of a code, a token or a ticket, in hex
    kind       TEXT NOT NULL,
    session_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL, -- 0 while it was not used
    CONSTRAINT login_grants_pkey PRIMARY KEY (digest)
);

CREATE INDEX login_grants_session_idx ON login_grants (session_id);
CREATE INDEX login_grants_over_idx ON login_grants (expires_at);

CREATE TABLE login_sessions (
    id              TEXT NOT NULL,
    seller          TEXT NOT NULL,
    app_id          TEXT NOT NULL,
    tenant_id       TEXT NOT NULL,
    user_name       TEXT NOT NULL,
    entrance        TEXT NOT NULL,
    protocol        TEXT NOT NULL,
    digest          TEXT NOT NULL, -- of the browser's cookie, in hex; empty for none
    upstream        BLOB, -- sealed; NULL for none
    created_at      BIGINT NOT NULL,
    last_at         BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    state           TEXT NOT NULL, -- ACTIVE or ENDED, as ended_at says
    ended_at        BIGINT NOT NULL, -- 0 while it is active
    end_reason      TEXT NOT NULL,
    judge_at        BIGINT NOT NULL, -- when its right is to be judged, 0 for not
    judge_fence     BIGINT NOT NULL, -- rises whenever it is marked or handed out
    logout_state    TEXT NOT NULL,
    logout_due_at   BIGINT NOT NULL,
    logout_fence    BIGINT NOT NULL, -- rises with every lease
    logout_attempts BIGINT NOT NULL,
    logout_first_at BIGINT NOT NULL,
    logout_last_at  BIGINT NOT NULL,
    logout_status   BIGINT NOT NULL, -- HTTP status of the last answer, 0 for none
    logout_reason   TEXT NOT NULL,
    CONSTRAINT login_sessions_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX login_sessions_digest_key ON login_sessions (digest) WHERE digest <> '';
CREATE INDEX login_sessions_active_idx ON login_sessions (seller, tenant_id, user_name) WHERE ended_at = 0;
CREATE INDEX login_sessions_judge_idx ON login_sessions (judge_at) WHERE judge_at > 0;
CREATE INDEX login_sessions_logout_idx ON login_sessions (logout_due_at) WHERE logout_state = 'PENDING';
CREATE INDEX login_sessions_over_idx ON login_sessions (ended_at) WHERE ended_at > 0;

-- As above.
CREATE INDEX login_sessions_list_idx ON login_sessions (seller, created_at, id);
CREATE INDEX login_sessions_app_idx ON login_sessions (seller, app_id, created_at, id);
CREATE INDEX login_sessions_tenant_idx ON login_sessions (seller, tenant_id, created_at, id);
CREATE INDEX login_sessions_user_idx ON login_sessions (seller, user_name, created_at, id);
CREATE INDEX login_sessions_state_idx ON login_sessions (seller, state, created_at, id) WHERE state <> 'ENDED';

CREATE TABLE login_keys (
    number     BIGINT NOT NULL,
    id         TEXT NOT NULL,
    algorithm  TEXT NOT NULL,
    private    BLOB NOT NULL, -- sealed
    created_at BIGINT NOT NULL,
    active_at  BIGINT NOT NULL,
    retired_at BIGINT NOT NULL, -- 0 while it is not known
    CONSTRAINT login_keys_pkey PRIMARY KEY (number)
);

-- Who logs in is found by tenant and by tenant code, whatever the instance; tombstones say that somebody had a right once. The first takes the
-- place of tenants_tenant_idx, which had the same columns and no tombstones.
CREATE INDEX tenants_enterprise_idx ON tenants (seller, tenant_id, created_at, id);
DROP INDEX tenants_tenant_idx;
CREATE INDEX tenants_code_idx ON tenants (seller, tenant_code, created_at, id) WHERE deleted = 0 AND tenant_code <> '';

-- As in 00011.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('tenants', 'tenants_enterprise_idx', '10000 10000 1 1 1'),
    ('tenants', 'tenants_code_idx', '10000 10000 1 1 1');
ANALYZE sqlite_schema;
