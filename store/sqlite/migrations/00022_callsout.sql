-- What Koogate asks the marketplace is in the list of calls, too. Every new column has a default, so the previous binary works on while this
-- schema is there; what it asks leaves no row.

-- +goose Up
ALTER TABLE calls ADD COLUMN direction TEXT NOT NULL DEFAULT 'INBOUND';
ALTER TABLE calls ADD COLUMN records BIGINT NOT NULL DEFAULT 0; -- elements of a batch
ALTER TABLE calls ADD COLUMN task_id TEXT NOT NULL DEFAULT ''; -- the task that asked
ALTER TABLE calls ADD COLUMN until_at BIGINT NOT NULL DEFAULT 0; -- until when it is tried again; 0 when it is not

CREATE INDEX calls_direction_idx ON calls (seller, direction, created_at, id) WHERE direction <> 'INBOUND';
