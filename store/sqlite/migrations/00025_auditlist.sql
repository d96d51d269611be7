-- The audit's list: who has changed, by which act, and which order. The previous binary writes rows without an order, as the default says; the
-- rows of before have none.

-- +goose Up
ALTER TABLE audit ADD COLUMN order_id TEXT NOT NULL DEFAULT '';

CREATE INDEX audit_order_idx ON audit (seller, order_id, at, id) WHERE order_id <> '';
CREATE INDEX audit_actor_idx ON audit (seller, actor, at, id);

-- Without what programs do while the product is used: that is nearly all rows.
CREATE INDEX audit_action_idx ON audit (seller, action, at, id) WHERE action <> 'koogate.v1.UsageService/ReportUsage'
AND action <> 'koogate.v1.UsageService/StreamUsage' AND action <> 'koogate.v1.QuotaService/ReserveQuota'
AND action <> 'koogate.v1.QuotaService/CommitReservation';
