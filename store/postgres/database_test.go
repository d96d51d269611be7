// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store/postgres"
)

// freshSchema creates a schema of its own in the database that KOOGATE_TEST_POSTGRES names and returns a URL that uses it.
func freshSchema(t testing.TB) string {
	t.Helper()
	base := os.Getenv("KOOGATE_TEST_POSTGRES")
	if base == "" {
		if os.Getenv("KOOGATE_TEST_SERVICES") == "required" {
			t.Fatal("KOOGATE_TEST_POSTGRES is not set")
		}
		t.Skip("KOOGATE_TEST_POSTGRES is not set")
	}
	schema := "koogate_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	admin(t, base, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { admin(t, base, "DROP SCHEMA "+schema+" CASCADE") })
	return withParam(t, base, "search_path", schema)
}

// withParam adds a parameter to a URL or keyword string.
func withParam(t testing.TB, base, name, value string) string {
	t.Helper()
	if !strings.Contains(base, "://") {
		return fmt.Sprintf("%s %s=%s", base, name, value)
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func admin(t testing.TB, base, statement string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, base)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement, args...); err != nil {
		t.Fatal(err)
	}
}

// execute runs a statement and returns the one number of a query or the number of rows written.
func execute(t testing.TB, base, statement string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if strings.HasPrefix(statement, "SELECT") {
		if err := conn.QueryRow(t.Context(), statement).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	tag, err := conn.Exec(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	return int(tag.RowsAffected())
}

func open(t testing.TB, url string) *postgres.Store { return openAt(t, url, nil) }

// openAt opens a store with a clock; nil for the database's.
func openAt(t testing.TB, url string, clock func() time.Time) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), postgres.Options{URL: url, Migrate: true, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}
