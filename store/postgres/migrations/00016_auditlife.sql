-- Audit rows that have had their time may be removed. Who may change the schema can lift this guard, and nobody lifts it by mistake: it counts
-- by the database's clock, and a configuration keeps rows for longer than it does. The previous binary removes no row.

-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION audit_keeps_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at <= (extract(EPOCH FROM statement_timestamp()) - 360 * 86400) * 1000000 THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit rows are not altered, and are not removed before they are 360 days old';
END;
$$;
-- +goose StatementEnd
