// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// Lease implements store.Tasks. It runs in the writer, so nobody else hands out the tasks that it found.
func (s *Store) Lease(ctx context.Context, r store.LeaseRequest) ([]store.Task, error) {
	if err := s.enter(ctx, r); err != nil {
		return nil, err
	}
	defer s.leave()
	var tasks []store.Task
	err := s.writer.do(ctx, func(t *tx) (err error) {
		tasks, err = t.lease(r, s.now())
		return err
	})
	if err != nil {
		return nil, err
	}
	return tasks, nil
}

// lease reads each queue along its index for its own first tasks, so that a long backlog costs nothing, and hands out the
// earliest of all.
func (t *tx) lease(r store.LeaseRequest, at time.Time) ([]store.Task, error) {
	ctx := context.Background()
	now, until := dbrow.Micros(at), dbrow.Micros(at.Add(r.For))
	var due []dbsqlc.Task
	for _, queue := range dbrow.Distinct(r.Queues) {
		rows, err := t.query.TasksDue(ctx, dbsqlc.TasksDueParams{Seller: r.Seller, Queue: queue, Now: now, Max: int64(r.Max)})
		if err != nil {
			return nil, fmt.Errorf("sqlite: read due tasks: %w", err)
		}
		due = append(due, rows...)
	}
	slices.SortFunc(due, func(a, b dbsqlc.Task) int {
		return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	due = due[:min(len(due), max(r.Max, 0))]
	for i := range due {
		d := &due[i]
		d.State, d.DueAt, d.Worker, d.UpdatedAt = string(store.TaskLeased), until, r.Worker, now
		d.Attempt++
		d.Fence++
		err := t.fast.TaskLease(ctx, dbsqlc.TaskLeaseParams{
			Until: d.DueAt, Attempt: d.Attempt, Worker: d.Worker, Fence: d.Fence, Now: d.UpdatedAt, ID: d.ID,
		})
		if err != nil {
			return nil, fmt.Errorf("sqlite: lease task: %w", err)
		}
	}
	return dbrow.Each(due, dbrow.ToTask), nil
}

// Heartbeat implements store.Tasks. A lease whose end has come is over, also when nobody else has taken the task yet.
func (s *Store) Heartbeat(ctx context.Context, id string, fence int64, length time.Duration) (store.Task, error) {
	if err := s.enter(ctx, id); err != nil {
		return store.Task{}, err
	}
	defer s.leave()
	var task store.Task
	err := s.writer.do(ctx, func(t *tx) error {
		now := s.now()
		n, err := t.fast.TaskHeartbeat(context.Background(), dbsqlc.TaskHeartbeatParams{
			Until: dbrow.Micros(now.Add(length)), Now: dbrow.Micros(now), ID: id, Fence: fence,
		})
		if err != nil {
			return fmt.Errorf("sqlite: heartbeat: %w", err)
		}
		row, err := t.query.TaskGet(context.Background(), id)
		if err != nil {
			return notFound(err, "heartbeat")
		}
		if n == 0 {
			return store.ErrFenced
		}
		task = dbrow.ToTask(row)
		return nil
	})
	if err != nil {
		return store.Task{}, err
	}
	return task, nil
}

// NextDue implements store.Tasks.
func (s *Store) NextDue(ctx context.Context, seller string, queues []string) (at time.Time, ok bool, err error) {
	if err := s.enter(ctx, seller, queues); err != nil {
		return time.Time{}, false, err
	}
	defer s.leave()
	var first int64
	for _, queue := range dbrow.Distinct(queues) {
		due, err := s.read.TaskNextDue(ctx, dbsqlc.TaskNextDueParams{Seller: seller, Queue: queue})
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return time.Time{}, false, fmt.Errorf("sqlite: next due: %w", err)
		case !ok || due < first:
			first, ok = due, true
		}
	}
	return dbrow.Time(first), ok, nil
}

// NoteLease implements store.Tasks.
func (s *Store) NoteLease(ctx context.Context, seller, worker string, asked, leased []string) error {
	if err := s.enter(ctx, seller, worker, asked, leased); err != nil {
		return err
	}
	defer s.leave()
	return s.writer.do(ctx, func(t *tx) error {
		now := dbrow.Micros(s.now())
		for _, queue := range dbrow.Distinct(asked) {
			row := dbsqlc.QueueNoteParams{Seller: seller, Queue: queue, AskedAt: now, Worker: worker}
			if slices.Contains(leased, queue) {
				row.LeasedAt = now
			}
			if err := t.fast.QueueNote(context.Background(), row); err != nil {
				return fmt.Errorf("sqlite: note lease: %w", err)
			}
		}
		return nil
	})
}

// Queues implements store.Tasks. The queues are not all read at the same moment.
func (s *Store) Queues(ctx context.Context, seller string, limit int) ([]store.Queue, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.QueueLeases(ctx, seller)
	if err != nil {
		return nil, fmt.Errorf("sqlite: queues: %w", err)
	}
	return store.FillQueues(dbrow.Each(rows, dbrow.ToQueue), func(after string) (queue string, ok bool, err error) {
		queue, err = s.read.TaskQueueAfter(ctx, dbsqlc.TaskQueueAfterParams{Seller: seller, After: after})
		if errors.Is(err, sql.ErrNoRows) {
			return "", false, nil
		}
		if err != nil {
			return "", false, fmt.Errorf("sqlite: queues: %w", err)
		}
		return queue, true, nil
	}, func(queue string) ([]store.OpenTask, error) {
		rows, err := s.read.QueueOpen(ctx, dbsqlc.QueueOpenParams{Seller: seller, Queue: queue, Max: int64(limit)})
		if err != nil {
			return nil, fmt.Errorf("sqlite: queues: %w", err)
		}
		return dbrow.Each(rows, dbrow.ToOpenTask), nil
	})
}

// ForgetTasks implements store.Tasks.
func (s *Store) ForgetTasks(ctx context.Context, age time.Duration, limit int) (n int, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	err = s.writer.do(ctx, func(t *tx) error {
		rows, err := t.fast.TasksForget(context.Background(), dbsqlc.TasksForgetParams{Before: dbrow.Micros(s.now().Add(-age)), Max: int64(limit)})
		n = int(rows)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sqlite: forget tasks: %w", err)
	}
	return n, nil
}
