-- Webhooks and what was or is to be delivered to them (ADR 43). The tables stand alone, so the previous binary works on while this schema is
-- there, and delivers nothing. Whoever changes a webhook's deliveries holds the webhook's row.

-- +goose Up
CREATE TABLE webhooks (
    seller        TEXT COLLATE "C" NOT NULL,
    webhook_id    TEXT COLLATE "C" NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    url           TEXT COLLATE "C" NOT NULL,
    filter        TEXT COLLATE "C" NOT NULL, -- JSON, the terms of a filter
    state         TEXT COLLATE "C" NOT NULL,
    reason        TEXT COLLATE "C" NOT NULL, -- of a state that is not ENABLED
    state_at      BIGINT NOT NULL,
    secret_id     TEXT COLLATE "C" NOT NULL,
    secret_at     BIGINT NOT NULL,
    secret        BYTEA NOT NULL, -- sealed
    older_id      TEXT COLLATE "C" NOT NULL, -- the older of two secrets, empty for none
    older_at      BIGINT NOT NULL,
    older_secret  BYTEA, -- sealed
    feed_number   BIGINT NOT NULL, -- the place in the feed behind which it reads on
    feed_order    TEXT COLLATE "C" NOT NULL,
    feed_seq      BIGINT NOT NULL,
    backlog       BIGINT NOT NULL, -- deliveries that have not ended
    failures      BIGINT NOT NULL, -- attempts that failed since the last success
    failing_since BIGINT NOT NULL, -- when the first of them failed, 0 for none
    delivered_at  BIGINT NOT NULL, -- when an attempt last succeeded, 0 for never
    version       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    CONSTRAINT webhooks_pkey PRIMARY KEY (seller, webhook_id),
    CONSTRAINT webhooks_name_key UNIQUE (seller, name)
);

CREATE TABLE webhook_deliveries (
    seller      TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL, -- UUIDv7 of the millisecond of created_at
    created_at  BIGINT NOT NULL,
    webhook_id  TEXT COLLATE "C" NOT NULL,
    order_id    TEXT COLLATE "C" NOT NULL,
    seq         BIGINT NOT NULL, -- of the event in its order's chain
    kind        TEXT COLLATE "C" NOT NULL, -- of the event
    instance_id TEXT COLLATE "C" NOT NULL,
    event_at    BIGINT NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    reason      TEXT COLLATE "C" NOT NULL, -- of the last failure
    due_at      BIGINT NOT NULL, -- when it may be attempted, or when the lease of an attempt ends
    fence       BIGINT NOT NULL, -- rises with every lease
    attempts    BIGINT NOT NULL, -- since it was made or was to be delivered anew
    first_at    BIGINT NOT NULL, -- when the first of these ended, 0 for none
    last_at     BIGINT NOT NULL, -- when the last attempt ended, 0 for none
    http_status BIGINT NOT NULL, -- of the last answer, 0 for none
    answer_size BIGINT NOT NULL, -- bytes of the last answer that were read
    took        BIGINT NOT NULL, -- microseconds of the last attempt
    resends     BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (seller, created_at, id),
    CONSTRAINT webhook_deliveries_event_key UNIQUE (seller, webhook_id, order_id, seq)
);

-- What may be attempted.
CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (seller, webhook_id, state, due_at) WHERE state IN ('READY', 'RETRYING');

-- Each in the order of the list, without what nearly all rows have.
CREATE INDEX webhook_deliveries_webhook_idx ON webhook_deliveries (seller, webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_order_idx ON webhook_deliveries (seller, order_id, created_at, id);
CREATE INDEX webhook_deliveries_state_idx ON webhook_deliveries (seller, state, created_at, id) WHERE state <> 'DELIVERED';
