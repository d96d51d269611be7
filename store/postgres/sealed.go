// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// SealedValues implements store.Sealed. Only names from store.SealedColumns get into the text of the statement.
func (s *Store) SealedValues(ctx context.Context, c store.SealedColumn, after []any, limit int) (out []store.SealedValue, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	key := strings.Join(c.Key, ", ")
	columns := append(append([]string{c.Column}, c.Key...), c.Also...)
	query := "SELECT " + strings.Join(columns, ", ") + " FROM " + c.Table + " WHERE " + c.SealedWhere()
	if len(after) > 0 {
		query += " AND (" + key + ") > (" + places(1, len(after), ", ", nil) + ")"
	}
	query += fmt.Sprintf(" ORDER BY %s LIMIT $%d", key, len(after)+1)
	err = retry(ctx, func() error {
		rows, err := s.pool.Query(ctx, query, append(append([]any{}, after...), count(limit))...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (store.SealedValue, error) {
			v := store.SealedValue{Key: make([]any, len(c.Key)), Also: make([]string, len(c.Also))}
			into := []any{&v.Text}
			for i := range v.Key {
				into = append(into, &v.Key[i])
			}
			for i := range v.Also {
				into = append(into, &v.Also[i])
			}
			return v, row.Scan(into...)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: read sealed values: %w", err)
	}
	return out, nil
}

// places lists n parameters from $from, each behind a name if there are names.
func places(from, n int, between string, names []string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf("$%d", from+i)
		if names != nil {
			parts[i] = names[i] + " = " + parts[i]
		}
	}
	return strings.Join(parts, between)
}

// Reseal implements store.Sealed. The values come in the order of their keys, so no two calls wait for each other in a circle.
func (s *Store) Reseal(ctx context.Context, c store.SealedColumn, values []store.Resealed) (int, error) {
	query := "UPDATE " + c.Table + " SET " + c.Column + " = $1 WHERE " + places(3, len(c.Key), " AND ", c.Key) + " AND " + c.Column + " IS NOT DISTINCT FROM $2"
	return audited(ctx, s, func(t pgx.Tx, _ *dbsqlc.Queries) (n int, altered told, err error) {
		for _, v := range values {
			tag, err := t.Exec(ctx, query, append([]any{v.New, dbrow.Blob(v.Old)}, v.Key...)...)
			if err != nil {
				return 0, nil, fmt.Errorf("postgres: reseal: %w", err)
			}
			n += int(tag.RowsAffected())
		}
		if n == 0 {
			return 0, nil, nil
		}
		return n, func() store.Altered { return c.Altered(values) }, nil
	})
}
