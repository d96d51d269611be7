// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"time"
)

// The package's only reading of the system's clock. Ends of leases are compared on its monotonic part, so that setting the machine's
// clock ends none.
func now() time.Time { return time.Now() }

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}
