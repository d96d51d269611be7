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

// Lease implements store.Tasks: one statement, which passes over rows that another leaser holds.
func (s *Store) Lease(ctx context.Context, r store.LeaseRequest) ([]store.Task, error) {
	if err := s.enter(ctx, r); err != nil {
		return nil, err
	}
	defer s.leave()
	var rows []dbsqlc.TasksLeaseRow
	err := retry(ctx, func() error {
		return unseen(ctx, s.pool, func(q *dbsqlc.Queries) (err error) {
			rows, err = q.TasksLease(ctx, dbsqlc.TasksLeaseParams{
				Given: s.given(), Queues: dbrow.Distinct(r.Queues), Seller: r.Seller, Max: count(r.Max), Length: r.For.Microseconds(), Worker: r.Worker,
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

// Heartbeat implements store.Tasks. A lease whose end has come is over, also when nobody else has taken the task yet.
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

// NextDue implements store.Tasks.
func (s *Store) NextDue(ctx context.Context, seller string, queues []string) (at time.Time, ok bool, err error) {
	if err := s.enter(ctx, seller, queues); err != nil {
		return time.Time{}, false, err
	}
	defer s.leave()
	var row dbsqlc.TasksNextDueRow
	err = unseen(ctx, s.pool, func(q *dbsqlc.Queries) (err error) {
		row, err = q.TasksNextDue(ctx, dbsqlc.TasksNextDueParams{Seller: seller, Queues: dbrow.Distinct(queues)})
		return err
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("postgres: next due: %w", err)
	}
	return dbrow.Time(row.DueAt), row.Found > 0, nil
}

// NoteLease implements store.Tasks.
func (s *Store) NoteLease(ctx context.Context, seller, worker string, asked, leased []string) error {
	if err := s.enter(ctx, seller, worker, asked, leased); err != nil {
		return err
	}
	defer s.leave()
	if leased == nil {
		leased = []string{}
	}
	err := retry(ctx, func() error {
		return s.query.QueueNote(ctx, dbsqlc.QueueNoteParams{
			Given: s.given(), Seller: seller, Worker: worker, Asked: dbrow.Distinct(asked), Leased: leased,
		})
	})
	if err != nil {
		return fmt.Errorf("postgres: note lease: %w", err)
	}
	return nil
}

// Queues implements store.Tasks. The queues are not all read at the same moment.
func (s *Store) Queues(ctx context.Context, seller string, limit int) ([]store.Queue, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.QueueLeases(ctx, seller)
	if err != nil {
		return nil, fmt.Errorf("postgres: queues: %w", err)
	}
	return store.FillQueues(dbrow.Each(rows, dbrow.ToQueue), func(after string) (queue string, ok bool, err error) {
		queue, err = s.query.TaskQueueAfter(ctx, dbsqlc.TaskQueueAfterParams{Seller: seller, After: after})
		if errors.Is(err, pgx.ErrNoRows) {
			return "", false, nil
		}
		if err != nil {
			return "", false, fmt.Errorf("postgres: queues: %w", err)
		}
		return queue, true, nil
	}, func(queue string) ([]store.OpenTask, error) {
		rows, err := s.query.QueueOpen(ctx, dbsqlc.QueueOpenParams{Seller: seller, Queue: queue, Max: count(limit)})
		if err != nil {
			return nil, fmt.Errorf("postgres: queues: %w", err)
		}
		return dbrow.Each(rows, dbrow.ToOpenTask), nil
	})
}

// ForgetTasks implements store.Tasks.
func (s *Store) ForgetTasks(ctx context.Context, age time.Duration, limit int) (int, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	n, err := s.query.TasksForget(ctx, dbsqlc.TasksForgetParams{Given: s.given(), Age: age.Microseconds(), Max: count(limit)})
	if err != nil {
		return 0, fmt.Errorf("postgres: forget tasks: %w", err)
	}
	return int(n), nil
}
