-- What was used of a package before it was counted here: by the integration that has sold it. The columns have a default, so the previous
-- binary works on while this schema is there.

-- +goose Up
ALTER TABLE quotas ADD COLUMN used_elsewhere BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quota_items ADD COLUMN used_elsewhere BIGINT NOT NULL DEFAULT 0;

CREATE OR REPLACE VIEW quota_rows AS
    SELECT
        seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
        reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
    FROM quotas
    UNION ALL
    SELECT
        seller, package_id, instance_id, meter, quota, used, reserved, priority, expire_at, stop, told, created_at, updated_at,
        reset, begin_at, cycle, used_before, turn_at, settled_at, settled_cycle, used_elsewhere
    FROM quota_items;
