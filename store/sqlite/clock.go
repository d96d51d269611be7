// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// now is the store's clock.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// Now implements store.Clock.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if err := s.enter(ctx); err != nil {
		return time.Time{}, err
	}
	defer s.leave()
	return s.now(), nil
}

// PullIn implements store.Clock. It reads the tasks queue by queue along their index.
func (s *Store) PullIn(ctx context.Context, seller string, tolerance time.Duration) (pulled int, err error) {
	if err := s.enter(ctx, seller); err != nil {
		return 0, err
	}
	defer s.leave()
	for queue := ""; ; {
		queue, err = s.read.TaskQueueAfter(ctx, dbsqlc.TaskQueueAfterParams{Seller: seller, After: queue})
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return pulled, fmt.Errorf("sqlite: pull in tasks: %w", err)
		}
		n, err := s.pull(ctx, func(t *tx, now, ahead int64) (int64, error) {
			return t.fast.TasksPullIn(context.Background(), dbsqlc.TasksPullInParams{Seller: seller, Queue: queue, Now: now, Ahead: ahead})
		}, tolerance)
		if err != nil {
			return pulled, fmt.Errorf("sqlite: pull in tasks: %w", err)
		}
		pulled += n
	}
	n, err := s.pull(ctx, func(t *tx, now, ahead int64) (int64, error) {
		return t.fast.UsageRecordsPullIn(context.Background(), dbsqlc.UsageRecordsPullInParams{Seller: seller, Now: now, Ahead: ahead})
	}, tolerance)
	if err != nil {
		return pulled, fmt.Errorf("sqlite: pull in usage records: %w", err)
	}
	return pulled + n, nil
}

// pull runs one correction in the writer, by the clock as it is there.
func (s *Store) pull(ctx context.Context, run func(t *tx, now, ahead int64) (int64, error), tolerance time.Duration) (n int, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		now := s.now()
		rows, err := run(t, dbrow.Micros(now), dbrow.Micros(now.Add(tolerance)))
		n = int(rows)
		return err
	})
	return n, err
}
