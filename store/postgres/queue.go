// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// NoteLease implements store.Store.
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
			Given: s.given(), Seller: seller, Worker: worker, Asked: distinct(asked), Leased: leased,
		})
	})
	if err != nil {
		return fmt.Errorf("postgres: note lease: %w", err)
	}
	return nil
}

// Queues implements store.Store. The queues are not all read at the same moment.
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

// ForgetTasks implements store.Store.
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
