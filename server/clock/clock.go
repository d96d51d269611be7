// SPDX-License-Identifier: Apache-2.0

// Package clock is the only place that reads the system's clock. Everything else is given a [Clock]; a linter rule holds
// it to that. Package clocktest has the clock of tests.
package clock

import "time"

// Clock tells the time and waits for it.
type Clock interface {
	// Now returns the current time in UTC.
	Now() time.Time
	// NewTimer returns a timer that fires once after d.
	NewTimer(d time.Duration) Timer
}

// Timer fires once. It is an alias of an unnamed interface, so that these clocks fit whoever declares the same one: the
// packages of koogallery have a Clock of their own and import nothing of the server.
type Timer = interface {
	// C delivers the time of firing.
	C() <-chan time.Time
	// Stop keeps the timer from firing; the channel is not closed.
	Stop()
}

// System is the machine's clock.
type System struct{}

// Now implements Clock.
func (System) Now() time.Time { return time.Now().UTC() }

// NewTimer implements Clock.
func (System) NewTimer(d time.Duration) Timer { return systemTimer{time.NewTimer(d)} }

type systemTimer struct{ t *time.Timer }

func (s systemTimer) C() <-chan time.Time { return s.t.C }
func (s systemTimer) Stop()               { s.t.Stop() }
