// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"sync"
	"sync/atomic"
	"time"
)

// How long the server is left alone after a failure: the first time, and at most.
const (
	firstRest   = 250 * time.Millisecond
	longestRest = 2 * time.Second
)

// breaker keeps calls from a server that fails. Closed, it lets every call pass. The first failure opens it for a rest;
// after that one call at a time may probe. A probe that succeeds closes it, one that fails doubles the rest.
type breaker struct {
	now     func() time.Time
	onState func(away bool, cause error)

	open atomic.Bool   // read without the mutex, written under it, as is life
	life atomic.Uint64 // how often it opened; a call that began in an earlier life says nothing about this one

	mu      sync.Mutex
	rest    time.Duration
	until   time.Time
	probing bool
}

func newBreaker(now func() time.Time, onState func(bool, error)) *breaker {
	if onState == nil {
		onState = func(bool, error) {}
	}
	return &breaker{now: now, onState: onState}
}

// pass is the right to make one call; it must be handed back by report.
type pass struct {
	probe bool
	life  uint64
}

// verdict is what a call tells about the server.
type verdict int

const (
	unknown verdict = iota // nothing: the caller gave up, or the fault is on this side
	healthy
	failed
)

func (b *breaker) enter() (pass, bool) {
	if !b.open.Load() {
		return pass{life: b.life.Load()}, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.open.Load():
		return pass{life: b.life.Load()}, true
	case b.probing:
		return pass{}, false
	}
	// A clock that stepped back must not keep the server waiting for longer than the longest rest.
	if left := b.until.Sub(b.now()); left > 0 && left <= longestRest {
		return pass{}, false
	}
	b.probing = true
	return pass{probe: true, life: b.life.Load()}, true
}

func (b *breaker) report(p pass, v verdict, cause error) {
	if v == healthy && !p.probe {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.life != b.life.Load() {
		return
	}
	if p.probe {
		b.probing = false
	}
	switch {
	case v == unknown:
	case p.probe && v == healthy:
		b.rest = 0
		b.open.Store(false)
		b.onState(false, nil)
	case p.probe:
		b.rest = min(2*b.rest, longestRest)
		b.until = b.now().Add(b.rest)
	case !b.open.Load():
		b.life.Add(1)
		b.rest = firstRest
		b.until = b.now().Add(b.rest)
		b.open.Store(true)
		b.onState(true, cause)
	}
}
