// SPDX-License-Identifier: Apache-2.0

package guardtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// Open returns an empty guard, closed at the end of the test, and a function that lets its time pass.
type Open func(t *testing.T) (g store.Guard, advance func(time.Duration))

// Lifetimes of the suite. A guard on the real clock waits them out, so they are short; an operation takes far less,
// or is made again (inTime).
const (
	short = 600 * time.Millisecond
	past  = 800 * time.Millisecond // surely after short
	long  = time.Minute
)

// Limit is what a guard under test cannot do; cases that need it are skipped.
type Limit int

// RealTime says that advance waits, so days cannot be skipped.
const RealTime Limit = 1

// Run holds a guard to the contract of store.Guard.
func Run(t *testing.T, open Open, limits ...Limit) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *suite)
	}{
		{"nothing asked, nothing answered", nothingAsked},
		{"nonce is new once", nonceOnce},
		{"nonce is new to one of many", nonceOneOfMany},
		{"nonce expires", nonceExpires},
		{"nonce and lock in one call", nonceAndLock},
		{"lock is exclusive among 64", lockExclusive},
		{"lock excludes over many rounds", lockRounds},
		{"fence grows with every holder", fenceGrows},
		{"expiry frees the lock", expiryFrees},
		{"late leave of an expired holder does nothing", lateLeave},
		{"late leave after the next holder is done does nothing", lateLeaveAfterDone},
		{"leave without a lock does nothing", leaveWithoutLock},
		{"done mark stays", doneMark},
		{"done mark outlives the lock", doneOutlives},
		{"done mark expires", doneExpires},
		{"tiny lifetimes are accepted", tinyLifetimes},
		{"keys are isolated", keysIsolated},
		{"hostile names", hostileNames},
		{"cancelled context", cancelled},
		{"closed guard", closed},
	} {
		t.Run(c.name, func(t *testing.T) {
			realTime := slices.Contains(limits, RealTime)
			if realTime {
				t.Parallel() // most of the time they wait
			}
			g, advance := open(t)
			c.test(t, &suite{g: g, advance: advance, realTime: realTime})
		})
	}
}

type suite struct {
	g        store.Guard
	advance  func(time.Duration)
	realTime bool
}

// inTime makes calls that must reach the guard within a short lifetime, and returns the name for which they did. Where the
// machine was too busy for that they prove nothing, and are made anew with another name.
func (s *suite) inTime(t *testing.T, calls func(name string)) string {
	t.Helper()
	for n := range 100 {
		name, began := fmt.Sprint("k", n), time.Now()
		calls(name)
		if !s.realTime || time.Since(began) < short {
			return name
		}
	}
	t.Fatalf("no call is through within %v", short)
	return ""
}

func (s *suite) enter(t *testing.T, r store.EnterRequest) store.Entry {
	t.Helper()
	e, err := s.g.Enter(t.Context(), r)
	if err != nil {
		t.Fatalf("Enter(%.80q, %.80q): %v", r.Nonce, r.LockKey, err)
	}
	if (e.Lock == store.LockHeld) != (e.Fence > 0) {
		t.Fatalf("Enter: state %d with fence %d", e.Lock, e.Fence)
	}
	return e
}

func (s *suite) seen(t *testing.T, nonce string, ttl time.Duration) bool {
	t.Helper()
	e := s.enter(t, store.EnterRequest{Nonce: nonce, NonceTTL: ttl})
	if e.Lock != store.LockNone {
		t.Fatalf("Enter without a lock key answered lock state %d", e.Lock)
	}
	return e.NonceSeen
}

func (s *suite) lock(t *testing.T, key string, ttl time.Duration, want store.LockState) int64 {
	t.Helper()
	e := s.enter(t, store.EnterRequest{LockKey: key, LockTTL: ttl})
	if e.NonceSeen {
		t.Fatal("Enter without a nonce answered a replay")
	}
	if e.Lock != want {
		t.Fatalf("lock %.80q: state %d, want %d", key, e.Lock, want)
	}
	return e.Fence
}

func (s *suite) leave(t *testing.T, key string, fence int64, done bool) {
	t.Helper()
	if err := s.g.Leave(t.Context(), key, fence, done); err != nil {
		t.Fatalf("Leave(%.80q, %d, %v): %v", key, fence, done, err)
	}
}

func nothingAsked(t *testing.T, s *suite) {
	if e := s.enter(t, store.EnterRequest{}); e != (store.Entry{}) {
		t.Fatalf("got %+v", e)
	}
	if err := s.g.Ping(t.Context()); err != nil {
		t.Fatalf("Ping: %v", err)
	}
}

func nonceOnce(t *testing.T, s *suite) {
	if s.seen(t, "a", long) {
		t.Fatal("a new nonce counts as seen")
	}
	for range 3 {
		if !s.seen(t, "a", long) {
			t.Fatal("a replay counts as new")
		}
	}
	if s.seen(t, "b", long) {
		t.Fatal("another nonce counts as seen")
	}
}

