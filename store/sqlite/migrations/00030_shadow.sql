-- What Koogate would have answered where an old server did (ADR 56). Every new column has a default, so the previous binary works on while this
-- schema is there; its calls are compared with nothing.

-- +goose Up
ALTER TABLE calls ADD COLUMN comparison TEXT NOT NULL DEFAULT ''; -- SAME, DIFFERS or SKIPPED; empty where nothing was to be compared
ALTER TABLE calls ADD COLUMN own_code TEXT NOT NULL DEFAULT ''; -- the result code that Koogate would have answered
ALTER TABLE calls ADD COLUMN rules TEXT NOT NULL DEFAULT ''; -- by which the answers differ, with commas between

CREATE INDEX calls_comparison_idx ON calls (seller, comparison, created_at, id) WHERE comparison <> '' AND comparison <> 'SAME';
CREATE INDEX calls_compared_idx ON calls (seller, endpoint, created_at, comparison, rules, times, last_at) WHERE comparison <> '';
