// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
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

// NoteLease implements store.Store.
func (s *Store) NoteLease(ctx context.Context, seller, worker string, asked, leased []string) error {
	if err := s.enter(ctx, seller, worker, asked, leased); err != nil {
		return err
	}
	defer s.leave()
	return s.writer.do(ctx, func(t *tx) error {
		now := dbrow.Micros(s.now())
		for _, queue := range distinct(asked) {
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

// Queues implements store.Store. The queues are not all read at the same moment.
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

// ForgetTasks implements store.Store.
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
