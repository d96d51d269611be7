-- Jobs that belong to no order are forgotten some time after they have ended. The previous binary works on while this schema is
-- there: it has one such job for each seller, which never ends.

-- +goose Up
CREATE INDEX tasks_ended_idx ON tasks (updated_at) WHERE order_id = '' AND state IN ('DONE', 'FAILED', 'CANCELLED');
