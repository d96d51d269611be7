-- What is sold through: sellers, endpoints, products, provisioners and their keys, which were only in the configuration file. The
-- tables stand alone, so the previous binary works on while this schema is there; it knows what its file says.

-- +goose Up
-- Every change raises the revision, in the same transaction.
CREATE TABLE seller_revision (
    id       BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    CONSTRAINT seller_revision_pkey PRIMARY KEY (id)
) WITHOUT ROWID;
INSERT INTO seller_revision (id, revision) VALUES (1, 0);

-- document is JSON without secrets.
CREATE TABLE seller_settings (
    kind       TEXT NOT NULL,
    parent     TEXT NOT NULL, -- the endpoint of a product
    name       TEXT NOT NULL,
    seller     TEXT NOT NULL,
    managed_by TEXT NOT NULL,
    version    BIGINT NOT NULL,
    document   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL, -- 0 while it counts
    CONSTRAINT seller_settings_pkey PRIMARY KEY (kind, parent, name)
) WITHOUT ROWID;

CREATE TABLE seller_keys (
    seller       TEXT NOT NULL,
    key_id       TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    owner        TEXT NOT NULL, -- the endpoint; '' for the seller itself
    key_rank     BIGINT NOT NULL,
    secret       BLOB,          -- sealed; NULL for a token and for a key that has ended
    digest       TEXT NOT NULL, -- of a token; '' for others
    document     TEXT NOT NULL,
    managed_by   TEXT NOT NULL,
    version      BIGINT NOT NULL,
    not_before   BIGINT NOT NULL,
    not_after    BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL, -- 0 while it counts
    CONSTRAINT seller_keys_pkey PRIMARY KEY (seller, key_id)
) WITHOUT ROWID;

-- One token leads to one bearer.
CREATE UNIQUE INDEX seller_keys_digest_key ON seller_keys (digest) WHERE digest <> '' AND ended_at = 0;
