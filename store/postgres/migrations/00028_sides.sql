-- What is on the side of an endpoint's old server while a seller moves over (ADR 54). The table stands alone and the column has a default,
-- so the previous binary works on while this schema is there; an order that is on the old side it cannot admit either.

-- +goose Up
CREATE TABLE sides (
    seller     TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL, -- ORDER or INSTANCE
    id         TEXT COLLATE "C" NOT NULL,
    endpoint   TEXT COLLATE "C" NOT NULL,
    claimed_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL, -- 0 until an instance is released
    CONSTRAINT sides_pkey PRIMARY KEY (seller, kind, id)
);

CREATE INDEX sides_endpoint_idx ON sides (seller, endpoint, kind, ended_at, claimed_at);

-- An order is on one side. Whoever adds its row, and whoever claims it for the old side, takes the same lock first and looks afterwards,
-- so that of two transactions at once the later one sees what the earlier has committed.
-- +goose StatementBegin
CREATE FUNCTION orders_side() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(54, hashtext(NEW.seller || chr(31) || NEW.order_id));
    IF EXISTS (SELECT FROM sides AS s WHERE s.seller = NEW.seller AND s.kind = 'ORDER' AND s.id = NEW.order_id) THEN
        RAISE unique_violation USING CONSTRAINT = 'orders_side', MESSAGE = 'the order is on the other side';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER orders_side AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION orders_side();

ALTER TABLE calls ADD COLUMN side TEXT COLLATE "C" NOT NULL DEFAULT ''; -- who answered: OWN, OLD or BOTH; empty where there is no old server
