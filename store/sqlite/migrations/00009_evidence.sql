-- Evidence that whoever writes into the database cannot rewrite: signatures on the chains, anchors over all orders of a seller, and
-- sealed values beside the events instead of in them. New columns have defaults and the new table stands alone, so the previous
-- binary works on while this schema is there; what it appends is unsigned until the next anchor.

-- +goose Up
-- JSON: what the change wrote, as digests of its rows, on its last event; '' for the others and for those of earlier releases.
ALTER TABLE events ADD COLUMN claims TEXT NOT NULL DEFAULT '';
-- The signature over the hash, on the last event of each change; '' for the others and for those of earlier releases.
ALTER TABLE events ADD COLUMN signature TEXT NOT NULL DEFAULT '';
-- What the event only has a digest of, sealed; NULL when there is nothing or it was erased.
ALTER TABLE events ADD COLUMN sealed BLOB;
-- The seq up to which anchors know the order.
ALTER TABLE orders ADD COLUMN anchored_seq BIGINT NOT NULL DEFAULT 0;
CREATE INDEX orders_unanchored_idx ON orders (seller, order_id) WHERE head_seq > anchored_seq;

-- heads is JSON: the heads of orders that have changed since the anchor before.
CREATE TABLE anchors (
    seller    TEXT NOT NULL,
    seq       BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    heads     TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash      TEXT NOT NULL,
    signature TEXT NOT NULL,
    CONSTRAINT anchors_pkey PRIMARY KEY (seller, seq)
) WITHOUT ROWID;

-- Lines of earlier releases name the customer among their parameters. It is also in the sealed input, with which repeats are compared.
UPDATE order_lines SET params = json_remove(params, '$.customerId') WHERE params LIKE '%"customerId":%';

-- As in 00001: what the planner cannot guess from an empty file.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('orders', 'orders_unanchored_idx', '1000 1000 1'),
    ('anchors', 'anchors', '10000 10000 1');
ANALYZE sqlite_schema;
