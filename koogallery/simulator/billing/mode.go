// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// Mode is how often usage is collected into a bill (open-apis §3.7).
type Mode string

// The billing modes.
const (
	Hourly Mode = "hourly" // 按小时计费: at minute 15 of every hour. The default.
	Daily  Mode = "daily"  // 按天计费: at 01:00 in Beijing
)

// collectHourly and collectDaily are when usage is collected, after the full
// hour and after midnight in Beijing.
const (
	collectHourly = 15 * time.Minute
	collectDaily  = time.Hour
)

// DueAt returns when usage that ended at end is collected: with the hour or the
// day in Beijing in which it ended.
func (m Mode) DueAt(end time.Time) time.Time {
	if m == Daily {
		year, month, day := end.In(wiretime.Beijing()).Date()
		midnight := time.Date(year, month, day, 0, 0, 0, 0, wiretime.Beijing())
		if midnight.Before(end) {
			midnight = time.Date(year, month, day+1, 0, 0, 0, 0, wiretime.Beijing())
		}
		return midnight.Add(collectDaily).UTC()
	}
	hour := end.Truncate(time.Hour)
	if hour.Before(end) {
		hour = hour.Add(time.Hour)
	}
	return hour.Add(collectHourly).UTC()
}

// Next returns the first collection after t.
func (m Mode) Next(t time.Time) time.Time {
	if m == Daily {
		year, month, day := t.In(wiretime.Beijing()).Date()
		at := time.Date(year, month, day, 0, 0, 0, 0, wiretime.Beijing()).Add(collectDaily)
		if !at.After(t) {
			at = time.Date(year, month, day+1, 0, 0, 0, 0, wiretime.Beijing()).Add(collectDaily)
		}
		return at.UTC()
	}
	at := t.Truncate(time.Hour).Add(collectHourly)
	if !at.After(t) {
		at = at.Add(time.Hour)
	}
	return at.UTC()
}
