// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres"
	"github.com/koogate/koogate/store/sqllist"
	"github.com/koogate/koogate/store/storetest"
)

// TestListsNeverHoldTheConnectionsOfCalls holds up every list in the database: calls do not notice, the lists end with what their
// clients can act on, and nothing of them goes on in the database.
func TestListsNeverHoldTheConnectionsOfCalls(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url := freshSchema(t)
	limits := sqllist.Limits{Total: 2, PerSeller: 1, Waiting: 8, Patience: 200 * time.Millisecond, Time: 500 * time.Millisecond}
	s, err := postgres.Open(ctx, postgres.Options{URL: url, MaxConns: 3, Migrate: true, Lists: limits})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	lock, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(ctx, "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	const clients = 24
	results := make(chan error, clients)
	for range clients {
		go func() {
			_, err := s.ListUsers(ctx, store.ListQuery{Seller: "noisy", Browsing: true, Limit: 51})
			results <- err
		}()
	}
	busy, long := 0, 0
	for range clients {
		soon, cancel := context.WithTimeout(ctx, 5*time.Second)
		if err := s.Apply(soon, storetest.Admission(storetest.NewID(), storetest.Epoch)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Instances(soon, storetest.Seller, []string{"i"}); err != nil {
			t.Fatal(err)
		}
		cancel()
		switch err := <-results; {
		case errors.Is(err, store.ErrBusy):
			busy++
		case errors.Is(err, store.ErrTooLong):
			long++
		default:
			t.Fatal(err)
		}
	}
	if long != limits.PerSeller || busy != clients-long {
		t.Errorf("%d lists were refused and %d stopped, want %d of %d", busy, long, limits.PerSeller, clients)
	}
	for waiting := 1; waiting > 0; time.Sleep(20 * time.Millisecond) {
		err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pg_backend_pid() = ANY(pg_blocking_pids(pid))`).Scan(&waiting)
		if err != nil {
			t.Fatalf("a list still waits in the database: %v", err)
		}
	}
	if err := lock.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ListUsers(ctx, store.ListQuery{Seller: "noisy", Browsing: true, Limit: 51}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
