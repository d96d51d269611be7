-- Who has changed what and why. The table stands alone, so the previous binary works on while this schema is there; what is changed
-- through it leaves no row.

-- +goose Up
CREATE TABLE audit (
    id            INTEGER NOT NULL CONSTRAINT audit_pkey PRIMARY KEY,
    seller        TEXT NOT NULL,
    at            BIGINT NOT NULL,
    actor         TEXT NOT NULL,
    kind          TEXT NOT NULL,
    via           TEXT NOT NULL,
    action        TEXT NOT NULL,
    resources     TEXT NOT NULL, -- JSON
    reason        TEXT NOT NULL,
    before_digest TEXT NOT NULL, -- empty for what was not there
    after_digest  TEXT NOT NULL,
    request_id    TEXT NOT NULL
);

CREATE INDEX audit_seller_at ON audit (seller, at, id);

-- Rows are only added. Who may change the schema can lift this, and nobody lifts it by mistake.
-- +goose StatementBegin
CREATE TRIGGER audit_keeps_rows BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'audit rows are not altered');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_loses_no_rows BEFORE DELETE ON audit
BEGIN
    SELECT raise(ABORT, 'audit rows are not removed');
END;
-- +goose StatementEnd
