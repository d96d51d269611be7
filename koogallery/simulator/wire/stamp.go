// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"sync"
	"time"
)

// stamper gives times of whole milliseconds that strictly increase, whatever the
// clock does: no two calls of a V1 or Kit seller have the same timeStamp.
type stamper struct {
	mu   sync.Mutex
	last time.Time
}

// Stamp returns the present time or, if that was given out, the next millisecond.
func (c *Caller) Stamp() time.Time {
	now := c.cfg.Clock.Now().UTC().Truncate(time.Millisecond)
	c.stamps.mu.Lock()
	defer c.stamps.mu.Unlock()
	if !now.After(c.stamps.last) {
		now = c.stamps.last.Add(time.Millisecond)
	}
	c.stamps.last = now
	return now
}
