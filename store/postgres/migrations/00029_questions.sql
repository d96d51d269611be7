-- Questions to provisioners about instances that a call named and no row knows (ADR 53). The table stands alone, so the previous binary works
-- on while this schema is there.

-- +goose Up
CREATE TABLE questions (
    seller      TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
    endpoint    TEXT COLLATE "C" NOT NULL,
    task_id     TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL, -- OPEN, UNKNOWN or FAILED
    asked_at    BIGINT NOT NULL,
    until_at    BIGINT NOT NULL, -- from then on the instance may be asked about again
    CONSTRAINT questions_pkey PRIMARY KEY (seller, instance_id)
);

CREATE INDEX questions_endpoint_idx ON questions (seller, endpoint, state, until_at);
