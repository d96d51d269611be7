// SPDX-License-Identifier: Apache-2.0

package backendtest

import (
	"context"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
	"github.com/koogate/koogate/store/storetest"
)

// Each runs a test over every backend. One that is not there skips, or fails where KOOGATE_TEST_SERVICES demands it.
func Each(t *testing.T, f func(t *testing.T, st store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// SQLite opens a new file that is gone with the test. A clock stands in for the store's own.
func SQLite(t testing.TB, clock ...func() time.Time) store.Store {
	t.Helper()
	return sqlitetest.Open(t, func(o *sqlite.Options) { o.Clock = only(clock) })
}

func only(clock []func() time.Time) func() time.Time {
	if len(clock) == 0 {
		return nil
	}
	return clock[0]
}

// Postgres opens a schema of its own in the database that KOOGATE_TEST_POSTGRES names. A clock stands in for the database's.
func Postgres(t testing.TB, clock ...func() time.Time) store.Store {
	t.Helper()
	st, err := postgres.Open(t.Context(), postgres.Options{URL: schema(t), Migrate: true, Clock: only(clock), Logger: slog.New(slog.DiscardHandler)})
	return opened(t, st, err)
}

// Replicas runs a test over every backend as two processes have it: on PostgreSQL two stores on one database, on SQLite the one store twice.
func Replicas(t *testing.T, f func(t *testing.T, stores [2]store.Store), clock ...func() time.Time) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		st := SQLite(t, clock...)
		f(t, [2]store.Store{st, st})
	})
	t.Run("postgres", func(t *testing.T) {
		u := schema(t)
		var stores [2]store.Store
		for i := range stores {
			st, err := postgres.Open(t.Context(), postgres.Options{URL: u, Migrate: true, Clock: only(clock), Logger: slog.New(slog.DiscardHandler)})
			stores[i] = opened(t, st, err)
		}
		f(t, stores)
	})
}

// schema makes a schema of its own and returns the URL that leads to it.
func schema(t testing.TB) string {
	t.Helper()
	base := os.Getenv("KOOGATE_TEST_POSTGRES")
	if base == "" {
		if os.Getenv("KOOGATE_TEST_SERVICES") == "required" {
			t.Fatal("KOOGATE_TEST_POSTGRES is not set")
		}
		t.Skip("KOOGATE_TEST_POSTGRES is not set")
	}
	name := "koogate_domain_" + strings.ReplaceAll(storetest.NewID(), "-", "")
	admin := func(statement string) {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, base)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(ctx) }()
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	admin("CREATE SCHEMA " + name)
	t.Cleanup(func() { admin("DROP SCHEMA " + name + " CASCADE") })
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func opened(t testing.TB, st store.Store, err error) store.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}
