// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// OpenGap implements store.Gaps.
func (s *Store) OpenGap(ctx context.Context, g store.Gap) error {
	if err := store.CheckText(g); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(t *tx) (int64, told, error) {
		n, err := t.fast.GapOpen(context.Background(), dbrow.GapOpen(&g))
		return n, g.Altered, hit(n, err, store.ErrConflict, "open gap")
	})
	return err
}

// CloseGap implements store.Gaps.
func (s *Store) CloseGap(ctx context.Context, g store.Gap) error {
	if err := store.CheckText(g); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(t *tx) (int64, told, error) {
		n, err := t.fast.GapClose(context.Background(), dbrow.GapClose(&g))
		return n, g.Altered, hit(n, err, store.ErrNotFound, "close gap")
	})
	return err
}

// OpenedGap implements store.Gaps.
func (s *Store) OpenedGap(ctx context.Context, seller string) (store.Gap, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.Gap{}, err
	}
	defer s.leave()
	row, err := s.read.GapGet(ctx, seller)
	if err != nil {
		return store.Gap{}, notFound(err, "read gap")
	}
	return dbrow.ToGap(row), nil
}

// CountGapCall implements store.Gaps.
func (s *Store) CountGapCall(ctx context.Context, c store.GapCall) (noted bool, err error) {
	if err := store.CheckText(c); err != nil {
		return false, err
	}
	return change(ctx, s, func(t *tx) (bool, error) {
		n, err := t.fast.GapCallCount(context.Background(), dbrow.GapCallCount(&c))
		if err == nil && n == 0 {
			n, err = t.fast.GapCallInsert(context.Background(), dbrow.GapCallInsert(&c))
		}
		if err != nil {
			return false, fmt.Errorf("sqlite: count gap call: %w", err)
		}
		return n > 0, nil
	})
}

// GapCalls implements store.Gaps.
func (s *Store) GapCalls(ctx context.Context, seller, gapID string) ([]store.GapCall, error) {
	if err := s.enter(ctx, seller, gapID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.GapCalls(ctx, dbsqlc.GapCallsParams{Seller: seller, GapID: gapID})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read gap calls: %w", err)
	}
	return dbrow.ToGapCalls(seller, gapID, rows), nil
}
