// SPDX-License-Identifier: Apache-2.0

package check

import (
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// Moment is a clock that stands until it is set.
type Moment struct {
	mu sync.Mutex
	at time.Time
}

// NewMoment returns a clock that stands at a time.
func NewMoment(at time.Time) *Moment { return &Moment{at: at} }

// Read tells the time.
func (m *Moment) Read() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

func (m *Moment) set(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = at
}

// Clocked is a store whose clock the suite sets; handles on one database share it.
type Clocked struct {
	store.Store
	Clock *Moment
}

// At sets a store's clock.
func At(s store.Store, now time.Time) store.Store {
	s.(*Clocked).Clock.set(now)
	return s
}

// Near checks a time against the clock of this machine, on which calls take a while.
func Near(t *testing.T, what string, got, want time.Time) {
	t.Helper()
	if d := got.Sub(want).Abs(); d > Patience {
		t.Fatalf("%s is %s, %s from %s", what, got, d, want)
	}
}
