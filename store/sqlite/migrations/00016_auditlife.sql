-- Audit rows that have had their time may be removed. Who may change the schema can lift this guard, and nobody lifts it by mistake: it counts
-- by the machine's clock, and a configuration keeps rows for longer than it does. The previous binary removes no row.

-- +goose Up
DROP TRIGGER audit_loses_no_rows;

-- +goose StatementBegin
CREATE TRIGGER audit_loses_no_rows BEFORE DELETE ON audit
WHEN old.at > (unixepoch() - 360 * 86400) * 1000000
BEGIN
    SELECT raise(ABORT, 'audit rows are not removed before they are 360 days old');
END;
-- +goose StatementEnd
