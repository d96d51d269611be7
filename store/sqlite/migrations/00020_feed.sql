-- The feed: every event in the order in which it was committed (ADR 41). A trigger fills it, so that the previous binary, which knows
-- nothing of it, leaves nothing out while this schema is there. Events that are there already come first, each order's one after the other.

-- +goose Up
CREATE TABLE feed (
    position INTEGER NOT NULL PRIMARY KEY, -- one writer commits, so it rises in the order of the commits
    seller   TEXT NOT NULL,
    order_id TEXT NOT NULL,
    seq      BIGINT NOT NULL
);

INSERT INTO feed (seller, order_id, seq) SELECT seller, order_id, seq FROM events ORDER BY seller, order_id, seq;

-- +goose StatementBegin
CREATE TRIGGER events_feed AFTER INSERT ON events BEGIN
    INSERT INTO feed (seller, order_id, seq) VALUES (NEW.seller, NEW.order_id, NEW.seq);
END;
-- +goose StatementEnd
