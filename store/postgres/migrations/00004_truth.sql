-- Where the facts of an instance come from, what repeats brought otherwise, and the version of access information. The new
-- columns have defaults, so the previous binary works on while this schema is there.

-- +goose Up
-- JSON: for each fact of the instance the call that set it. A row without one is as its creation left it.
ALTER TABLE instances ADD COLUMN facts TEXT NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN access_version BIGINT NOT NULL DEFAULT 0;
-- What the customer is told of a creation that failed; the reason is for operators.
ALTER TABLE instances ADD COLUMN failure_text TEXT NOT NULL DEFAULT '';
-- The number of the event that admitted the line in its order's chain; 0 for lines of earlier releases.
ALTER TABLE order_lines ADD COLUMN admitted BIGINT NOT NULL DEFAULT 0;
-- Digests of the differing repeats that have an event, separated by blanks.
ALTER TABLE order_lines ADD COLUMN differs TEXT NOT NULL DEFAULT '';
