// SPDX-License-Identifier: Apache-2.0

// Package clock is the time of the marketplace's side: a clock with timers, which whoever uses a package of koogallery
// brings along, and the two ways to wait that are built on it. It reads no clock of its own, so a virtual clock drives
// everything that waits. The clocks of package server/clock fit without either package importing the other: [Timer] is
// an alias of an unnamed interface in both.
package clock

import (
	"context"
	"time"
)

// Clock tells the time and waits for it.
type Clock interface {
	// Now returns the current time.
	Now() time.Time
	// NewTimer returns a timer that fires once after d.
	NewTimer(d time.Duration) Timer
}

// Timer fires once.
type Timer = interface {
	// C delivers the time of firing.
	C() <-chan time.Time
	// Stop keeps the timer from firing; the channel is not closed.
	Stop()
}

// Sleep waits for d or until ctx is done, and then returns ctx.Err().
func Sleep(ctx context.Context, c Clock, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := c.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C():
		return nil
	}
}

// WithTimeout is context.WithTimeout by a clock. When d has passed, context.Cause is context.DeadlineExceeded. The
// context names no deadline: whoever compared one with the machine's clock would be wrong.
func WithTimeout(ctx context.Context, c Clock, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	t := c.NewTimer(d)
	go func() {
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C():
			cancel(context.DeadlineExceeded)
		}
	}()
	return ctx, func() {
		t.Stop()
		cancel(context.Canceled)
	}
}
