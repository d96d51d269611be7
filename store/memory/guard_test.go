// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/guardtest"
)

// hands is a clock that tests move.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

func newHands() *hands { return &hands{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (h *hands) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hands) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func TestGuard(t *testing.T) {
	guardtest.Run(t, func(t *testing.T) (store.Guard, func(time.Duration)) {
		h := newHands()
		g := New(h.Now)
		t.Cleanup(func() { _ = g.Close() })
		return g, h.advance
	})
}

func enter(t *testing.T, g *Guard, r store.EnterRequest) store.Entry {
	t.Helper()
	e, err := g.Enter(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The number of entries never passes the limit, and the oldest go first.
func TestLimitEvictsTheOldest(t *testing.T) {
	const limit = 64 * shardCount
	h := newHands()
	g := newSized(h.Now, limit)
	for i := range 10 * limit {
		enter(t, g, store.EnterRequest{Nonce: fmt.Sprint(i), NonceTTL: time.Hour, LockKey: fmt.Sprint(i), LockTTL: time.Hour})
		if n := g.Len(); n > limit {
			t.Fatalf("%d entries, limit %d", n, limit)
		}
	}
	if n := g.Len(); n != limit {
		t.Fatalf("%d entries kept of %d", n, limit)
	}
	if !enter(t, g, store.EnterRequest{Nonce: fmt.Sprint(10*limit - 1), NonceTTL: time.Hour}).NonceSeen {
		t.Fatal("the newest nonce is gone")
	}
	if enter(t, g, store.EnterRequest{Nonce: "0", NonceTTL: time.Hour}).NonceSeen {
		t.Fatal("the oldest nonce is still there")
	}
	for i := range g.shards {
		if n := len(g.shards[i].slots); n > limit/shardCount {
			t.Fatalf("shard %d holds %d slots", i, n)
		}
	}
}

// Entries go when they expire, without a call that names them, and their slots are used again.
func TestExpiredEntriesLeave(t *testing.T) {
	h := newHands()
	g := New(h.Now)
	for round := range 20 {
		for i := range 2000 {
			enter(t, g, store.EnterRequest{Nonce: fmt.Sprint(round, i), NonceTTL: time.Duration(1+i%7) * time.Second})
		}
		h.advance(10 * time.Second)
		for i := range g.shards { // one call to each shard
			g.shards[i].unlock(digest{}, h.Now().Sub(g.base), 1, false)
		}
		if n := g.Len(); n != 0 {
			t.Fatalf("round %d: %d entries left", round, n)
		}
	}
	for i := range g.shards {
		if s := &g.shards[i]; len(s.slots) > 400 || len(s.due) != 0 || s.oldest != none || s.newest != none {
			t.Fatalf("shard %d: %d slots, %d seconds, oldest %d", i, len(s.slots), len(s.due), s.oldest)
		}
	}
}

// A clock that steps back neither frees a lock early nor leaves an entry behind for ever.
func TestClockStepsBack(t *testing.T) {
	h := newHands()
	g := New(h.Now)
	h.advance(time.Hour)
	enter(t, g, store.EnterRequest{LockKey: "a", LockTTL: time.Minute})
	h.advance(-2 * time.Hour)
	if e := enter(t, g, store.EnterRequest{LockKey: "a", LockTTL: time.Minute}); e.Lock != store.LockBusy {
		t.Fatalf("lock state %d", e.Lock)
	}
	enter(t, g, store.EnterRequest{LockKey: "b", LockTTL: time.Second})
	h.advance(4 * time.Hour)
	for i := range g.shards {
		g.shards[i].unlock(digest{}, h.Now().Sub(g.base), 1, false)
	}
	if n := g.Len(); n != 0 {
		t.Fatalf("%d entries left", n)
	}
}

// Against a plain map that is as slow as it is obvious.
func TestAgainstModel(t *testing.T) {
	type row struct {
		expires time.Time
		fence   int64
	}
	rapid.Check(t, func(t *rapid.T) {
		h := newHands()
		g := New(h.Now)
		nonces, locks := map[string]row{}, map[string]row{}
		names := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		ttls := rapid.SampledFrom([]time.Duration{time.Millisecond, 900 * time.Millisecond, time.Second, 3 * time.Second, time.Hour})
		var held []int64
		t.Repeat(map[string]func(*rapid.T){
			"nonce": func(t *rapid.T) {
				n, ttl := names.Draw(t, "name"), ttls.Draw(t, "ttl")
				e, _ := g.Enter(t.Context(), store.EnterRequest{Nonce: n, NonceTTL: ttl})
				want := nonces[n].expires.After(h.Now())
				if e.NonceSeen != want {
					t.Fatalf("seen %v, want %v", e.NonceSeen, want)
				}
				if !want {
					nonces[n] = row{expires: h.Now().Add(ttl)}
				}
			},
			"lock": func(t *rapid.T) {
				n, ttl := names.Draw(t, "name"), ttls.Draw(t, "ttl")
				e, _ := g.Enter(t.Context(), store.EnterRequest{LockKey: n, LockTTL: ttl})
				want := store.LockHeld
				if r := locks[n]; r.expires.After(h.Now()) {
					want = store.LockBusy
					if r.fence == markDone {
						want = store.LockDone
					}
				}
				if e.Lock != want {
					t.Fatalf("lock %d, want %d", e.Lock, want)
				}
				if want == store.LockHeld {
					if e.Fence <= locks[n].fence {
						t.Fatalf("fence %d after %d", e.Fence, locks[n].fence)
					}
					locks[n] = row{h.Now().Add(ttl), e.Fence}
					held = append(held, e.Fence)
				}
			},
			"leave": func(t *rapid.T) {
				n, done := names.Draw(t, "name"), rapid.Bool().Draw(t, "done")
				fence := int64(1)
				if len(held) > 0 {
					fence = rapid.SampledFrom(held).Draw(t, "fence")
				}
				_ = g.Leave(t.Context(), n, fence, done)
				if r := locks[n]; r.fence == fence && r.expires.After(h.Now()) {
					locks[n] = row{h.Now(), fence}
					if done {
						locks[n] = row{h.Now().Add(store.DoneTTL), markDone}
					}
				}
			},
			"time": func(t *rapid.T) { h.advance(ttls.Draw(t, "passes") / 2) },
		})
	})
}

// BenchmarkEnter is one arrival at a full guard (every new entry evicts one): a nonce, a nonce and a lock, and both with
// the lock given back under a done mark.
func BenchmarkEnter(b *testing.B) {
	names := make([]string, 1<<21)
	for i := range names {
		names[i] = fmt.Sprintf("demo/2026010203040506/%d", i)
	}
	for _, kind := range []string{"nonce", "nonce+lock", "nonce+lock+leave"} {
		b.Run(kind, func(b *testing.B) {
			g := New(clock.System{}.Now)
			for i := range 11 * Limit / 10 { // shards fill unevenly
				_, _ = g.Enter(b.Context(), store.EnterRequest{Nonce: fmt.Sprint(i), NonceTTL: time.Hour})
			}
			runtime.GC()
			var next atomic.Int64
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				const stride = 1 << 10
				var i, end int64
				ctx := b.Context()
				for pb.Next() {
					if i == end {
						end = next.Add(stride)
						i = end - stride
					}
					r := store.EnterRequest{Nonce: names[i%int64(len(names))], NonceTTL: 5 * time.Minute}
					i++
					if kind != "nonce" {
						r.LockKey, r.LockTTL = r.Nonce, 10*time.Second
					}
					e, err := g.Enter(ctx, r)
					if err != nil {
						b.Fatal(err)
					}
					if kind == "nonce+lock+leave" && e.Lock == store.LockHeld {
						_ = g.Leave(ctx, r.LockKey, e.Fence, true)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapAlloc)/1e6, "MB")
		})
	}
}
