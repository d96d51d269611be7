-- Packages with several fee items, whose quotas are filled from the order. All of it stands alone or has defaults, so the previous
-- binary works on while this schema is there; it does not see the further items of a package, and so grants nothing of them.

-- +goose Up
-- The quotas of a package beyond its first, which lies in quotas: the previous binary knows a package by its ID alone. A release
-- whose predecessor reads quota_rows may move all into one table.
CREATE TABLE quota_items (
    seller      TEXT COLLATE "C" NOT NULL,
    package_id  TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
    meter       TEXT COLLATE "C" NOT NULL,
    quota       BIGINT NOT NULL,
    used        BIGINT NOT NULL,
    reserved    BIGINT NOT NULL,
    priority    BIGINT NOT NULL,
    expire_at   BIGINT NOT NULL,
    stop        BIGINT NOT NULL,
    told        BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    reset         TEXT COLLATE "C" NOT NULL,
    begin_at      BIGINT NOT NULL,
    cycle         BIGINT NOT NULL,
    used_before   BIGINT NOT NULL,
    turn_at       BIGINT NOT NULL,
    settled_at    BIGINT NOT NULL,
    settled_cycle BIGINT NOT NULL,
    CONSTRAINT quota_items_pkey PRIMARY KEY (seller, package_id, instance_id),
    CONSTRAINT quota_items_sold_check CHECK (used >= 0 AND reserved >= 0 AND used + reserved <= quota)
);

CREATE INDEX quota_items_instance_idx ON quota_items (seller, instance_id);

CREATE VIEW quota_rows AS
    SELECT
        seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
        reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle
    FROM quotas
    UNION ALL
    SELECT
        seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
        reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle
    FROM quota_items;

-- A digest of the customer who bought the instance; empty while it is not known. It finds what one customer has bought.
ALTER TABLE instances ADD COLUMN buyer_key TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX instances_buyer_idx ON instances (seller, product_id, buyer_key) WHERE buyer_key <> '';
CREATE INDEX instances_bought_idx ON instances (seller, product_id, created_at, instance_id) WHERE buyer_key <> '';

-- The begin that the marketplace is told; 0 when it is begin_at.
ALTER TABLE usage_records ADD COLUMN told_begin_at BIGINT NOT NULL DEFAULT 0;

-- As in 00003: room on the page for what changes in place.
ALTER TABLE quota_items SET (fillfactor = 50);
