// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// told is what a change has altered, for its audit row; nil when it has altered nothing.
type told func() store.Altered

// audited is change for what leaves an audit row when the context's call does.
func audited[T any](ctx context.Context, s *Store, f func(*tx) (T, told, error)) (T, error) {
	row, ok := store.Audits(ctx)
	return change(ctx, s, func(t *tx) (T, error) {
		out, altered, err := f(t)
		if err == nil && ok && altered != nil {
			err = t.audit(row(altered()), s.now())
		}
		return out, err
	})
}

func (t *tx) audit(row store.AuditRow, now time.Time) error {
	if err := t.fast.AuditInsert(context.Background(), dbrow.FromAudit(row, dbrow.Micros(now))); err != nil {
		return fmt.Errorf("sqlite: insert audit row: %w", err)
	}
	return nil
}

// ListAudit implements store.AuditRows.
func (s *Store) ListAudit(ctx context.Context, q store.ListQuery) ([]store.AuditRow, error) {
	return listOf(ctx, s, sqllist.Audit, q, (*dbsqlc.Queries).AuditList, dbrow.ToAudit)
}

// ForgetAudit implements store.AuditRows.
func (s *Store) ForgetAudit(ctx context.Context, age time.Duration, limit int) (int, error) {
	return change(ctx, s, func(t *tx) (int, error) {
		n, err := t.fast.AuditForget(context.Background(), dbsqlc.AuditForgetParams{Before: dbrow.Micros(s.now().Add(-age)), Max: int64(max(limit, 0))})
		if err != nil {
			return 0, fmt.Errorf("sqlite: forget audit rows: %w", err)
		}
		return int(n), nil
	})
}
