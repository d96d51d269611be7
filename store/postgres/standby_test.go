// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/postgres"
	"github.com/koogate/koogate/store/storetest"
)

// TestSessionsLeftOnAStandby: after a failover every session of the pool is on a server that refuses writes, and new ones would
// be on the right one. Not a single write fails of it. While there is none but the standby, reads go on.
func TestSessionsLeftOnAStandby(t *testing.T) {
	database := freshSchema(t)
	proxy := backendtest.NewProxy(t, backendtest.Host(t, database))
	s := open(t, proxy.Through(t, database))
	mustApply(t, s, "CS-before")

	proxy.ReadOnly(true)
	proxy.Cut()
	warmUp(t, s)
	onlyReads(t, s, "CS-refused")

	warmUp(t, s) // sessions of the standby, as many as a busy pool has
	proxy.ReadOnly(false)
	writesGoOn(t, s, "CS-after")
}

// TestHostsThatTakeWritesArePreferred: of several hosts the one that takes writes serves, whichever stands first. When none
// does, reads go on, and writes do within seconds of a host that takes them.
func TestHostsThatTakeWritesArePreferred(t *testing.T) {
	database := freshSchema(t)
	standby, primary := backendtest.NewProxy(t, backendtest.Host(t, database)), backendtest.NewProxy(t, backendtest.Host(t, database))
	open(t, database) // migrates
	standby.ReadOnly(true)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = standby.Addr() + "," + primary.Addr()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: u.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	writesGoOn(t, s, "CS-before")

	primary.ReadOnly(true)
	primary.Cut()
	standby.Cut()
	onlyReads(t, s, "CS-refused")

	standby.ReadOnly(false) // promoted
	began := time.Now()
	for s.Apply(t.Context(), storetest.Admission("CS-promoted", storetest.Epoch)) != nil {
		if time.Since(began) > 20*time.Second {
			t.Fatal("no writes 20 s after the promotion")
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("the first write %s after the promotion", time.Since(began))
	writesGoOn(t, s, "CS-after")
}

func mustApply(t *testing.T, s *postgres.Store, order string) {
	t.Helper()
	if err := s.Apply(t.Context(), storetest.Admission(order, storetest.Epoch)); err != nil {
		t.Fatal(err)
	}
}

// warmUp opens as many sessions as a busy pool has.
func warmUp(t *testing.T, s *postgres.Store) {
	t.Helper()
	done := make(chan error, 64)
	for range cap(done) {
		go func() {
			var err error
			for range 3 { // a session may have been lost with the failover
				if _, err = s.Aggregate(context.Background(), storetest.Seller, "nobody"); errors.Is(err, store.ErrNotFound) {
					break
				}
			}
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	}
}

// onlyReads holds a store to what it can do without writing.
func onlyReads(t *testing.T, s *postgres.Store, order string) {
	t.Helper()
	var err error
	for range 3 { // a session may have been lost with the failover
		if err = s.Apply(t.Context(), storetest.Admission(order, storetest.Epoch)); errors.Is(err, store.ErrReadOnly) {
			break
		}
	}
	if !errors.Is(err, store.ErrReadOnly) {
		t.Fatalf("a write: %v", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrReadOnly) {
		t.Fatalf("Ping: %v", err)
	}
	if _, err := s.Aggregate(t.Context(), storetest.Seller, order); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a read: %v", err)
	}
}

// writesGoOn makes a hundred changes, of which none may fail.
func writesGoOn(t *testing.T, s *postgres.Store, order string) {
	t.Helper()
	failed := 0
	var last error
	for n := range 100 {
		if err := s.Apply(t.Context(), storetest.Admission(fmt.Sprint(order, n), storetest.Epoch)); err != nil {
			failed, last = failed+1, err
		}
	}
	t.Logf("%s: %d of 100 writes failed", order, failed)
	if failed > 0 {
		t.Errorf("%d of 100 writes failed, the last: %v", failed, last)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
}
