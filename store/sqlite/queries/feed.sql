-- name: FeedHead :one
-- FeedHead is the highest position of the feed.
SELECT CAST(coalesce(max(position), 0) AS BIGINT) AS head FROM feed;

-- name: FeedPage :many
-- FeedPage reads the seller's events within a piece of the feed. It has no LIMIT: with a parameter for that SQLite would parse it anew at each
-- run, and the piece is as long as the page.
SELECT
    f.position, e.seller, e.order_id, e.seq, e.kind, e.instance_id, e.at, e.data, e.prev_hash, e.hash, e.claims, e.signature, e.sealed
FROM feed AS f CROSS JOIN events AS e
WHERE f.position > sqlc.arg(after) AND f.position <= sqlc.arg(until) AND f.seller = sqlc.arg(seller)
    AND e.seller = f.seller AND e.order_id = f.order_id AND e.seq = f.seq
ORDER BY f.position;

-- name: FeedAt :one
-- FeedAt reads the event at a position.
SELECT
    f.position, e.seller, e.order_id, e.seq, e.kind, e.instance_id, e.at, e.data, e.prev_hash, e.hash, e.claims, e.signature, e.sealed
FROM feed AS f CROSS JOIN events AS e
WHERE f.position = sqlc.arg(position) AND f.seller = sqlc.arg(seller)
    AND e.seller = f.seller AND e.order_id = f.order_id AND e.seq = f.seq;

-- name: FeedLast :one
-- FeedLast is the position of the seller's last event. It passes over what others have behind it.
SELECT position FROM feed WHERE seller = sqlc.arg(seller) ORDER BY position DESC LIMIT 1;
