-- Packages whose content is granted anew every month or year. The new columns have defaults, so the previous binary works
-- on while this schema is there; a package that it does not know to reset it never oversells.

-- +goose Up
-- '' for a package whose content is the total, MONTH or YEAR.
ALTER TABLE quotas ADD COLUMN reset TEXT NOT NULL DEFAULT '';
-- From when the cycles count.
ALTER TABLE quotas ADD COLUMN begin_at BIGINT NOT NULL DEFAULT 0;
-- used and reserved are those of this cycle; used_before is what the cycles before it used.
ALTER TABLE quotas ADD COLUMN cycle BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quotas ADD COLUMN used_before BIGINT NOT NULL DEFAULT 0;
-- When the cycle ends; 0 for a package without cycles.
ALTER TABLE quotas ADD COLUMN turn_at BIGINT NOT NULL DEFAULT 0;
-- Up to which time and cycle what follows from the calendar was brought about: see store.UsageStore.QuotasDue.
ALTER TABLE quotas ADD COLUMN settled_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quotas ADD COLUMN settled_cycle BIGINT NOT NULL DEFAULT 0;
