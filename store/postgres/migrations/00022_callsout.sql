-- What Koogate asks the marketplace is in the list of calls, too. Every new column has a default, so the previous binary works on while this
-- schema is there; what it asks leaves no row. The index is built without a lock, and anew when an earlier try died on the way.

-- +goose NO TRANSACTION
-- +goose Up
-- The order of what is committed counts here, and not that each step is on the disk.
SET synchronous_commit = off;
ALTER TABLE calls ADD COLUMN IF NOT EXISTS direction TEXT COLLATE "C" NOT NULL DEFAULT 'INBOUND';
ALTER TABLE calls ADD COLUMN IF NOT EXISTS records BIGINT NOT NULL DEFAULT 0; -- elements of a batch
ALTER TABLE calls ADD COLUMN IF NOT EXISTS task_id TEXT COLLATE "C" NOT NULL DEFAULT ''; -- the task that asked
ALTER TABLE calls ADD COLUMN IF NOT EXISTS until_at BIGINT NOT NULL DEFAULT 0; -- until when it is tried again; 0 when it is not

DROP INDEX CONCURRENTLY IF EXISTS calls_direction_idx;
CREATE INDEX CONCURRENTLY calls_direction_idx ON calls (seller, direction, created_at, id) WHERE direction <> 'INBOUND';
RESET synchronous_commit;
