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

// PackageQuotas implements store.UsageStore.
func (s *Store) PackageQuotas(ctx context.Context, seller, packageID string) ([]store.Quota, error) {
	if err := s.enter(ctx, seller, packageID); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.QuotasOfPackage(ctx, dbsqlc.QuotasOfPackageParams{Seller: seller, PackageID: packageID})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read quotas: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToQuota), nil
}

// QuotasDue implements store.UsageStore.
func (s *Store) QuotasDue(ctx context.Context, seller string, now time.Time, limit int) ([]store.Quota, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.QuotasDue(ctx, dbsqlc.QuotasDueParams{Seller: seller, Now: dbrow.Micros(now), Max: int64(max(limit, 0))})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read due quotas: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToQuota), nil
}

// QuotaSettled implements store.UsageStore.
func (s *Store) QuotaSettled(ctx context.Context, k store.QuotaKey, now time.Time) error {
	_, err := change(ctx, s, func(t *tx) (none struct{}, err error) {
		ctx := context.Background()
		row, err := t.query.QuotaGet(ctx, dbsqlc.QuotaGetParams(k))
		if err != nil {
			return none, notFound(err, "read quota")
		}
		q := dbrow.ToQuota(row)
		q.Settle(now)
		return none, t.turn(ctx, &q)
	})
	return err
}

func (t *tx) turn(ctx context.Context, q *store.Quota) error {
	p := dbrow.QuotaTurn(q)
	n, err := t.fast.QuotaTurn(ctx, p)
	if err == nil && n == 0 {
		_, err = t.fast.QuotaItemTurn(ctx, dbsqlc.QuotaItemTurnParams(p))
	}
	if err != nil {
		return fmt.Errorf("sqlite: turn quota: %w", err)
	}
	return nil
}
