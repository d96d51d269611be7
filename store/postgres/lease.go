// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// Lease implements store.Store: one statement, which passes over rows that another leaser holds.
func (s *Store) Lease(ctx context.Context, r store.LeaseRequest) ([]store.Task, error) {
	if err := s.enter(ctx, r); err != nil {
		return nil, err
	}
	defer s.leave()
	var rows []dbsqlc.TasksLeaseRow
	err := retry(ctx, func() error {
		return unseen(ctx, s.pool, func(q *dbsqlc.Queries) (err error) {
			rows, err = q.TasksLease(ctx, dbsqlc.TasksLeaseParams{
				Given: s.given(), Queues: distinct(r.Queues), Seller: r.Seller, Max: count(r.Max), Length: r.For.Microseconds(), Worker: r.Worker,
			})
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: lease: %w", err)
	}
	slices.SortFunc(rows, func(a, b dbsqlc.TasksLeaseRow) int {
		return cmp.Or(cmp.Compare(a.WasDueAt, b.WasDueAt), cmp.Compare(a.Task.ID, b.Task.ID))
	})
	return dbrow.Each(rows, leasedOf), nil
}

func leasedOf(r dbsqlc.TasksLeaseRow) store.Task { return dbrow.ToTask(r.Task) }

// Heartbeat implements store.Store. A lease whose end has come is over, also when nobody else has taken the task yet.
func (s *Store) Heartbeat(ctx context.Context, id string, fence int64, length time.Duration) (store.Task, error) {
	if err := s.enter(ctx, id); err != nil {
		return store.Task{}, err
	}
	defer s.leave()
	row, err := s.query.TaskHeartbeat(ctx, dbsqlc.TaskHeartbeatParams{Given: s.given(), Length: length.Microseconds(), ID: id, Fence: fence})
	if errors.Is(err, pgx.ErrNoRows) {
		if _, err := s.query.TaskGet(ctx, id); err != nil {
			return store.Task{}, notFound(err, "heartbeat")
		}
		return store.Task{}, store.ErrFenced
	}
	if err != nil {
		return store.Task{}, fmt.Errorf("postgres: heartbeat: %w", err)
	}
	return dbrow.ToTask(row.Task), nil
}

// NextDue implements store.Store.
func (s *Store) NextDue(ctx context.Context, seller string, queues []string) (at time.Time, ok bool, err error) {
	if err := s.enter(ctx, seller, queues); err != nil {
		return time.Time{}, false, err
	}
	defer s.leave()
	var row dbsqlc.TasksNextDueRow
	err = unseen(ctx, s.pool, func(q *dbsqlc.Queries) (err error) {
		row, err = q.TasksNextDue(ctx, dbsqlc.TasksNextDueParams{Seller: seller, Queues: distinct(queues)})
		return err
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("postgres: next due: %w", err)
	}
	return dbrow.Time(row.DueAt), row.Found > 0, nil
}

func distinct(queues []string) []string {
	if len(queues) < 2 {
		return queues
	}
	sorted := slices.Clone(queues)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
