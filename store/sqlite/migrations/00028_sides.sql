-- What is on the side of an endpoint's old server while a seller moves over (ADR 54). The table stands alone and the column has a default,
-- so the previous binary works on while this schema is there; an order that is on the old side it cannot admit either.

-- +goose Up
CREATE TABLE sides (
    seller     TEXT NOT NULL,
    kind       TEXT NOT NULL, -- ORDER or INSTANCE
    id         TEXT NOT NULL,
    endpoint   TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL, -- 0 until an instance is released
    CONSTRAINT sides_pkey PRIMARY KEY (seller, kind, id)
) WITHOUT ROWID;

CREATE INDEX sides_endpoint_idx ON sides (seller, endpoint, kind, ended_at, claimed_at);

-- +goose StatementBegin
CREATE TRIGGER orders_side BEFORE INSERT ON orders
WHEN EXISTS (SELECT 1 FROM sides AS s WHERE s.seller = NEW.seller AND s.kind = 'ORDER' AND s.id = NEW.order_id)
BEGIN
    SELECT RAISE(ABORT, 'the order is on the other side');
END;
-- +goose StatementEnd

ALTER TABLE calls ADD COLUMN side TEXT NOT NULL DEFAULT ''; -- who answered: OWN, OLD or BOTH; empty where there is no old server