func nonceOneOfMany(t *testing.T, s *suite) {
	var fresh atomic.Int32
	crowd(t, 64, func() error {
		e, err := s.g.Enter(t.Context(), store.EnterRequest{Nonce: "a", NonceTTL: long})
		if err == nil && !e.NonceSeen {
			fresh.Add(1)
		}
		return err
	})
	if n := fresh.Load(); n != 1 {
		t.Fatalf("the nonce was new to %d callers", n)
	}
}

func nonceExpires(t *testing.T, s *suite) {
	var seen bool
	name := s.inTime(t, func(name string) {
		s.seen(t, name, short)
		s.advance(short / 2)
		seen = s.seen(t, name, short)
	})
	if !seen {
		t.Fatal("forgotten before its time")
	}
	s.advance(past - short/2) // the replay in between must not have prolonged it
	if s.seen(t, name, short) {
		t.Fatal("remembered beyond its time")
	}
}

func nonceAndLock(t *testing.T, s *suite) {
	r := store.EnterRequest{Nonce: "a", NonceTTL: long, LockKey: "a", LockTTL: long}
	if e := s.enter(t, r); e.NonceSeen || e.Lock != store.LockHeld {
		t.Fatalf("first: %+v", e)
	}
	if e := s.enter(t, r); !e.NonceSeen || e.Lock != store.LockBusy {
		t.Fatalf("second: %+v", e)
	}
	r.Nonce = "b"
	if e := s.enter(t, r); e.NonceSeen || e.Lock != store.LockBusy {
		t.Fatalf("another nonce, same lock: %+v", e)
	}
}

func lockExclusive(t *testing.T, s *suite) {
	var held, busy atomic.Int32
	crowd(t, 64, func() error {
		e, err := s.g.Enter(t.Context(), store.EnterRequest{LockKey: "k", LockTTL: long})
		switch e.Lock {
		case store.LockHeld:
			held.Add(1)
		case store.LockBusy:
			busy.Add(1)
		case store.LockNone, store.LockDone:
		}
		return err
	})
	if held.Load() != 1 || busy.Load() != 63 {
		t.Fatalf("%d held, %d busy", held.Load(), busy.Load())
	}
}

func lockRounds(t *testing.T, s *suite) {
	var inside, entered atomic.Int32
	var mu sync.Mutex
	var last int64
	crowd(t, 64, func() error {
		for range 20 {
			e, err := s.g.Enter(t.Context(), store.EnterRequest{LockKey: "k", LockTTL: long})
			if err != nil {
				return err
			}
			if e.Lock != store.LockHeld {
				continue
			}
			if inside.Add(1) != 1 {
				return errors.New("two holders at once")
			}
			entered.Add(1)
			mu.Lock()
			if e.Fence <= last {
				err = fmt.Errorf("fence %d after %d", e.Fence, last)
			}
			last = e.Fence
			mu.Unlock()
			inside.Add(-1)
			if err = errors.Join(err, s.g.Leave(t.Context(), "k", e.Fence, false)); err != nil {
				return err
			}
		}
		return nil
	})
	if entered.Load() == 0 {
		t.Fatal("nobody ever held the lock")
	}
}

func fenceGrows(t *testing.T, s *suite) {
	var last int64
	for range 50 {
		f := s.lock(t, "k", long, store.LockHeld)
		if f <= last {
			t.Fatalf("fence %d after %d", f, last)
		}
		last = f
		s.leave(t, "k", f, false)
	}
}

func expiryFrees(t *testing.T, s *suite) {
	var first int64
	var second store.Entry
	name := s.inTime(t, func(name string) {
		first = s.lock(t, name, short, store.LockHeld)
		second = s.enter(t, store.EnterRequest{LockKey: name, LockTTL: short})
	})
	if second.Lock != store.LockBusy {
		t.Fatalf("lock %q: state %d, want %d", name, second.Lock, store.LockBusy)
	}
	s.advance(past)
	if second := s.lock(t, name, long, store.LockHeld); second <= first {
		t.Fatalf("fence %d after %d", second, first)
	}
}

func lateLeave(t *testing.T, s *suite) {
	for _, done := range []bool{false, true} {
		key := fmt.Sprintf("k%v", done)
		late := s.lock(t, key, short, store.LockHeld)
		s.advance(past)
		s.leave(t, key, late, done) // nobody holds it
		current := s.lock(t, key, long, store.LockHeld)
		s.leave(t, key, late, done) // somebody else does
		s.lock(t, key, long, store.LockBusy)
		s.leave(t, key, current, false)
		s.lock(t, key, long, store.LockHeld)
	}
}

func lateLeaveAfterDone(t *testing.T, s *suite) {
	late := s.lock(t, "k", short, store.LockHeld)
	s.advance(past)
	s.leave(t, "k", s.lock(t, "k", long, store.LockHeld), true)
	s.leave(t, "k", late, false)
	s.lock(t, "k", long, store.LockDone)
}

func leaveWithoutLock(t *testing.T, s *suite) {
	for _, fence := range []int64{-1, 0, 1, 1 << 52} {
		s.leave(t, "k", fence, true)
		s.leave(t, "k", fence, false)
	}
	f := s.lock(t, "k", long, store.LockHeld)
	s.leave(t, "k", 0, false)
	s.leave(t, "k", f+1, false)
	s.lock(t, "k", long, store.LockBusy)
}

