-- When workers last came. The table stands alone, so the previous binary works on; it does not write to it.

-- +goose Up
-- asked_at is when a worker last asked for work of the queue, leased_at when one last got some; 0 for never. They are written
-- seldom: within some seconds nothing follows from the difference.
CREATE TABLE queue_leases (
    seller    TEXT NOT NULL,
    queue     TEXT NOT NULL,
    asked_at  BIGINT NOT NULL,
    leased_at BIGINT NOT NULL,
    worker    TEXT NOT NULL,
    CONSTRAINT queue_leases_pkey PRIMARY KEY (seller, queue)
) WITHOUT ROWID;
