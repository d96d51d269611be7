-- The feed: every event under the number of the transaction that wrote it (ADR 41). The default gives it, so that the previous binary,
-- which knows nothing of it, numbers what it writes while this schema is there. Events that are there already have 0.
--
-- The column is added in a block that sqlc does not read: all queries share the type of an event's row, and only the feed's know it.

-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS feed_base (
    base BIGINT NOT NULL -- is added to the numbers of this cluster's transactions; rises when the database is moved to another
);
INSERT INTO feed_base (base) SELECT 0 WHERE NOT EXISTS (SELECT FROM feed_base);

-- +goose StatementBegin
DO $$ BEGIN
    ALTER TABLE events ADD COLUMN IF NOT EXISTS feed_tx BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE events ALTER COLUMN feed_tx SET DEFAULT pg_current_xact_id()::text::bigint;
END $$;
-- +goose StatementEnd

DROP INDEX CONCURRENTLY IF EXISTS events_feed_idx;
CREATE INDEX CONCURRENTLY events_feed_idx ON events (seller, feed_tx, order_id, seq);
