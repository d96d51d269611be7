// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"context"
	"time"
)

// Sleep waits for d. When ctx is over first it returns the error of ctx.
func Sleep(ctx context.Context, c Clock, d time.Duration) error {
	if !Wait(ctx, c, d, nil) {
		return ctx.Err()
	}
	return nil
}

// Wait waits for a wake-up, but not longer than d. It returns false when ctx is over first.
func Wait(ctx context.Context, c Clock, d time.Duration, wake <-chan struct{}) bool {
	t := c.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-t.C():
	}
	return true
}
