// SPDX-License-Identifier: Apache-2.0

package backendtest

import (
	"context"
	"database/sql"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
)

// EachWithSQL is Each for tests that also write past the store, as somebody does who has broken into the database. exec runs one
// statement and fails the test unless it changed a row.
func EachWithSQL(t *testing.T, f func(t *testing.T, st store.Store, exec func(statement string))) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		path := sqlitetest.File(t)
		st, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
		f(t, opened(t, st, err), func(statement string) {
			t.Helper()
			db, err := sql.Open("sqlite", path) // the driver is registered by the store
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			result, err := db.ExecContext(t.Context(), statement)
			if err != nil {
				t.Fatal(err)
			}
			changed(t, statement)(result.RowsAffected())
		})
	})
	t.Run("postgres", func(t *testing.T) {
		url := schema(t)
		st, err := postgres.Open(t.Context(), postgres.Options{URL: url, Migrate: true, Logger: slog.New(slog.DiscardHandler)})
		f(t, opened(t, st, err), func(statement string) {
			t.Helper()
			ctx := context.Background()
			conn, err := pgx.Connect(ctx, url)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(ctx) }()
			tag, err := conn.Exec(ctx, statement)
			changed(t, statement)(tag.RowsAffected(), err)
		})
	})
}

func changed(t *testing.T, statement string) func(rows int64, err error) {
	return func(rows int64, err error) {
		t.Helper()
		if err != nil || rows == 0 {
			t.Fatalf("%s: %d rows, %v", statement, rows, err)
		}
	}
}
