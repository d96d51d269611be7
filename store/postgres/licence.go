// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// LicenceCode implements store.UsageStore.
func (s *Store) LicenceCode(ctx context.Context, seller, hash string) (store.LicenceCode, error) {
	if err := s.enter(ctx, seller, hash); err != nil {
		return store.LicenceCode{}, err
	}
	defer s.leave()
	row, err := s.query.LicenceCodeGet(ctx, dbsqlc.LicenceCodeGetParams{Seller: seller, Hash: hash})
	if err != nil {
		return store.LicenceCode{}, notFound(err, "read licence code")
	}
	return dbrow.ToLicenceCode(row), nil
}

// PutLicenceCode implements store.UsageStore.
func (s *Store) PutLicenceCode(ctx context.Context, c store.LicenceCode, was time.Time) error {
	if err := s.enter(ctx, c); err != nil {
		return err
	}
	defer s.leave()
	row := dbrow.FromLicenceCode(&c)
	var n int64
	err := retry(ctx, func() (err error) {
		if was.IsZero() {
			n, err = s.query.LicenceCodeInsert(ctx, dbsqlc.LicenceCodeInsertParams(row))
		} else {
			n, err = s.query.LicenceCodeUpdate(ctx, dbrow.LicenceCodeUpdate(row, dbrow.Micros(was)))
		}
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("postgres: put licence code: %w", err)
	case n == 0:
		return store.ErrStale
	}
	return nil
}

// AddLicenceUse implements store.UsageStore.
func (s *Store) AddLicenceUse(ctx context.Context, u store.LicenceUse) (added bool, err error) {
	if err := s.enter(ctx, u); err != nil {
		return false, err
	}
	defer s.leave()
	var n int64
	err = retry(ctx, func() (err error) {
		n, err = s.query.LicenceUseAdd(ctx, dbsqlc.LicenceUseAddParams{
			Seller: u.Seller, Hash: u.Hash, Day: u.Day, Client: u.Client, At: dbrow.Micros(u.At),
		})
		return err
	})
	if err != nil {
		return false, fmt.Errorf("postgres: add licence use: %w", err)
	}
	return n > 0, nil
}

// LicenceDays implements store.UsageStore.
func (s *Store) LicenceDays(ctx context.Context, seller, before string, limit int) ([]store.LicenceDay, error) {
	if err := s.enter(ctx, seller, before); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.LicenceDaysOpen(ctx, dbsqlc.LicenceDaysOpenParams{Seller: seller, Before: before, Max: count(limit)})
	if err != nil {
		return nil, fmt.Errorf("postgres: read licence days: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToLicenceDay), nil
}

// ReportedLicenceDay implements store.UsageStore.
func (s *Store) ReportedLicenceDay(ctx context.Context, d store.LicenceDay, now time.Time) error {
	if err := s.enter(ctx, d); err != nil {
		return err
	}
	defer s.leave()
	err := retry(ctx, func() error {
		return s.query.LicenceDayReport(ctx, dbsqlc.LicenceDayReportParams{
			State: d.Mark(), Reason: d.Reason, Now: dbrow.Micros(now), Seller: d.Seller, Hash: d.Hash, Day: d.Day,
		})
	})
	if err != nil {
		return fmt.Errorf("postgres: report licence day: %w", err)
	}
	return nil
}
