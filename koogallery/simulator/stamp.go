// SPDX-License-Identifier: Apache-2.0

package simulator

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

// stamp returns the present time or, if that was given out, the next millisecond.
func (s *Simulator) stamp() time.Time {
	now := s.cfg.Clock.Now().UTC().Truncate(time.Millisecond)
	s.stamps.mu.Lock()
	defer s.stamps.mu.Unlock()
	if !now.After(s.stamps.last) {
		now = s.stamps.last.Add(time.Millisecond)
	}
	s.stamps.last = now
	return now
}
