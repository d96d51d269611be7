-- What a restore from a backup leaves open. Both tables stand alone, so the previous binary works on while this schema is there; it
-- answers about instances of a gap as if there were none.

-- +goose Up
-- A stretch of time whose orders may be missing. While it is open, an instance that is not known is not "not found".
CREATE TABLE gaps (
    seller     TEXT NOT NULL,
    gap_id     TEXT NOT NULL,
    since      BIGINT NOT NULL,
    opened_at  BIGINT NOT NULL,
    opened_by  TEXT NOT NULL,
    opened_why TEXT NOT NULL,
    closed_at  BIGINT NOT NULL, -- 0 while it is open
    closed_by  TEXT NOT NULL,
    closed_why TEXT NOT NULL,
    CONSTRAINT gaps_pkey PRIMARY KEY (seller, gap_id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX gaps_open_key ON gaps (seller) WHERE closed_at = 0;

-- The instances that calls named in a gap and that are not known.
CREATE TABLE gap_calls (
    seller      TEXT NOT NULL,
    gap_id      TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    activity    TEXT NOT NULL,
    calls       BIGINT NOT NULL,
    first_at    BIGINT NOT NULL,
    last_at     BIGINT NOT NULL,
    CONSTRAINT gap_calls_pkey PRIMARY KEY (seller, gap_id, instance_id, activity)
) WITHOUT ROWID;
