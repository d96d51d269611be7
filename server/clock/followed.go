// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"sync"
	"time"
)

// Followed tells the time of another machine's clock, of which it hears from time to time. In between it goes on by the
// machine's monotonic clock, so that setting this machine's clock does not move it. Safe for concurrent use.
type Followed struct {
	own Clock

	mu        sync.Mutex
	base      reading // what Now goes on from; zero while the two clocks cannot be told apart
	last      reading
	everHeard bool
}

// reading is what another clock showed when this machine's showed own, which keeps its monotonic part.
type reading struct{ theirs, own time.Time }

// now is what the other clock shows when this machine's shows own.
func (r reading) now(own time.Time) time.Time { return r.theirs.Add(own.Sub(r.own)) }

// Follow returns a clock that tells own's time until it hears of the other.
func Follow(own Clock) *Followed { return &Followed{own: own} }

// Now implements Clock.
func (f *Followed) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read(f.own.Now())
}

func (f *Followed) read(own time.Time) time.Time {
	if f.base == (reading{}) {
		return own
	}
	return f.base.now(own)
}

// NewTimer implements Clock; durations are this machine's.
func (f *Followed) NewTimer(d time.Duration) Timer { return f.own.NewTimer(d) }

// Heard takes what the other clock showed at some moment between began and ended of this machine's clock. A difference within
// that span says nothing, and Now goes on undisturbed.
func (f *Followed) Heard(theirs, began, ended time.Time) {
	half := ended.Sub(began) / 2
	middle := began.Add(half)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last, f.everHeard = reading{theirs.Round(0), middle}, true
	if f.read(middle).Sub(theirs).Abs() > half {
		f.base = f.last
	}
}

// Offset returns how far the other clock is ahead of this machine's; ok is false before the first word of it.
func (f *Followed) Offset() (ahead time.Duration, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.everHeard {
		return 0, false
	}
	own := f.own.Now()
	return f.last.now(own).Sub(own.Round(0)), true
}
