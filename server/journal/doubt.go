// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"time"

	"github.com/koogate/koogate/store"
)

// Doubt finds out why a signature did not hold. It is asked once, by whoever writes records and by no call, and forgotten then.
type Doubt interface{ Cause() store.CallCause }

// mostDoubts is how many refused calls wait for their second look; they are looked at before each batch. What finds no room stays KEY.
const mostDoubts = 8

// doubted is a refused call before it is counted.
type doubted struct {
	doubt   Doubt // nil when there is none
	refusal refusal
	at      time.Time
	row     *store.Call // nil when it has none
}

// Room tells whether a call that is refused now would be looked at again.
func (j *Journal) Room() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.doubts) < mostDoubts
}

// ask has the doubts looked into, and counts their calls. Those that come meanwhile wait for the next time.
func (j *Journal) ask() {
	j.mu.Lock()
	doubts := j.doubts[:len(j.doubts):len(j.doubts)]
	j.mu.Unlock()
	for i := range doubts {
		if cause := doubts[i].doubt.Cause(); cause != "" {
			doubts[i].refusal.cause = cause
		}
		doubts[i].doubt = nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, d := range doubts {
		j.count(d)
	}
	if j.doubts = j.doubts[len(doubts):]; len(j.doubts) == 0 {
		j.doubts = nil
	}
}
