// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// LicenceCode implements store.LicenceCodes.
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

// PutLicenceCode implements store.LicenceCodes.
func (s *Store) PutLicenceCode(ctx context.Context, c store.LicenceCode, was time.Time) error {
	if err := store.CheckText(c); err != nil {
		return err
	}
	row := dbrow.FromLicenceCode(&c)
	return s.one(ctx, store.ErrStale, "put licence code", c.Altered, func(q *dbsqlc.Queries) (int64, error) {
		if was.IsZero() {
			return q.LicenceCodeInsert(ctx, dbsqlc.LicenceCodeInsertParams(row))
		}
		return q.LicenceCodeUpdate(ctx, dbrow.LicenceCodeUpdate(row, dbrow.Micros(was)))
	})
}

// errCounted: the client of a licence code was counted on that day before.
var errCounted = errors.New("postgres: client counted before")

// AddLicenceUse implements store.LicenceCodes.
func (s *Store) AddLicenceUse(ctx context.Context, u store.LicenceUse) (added bool, err error) {
	if err := store.CheckText(u); err != nil {
		return false, err
	}
	err = s.one(ctx, errCounted, "add licence use", u.Altered, func(q *dbsqlc.Queries) (int64, error) {
		return q.LicenceUseAdd(ctx, dbsqlc.LicenceUseAddParams{Seller: u.Seller, Hash: u.Hash, Day: u.Day, Client: u.Client, At: dbrow.Micros(u.At)})
	})
	if errors.Is(err, errCounted) {
		return false, nil
	}
	return err == nil, err
}

// LicenceDays implements store.LicenceCodes.
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

// ReportedLicenceDay implements store.LicenceCodes.
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
