// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"errors"
	"sync"
	"testing"
	"time"
)

func TestBreaker(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var states []bool
	b := newBreaker(func() time.Time { return at }, func(away bool, cause error) {
		if away != (cause != nil) {
			t.Errorf("away %v with cause %v", away, cause)
		}
		states = append(states, away)
	})
	boom := errors.New("boom")
	enter := func(want bool) pass {
		t.Helper()
		p, ok := b.enter()
		if ok != want {
			t.Fatalf("enter: %v, want %v", ok, want)
		}
		return p
	}
	slow := enter(true)
	b.report(enter(true), healthy, nil)
	b.report(enter(true), unknown, nil)
	b.report(enter(true), failed, boom)
	enter(false)

	rest := firstRest
	for range 5 {
		at = at.Add(rest - 1)
		enter(false)
		at = at.Add(1)
		p := enter(true)
		enter(false) // one probe at a time
		b.report(p, unknown, nil)
		p = enter(true) // the caller gave up: the next one probes at once
		b.report(p, failed, boom)
		enter(false)
		rest = min(2*rest, longestRest)
	}
	if rest != longestRest {
		t.Fatalf("rest %v", rest)
	}
	b.report(slow, failed, boom) // a call from before: no second opening
	at = at.Add(rest)
	b.report(enter(true), healthy, nil)
	b.report(enter(true), healthy, nil)
	b.report(slow, failed, boom) // from a life that is over
	enter(true)
	b.report(enter(true), failed, boom)
	at = at.Add(firstRest) // the rest starts small again
	b.report(enter(true), healthy, nil)
	if want := []bool{true, false, true, false}; len(states) != len(want) {
		t.Fatalf("states %v", states)
	}
	b.report(enter(true), failed, boom)
	at = at.Add(-time.Hour) // the clock steps back: no hour of waiting
	enter(true)
}

func TestBreakerLetsOneProbePass(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := newBreaker(func() time.Time { return at }, nil)
	p, _ := b.enter()
	b.report(p, failed, errors.New("boom"))
	at = at.Add(time.Minute)
	var mu sync.Mutex
	passed := 0
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if _, ok := b.enter(); ok {
				mu.Lock()
				passed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if passed != 1 {
		t.Fatalf("%d probes", passed)
	}
}
