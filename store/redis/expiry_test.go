// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// Competing holders around the expiry of a lock, on the server's real clock. Each holder that entered leaves around the
// moment when its lock expires. Whoever comes late must not remove the lock of the holder after it: so a lock that is held
// under the newest fence can be taken by nobody else before its time.
func TestExpiryRaces(t *testing.T) {
	const (
		rounds = 200
		ttl    = 30 * time.Millisecond
		long   = 10 * time.Second
	)
	addr := realRedis(t)
	a, b := openWithin(t, unhurried, nil, addr), openWithin(t, unhurried, nil, addr)
	b.keys = a.keys // two processes
	guards := []*Guard{a, b}
	var stolen, late atomic.Int32
	var wg sync.WaitGroup
	lanes := make(chan struct{}, 16)
	for round := range rounds {
		lanes <- struct{}{}
		wg.Go(func() {
			defer func() { <-lanes }()
			key := fmt.Sprint("race", round)
			enter := func(g *Guard, ttl time.Duration) store.Entry {
				e, err := g.Enter(t.Context(), store.EnterRequest{LockKey: key, LockTTL: ttl})
				if err != nil {
					t.Errorf("Enter: %v", err)
				}
				return e
			}
			first := enter(guards[round%2], ttl)
			if first.Lock != store.LockHeld {
				t.Errorf("round %d: first holder got state %d", round, first.Lock)
				return
			}
			var inner sync.WaitGroup
			inner.Go(func() { // the first holder leaves a little before, at or after expiry
				sleep(ttl + time.Duration(rand.IntN(6)-3)*time.Millisecond)
				if err := guards[round%2].Leave(t.Context(), key, first.Fence, round%3 == 0); err != nil {
					t.Errorf("Leave: %v", err)
				}
			})
			var second store.Entry
			inner.Go(func() { // the second one waits for the lock
				for {
					second = enter(guards[(round+1)%2], long)
					if second.Lock != store.LockBusy || t.Failed() {
						return
					}
				}
			})
			inner.Wait()
			switch second.Lock {
			case store.LockDone: // the first left in time
				return
			case store.LockHeld:
			case store.LockBusy, store.LockNone:
				t.Errorf("round %d: second holder got state %d", round, second.Lock)
				return
			}
			if second.Fence <= first.Fence {
				t.Errorf("round %d: fence %d after %d", round, second.Fence, first.Fence)
			}
			late.Add(1)
			// The first one leaves again, in both manners, and still the lock is the second one's.
			for _, done := range []bool{false, true} {
				if err := guards[round%2].Leave(t.Context(), key, first.Fence, done); err != nil {
					t.Errorf("Leave: %v", err)
				}
			}
			if e := enter(guards[round%2], long); e.Lock != store.LockBusy {
				stolen.Add(1)
				t.Errorf("round %d: a fenced-out holder removed the lock of its successor (state %d)", round, e.Lock)
			}
		})
	}
	wg.Wait()
	t.Logf("%d of %d rounds had a second holder, %d locks lost", late.Load(), rounds, stolen.Load())
	if late.Load() < rounds/4 {
		t.Errorf("only %d rounds reached the race", late.Load())
	}
}

// Fences keep growing when the counter is lost.
func TestFenceOutlivesTheCounter(t *testing.T) {
	addr := realRedis(t)
	g := openWithin(t, unhurried, nil, addr)
	var last int64
	for range 50 {
		e, err := g.Enter(t.Context(), store.EnterRequest{LockKey: "k", LockTTL: time.Minute})
		if err != nil || e.Lock != store.LockHeld {
			t.Fatal(e, err)
		}
		if e.Fence <= last {
			t.Fatalf("fence %d after %d", e.Fence, last)
		}
		last = e.Fence
		lock, fence := g.keys.lock("k")
		if err := g.client.Del(t.Context(), lock, fence).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// The server forgets scripts: calls load them again.
func TestScriptsComeBack(t *testing.T) {
	g := openWithin(t, unhurried, nil, realRedis(t))
	for i := range 5 {
		if err := g.client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		e, err := g.Enter(t.Context(), store.EnterRequest{Nonce: fmt.Sprint(i), NonceTTL: time.Minute, LockKey: "k", LockTTL: time.Minute})
		if err != nil || e.NonceSeen || e.Lock != store.LockHeld {
			t.Fatal(e, err)
		}
		if err := g.client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		if err := g.Leave(t.Context(), "k", e.Fence, false); err != nil {
			t.Fatal(err)
		}
	}
}

// Every key has a lifetime, and the fence outlives the lock by a day.
func TestEveryKeyExpires(t *testing.T) {
	g := openWithin(t, unhurried, nil, realRedis(t))
	for i, done := range []bool{false, true} {
		key := fmt.Sprint("k", i)
		e, err := g.Enter(t.Context(), store.EnterRequest{Nonce: key, NonceTTL: time.Minute, LockKey: key, LockTTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if done {
			if err := g.Leave(t.Context(), key, e.Fence, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	keys, err := g.client.Keys(t.Context(), g.keys.prefix+"*").Result()
	if err != nil || len(keys) != 6 {
		t.Fatalf("%d keys: %v %v", len(keys), keys, err)
	}
	for _, k := range keys {
		ttl, err := g.client.PTTL(t.Context(), k).Result()
		if err != nil || ttl <= 0 || ttl > 25*time.Hour {
			t.Errorf("%s lives %v (%v)", k, ttl, err)
		}
	}
	_, fence := g.keys.lock("k0")
	if ttl := g.client.PTTL(t.Context(), fence).Val(); ttl < 24*time.Hour {
		t.Errorf("fence lives %v", ttl)
	}
}
