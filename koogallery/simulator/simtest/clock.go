// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"slices"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
)

// How long the marketplace waits for an answer: timers of these lengths are the deadlines of calls.
const (
	Answer   = 5 * time.Second
	AnswerV1 = 20 * time.Second
)

// Patience is how long a page waits for what it has started. That passes only with the time of somebody else.
const Patience = 4 * time.Second

// Start is a Friday evening in Beijing.
func Start() time.Time { return time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC) }

// Clock is a virtual clock. While a call is under way it stands still until somebody advances it; when none is, whoever
// waits is woken at once and the clock shows the time that they have waited for.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	timers []*timer
	slept  []time.Duration
}

// NewClock returns a clock that shows Start.
func NewClock() *Clock { return &Clock{now: Start()} }

// Now implements clock.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock and fires every timer that is due.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.fire()
}

// Slept returns how long somebody waited each time, deadlines of calls excepted.
func (c *Clock) Slept() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.slept)
}

// NewTimer implements clock.Clock.
func (c *Clock) NewTimer(d time.Duration) clock.Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{clock: c, at: c.now.Add(d), deadline: d == Answer || d == AnswerV1, c: make(chan time.Time, 1)}
	c.timers = append(c.timers, t)
	if !t.deadline && d != Patience {
		c.slept = append(c.slept, d)
		c.skip()
	}
	return t
}

// skip goes to the next timer, and on from there, as long as no call is under way. The lock is held.
func (c *Clock) skip() {
	for len(c.timers) > 0 && !slices.ContainsFunc(c.timers, func(t *timer) bool { return t.deadline }) {
		next := slices.MinFunc(c.timers, func(a, b *timer) int { return a.at.Compare(b.at) })
		if next.at.After(c.now) {
			c.now = next.at
		}
		c.fire()
	}
}

// fire fires what is due. The lock is held.
func (c *Clock) fire() {
	c.timers = slices.DeleteFunc(c.timers, func(t *timer) bool {
		due := !t.at.After(c.now)
		if due {
			t.c <- c.now
		}
		return due
	})
}

// timer is a timer of a Clock.
type timer struct {
	clock    *Clock
	at       time.Time
	deadline bool // of a call
	c        chan time.Time
}

// C implements clock.Timer.
func (t *timer) C() <-chan time.Time { return t.c }

// Stop implements clock.Timer.
func (t *timer) Stop() {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	t.clock.timers = slices.DeleteFunc(t.clock.timers, func(other *timer) bool { return other == t })
	t.clock.skip()
}

// Held is a Clock on which waiting does not end by itself.
type Held struct {
	*Clock
	Waits func()          // is told of everybody who begins to wait
	Wake  <-chan struct{} // closed: they go on
}

// NewTimer implements clock.Clock.
func (h Held) NewTimer(d time.Duration) clock.Timer {
	t := &timer{clock: h.Clock, at: h.Now().Add(d), c: make(chan time.Time, 1)}
	if d == Answer || d == AnswerV1 {
		return t
	}
	h.Waits()
	if h.Wake != nil {
		go func() {
			<-h.Wake
			t.c <- h.Now()
		}()
	}
	return t
}
