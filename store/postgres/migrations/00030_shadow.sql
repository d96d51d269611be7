-- What Koogate would have answered where an old server did (ADR 56). Every new column has a default, so the previous binary works on while this
-- schema is there; its calls are compared with nothing. The indexes are built without a lock, and anew when an earlier try died on the way.

-- +goose NO TRANSACTION
-- +goose Up
-- The order of what is committed counts here, and not that each step is on the disk.
SET synchronous_commit = off;
ALTER TABLE calls ADD COLUMN IF NOT EXISTS comparison TEXT COLLATE "C" NOT NULL DEFAULT ''; -- SAME, DIFFERS or SKIPPED; empty where nothing was to be compared
ALTER TABLE calls ADD COLUMN IF NOT EXISTS own_code TEXT COLLATE "C" NOT NULL DEFAULT ''; -- the result code that Koogate would have answered
ALTER TABLE calls ADD COLUMN IF NOT EXISTS rules TEXT COLLATE "C" NOT NULL DEFAULT ''; -- by which the answers differ, with commas between

DROP INDEX CONCURRENTLY IF EXISTS calls_comparison_idx;
CREATE INDEX CONCURRENTLY calls_comparison_idx ON calls (seller, comparison, created_at, id) WHERE comparison <> '' AND comparison <> 'SAME';
DROP INDEX CONCURRENTLY IF EXISTS calls_compared_idx;
CREATE INDEX CONCURRENTLY calls_compared_idx ON calls (seller, endpoint, created_at, comparison, rules, times, last_at) WHERE comparison <> '';
RESET synchronous_commit;
