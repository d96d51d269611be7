-- Who logs in to joint products (ADR 57). The tables stand alone, so the previous binary works on while this schema is there; it marks no
-- session as one to be judged. The indexes of a table that is there are built without a lock, and anew when an earlier try died on the way.

-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS login_applications (
    seller     TEXT COLLATE "C" NOT NULL,
    app_id     TEXT COLLATE "C" NOT NULL, -- of whichever seller: it is the client_id
    name       TEXT COLLATE "C" NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL, -- empty while it is bound to no product
    state      TEXT COLLATE "C" NOT NULL,
    settings   TEXT COLLATE "C" NOT NULL, -- JSON
    secrets    TEXT COLLATE "C" NOT NULL, -- JSON, with digests
    test       BYTEA, -- sealed; NULL for none
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT login_applications_pkey PRIMARY KEY (app_id)
);

CREATE UNIQUE INDEX IF NOT EXISTS login_applications_product_key ON login_applications (seller, product_id) WHERE product_id <> '';

CREATE TABLE IF NOT EXISTS login_requests (
    id           TEXT COLLATE "C" NOT NULL,
    seller       TEXT COLLATE "C" NOT NULL,
    app_id       TEXT COLLATE "C" NOT NULL,
    entrance     TEXT COLLATE "C" NOT NULL,
    step         TEXT COLLATE "C" NOT NULL,
    reason       TEXT COLLATE "C" NOT NULL,
    browser      TEXT COLLATE "C" NOT NULL, -- a digest in hex; empty for none
    state_digest TEXT COLLATE "C" NOT NULL, -- in hex; empty where no state went to the authentication centre
    tenant_id    TEXT COLLATE "C" NOT NULL, -- empty while any will do
    asked        TEXT COLLATE "C" NOT NULL, -- JSON
    held         BYTEA, -- sealed; NULL for none
    session_id   TEXT COLLATE "C" NOT NULL, -- empty while there is none
    steps        TEXT COLLATE "C" NOT NULL, -- JSON
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    CONSTRAINT login_requests_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX IF NOT EXISTS login_requests_state_key ON login_requests (state_digest) WHERE state_digest <> '';
CREATE INDEX IF NOT EXISTS login_requests_over_idx ON login_requests (expires_at);

-- Each in the order of the list, without what nearly all rows have.
CREATE INDEX IF NOT EXISTS login_requests_list_idx ON login_requests (seller, created_at, id);
CREATE INDEX IF NOT EXISTS login_requests_app_idx ON login_requests (seller, app_id, created_at, id);
CREATE INDEX IF NOT EXISTS login_requests_tenant_idx ON login_requests (seller, tenant_id, created_at, id) WHERE tenant_id <> '';
CREATE INDEX IF NOT EXISTS login_requests_step_idx ON login_requests (seller, step, created_at, id) WHERE step <> 'DONE';
CREATE INDEX IF NOT EXISTS login_requests_session_idx ON login_requests (seller, session_id, created_at, id) WHERE session_id <> '';

CREATE TABLE IF NOT EXISTS login_grants (
    digest     TEXT COLLATE "C" NOT NULL, -- of a code, a token or a ticket, in hex
    kind       TEXT COLLATE "C" NOT NULL,
    session_id TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    scopes     TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL, -- 0 while it was not used
    CONSTRAINT login_grants_pkey PRIMARY KEY (digest)
);

CREATE INDEX IF NOT EXISTS login_grants_session_idx ON login_grants (session_id);
CREATE INDEX IF NOT EXISTS login_grants_over_idx ON login_grants (expires_at);

CREATE TABLE IF NOT EXISTS login_sessions (
    id              TEXT COLLATE "C" NOT NULL,
    seller          TEXT COLLATE "C" NOT NULL,
    app_id          TEXT COLLATE "C" NOT NULL,
    tenant_id       TEXT COLLATE "C" NOT NULL,
    user_name       TEXT COLLATE "C" NOT NULL,
    entrance        TEXT COLLATE "C" NOT NULL,
    protocol        TEXT COLLATE "C" NOT NULL,
    digest          TEXT COLLATE "C" NOT NULL, -- of the browser's cookie, in hex; empty for none
    upstream        BYTEA, -- sealed; NULL for none
    created_at      BIGINT NOT NULL,
    last_at         BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    state           TEXT COLLATE "C" NOT NULL, -- ACTIVE or ENDED, as ended_at says
    ended_at        BIGINT NOT NULL, -- 0 while it is active
    end_reason      TEXT COLLATE "C" NOT NULL,
    judge_at        BIGINT NOT NULL, -- when its right is to be judged, 0 for not
    judge_fence     BIGINT NOT NULL, -- rises whenever it is marked or handed out
    logout_state    TEXT COLLATE "C" NOT NULL,
    logout_due_at   BIGINT NOT NULL,
    logout_fence    BIGINT NOT NULL, -- rises with every lease
    logout_attempts BIGINT NOT NULL,
    logout_first_at BIGINT NOT NULL,
    logout_last_at  BIGINT NOT NULL,
    logout_status   BIGINT NOT NULL, -- HTTP status of the last answer, 0 for none
    logout_reason   TEXT COLLATE "C" NOT NULL,
    CONSTRAINT login_sessions_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX IF NOT EXISTS login_sessions_digest_key ON login_sessions (digest) WHERE digest <> '';
CREATE INDEX IF NOT EXISTS login_sessions_active_idx ON login_sessions (seller, tenant_id, user_name) WHERE ended_at = 0;
CREATE INDEX IF NOT EXISTS login_sessions_judge_idx ON login_sessions (judge_at) WHERE judge_at > 0;
CREATE INDEX IF NOT EXISTS login_sessions_logout_idx ON login_sessions (logout_due_at) WHERE logout_state = 'PENDING';
CREATE INDEX IF NOT EXISTS login_sessions_over_idx ON login_sessions (ended_at) WHERE ended_at > 0;

-- As above.
CREATE INDEX IF NOT EXISTS login_sessions_list_idx ON login_sessions (seller, created_at, id);
CREATE INDEX IF NOT EXISTS login_sessions_app_idx ON login_sessions (seller, app_id, created_at, id);
CREATE INDEX IF NOT EXISTS login_sessions_tenant_idx ON login_sessions (seller, tenant_id, created_at, id);
CREATE INDEX IF NOT EXISTS login_sessions_user_idx ON login_sessions (seller, user_name, created_at, id);
CREATE INDEX IF NOT EXISTS login_sessions_state_idx ON login_sessions (seller, state, created_at, id) WHERE state <> 'ENDED';

CREATE TABLE IF NOT EXISTS login_keys (
    number     BIGINT NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    algorithm  TEXT COLLATE "C" NOT NULL,
    private    BYTEA NOT NULL, -- sealed
    created_at BIGINT NOT NULL,
    active_at  BIGINT NOT NULL,
    retired_at BIGINT NOT NULL, -- 0 while it is not known
    CONSTRAINT login_keys_pkey PRIMARY KEY (number)
);

-- Who logs in is found by tenant and by tenant code, whatever the instance; tombstones say that somebody had a right once. The first takes the
-- place of tenants_tenant_idx, which had the same columns and no tombstones.
DROP INDEX CONCURRENTLY IF EXISTS tenants_enterprise_idx;
CREATE INDEX CONCURRENTLY tenants_enterprise_idx ON tenants (seller, tenant_id, created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS tenants_tenant_idx;
DROP INDEX CONCURRENTLY IF EXISTS tenants_code_idx;
CREATE INDEX CONCURRENTLY tenants_code_idx ON tenants (seller, tenant_code, created_at, id) WHERE deleted = 0 AND tenant_code <> '';
