// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"sync"
	"time"
)

// freshFor is how long the word of another clock counts.
const freshFor = 10 * time.Minute

// Witnessed is what signs of life tell about another machine's clock: each names a time that has passed there. A sign that was
// under way for long, or that somebody sends again, names an older time and never a later one, so the latest counts, until it
// is old itself. Safe for concurrent use.
type Witnessed struct {
	own Clock

	mu   sync.Mutex
	best reading
}

// Witness returns a clock that nothing is known of yet.
func Witness(own Clock) *Witnessed { return &Witnessed{own: own} }

// Saw takes a time that has passed on the other machine.
func (w *Witnessed) Saw(theirs time.Time) {
	own := w.own.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.best == (reading{}) || own.Sub(w.best.own) > freshFor || theirs.After(w.best.now(own)) {
		w.best = reading{theirs.Round(0), own}
	}
}

// Offset returns how far the other clock is ahead of this machine's, as far as is known; ok is false when nothing is.
func (w *Witnessed) Offset() (ahead time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	own := w.own.Now()
	if w.best == (reading{}) || own.Sub(w.best.own) > freshFor {
		return 0, false
	}
	return w.best.now(own).Sub(own.Round(0)), true
}

// Corrected returns this machine's time, or that of the other where the two are further apart than tolerance.
func (w *Witnessed) Corrected(tolerance time.Duration) time.Time {
	if ahead, ok := w.Offset(); ok && ahead.Abs() > tolerance {
		return w.own.Now().Add(ahead)
	}
	return w.own.Now()
}
