// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
)

// These statements stand here because sqlc does not know events.feed_tx (migration 20).

// feedHorizon is the number below which every transaction has ended and what it wrote can be read, in the snapshot of the statement that it
// stands in. Whoever writes later has that number or a higher one.
const feedHorizon = `(SELECT base + pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM feed_base)`

const feedColumns = `SELECT feed_tx, seller, order_id, seq, kind, instance_id, at, data, prev_hash, hash, claims, signature, sealed FROM events `

const (
	feedPage = feedColumns + `WHERE seller = $1 AND (feed_tx, order_id, seq) > ($2, $3, $4) AND feed_tx < ` + feedHorizon +
		` ORDER BY feed_tx, order_id, seq LIMIT $5`
	feedAt   = feedColumns + `WHERE seller = $1 AND order_id = $2 AND seq = $3 AND feed_tx = $4`
	feedLast = feedColumns + `WHERE seller = $1 AND feed_tx < ` + feedHorizon + ` ORDER BY feed_tx DESC, order_id DESC, seq DESC LIMIT 1`
	feedHead = `SELECT coalesce(max(feed_tx), 0) FROM events WHERE seller = $1 AND feed_tx < ` + feedHorizon
)

// EventsBehind implements store.Feed.
func (s *Store) EventsBehind(ctx context.Context, seller string, after store.FeedPlace, limit int) (store.FeedPage, error) {
	if err := s.enter(ctx, seller, after.OrderID); err != nil {
		return store.FeedPage{}, err
	}
	defer s.leave()
	p := store.FeedPage{End: after}
	events, err := s.fed(ctx, feedPage, seller, after.Number, after.OrderID, after.Seq, max(limit, 0))
	if err != nil {
		return p, err
	}
	if n := len(events); n > 0 {
		p = store.FeedPage{Events: events, End: events[n-1].Place(), More: n == limit}
	}
	return p, nil
}

// EventAt implements store.Feed.
func (s *Store) EventAt(ctx context.Context, seller string, at store.FeedPlace) (store.Event, error) {
	if err := s.enter(ctx, seller, at.OrderID); err != nil {
		return store.Event{}, err
	}
	defer s.leave()
	e, err := s.fedOne(ctx, feedAt, seller, at.OrderID, at.Seq, at.Number)
	return e.Event, err
}

// FeedEnd implements store.Feed.
func (s *Store) FeedEnd(ctx context.Context, seller string) (store.FeedEvent, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.FeedEvent{}, err
	}
	defer s.leave()
	return s.fedOne(ctx, feedLast, seller)
}

// FeedHead implements store.Feed: the number of the last transaction that left an event of the seller. A transaction writes all of its
// events before they can be read.
func (s *Store) FeedHead(ctx context.Context, seller string) (head int64, err error) {
	if err := s.enter(ctx, seller); err != nil {
		return 0, err
	}
	defer s.leave()
	if err := s.pool.QueryRow(ctx, feedHead, seller).Scan(&head); err != nil {
		return 0, fmt.Errorf("postgres: read the feed's head: %w", err)
	}
	return head, nil
}

func (s *Store) fedOne(ctx context.Context, statement string, args ...any) (store.FeedEvent, error) {
	events, err := s.fed(ctx, statement, args...)
	if err != nil {
		return store.FeedEvent{}, err
	}
	if len(events) == 0 {
		return store.FeedEvent{}, store.ErrNotFound
	}
	return events[0], nil
}

func (s *Store) fed(ctx context.Context, statement string, args ...any) ([]store.FeedEvent, error) {
	rows, err := s.pool.Query(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("postgres: read the feed: %w", err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (store.FeedEvent, error) {
		var e dbrow.Event
		var number int64
		err := row.Scan(&number, &e.Seller, &e.OrderID, &e.Seq, &e.Kind, &e.InstanceID, &e.At, &e.Data, &e.PrevHash, &e.Hash, &e.Claims, &e.Signature, &e.Sealed)
		return store.FeedEvent{Number: number, Event: dbrow.ToEvent(e)}, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: read the feed: %w", err)
	}
	return events, nil
}

// feedMoved finds, for each seller by the end of its index, whether an event has a number that this cluster has not come to yet: the database
// was moved here by a dump, and what is written next would stand before what readers have read. It returns the highest number then, else 0.
const feedMoved = `WITH RECURSIVE s AS (
		(SELECT seller FROM events ORDER BY seller LIMIT 1)
		UNION ALL SELECT (SELECT e.seller FROM events e WHERE e.seller > s.seller ORDER BY e.seller LIMIT 1) FROM s WHERE s.seller IS NOT NULL
	), m AS (
		SELECT coalesce(max((SELECT max(feed_tx) FROM events e WHERE e.seller = s.seller)), 0) AS last FROM s WHERE s.seller IS NOT NULL
	)
	SELECT CASE WHEN last >= base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN last ELSE 0 END FROM m, feed_base`

// rebaseFeed continues the feed of a database that was moved here from another cluster. Nobody may write meanwhile.
func rebaseFeed(ctx context.Context, conn *pgx.Conn) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var last int64
		if err := tx.QueryRow(ctx, feedMoved).Scan(&last); err != nil || last == 0 {
			return err
		}
		if _, err := tx.Exec(ctx, `LOCK TABLE events IN ACCESS EXCLUSIVE MODE`); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, feedMoved).Scan(&last); err != nil || last == 0 { // another process was quicker
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE feed_base SET base = $1`, last); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, fmt.Sprintf(`ALTER TABLE events ALTER COLUMN feed_tx SET DEFAULT %d + pg_current_xact_id()::text::bigint`, last))
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: continue the feed: %w", err)
	}
	return nil
}

// checkFeed refuses a database whose feed does not go on here.
func checkFeed(ctx context.Context, pool *pgxpool.Pool) error {
	var last int64
	if err := pool.QueryRow(ctx, feedMoved).Scan(&last); err != nil {
		return fmt.Errorf("postgres: cannot read the feed's place: %w", err)
	}
	if last > 0 {
		return fmt.Errorf("postgres: the database was moved here from another cluster: run `koogate migrate`, so that the feed of events goes on behind event number %d", last)
	}
	return nil
}
