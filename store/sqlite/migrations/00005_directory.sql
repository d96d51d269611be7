-- Foreign clocks are bounded. A call whose time lies far ahead counts as of its first arrival, which is kept here, so that its
-- repeats count as of then too. The table stands alone, so the previous binary works on while this schema is there.

-- +goose Up
CREATE TABLE directory_arrivals (
    seller      TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    tenant_id   TEXT NOT NULL,
    claimed_at  BIGINT NOT NULL,
    arrived_at  BIGINT NOT NULL,
    CONSTRAINT directory_arrivals_pkey PRIMARY KEY (seller, instance_id, tenant_id, claimed_at)
) WITHOUT ROWID;

-- What was written with a time from the future, more than five minutes ahead of its writing, no longer beats every later call.
UPDATE tenants SET stamp_at = updated_at WHERE stamp_at > updated_at + 300000000;
UPDATE tenants SET erased_at = updated_at WHERE erased_at > updated_at + 300000000;
UPDATE tenants SET floor_at = updated_at WHERE floor_at > updated_at + 300000000;
UPDATE applications SET stamp_at = updated_at WHERE stamp_at > updated_at + 300000000;
UPDATE users SET stamp_at = updated_at WHERE stamp_at > updated_at + 300000000;
UPDATE departments SET stamp_at = updated_at WHERE stamp_at > updated_at + 300000000;
