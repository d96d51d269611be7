// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// LicenceCode implements store.LicenceCodes.
func (s *Store) LicenceCode(ctx context.Context, seller, hash string) (store.LicenceCode, error) {
	if err := s.enter(ctx, seller, hash); err != nil {
		return store.LicenceCode{}, err
	}
	defer s.leave()
	row, err := s.read.LicenceCodeGet(ctx, dbsqlc.LicenceCodeGetParams{Seller: seller, Hash: hash})
	if err != nil {
		return store.LicenceCode{}, notFound(err, "read licence code")
	}
	return dbrow.ToLicenceCode(row), nil
}

// PutLicenceCode implements store.LicenceCodes.
func (s *Store) PutLicenceCode(ctx context.Context, c store.LicenceCode, was time.Time) error {
	_, err := audited(ctx, s, func(t *tx) (n int64, altered told, err error) {
		if was.IsZero() {
			n, err = t.fast.LicenceCodeInsert(context.Background(), dbsqlc.LicenceCodeInsertParams(dbrow.FromLicenceCode(&c)))
		} else {
			n, err = t.fast.LicenceCodeUpdate(context.Background(), dbrow.LicenceCodeUpdate(dbrow.FromLicenceCode(&c), dbrow.Micros(was)))
		}
		return n, c.Altered, hit(n, err, store.ErrStale, "put licence code")
	})
	return err
}

// AddLicenceUse implements store.LicenceCodes.
func (s *Store) AddLicenceUse(ctx context.Context, u store.LicenceUse) (added bool, err error) {
	return audited(ctx, s, func(t *tx) (bool, told, error) {
		n, err := t.fast.LicenceUseInsert(context.Background(), dbsqlc.LicenceUseInsertParams{
			Seller: u.Seller, Hash: u.Hash, Day: u.Day, Client: u.Client, At: dbrow.Micros(u.At),
		})
		if err == nil && n > 0 {
			err = t.fast.LicenceDayCount(context.Background(), dbsqlc.LicenceDayCountParams{
				Seller: u.Seller, Hash: u.Hash, Day: u.Day, UpdatedAt: dbrow.Micros(u.At),
			})
		}
		if err != nil {
			return false, nil, fmt.Errorf("sqlite: add licence use: %w", err)
		}
		if n == 0 {
			return false, nil, nil
		}
		return true, u.Altered, nil
	})
}

// LicenceDays implements store.LicenceCodes.
func (s *Store) LicenceDays(ctx context.Context, seller, before string, limit int) ([]store.LicenceDay, error) {
	if err := s.enter(ctx, seller, before); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.LicenceDaysOpen(ctx, dbsqlc.LicenceDaysOpenParams{Seller: seller, Before: before, Max: int64(max(limit, 0))})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read licence days: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToLicenceDay), nil
}

// ReportedLicenceDay implements store.LicenceCodes.
func (s *Store) ReportedLicenceDay(ctx context.Context, d store.LicenceDay, now time.Time) error {
	_, err := change(ctx, s, func(t *tx) (struct{}, error) {
		err := t.fast.LicenceDayReport(context.Background(), dbsqlc.LicenceDayReportParams{
			State: d.Mark(), Reason: d.Reason, Now: dbrow.Micros(now), Seller: d.Seller, Hash: d.Hash, Day: d.Day,
		})
		if err != nil {
			return struct{}{}, fmt.Errorf("sqlite: report licence day: %w", err)
		}
		return struct{}{}, nil
	})
	return err
}
