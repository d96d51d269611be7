// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/guardtest"
	"github.com/koogate/koogate/store/memory"
)

// load runs callers until stop and times each of their calls. Every answer is either a state or ErrAway.
func load(t *testing.T, g store.Guard, callers int, stop <-chan struct{}) (watch *stopwatch, served, away *atomic.Int64, wait func()) {
	watch, served, away = startWatch(), new(atomic.Int64), new(atomic.Int64)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				var e store.Entry
				var err error
				key := fmt.Sprint(i % 7)
				watch.time(func() {
					e, err = g.Enter(t.Context(), store.EnterRequest{
						Nonce: fmt.Sprint(c, "-", i), NonceTTL: time.Minute, LockKey: key, LockTTL: time.Second,
					})
				})
				switch {
				case errors.Is(err, ErrAway):
					away.Add(1)
					sleep(time.Millisecond)
					continue
				case err != nil:
					t.Errorf("Enter: %v", err)
					return
				case e.NonceSeen:
					t.Errorf("nonce %d-%d is new and counts as seen", c, i)
				}
				served.Add(1)
				if e.Lock == store.LockHeld {
					watch.time(func() { err = g.Leave(t.Context(), key, e.Fence, i%2 == 0) })
					if err != nil && !errors.Is(err, ErrAway) {
						t.Errorf("Leave: %v", err)
					}
				}
			}
		})
	}
	return watch, served, away, wg.Wait
}

// eventually waits until the guard serves again.
func eventually(t *testing.T, g store.Guard) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	for {
		err := g.Ping(ctx)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("never came back: %v", err)
		}
		sleep(10 * time.Millisecond)
	}
}

// FLUSHALL in a loop: calls go on, no error, no false replay.
func TestFlushDuringUse(t *testing.T) {
	s := guardtest.StartRedis(t)
	g := openWithin(t, unhurried, nil, s.Addr) // how long a call took is the watch's to say
	stop := make(chan struct{})
	watch, served, away, wait := load(t, g, 32, stop)
	for range 100 {
		if answer, err := s.Do("FLUSHALL"); err != nil || answer != "+OK" {
			t.Errorf("FLUSHALL: %s %v", answer, err)
		}
		sleep(10 * time.Millisecond)
	}
	close(stop)
	wait()
	watch.check(t)
	t.Logf("served %d, away %d", served.Load(), away.Load())
	if away.Load() != 0 || served.Load() == 0 {
		t.Errorf("served %d, away %d", served.Load(), away.Load())
	}
}

// kill -9 during use, three times: every call answers in time, the listener is told, and service resumes.
func TestServerKilled(t *testing.T) {
	s := guardtest.StartRedis(t)
	var mu sync.Mutex
	var states []bool
	g := openAt(t, func(o *Options) {
		o.OnState = func(away bool, _ error) {
			mu.Lock()
			defer mu.Unlock()
			states = append(states, away)
		}
	}, s.Addr)
	stop := make(chan struct{})
	watch, served, away, wait := load(t, g, 64, stop)
	for range 3 {
		sleep(300 * time.Millisecond)
		s.Kill()
		sleep(700 * time.Millisecond)
		s.Restart(t)
		eventually(t, g)
		before := served.Load()
		until(t, 8*time.Second, "something is served after recovery", func() bool { return served.Load() > before })
		sleep(300 * time.Millisecond)
	}
	close(stop)
	wait()
	watch.check(t)
	t.Logf("served %d, away %d", served.Load(), away.Load())
	eventually(t, g) // the load itself may have made a call fail on a busy machine: the last word must be "back"
	mu.Lock()
	defer mu.Unlock()
	if len(states) < 6 || len(states)%2 != 0 {
		t.Fatalf("states %v", states)
	}
	for i, away := range states {
		if away != (i%2 == 0) {
			t.Fatalf("states %v", states)
		}
	}
}

// A server that is there and does not answer (stopped), under load.
func TestServerHangs(t *testing.T) {
	s := guardtest.StartRedis(t)
	g := openAt(t, nil, s.Addr)
	stop := make(chan struct{})
	watch, _, away, wait := load(t, g, 256, stop)
	sleep(300 * time.Millisecond)
	s.Pause(t)
	sleep(1500 * time.Millisecond)
	s.Resume(t)
	eventually(t, g)
	close(stop)
	wait()
	watch.check(t)
	if away.Load() == 0 {
		t.Error("nobody noticed")
	}
}

