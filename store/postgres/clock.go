// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// given is the time that statements take instead of the database's; 0 for none.
func (s *Store) given() int64 {
	if s.clock == nil {
		return 0
	}
	return dbrow.Micros(s.clock())
}

// Now implements store.Clock.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if err := s.enter(ctx); err != nil {
		return time.Time{}, err
	}
	defer s.leave()
	if given := s.given(); given != 0 {
		return dbrow.Time(given), nil
	}
	now, err := s.query.Clock(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("postgres: clock: %w", err)
	}
	return dbrow.Time(now), nil
}

// PullIn implements store.Clock. It reads the tasks queue by queue along their index.
func (s *Store) PullIn(ctx context.Context, seller string, tolerance time.Duration) (pulled int, err error) {
	if err := s.enter(ctx, seller); err != nil {
		return 0, err
	}
	defer s.leave()
	for queue := ""; ; {
		queue, err = s.query.TaskQueueAfter(ctx, dbsqlc.TaskQueueAfterParams{Seller: seller, After: queue})
		if errors.Is(err, pgx.ErrNoRows) {
			break
		}
		if err != nil {
			return pulled, fmt.Errorf("postgres: pull in tasks: %w", err)
		}
		n, err := s.query.TasksPullIn(ctx, dbsqlc.TasksPullInParams{
			Given: s.given(), Seller: seller, Queue: queue, Ahead: tolerance.Microseconds(),
		})
		if err != nil {
			return pulled, fmt.Errorf("postgres: pull in tasks: %w", err)
		}
		pulled += int(n)
	}
	n, err := s.query.UsageRecordsPullIn(ctx, dbsqlc.UsageRecordsPullInParams{
		Given: s.given(), Seller: seller, Ahead: tolerance.Microseconds(),
	})
	if err != nil {
		return pulled, fmt.Errorf("postgres: pull in usage records: %w", err)
	}
	return pulled + int(n), nil
}
