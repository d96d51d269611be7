// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// EventsBehind implements store.Feed. A page looks at as many positions as it may have events, whosever stand there.
func (s *Store) EventsBehind(ctx context.Context, seller string, after store.FeedPlace, limit int) (store.FeedPage, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.FeedPage{}, err
	}
	defer s.leave()
	head, err := s.read.FeedHead(ctx)
	if err != nil {
		return store.FeedPage{}, fmt.Errorf("sqlite: read the feed's head: %w", err)
	}
	until := min(head, after.Number+int64(max(limit, 0)))
	if until <= after.Number {
		return store.FeedPage{End: after}, nil
	}
	rows, err := s.read.FeedPage(ctx, dbsqlc.FeedPageParams{After: after.Number, Until: until, Seller: seller})
	if err != nil {
		return store.FeedPage{}, fmt.Errorf("sqlite: read the feed: %w", err)
	}
	p := store.FeedPage{End: store.FeedPlace{Number: until}, More: until < head}
	for i := range rows {
		p.Events = append(p.Events, fed(dbsqlc.FeedAtRow(rows[i])))
	}
	return p, nil
}

// EventAt implements store.Feed.
func (s *Store) EventAt(ctx context.Context, seller string, at store.FeedPlace) (store.Event, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.Event{}, err
	}
	defer s.leave()
	row, err := s.read.FeedAt(ctx, dbsqlc.FeedAtParams{Position: at.Number, Seller: seller})
	if err != nil {
		return store.Event{}, notFound(err, "read an event of the feed")
	}
	e := fed(row)
	if e.Place() != at {
		return store.Event{}, store.ErrNotFound
	}
	return e.Event, nil
}

// FeedEnd implements store.Feed.
func (s *Store) FeedEnd(ctx context.Context, seller string) (store.FeedEvent, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.FeedEvent{}, err
	}
	defer s.leave()
	last, err := s.read.FeedLast(ctx, seller)
	if err != nil {
		return store.FeedEvent{}, notFound(err, "read the feed's end")
	}
	row, err := s.read.FeedAt(ctx, dbsqlc.FeedAtParams{Position: last, Seller: seller})
	if err != nil {
		return store.FeedEvent{}, notFound(err, "read the feed's end")
	}
	return fed(row), nil
}

// FeedHead implements store.Feed: the head of all sellers, which costs the least.
func (s *Store) FeedHead(ctx context.Context, seller string) (int64, error) {
	if err := s.enter(ctx, seller); err != nil {
		return 0, err
	}
	defer s.leave()
	head, err := s.read.FeedHead(ctx)
	if err != nil {
		return 0, fmt.Errorf("sqlite: read the feed's head: %w", err)
	}
	return head, nil
}

func fed(r dbsqlc.FeedAtRow) store.FeedEvent {
	return store.FeedEvent{Number: r.Position, Event: dbrow.ToEvent(dbrow.Event{
		Seller: r.Seller, OrderID: r.OrderID, Seq: r.Seq, Kind: r.Kind, InstanceID: r.InstanceID, At: r.At, Data: r.Data, PrevHash: r.PrevHash,
		Hash: r.Hash, Claims: r.Claims, Signature: r.Signature, Sealed: r.Sealed,
	})}
}
