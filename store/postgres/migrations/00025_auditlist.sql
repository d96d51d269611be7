-- The audit's list: who has changed, by which act, and which order. The previous binary writes rows without an order, as the default says; the
-- rows of before have none. Its writes go on while the indexes are built: each is built without a lock, and anew when an earlier try died on
-- the way.

-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE audit ADD COLUMN IF NOT EXISTS order_id TEXT COLLATE "C" NOT NULL DEFAULT '';

DROP INDEX CONCURRENTLY IF EXISTS audit_order_idx;
CREATE INDEX CONCURRENTLY audit_order_idx ON audit (seller, order_id, at, id) WHERE order_id <> '';
DROP INDEX CONCURRENTLY IF EXISTS audit_actor_idx;
CREATE INDEX CONCURRENTLY audit_actor_idx ON audit (seller, actor, at, id);

-- Without what programs do while the product is used: that is nearly all rows.
DROP INDEX CONCURRENTLY IF EXISTS audit_action_idx;
CREATE INDEX CONCURRENTLY audit_action_idx ON audit (seller, action, at, id) WHERE action <> 'koogate.v1.UsageService/ReportUsage'
AND action <> 'koogate.v1.UsageService/StreamUsage' AND action <> 'koogate.v1.QuotaService/ReserveQuota'
AND action <> 'koogate.v1.QuotaService/CommitReservation';
