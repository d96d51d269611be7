// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/postgres"
	"github.com/koogate/koogate/store/storetest"
)

// TestAWaitForAConnectionEnds: whoever finds all connections in use does not wait for ever, even without a deadline of its own.
func TestAWaitForAConnectionEnds(t *testing.T) {
	t.Parallel()
	s := open(t, freshSchema(t))
	giveBack, err := s.TakeConnections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	ctx, giveUp := context.WithCancel(context.Background()) // without a deadline; only a test that has failed gives up
	defer giveUp()
	go func() {
		_, err := s.Aggregate(ctx, storetest.Seller, "nobody")
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	case <-time.After(25 * time.Second):
		t.Error("the call still waits for a connection")
	}
	giveBack()
	if _, err := s.Aggregate(ctx, storetest.Seller, "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("with connections again: %v", err)
	}
}

// TestCallsWithoutADeadlineEnd: every connection of a small pool falls silent in the middle of its work, and the callers have no
// deadline, as loops have none. All of them come back, the pool is well after that, and wake-ups from another process arrive
// again. No lock is left behind.
func TestCallsWithoutADeadlineEnd(t *testing.T) {
	t.Parallel()
	database := freshSchema(t)
	other := open(t, database) // migrates
	proxy := backendtest.NewProxy(t, backendtest.Host(t, database))
	s, err := postgres.Open(t.Context(), postgres.Options{URL: proxy.Through(t, database), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	mustApply(t, s, "CS-before")

	ctx, giveUp := context.WithCancel(context.Background()) // without a deadline; only a test that has failed gives up
	defer giveUp()
	var calls sync.WaitGroup
	var mu sync.Mutex
	var longest time.Duration
	ends := make(chan struct{})
	reads := []func() error{ // in a batch, and alone
		func() error { _, err := s.Aggregate(ctx, storetest.Seller, "nobody"); return err },
		func() error {
			_, err := s.Line(ctx, store.LineKey{Seller: storetest.Seller, OrderID: "nobody"})
			return err
		},
	}
	for n := range 12 { // more than there are connections
		calls.Go(func() {
			for {
				began := time.Now()
				err := reads[n%len(reads)]()
				mu.Lock()
				longest = max(longest, time.Since(began))
				mu.Unlock()
				if !errors.Is(err, store.ErrNotFound) {
					return // it failed, which is a way to come back
				}
				select {
				case <-ends:
					return
				default:
				}
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	if n := proxy.Silence(); n < 5 { // the pool's, and the one that listens
		t.Fatalf("%d connections", n)
	}
	began := time.Now()
	within := func(limit time.Duration, what string, f func()) {
		t.Helper()
		done := make(chan struct{})
		go func() {
			defer close(done)
			f()
		}()
		select {
		case <-done:
		case <-time.After(limit):
			giveUp()
			<-done
			t.Fatalf("%s: not within %s", what, limit)
		}
	}
	within(25*time.Second, "a change", func() {
		for ctx.Err() == nil && s.Apply(ctx, storetest.Admission("CS-after", storetest.Epoch)) != nil {
		}
	})
	t.Logf("the first change after %s", time.Since(began))
	close(ends)
	within(35*time.Second, "the end of all calls", calls.Wait)
	t.Logf("the longest call took %s", longest)
	if longest > 35*time.Second {
		t.Errorf("a call took %s", longest)
	}
	wake, stop := s.Watch(store.QueueTopic(storetest.Seller, storetest.Queue))
	defer stop()
	for len(wake) > 0 {
		<-wake
	}
	for n := 0; ; n++ {
		mustApply(t, other, "CS-wake-"+storetest.NewID())
		select {
		case <-wake:
			t.Logf("wake-ups are back %s after the silence", time.Since(began))
			return
		case <-time.After(500 * time.Millisecond):
			if n > 60 {
				t.Fatal("no wake-up from another process")
			}
		}
	}
}
