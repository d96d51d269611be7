// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
)

// SealedValues implements store.Sealed. Only names from store.SealedColumns get into the text of the statement.
func (s *Store) SealedValues(ctx context.Context, c store.SealedColumn, after []any, limit int) ([]store.SealedValue, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	key := strings.Join(c.Key, ", ")
	columns := append(append([]string{c.Column}, c.Key...), c.Also...)
	query := "SELECT " + strings.Join(columns, ", ") + " FROM " + c.Table + " WHERE " + c.SealedWhere()
	args := append([]any{}, after...)
	if len(after) > 0 {
		query += " AND (" + key + ") > (" + strings.TrimSuffix(strings.Repeat("?, ", len(after)), ", ") + ")"
	}
	rows, err := s.readers.QueryContext(ctx, query+" ORDER BY "+key+" LIMIT ?", append(args, max(limit, 0))...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read sealed values: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []store.SealedValue
	for rows.Next() {
		v := store.SealedValue{Key: make([]any, len(c.Key)), Also: make([]string, len(c.Also))}
		into := []any{&v.Text}
		for i := range v.Key {
			into = append(into, &v.Key[i])
		}
		for i := range v.Also {
			into = append(into, &v.Also[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("sqlite: read sealed values: %w", err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("sqlite: read sealed values: %w", err)
	}
	return out, nil
}

// Reseal implements store.Sealed.
func (s *Store) Reseal(ctx context.Context, c store.SealedColumn, values []store.Resealed) (int, error) {
	query := "UPDATE " + c.Table + " SET " + c.Column + " = ? WHERE " + strings.Join(c.Key, " = ? AND ") + " = ? AND " + c.Column + " IS ?"
	return audited(ctx, s, func(t *tx) (n int, altered told, err error) {
		for _, v := range values {
			args := append(append([]any{v.New}, v.Key...), dbrow.Blob(v.Old))
			if len(v.Old) == 0 {
				args[len(args)-1] = nil
			}
			res, err := execer{t}.ExecContext(context.Background(), query, args...)
			if err != nil {
				return 0, nil, fmt.Errorf("sqlite: reseal: %w", err)
			}
			rows, err := res.RowsAffected()
			if err != nil {
				return 0, nil, fmt.Errorf("sqlite: reseal: %w", err)
			}
			n += int(rows)
		}
		if n == 0 {
			return 0, nil, nil
		}
		return n, func() store.Altered { return c.Altered(values) }, nil
	})
}
