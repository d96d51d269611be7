// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/store"
)

// The lengths of a window.
const (
	Hour = time.Hour
	Day  = 24 * time.Hour
)

// beijing is the zone in which the marketplace bills days (open-apis §3.7).
var beijing = wiretime.Beijing()

const (
	// collect is how long after its hour or day a bill still takes usage (open-apis §3.7).
	collect = 15 * time.Minute
	// refuseAfter is how old the begin of a record may be.
	refuseAfter = deadline.UsageAge
	// DefaultSettle is how long after its end a window waits for late records.
	DefaultSettle = time.Minute
)

// Meter is how a product's usage is counted.
type Meter struct {
	Name   string
	Mode   store.UsageMode
	Window time.Duration // Hour, aligned to UTC hours, or Day, aligned to Beijing days
	Settle time.Duration // how long after its end a window stays open, 0 to 10 min
	Daily  bool          // billed once a day at 01:00 Beijing time rather than every hour at minute 15
}

// window returns the times of the window that a use from begin to end counts to. A use that took some time and ended at
// the very end of a window belongs to that window, not to the next. The window of the hour or day in which the instance
// was opened begins with the instance: the marketplace takes no usage from before it.
func (m Meter) window(begin, end, opened time.Time) store.UsageWindowTimes {
	at := end
	if begin.Before(end) {
		at = end.Add(-time.Microsecond)
	}
	length := m.Window
	if length != Day {
		length = Hour
	}
	start := aligned(at, length)
	w := store.UsageWindowTimes{StartAt: start, EndAt: start.Add(length)}
	w.DueAt, w.DeadlineAt = w.EndAt.Add(m.Settle), w.EndAt.Add(collect)
	if m.Daily {
		w.DeadlineAt = aligned(start, Day).Add(Day + collect)
	}
	if opened = opened.Truncate(time.Second); opened.After(start) {
		w.StartAt = opened
	}
	w.RefuseAt = w.StartAt.Add(refuseAfter)
	return w
}

// aligned is the begin of the UTC hour or the Beijing day of a time.
func aligned(at time.Time, length time.Duration) time.Time {
	if length == Day {
		y, m, d := at.In(beijing).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, beijing).UTC()
	}
	return at.UTC().Truncate(Hour)
}
