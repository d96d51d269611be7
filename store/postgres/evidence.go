// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// Unanchored implements store.Evidence.
func (s *Store) Unanchored(ctx context.Context, seller string, limit int) ([]store.SignedHead, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.OrdersUnanchored(ctx, dbsqlc.OrdersUnanchoredParams{Seller: seller, Max: count(limit)})
	if err != nil {
		return nil, fmt.Errorf("postgres: read what is to be anchored: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToSignedHead), nil
}

// LastAnchor implements store.Evidence.
func (s *Store) LastAnchor(ctx context.Context, seller string) (store.Anchor, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.Anchor{}, err
	}
	defer s.leave()
	row, err := s.query.AnchorLast(ctx, seller)
	if err != nil {
		return store.Anchor{}, notFound(err, "read anchor")
	}
	return dbrow.ToAnchor(row), nil
}

// Anchors implements store.Evidence.
func (s *Store) Anchors(ctx context.Context, seller string, after int64, limit int) ([]store.Anchor, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.AnchorsAfter(ctx, dbsqlc.AnchorsAfterParams{Seller: seller, After: after, Max: count(limit)})
	if err != nil {
		return nil, fmt.Errorf("postgres: read anchors: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToAnchor), nil
}

// PutAnchor implements store.Evidence: one round trip. The heads come in the order of their keys, so no two anchors wait for each
// other in a circle.
func (s *Store) PutAnchor(ctx context.Context, a store.Anchor, heads []store.SignedHead) error {
	if err := s.enter(ctx, a.Seller, a.Heads); err != nil {
		return err
	}
	defer s.leave()
	return retry(ctx, func() error {
		w := &writes{}
		err := w.add("insert anchor", nil, func(q *dbsqlc.Queries) error {
			return q.AnchorInsert(ctx, dbrow.FromAnchor(&a))
		})
		for _, h := range heads {
			if err == nil {
				err = w.add("note an anchor", nil, func(q *dbsqlc.Queries) error {
					return q.OrderAnchored(ctx, dbsqlc.OrderAnchoredParams{Seq: h.Seq, Seller: a.Seller, OrderID: h.OrderID})
				})
			}
		}
		if err != nil {
			return err
		}
		return w.run(ctx, s.pool)
	})
}
