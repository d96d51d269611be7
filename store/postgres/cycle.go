// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// PackageQuotas implements store.UsageStore.
func (s *Store) PackageQuotas(ctx context.Context, seller, packageID string) ([]store.Quota, error) {
	if err := s.enter(ctx, seller, packageID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.QuotasOfPackage(ctx, dbsqlc.QuotasOfPackageParams{Seller: seller, PackageID: packageID})
	if err != nil {
		return nil, fmt.Errorf("postgres: read quotas: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToQuota), nil
}

// QuotasDue implements store.UsageStore.
func (s *Store) QuotasDue(ctx context.Context, seller string, now time.Time, limit int) ([]store.Quota, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.QuotasDue(ctx, dbsqlc.QuotasDueParams{Seller: seller, Now: dbrow.Micros(now), Max: count(limit)})
	if err != nil {
		return nil, fmt.Errorf("postgres: read due quotas: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToQuota), nil
}

// QuotaSettled implements store.UsageStore.
func (s *Store) QuotaSettled(ctx context.Context, k store.QuotaKey, now time.Time) error {
	_, err := change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, err error) {
		row, err := q.QuotaLock(ctx, dbsqlc.QuotaLockParams(k))
		if err != nil {
			return none, notFound(err, "lock quota")
		}
		quota := dbrow.ToQuota(dbsqlc.QuotaRow(row))
		quota.Settle(now)
		return none, turn(ctx, q, &quota)
	})
	return err
}

// turn writes the cycle of a quota that is kept for this transaction.
func turn(ctx context.Context, q *dbsqlc.Queries, quota *store.Quota) error {
	if err := q.QuotaTurn(ctx, dbrow.QuotaTurn(quota)); err != nil {
		return fmt.Errorf("postgres: turn quota: %w", err)
	}
	return nil
}
