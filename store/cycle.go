// SPDX-License-Identifier: Apache-2.0

package store

import (
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// Reset is when the content of a package is granted anew (套餐包重置规则).
type Reset string

// The resets.
const (
	ResetNone  Reset = "" // the content is the total for the package's whole life
	ResetMonth Reset = "MONTH"
	ResetYear  Reset = "YEAR"
)

// beijing is the marketplace's calendar. It has no daylight saving time.
var beijing = wiretime.Beijing()

func (r Reset) months() int {
	switch r {
	case ResetMonth:
		return 1
	case ResetYear:
		return 12
	}
	return 0
}

// CycleStart is when the n-th cycle starts, the first being 0: so many months or years after begin by the Beijing calendar,
// at the same time of day, and on the last day of a month that is too short. A package of 31 January turns on 28 February
// and then on 31 March.
func CycleStart(r Reset, begin time.Time, n int64) time.Time {
	b := begin.In(beijing)
	first := time.Date(b.Year(), b.Month()+time.Month(int(n)*r.months()), 1, b.Hour(), b.Minute(), b.Second(), b.Nanosecond(), beijing)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(b.Day(), last)-1).UTC()
}

// cycleAt is the cycle of a time, 0 for what lies before begin.
func cycleAt(r Reset, begin, at time.Time) int64 {
	b, a := begin.In(beijing), at.In(beijing)
	n := int64(((a.Year()-b.Year())*12 + int(a.Month()) - int(b.Month())) / r.months())
	if CycleStart(r, begin, n).After(at) {
		n--
	}
	return max(n, 0)
}

// Turn brings a quota to its cycle at now and reports whether that is a new one. It never goes back, whatever the clock of the
// caller says, and the cycle in which the package expires is its last. An amount that is still reserved in the old cycle takes
// nothing from the new one: when it is committed it counts in the old cycle.
func (q *Quota) Turn(now time.Time) (turned bool) {
	if q.Reset.months() == 0 {
		return false
	}
	if !q.ExpireAt.IsZero() && !now.Before(q.ExpireAt) {
		now = q.ExpireAt.Add(-time.Microsecond)
	}
	n := max(q.Cycle, cycleAt(q.Reset, q.BeginAt, now))
	if turned = n > q.Cycle; turned {
		q.UsedBefore += q.Used
		q.Cycle, q.Used, q.Reserved = n, 0, 0
	}
	q.TurnAt = CycleStart(q.Reset, q.BeginAt, n+1)
	return turned
}

// Settle records that everything which the calendar demands up to now has been done.
func (q *Quota) Settle(now time.Time) {
	q.Turn(now)
	q.SettledCycle = q.Cycle
	if q.SettledAt.Before(now) {
		q.SettledAt = now
	}
}
