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

// TestCallsWithoutADeadlineEnd: every connection of a small pool falls silent in the middle of its work, and the callers have no
// deadline, as loops have none. All of them come back, the pool is well after that, and wake-ups from another process arrive
// again. No lock is left behind.
func TestCallsWithoutADeadlineEnd(t *testing.T) {
	database := freshSchema(t)
	other := open(t, database) // migrates
	proxy := backendtest.NewProxy(t, backendtest.Host(t, database))
	s, err := postgres.Open(t.Context(), postgres.Options{URL: proxy.Through(t, database), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	mustApply(t, s, "CS-before")

	ctx := context.Background()
	var calls sync.WaitGroup
	var mu sync.Mutex
	var longest time.Duration
	ends := make(chan struct{})
	for range 12 { // more than there are connections
		calls.Go(func() {
			for {
				began := time.Now()
				_, err := s.Aggregate(ctx, storetest.Seller, "nobody")
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
	for s.Apply(ctx, storetest.Admission("CS-after", storetest.Epoch)) != nil {
		if time.Since(began) > 50*time.Second {
			t.Fatal("no change within 50 s")
		}
	}
	t.Logf("the first change after %s", time.Since(began))
	close(ends)
	calls.Wait()
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
