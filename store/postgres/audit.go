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
	"github.com/koogate/koogate/store/sqllist"
)

// told is what a change has altered, for its audit row; nil when it has altered nothing.
type told func() store.Altered

// audited is change for what leaves an audit row when the context's call does.
func audited[T any](ctx context.Context, s *Store, f func(t pgx.Tx, q *dbsqlc.Queries) (T, told, error)) (T, error) {
	row, ok := store.Audits(ctx)
	return change(ctx, s, func(t pgx.Tx, q *dbsqlc.Queries) (T, error) {
		out, altered, err := f(t, q)
		if err == nil && ok && altered != nil {
			if err = s.audit(ctx, q, row(altered())); err != nil {
				err = fmt.Errorf("postgres: insert audit row: %w", err)
			}
		}
		return out, err
	})
}

func (s *Store) audit(ctx context.Context, q *dbsqlc.Queries, row store.AuditRow) error {
	return q.AuditInsert(ctx, dbrow.FromAudit(row, s.given()))
}

// one runs a statement that alters one row, in a transaction only when it leaves an audit row; missed is the error when it alters
// none.
func (s *Store) one(ctx context.Context, missed error, doing string, altered told, f func(q *dbsqlc.Queries) (int64, error)) error {
	if _, ok := store.Audits(ctx); ok {
		_, err := audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (struct{}, told, error) {
			return struct{}{}, altered, hit(doing, missed, q, f)
		})
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	return retry(ctx, func() error { return hit(doing, missed, s.query, f) })
}

func hit(doing string, missed error, q *dbsqlc.Queries, f func(q *dbsqlc.Queries) (int64, error)) error {
	switch n, err := f(q); {
	case err != nil:
		return fmt.Errorf("postgres: %s: %w", doing, err)
	case n == 0:
		return missed
	}
	return nil
}

// ListAudit implements store.AuditRows.
func (s *Store) ListAudit(ctx context.Context, q store.ListQuery) ([]store.AuditRow, error) {
	return listOf(ctx, s, sqllist.Audit, q, (*dbsqlc.Queries).AuditList, dbrow.ToAudit)
}

// ForgetAudit implements store.AuditRows.
func (s *Store) ForgetAudit(ctx context.Context, age time.Duration, limit int) (int, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	n, err := s.query.AuditForget(ctx, dbsqlc.AuditForgetParams{Given: s.given(), Age: age.Microseconds(), Max: count(limit)})
	if err != nil {
		return 0, fmt.Errorf("postgres: forget audit rows: %w", err)
	}
	return int(n), nil
}
