-- Who has changed what and why. The table stands alone, so the previous binary works on while this schema is there; what is changed
-- through it leaves no row.

-- +goose Up
CREATE TABLE audit (
    id            BIGINT GENERATED ALWAYS AS IDENTITY,
    seller        TEXT COLLATE "C" NOT NULL,
    at            BIGINT NOT NULL,
    actor         TEXT COLLATE "C" NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    via           TEXT COLLATE "C" NOT NULL,
    action        TEXT COLLATE "C" NOT NULL,
    resources     TEXT COLLATE "C" NOT NULL, -- JSON
    reason        TEXT COLLATE "C" NOT NULL,
    before_digest TEXT COLLATE "C" NOT NULL, -- empty for what was not there
    after_digest  TEXT COLLATE "C" NOT NULL,
    request_id    TEXT COLLATE "C" NOT NULL,
    CONSTRAINT audit_pkey PRIMARY KEY (id)
);

CREATE INDEX audit_seller_at ON audit (seller, at, id);

-- Rows are only added. Who may change the schema can lift this, and nobody lifts it by mistake.
-- +goose StatementBegin
CREATE FUNCTION audit_keeps_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are neither altered nor removed';
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER audit_keeps_rows BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_keeps_rows();
