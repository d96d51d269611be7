// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// RecordCalls implements store.Calls.
func (s *Store) RecordCalls(ctx context.Context, calls []store.Call, refusals []store.CallRefusal) error {
	if err := store.CheckText(calls, refusals); err != nil {
		return err
	}
	_, err := change(ctx, s, func(t *tx) (struct{}, error) {
		for i := range calls {
			if err := t.fast.CallPut(context.Background(), dbrow.FromCall(&calls[i])); err != nil {
				return struct{}{}, fmt.Errorf("sqlite: record call: %w", err)
			}
			if calls[i].Body == nil {
				continue
			}
			if err := t.fast.CallBodyPut(context.Background(), dbrow.FromCallBody(&calls[i])); err != nil {
				return struct{}{}, fmt.Errorf("sqlite: keep what was said: %w", err)
			}
		}
		for i := range refusals {
			if err := t.fast.CallRefusalAdd(context.Background(), dbrow.FromRefusal(&refusals[i])); err != nil {
				return struct{}{}, fmt.Errorf("sqlite: count refusals: %w", err)
			}
		}
		return struct{}{}, nil
	})
	return err
}

// Call implements store.Calls.
func (s *Store) Call(ctx context.Context, seller, id string) (store.Call, error) {
	if err := s.enter(ctx, seller, id); err != nil {
		return store.Call{}, err
	}
	defer s.leave()
	since, before := dbrow.SpanOfID(id)
	row, err := s.read.CallGet(ctx, dbsqlc.CallGetParams{ID: id, Seller: seller, Since: since, Before: before})
	if err != nil {
		return store.Call{}, notFound(err, "read call")
	}
	return dbrow.ToCall(row), nil
}

// CallBody implements store.Calls.
func (s *Store) CallBody(ctx context.Context, seller, id string) ([]byte, error) {
	if err := s.enter(ctx, seller, id); err != nil {
		return nil, err
	}
	defer s.leave()
	since, before := dbrow.SpanOfID(id)
	sealed, err := s.read.CallBodyGet(ctx, dbsqlc.CallBodyGetParams{ID: id, Seller: seller, Since: since, Before: before})
	if err != nil {
		return nil, notFound(err, "read what was said")
	}
	return sealed, nil
}

// ListCalls implements store.Calls.
func (s *Store) ListCalls(ctx context.Context, q store.ListQuery) ([]store.Call, error) {
	return listOf(ctx, s, sqllist.Calls, q, (*dbsqlc.Queries).CallList, dbrow.ToCall)
}

// CallsOfSubjects implements store.Calls.
func (s *Store) CallsOfSubjects(ctx context.Context, seller string, subjects []string, since time.Time, limit int) ([]store.Call, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.CallsOfSubjects(ctx, dbsqlc.CallsOfSubjectsParams{
		Seller: seller, Subjects: list(subjects), Since: dbrow.Micros(since), Max: int64(max(limit, 0)),
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read calls of subjects: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToCall), nil
}

// ComparedCalls implements store.Calls.
func (s *Store) ComparedCalls(ctx context.Context, seller, endpoint string, since time.Time, limit int) ([]store.Compared, error) {
	if err := s.enter(ctx, seller, endpoint); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.CallsCompared(ctx, dbsqlc.CallsComparedParams{
		Seller: seller, Endpoint: endpoint, Since: dbrow.Micros(since), Max: int64(max(limit, 0)),
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: count comparisons: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToCompared), nil
}

// ListRefusals implements store.Calls.
func (s *Store) ListRefusals(ctx context.Context, q store.ListQuery) ([]store.CallRefusal, error) {
	return listOf(ctx, s, sqllist.Refusals, q, (*dbsqlc.Queries).CallRefusalList, dbrow.ToRefusal)
}

// ForgetCalls implements store.Calls.
func (s *Store) ForgetCalls(ctx context.Context, age time.Duration, limit int) (int, error) {
	return change(ctx, s, func(t *tx) (int, error) {
		before, most := dbrow.Micros(s.now().Add(-age)), int64(max(limit, 0))
		calls, err := dbrow.ForgetInTurn(limit, func(seller string) (string, error) {
			return t.query.CallSellerAfter(context.Background(), seller)
		}, func(seller string, limit int64) (int64, error) {
			return t.fast.CallsForget(context.Background(), dbsqlc.CallsForgetParams{Seller: seller, Before: before, Max: limit})
		})
		if err != nil {
			return 0, fmt.Errorf("sqlite: forget calls: %w", err)
		}
		refusals, err := t.fast.CallRefusalsForget(context.Background(), dbsqlc.CallRefusalsForgetParams{Before: before, Max: most})
		if err != nil {
			return 0, fmt.Errorf("sqlite: forget refusals: %w", err)
		}
		return int(calls + refusals), nil
	})
}

// ForgetCallBodies implements store.Calls.
func (s *Store) ForgetCallBodies(ctx context.Context, age time.Duration, limit int) (int, error) {
	return change(ctx, s, func(t *tx) (int, error) {
		before := dbrow.Micros(s.now().Add(-age))
		n, err := dbrow.ForgetInTurn(limit, func(seller string) (string, error) {
			return t.query.CallBodySellerAfter(context.Background(), seller)
		}, func(seller string, limit int64) (int64, error) {
			return t.fast.CallBodiesForget(context.Background(), dbsqlc.CallBodiesForgetParams{Seller: seller, Before: before, Max: limit})
		})
		if err != nil {
			return 0, fmt.Errorf("sqlite: forget what was said: %w", err)
		}
		return int(n), nil
	})
}
