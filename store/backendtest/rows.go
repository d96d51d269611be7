// SPDX-License-Identifier: Apache-2.0

package backendtest

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
)

// Rows reads a database beside its store: every row of every table but those that are named, as text, by table.
type Rows func(except ...string) map[string][]string

// EachWithRows is Each for tests that look at the rows themselves.
func EachWithRows(t *testing.T, f func(t *testing.T, st store.Store, rows Rows)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		path := sqlitetest.File(t)
		st, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
		opened(t, st, err)
		f(t, st, func(except ...string) map[string][]string { return rowsOfFile(t, path, except) })
	})
	t.Run("postgres", func(t *testing.T) {
		u := schema(t)
		st, err := postgres.Open(t.Context(), postgres.Options{URL: u, Migrate: true, Logger: slog.New(slog.DiscardHandler)})
		opened(t, st, err)
		f(t, st, func(except ...string) map[string][]string { return rowsOfSchema(t, u, except) })
	})
}

// rowsOfFile reads a file of SQLite.
func rowsOfFile(t *testing.T, path string, except []string) map[string][]string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	query := func(statement string) (rows []string) {
		r, err := db.QueryContext(t.Context(), statement)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		columns, err := r.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for r.Next() {
			row := make([]any, len(columns))
			into := make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := r.Scan(into...); err != nil {
				t.Fatal(err)
			}
			text := make([]string, len(row))
			for i, v := range row {
				text[i] = fmt.Sprintf("%s=%v", columns[i], v)
			}
			rows = append(rows, strings.Join(text, " "))
		}
		if err := r.Err(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(rows)
		return rows
	}
	all := map[string][]string{}
	for _, name := range query("SELECT name FROM sqlite_schema WHERE type = 'table'") {
		if name = strings.TrimPrefix(name, "name="); !slices.Contains(except, name) {
			all[name] = query("SELECT * FROM " + name)
		}
	}
	return all
}

// rowsOfSchema reads a schema of PostgreSQL.
func rowsOfSchema(t *testing.T, u string, except []string) map[string][]string {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	query := func(statement string) []string {
		r, err := conn.Query(ctx, statement)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := pgx.CollectRows(r, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(rows)
		return rows
	}
	all := map[string][]string{}
	for _, name := range query("SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()") {
		if !slices.Contains(except, name) {
			all[name] = query("SELECT t::text FROM " + name + " AS t")
		}
	}
	return all
}
