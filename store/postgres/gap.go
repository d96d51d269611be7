// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// OpenGap implements store.Gaps.
func (s *Store) OpenGap(ctx context.Context, g store.Gap) error {
	if err := store.CheckText(g); err != nil {
		return err
	}
	return s.one(ctx, store.ErrConflict, "open gap", g.Altered, func(q *dbsqlc.Queries) (int64, error) {
		return q.GapOpen(ctx, dbrow.GapOpen(&g))
	})
}

// CloseGap implements store.Gaps.
func (s *Store) CloseGap(ctx context.Context, g store.Gap) error {
	if err := store.CheckText(g); err != nil {
		return err
	}
	return s.one(ctx, store.ErrNotFound, "close gap", g.Altered, func(q *dbsqlc.Queries) (int64, error) {
		return q.GapClose(ctx, dbrow.GapClose(&g))
	})
}

// OpenedGap implements store.Gaps.
func (s *Store) OpenedGap(ctx context.Context, seller string) (store.Gap, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.Gap{}, err
	}
	defer s.leave()
	row, err := s.query.GapGet(ctx, seller)
	if err != nil {
		return store.Gap{}, notFound(err, "read gap")
	}
	return dbrow.ToGap(row), nil
}

// CountGapCall implements store.Gaps. Concurrent calls may note a few more than the bound.
func (s *Store) CountGapCall(ctx context.Context, c store.GapCall) (noted bool, err error) {
	if err := store.CheckText(c); err != nil {
		return false, err
	}
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (bool, error) {
		n, err := q.GapCallCount(ctx, dbrow.GapCallCount(&c))
		if err == nil && n == 0 {
			n, err = q.GapCallInsert(ctx, dbrow.GapCallInsert(&c))
		}
		if err != nil {
			return false, fmt.Errorf("postgres: count gap call: %w", err)
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
	rows, err := s.query.GapCalls(ctx, dbsqlc.GapCallsParams{Seller: seller, GapID: gapID})
	if err != nil {
		return nil, fmt.Errorf("postgres: read gap calls: %w", err)
	}
	return dbrow.ToGapCalls(seller, gapID, rows), nil
}