// Addresses that swallow everything: an open port that stays silent, and a network that drops packets.
func TestBlackHole(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"silent port":     func(o *Options) { o.Addrs = []string{blackHole(t)} },
		"dropped packets": func(o *Options) { o.Addrs = []string{"192.0.2.1:6379"} },
		"closed port":     func(o *Options) { o.Addrs = []string{"127.0.0.1:1"} },
		"silent sentinel": func(o *Options) { o.Addrs, o.Master = []string{blackHole(t), blackHole(t)}, "m" },
		"silent cluster":  func(o *Options) { o.Addrs, o.Cluster = []string{blackHole(t), blackHole(t), blackHole(t)}, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait, all for the same deadlines
			g := openAt(t, change)
			watch := startWatch()
			for range 5 {
				var wg sync.WaitGroup
				for i := range 64 {
					wg.Go(func() {
						watch.time(func() {
							_, err := g.Enter(t.Context(), store.EnterRequest{Nonce: fmt.Sprint(i), NonceTTL: time.Minute, LockKey: "k", LockTTL: time.Minute})
							if !errors.Is(err, ErrAway) {
								t.Errorf("Enter: %v", err)
							}
						})
						watch.time(func() {
							if err := g.Leave(t.Context(), "k", 1, true); !errors.Is(err, ErrAway) {
								t.Errorf("Leave: %v", err)
							}
						})
					})
				}
				watch.time(func() { _ = g.Ping(t.Context()) })
				wg.Wait()
				sleep(firstRest + 10*time.Millisecond)
			}
			watch.check(t)
		})
	}
}

// The caller's own deadline and cancellation are the caller's, not an outage; patience that ran out is one.
func TestCallersDeadline(t *testing.T) {
	hole := blackHole(t)
	r := store.EnterRequest{Nonce: "n", NonceTTL: time.Minute}
	g := openAt(t, nil, hole)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := g.Enter(ctx, r); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrAway) {
		t.Errorf("got %v", err)
	}
	if g.breaker.open.Load() {
		t.Error("an impatient caller opened the breaker")
	}
	ctx, cancel = context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer cancel()
	if _, err := g.Enter(ctx, r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if !g.breaker.open.Load() {
		t.Error("a patient caller did not open the breaker")
	}
}

// With a fallback the process never notices: nonces stay remembered over the outage and locks go on.
func TestFallbackOverOutage(t *testing.T) {
	s := guardtest.StartRedis(t)
	g := WithFallback(openAt(t, nil, s.Addr), memory.New(now))
	ask := func(nonce, lock string) store.Entry {
		t.Helper()
		e, err := g.Enter(t.Context(), store.EnterRequest{Nonce: nonce, NonceTTL: time.Minute, LockKey: lock, LockTTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	before := ask("before", "a")
	if before.NonceSeen || before.Lock != store.LockHeld {
		t.Fatalf("%+v", before)
	}
	s.Kill()
	if e := ask("before", "b"); !e.NonceSeen || e.Lock != store.LockHeld {
		t.Errorf("a nonce from before, while away: %+v", e)
	}
	during := ask("during", "a")
	if during.NonceSeen || during.Lock != store.LockHeld || during.Fence <= before.Fence {
		t.Errorf("while away: %+v after %+v", during, before)
	}
	if e := ask("during", "a"); !e.NonceSeen || e.Lock != store.LockBusy {
		t.Errorf("again while away: %+v", e)
	}
	if err := g.Leave(t.Context(), "a", before.Fence, true); !errors.Is(err, ErrAway) {
		t.Errorf("leaving a lock of Redis while it is away: %v", err)
	}
	if e := ask("x", "a"); e.Lock != store.LockBusy {
		t.Errorf("that touched the local lock: %+v", e)
	}
	s.Restart(t)
	eventually(t, g)
	if e := ask("during", "c"); !e.NonceSeen || e.Lock != store.LockHeld {
		t.Errorf("a nonce from the outage, after it: %+v", e)
	}
	if err := g.Leave(t.Context(), "a", during.Fence, false); err != nil {
		t.Error(err)
	}
}
