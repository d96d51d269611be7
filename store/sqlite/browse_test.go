// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqllist"
	"github.com/koogate/koogate/store/storetest"
)

// TestListsNeverHoldTheConnectionsOfCalls holds up every list at its connection: calls do not notice, and the lists end with what
// their clients can act on.
func TestListsNeverHoldTheConnectionsOfCalls(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	limits := sqllist.Limits{Total: 2, PerSeller: 1, Waiting: 8, Patience: 100 * time.Millisecond, Time: 300 * time.Millisecond}
	s, err := Open(ctx, Options{Path: filepath.Join(t.TempDir(), "koogate.db"), Migrate: true, Readers: 1, Lists: limits})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for range limits.Total {
		conn, err := s.lists.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
	}
	const clients = 24
	results := make(chan error, clients)
	for range clients {
		go func() {
			_, err := s.ListInstances(ctx, store.ListQuery{Seller: "noisy", Browsing: true, Limit: 51})
			results <- err
		}()
	}
	busy, long := 0, 0
	for got := range clients {
		if err := s.Apply(ctx, storetest.Admission(storetest.NewID(), storetest.Epoch)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Instances(ctx, storetest.Seller, []string{"i"}); err != nil {
			t.Fatal(err)
		}
		switch err := <-results; {
		case errors.Is(err, store.ErrBusy):
			busy++
		case errors.Is(err, store.ErrTooLong):
			long++
		default:
			t.Fatalf("list %d: %v", got, err)
		}
	}
	if long != limits.PerSeller || busy != clients-long {
		t.Errorf("%d lists were refused and %d stopped, want %d of %d", busy, long, limits.PerSeller, clients)
	}
}

// TestAListIsStoppedWithinAScan: the driver itself stops a statement only before its first row, and this one looks long for its
// second.
func TestAListIsStoppedWithinAScan(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "koogate.db"), Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	rows, err := suffixed{s.lists, sqllist.Page{Suffix: " LIMIT 51"}}.QueryContext(ctx,
		`WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 30000000) SELECT i FROM n WHERE i = 1 OR i < 0`)
	if err == nil {
		defer func() { _ = rows.Close() }()
		for rows.Next() {
		}
		err = rows.Err()
	}
	if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > 2*time.Second {
		t.Errorf("the list ended after %v with %v", took, err)
	}
}