func doneMark(t *testing.T, s *suite) {
	f := s.lock(t, "k", long, store.LockHeld)
	s.leave(t, "k", f, true)
	s.lock(t, "k", long, store.LockDone)
	s.leave(t, "k", f, false) // a repeat of the leave does not remove the mark
	s.leave(t, "k", -1, false)
	s.lock(t, "k", long, store.LockDone)
}

func doneOutlives(t *testing.T, s *suite) {
	name := s.inTime(t, func(name string) { s.leave(t, name, s.lock(t, name, short, store.LockHeld), true) })
	s.advance(past)
	s.lock(t, name, short, store.LockDone)
}

func doneExpires(t *testing.T, s *suite) {
	if s.realTime {
		t.Skip("a day cannot be waited for")
	}
	s.leave(t, "k", s.lock(t, "k", long, store.LockHeld), true)
	s.advance(store.DoneTTL - time.Second)
	s.lock(t, "k", long, store.LockDone)
	s.advance(2 * time.Second)
	s.lock(t, "k", long, store.LockHeld)
}

func tinyLifetimes(t *testing.T, s *suite) {
	for i, ttl := range []time.Duration{-time.Hour, 0, 1, time.Microsecond} {
		name := fmt.Sprint(i)
		if s.seen(t, name, ttl) {
			t.Fatalf("ttl %v: new nonce seen", ttl)
		}
		s.lock(t, name, ttl, store.LockHeld)
		s.advance(20 * time.Millisecond)
		if s.seen(t, name, ttl) {
			t.Fatalf("ttl %v: nonce did not expire", ttl)
		}
		s.lock(t, name, ttl, store.LockHeld)
	}
}

func keysIsolated(t *testing.T, s *suite) {
	// The same name as a nonce and as a lock are different things, and so are names that only look alike.
	s.seen(t, "x", long)
	f := s.lock(t, "x", long, store.LockHeld)
	s.lock(t, "x:", long, store.LockHeld)
	s.lock(t, ":x", long, store.LockHeld)
	s.lock(t, "X", long, store.LockHeld)
	s.leave(t, "x", f, true)
	s.lock(t, "x", long, store.LockDone)
	s.lock(t, "x:", long, store.LockBusy)
	if !s.seen(t, "x", long) {
		t.Fatal("leaving the lock forgot the nonce")
	}
}

func hostileNames(t *testing.T, s *suite) {
	big := strings.Repeat("n", 10<<10)
	names := []string{
		"{", "}", "{}", "{a}", "a{b}c", "{}{a}", "}{", "l:{a}", "f:{a}", "~", "~a", "a b", "a\x00b", "a\x00", "\x00a", "\n", "a\r\nDEL b\r\n",
		"*3\r\n$3\r\nSET\r\n", "订单-一", "e\u0301", "\u00e9", "\xff\xfe", "%s%d", "../..", "done", "0", "-1", "\"", "'", "\\", "🜲",
		big, big + "a", big + "b", strings.Repeat("{", 300), strings.Repeat("订", 4000),
	}
	fences := make(map[string]int64, len(names))
	for _, n := range names {
		if s.seen(t, n, long) {
			t.Fatalf("nonce %.40q collides with another", n)
		}
		fences[n] = s.lock(t, n, long, store.LockHeld)
	}
	for _, n := range names {
		if !s.seen(t, n, long) {
			t.Fatalf("nonce %.40q forgotten", n)
		}
		s.lock(t, n, long, store.LockBusy)
		s.leave(t, n, fences[n], true)
	}
	for _, n := range names {
		s.lock(t, n, long, store.LockDone)
	}
}

func cancelled(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := store.EnterRequest{Nonce: "a", NonceTTL: long, LockKey: "k", LockTTL: long}
	if _, err := s.g.Enter(ctx, r); !errors.Is(err, context.Canceled) {
		t.Fatalf("Enter: %v", err)
	}
	if err := s.g.Leave(ctx, "k", 1, true); !errors.Is(err, context.Canceled) {
		t.Fatalf("Leave: %v", err)
	}
	if err := s.g.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Ping: %v", err)
	}
	if e := s.enter(t, r); e.NonceSeen || e.Lock != store.LockHeld {
		t.Fatalf("a cancelled call left something behind: %+v", e)
	}
}

func closed(t *testing.T, s *suite) {
	for range 2 {
		if err := s.g.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	if _, err := s.g.Enter(t.Context(), store.EnterRequest{Nonce: "a", NonceTTL: long}); err == nil {
		t.Fatal("Enter works after Close")
	}
	if err := s.g.Leave(t.Context(), "k", 1, true); err == nil {
		t.Fatal("Leave works after Close")
	}
	if err := s.g.Ping(t.Context()); err == nil {
		t.Fatal("Ping works after Close")
	}
}

// crowd runs f in n goroutines that start together.
func crowd(t *testing.T, n int, f func() error) {
	t.Helper()
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make(chan error, n)
	for range n {
		wg.Go(func() {
			<-start
			errs <- f()
		})
	}
	close(start)
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}
