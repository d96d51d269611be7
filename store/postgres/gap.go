// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// OpenGap implements store.GapStore.
func (s *Store) OpenGap(ctx context.Context, g store.Gap) error {
	return s.one(ctx, store.ErrConflict, "open gap", g, func() (int64, error) {
		return s.query.GapOpen(ctx, dbsqlc.GapOpenParams{
			Seller: g.Seller, GapID: g.ID, Since: micros(g.Since), OpenedAt: micros(g.OpenedAt), OpenedBy: g.OpenedBy, OpenedWhy: g.OpenedWhy,
		})
	})
}

// CloseGap implements store.GapStore.
func (s *Store) CloseGap(ctx context.Context, g store.Gap) error {
	return s.one(ctx, store.ErrNotFound, "close gap", g, func() (int64, error) {
		return s.query.GapClose(ctx, dbsqlc.GapCloseParams{
			ClosedAt: micros(g.ClosedAt), ClosedBy: g.ClosedBy, ClosedWhy: g.ClosedWhy, Seller: g.Seller, GapID: g.ID,
		})
	})
}

// one runs a statement that alters one row; missed is the error when it alters none.
func (s *Store) one(ctx context.Context, missed error, doing string, g store.Gap, f func() (int64, error)) error {
	if err := s.enter(ctx, g); err != nil {
		return err
	}
	defer s.leave()
	var n int64
	err := retry(ctx, func() (err error) {
		n, err = f()
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("postgres: %s: %w", doing, err)
	case n == 0:
		return missed
	}
	return nil
}

// OpenedGap implements store.GapStore.
func (s *Store) OpenedGap(ctx context.Context, seller string) (store.Gap, error) {
	if err := s.enter(ctx, seller); err != nil {
		return store.Gap{}, err
	}
	defer s.leave()
	row, err := s.query.GapGet(ctx, seller)
	if err != nil {
		return store.Gap{}, notFound(err, "read gap")
	}
	return store.Gap{
		Seller: row.Seller, ID: row.GapID, Since: timeOf(row.Since), OpenedAt: timeOf(row.OpenedAt), OpenedBy: row.OpenedBy,
		OpenedWhy: row.OpenedWhy, ClosedAt: timeOf(row.ClosedAt), ClosedBy: row.ClosedBy, ClosedWhy: row.ClosedWhy,
	}, nil
}

// CountGapCall implements store.GapStore. Calls at once may note a few more than the bound.
func (s *Store) CountGapCall(ctx context.Context, c store.GapCall) (noted bool, err error) {
	if err := store.CheckText(c); err != nil {
		return false, err
	}
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (bool, error) {
		n, err := q.GapCallCount(ctx, dbsqlc.GapCallCountParams{
			At: micros(c.LastAt), Seller: c.Seller, GapID: c.GapID, InstanceID: c.InstanceID, Activity: c.Activity,
		})
		if err == nil && n == 0 {
			n, err = q.GapCallInsert(ctx, dbsqlc.GapCallInsertParams{
				Seller: c.Seller, GapID: c.GapID, InstanceID: c.InstanceID, Activity: c.Activity, At: micros(c.LastAt), Room: store.MaxGapCalls,
			})
		}
		if err != nil {
			return false, fmt.Errorf("postgres: count gap call: %w", err)
		}
		return n > 0, nil
	})
}

// GapCalls implements store.GapStore.
func (s *Store) GapCalls(ctx context.Context, seller, gapID string) ([]store.GapCall, error) {
	if err := s.enter(ctx, seller, gapID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.GapCalls(ctx, dbsqlc.GapCallsParams{Seller: seller, GapID: gapID})
	if err != nil {
		return nil, fmt.Errorf("postgres: read gap calls: %w", err)
	}
	return each(rows, func(r dbsqlc.GapCallsRow) store.GapCall {
		return store.GapCall{
			Seller: seller, GapID: gapID, InstanceID: r.InstanceID, Activity: r.Activity, Calls: r.Calls, FirstAt: timeOf(r.FirstAt), LastAt: timeOf(r.LastAt),
		}
	}), nil
}
