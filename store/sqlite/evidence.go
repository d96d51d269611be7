// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// Unanchored implements store.Evidence.
func (s *Store) Unanchored(ctx context.Context, seller string, limit int) ([]store.SignedHead, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.OrdersUnanchored(ctx, dbsqlc.OrdersUnanchoredParams{Seller: seller, Max: int64(max(limit, 0))})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read what is to be anchored: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToSignedHead), nil
}

// LastAnchor implements store.Evidence.
func (s *Store) LastAnchor(ctx context.Context, seller string) (store.Anchor, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.Anchor{}, err
	}
	defer s.leave()
	row, err := s.read.AnchorLast(ctx, seller)
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
	rows, err := s.read.AnchorsAfter(ctx, dbsqlc.AnchorsAfterParams{Seller: seller, After: after, Max: int64(max(limit, 0))})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read anchors: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToAnchor), nil
}

// PutAnchor implements store.Evidence.
func (s *Store) PutAnchor(ctx context.Context, a store.Anchor, heads []store.SignedHead) error {
	_, err := change(ctx, s, func(t *tx) (none struct{}, err error) {
		ctx := context.Background()
		if err := t.fast.AnchorInsert(ctx, dbrow.FromAnchor(&a)); err != nil {
			return none, onUnique(err, store.ErrStale, "insert anchor")
		}
		for _, h := range heads {
			if err := t.fast.OrderAnchored(ctx, dbsqlc.OrderAnchoredParams{Seq: h.Seq, Seller: a.Seller, OrderID: h.OrderID}); err != nil {
				return none, fmt.Errorf("sqlite: note an anchor: %w", err)
			}
		}
		return none, nil
	})
	return err
}
