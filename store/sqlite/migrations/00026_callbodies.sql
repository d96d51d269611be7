-- What was said in a call and answered, sealed, and calls that were let in again. The table stands alone and the column has a default, so the
-- previous binary works on while this schema is there.

-- +goose Up
CREATE TABLE call_bodies (
    seller     TEXT NOT NULL,
    created_at BIGINT NOT NULL, -- that of the call
    id         TEXT NOT NULL, -- the call's
    sealed     BLOB NOT NULL,
    CONSTRAINT call_bodies_pkey PRIMARY KEY (seller, created_at, id)
) WITHOUT ROWID;

ALTER TABLE calls ADD COLUMN replay_of TEXT NOT NULL DEFAULT ''; -- the call that it repeats at an operator's hand
