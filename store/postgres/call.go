// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// RecordCalls implements store.Calls, in one round trip. Those who record calls of one seller queue, so that no two calls take the same
// place in a series.
func (s *Store) RecordCalls(ctx context.Context, calls []store.Call, refusals []store.CallRefusal) error {
	if err := store.CheckText(calls, refusals); err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	var sellers []string
	for i := range calls {
		sellers = append(sellers, calls[i].Seller)
	}
	slices.Sort(sellers)
	return retry(ctx, func() error {
		w := &writes{}
		for _, seller := range slices.Compact(sellers) { // in one order for all
			if err := w.add("lock calls", nil, func(q *dbsqlc.Queries) error { return q.CallsLock(ctx, seller) }); err != nil {
				return err
			}
		}
		for i := range calls {
			if err := w.add("record call", nil, func(q *dbsqlc.Queries) error { return q.CallPut(ctx, dbrow.FromCall(&calls[i])) }); err != nil {
				return err
			}
			if calls[i].Body == nil {
				continue
			}
			err := w.add("keep what was said", nil, func(q *dbsqlc.Queries) error { return q.CallBodyPut(ctx, dbrow.FromCallBody(&calls[i])) })
			if err != nil {
				return err
			}
		}
		for i := range refusals {
			err := w.add("count refusals", nil, func(q *dbsqlc.Queries) error { return q.CallRefusalAdd(ctx, dbrow.FromRefusal(&refusals[i])) })
			if err != nil {
				return err
			}
		}
		return w.run(ctx, s.pool)
	})
}

// Call implements store.Calls.
func (s *Store) Call(ctx context.Context, seller, id string) (store.Call, error) {
	if err := s.enter(ctx, seller, id); err != nil {
		return store.Call{}, err
	}
	defer s.leave()
	since, before := dbrow.SpanOfID(id)
	row, err := s.query.CallGet(ctx, dbsqlc.CallGetParams{ID: id, Seller: seller, Since: since, Before: before})
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
	sealed, err := s.query.CallBodyGet(ctx, dbsqlc.CallBodyGetParams{ID: id, Seller: seller, Since: since, Before: before})
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
	rows, err := s.query.CallsOfSubjects(ctx, dbsqlc.CallsOfSubjectsParams{
		Seller: seller, Subjects: subjects, Since: dbrow.Micros(since), Max: count(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: read calls of subjects: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToCall), nil
}

// ComparedCalls implements store.Calls.
func (s *Store) ComparedCalls(ctx context.Context, seller, endpoint string, since time.Time, limit int) ([]store.Compared, error) {
	if err := s.enter(ctx, seller, endpoint); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.CallsCompared(ctx, dbsqlc.CallsComparedParams{
		Seller: seller, Endpoint: endpoint, Since: dbrow.Micros(since), Max: count(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: count comparisons: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToCompared), nil
}

// ListRefusals implements store.Calls.
func (s *Store) ListRefusals(ctx context.Context, q store.ListQuery) ([]store.CallRefusal, error) {
	return listOf(ctx, s, sqllist.Refusals, q, (*dbsqlc.Queries).CallRefusalList, dbrow.ToRefusal)
}

// ForgetCalls implements store.Calls.
func (s *Store) ForgetCalls(ctx context.Context, age time.Duration, limit int) (int, error) {
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (int, error) {
		calls, err := dbrow.ForgetInTurn(limit, func(seller string) (string, error) {
			return q.CallSellerAfter(ctx, seller)
		}, func(seller string, limit int64) (int64, error) {
			return q.CallsForget(ctx, dbsqlc.CallsForgetParams{Seller: seller, Given: s.given(), Age: age.Microseconds(), Max: int32(limit)})
		})
		if err != nil {
			return 0, fmt.Errorf("postgres: forget calls: %w", err)
		}
		refusals, err := q.CallRefusalsForget(ctx, dbsqlc.CallRefusalsForgetParams{Given: s.given(), Age: age.Microseconds(), Max: count(limit)})
		if err != nil {
			return 0, fmt.Errorf("postgres: forget refusals: %w", err)
		}
		return int(calls + refusals), nil
	})
}

// ForgetCallBodies implements store.Calls.
func (s *Store) ForgetCallBodies(ctx context.Context, age time.Duration, limit int) (int, error) {
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (int, error) {
		n, err := dbrow.ForgetInTurn(limit, func(seller string) (string, error) {
			return q.CallBodySellerAfter(ctx, seller)
		}, func(seller string, limit int64) (int64, error) {
			return q.CallBodiesForget(ctx, dbsqlc.CallBodiesForgetParams{Seller: seller, Given: s.given(), Age: age.Microseconds(), Max: int32(limit)})
		})
		if err != nil {
			return 0, fmt.Errorf("postgres: forget what was said: %w", err)
		}
		return int(n), nil
	})
}
