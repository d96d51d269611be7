-- What was said in a call and answered, sealed, and calls that were let in again. The table stands alone and the column has a default, so the
-- previous binary works on while this schema is there.

-- +goose Up
CREATE TABLE call_bodies (
    seller     TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL, -- that of the call
    id         TEXT COLLATE "C" NOT NULL, -- the call's
    sealed     BYTEA NOT NULL,
    CONSTRAINT call_bodies_pkey PRIMARY KEY (seller, created_at, id)
);

ALTER TABLE calls ADD COLUMN replay_of TEXT COLLATE "C" NOT NULL DEFAULT ''; -- the call that it repeats at an operator's hand
