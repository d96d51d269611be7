-- Calls of the marketplace, and how many were refused. The tables stand alone, so the previous binary works on while this schema is there;
-- what it is asked leaves no row. Rows lie in the order of their list; a call is found by the time in its ID.

-- +goose Up
CREATE TABLE calls (
    seller       TEXT NOT NULL,
    id           TEXT NOT NULL, -- UUIDv7 of the millisecond of created_at
    created_at   BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    times        BIGINT NOT NULL, -- how many calls it stands for
    endpoint     TEXT NOT NULL,
    family       TEXT NOT NULL,
    activity     TEXT NOT NULL,
    order_id     TEXT NOT NULL,
    instance_id  TEXT NOT NULL,
    subject      TEXT NOT NULL, -- digest of what repetitions have in common; empty for none
    attempt      BIGINT NOT NULL, -- 0 without a subject
    first_at     BIGINT NOT NULL, -- 0 without a subject
    verdict      TEXT NOT NULL,
    cause        TEXT NOT NULL, -- of a refusal
    result_code  TEXT NOT NULL, -- the six digits that went out
    reason       TEXT NOT NULL,
    http_status  BIGINT NOT NULL,
    took         BIGINT NOT NULL, -- microseconds
    probe        BIGINT NOT NULL, -- 0 or 1
    key_id       TEXT NOT NULL,
    trace_id     TEXT NOT NULL,
    request_size BIGINT NOT NULL,
    answer_size  BIGINT NOT NULL,
    CONSTRAINT calls_pkey PRIMARY KEY (seller, created_at, id)
);

-- Each in the order of the list, without what nearly all rows have.
CREATE INDEX calls_order_idx ON calls (seller, order_id, created_at, id) WHERE order_id <> '';
CREATE INDEX calls_instance_idx ON calls (seller, instance_id, created_at, id) WHERE instance_id <> '';
CREATE INDEX calls_code_idx ON calls (seller, result_code, created_at, id) WHERE result_code <> '000000';
CREATE INDEX calls_verdict_idx ON calls (seller, verdict, created_at, id) WHERE verdict <> 'ANSWERED';
CREATE INDEX calls_activity_idx ON calls (seller, activity, created_at, id) WHERE activity <> 'queryInstance' AND activity <> 'newInstance';

-- The series of a call.
CREATE INDEX calls_subject_idx ON calls (seller, subject, first_at, attempt) WHERE subject <> '';

CREATE TABLE call_refusals (
    seller     TEXT NOT NULL,
    created_at BIGINT NOT NULL, -- the hour's beginning
    id         TEXT NOT NULL, -- endpoint and cause
    endpoint   TEXT NOT NULL,
    cause      TEXT NOT NULL,
    calls      BIGINT NOT NULL,
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    CONSTRAINT call_refusals_pkey PRIMARY KEY (seller, created_at, id)
);

CREATE INDEX call_refusals_endpoint_idx ON call_refusals (seller, endpoint, created_at, id);

-- The counts of all sellers are forgotten in the order of their hours.
CREATE INDEX call_refusals_hour_idx ON call_refusals (created_at);
