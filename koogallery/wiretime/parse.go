// SPDX-License-Identifier: Apache-2.0

package wiretime

import (
	"errors"
	"time"
)

// Years that are accepted, inclusive. A value outside is not a plausible order
// or expiry date, and accepting it would turn a typing mistake into a service
// that never expires.
const (
	MinYear = 2000
	MaxYear = 2200
)

// Lengths of the two forms in bytes.
const (
	secondsLen = 14
	millisLen  = 17
)

// Sentinels of this package. Their texts do not repeat the input.
var (
	// ErrFormat says that a text is not fourteen or seventeen digits that name
	// an existing calendar day and time of day.
	ErrFormat = errors.New("wiretime: not a timestamp of 14 or 17 digits")

	// ErrRange says that a timestamp is well formed but its year lies outside
	// MinYear to MaxYear.
	ErrRange = errors.New("wiretime: year out of range")
)

// Parse reads a timestamp of fourteen or seventeen digits as UTC.
//
// It is strict: no blanks, no separators, no 24th hour, no leap second, no
// 30 February. Errors: ErrFormat, ErrRange.
func Parse(s string) (time.Time, error) {
	return ParseIn(s, time.UTC)
}

// ParseIn reads a timestamp as a local time of loc and returns it in loc. A nil
// loc means UTC. A local time that loc skips, when clocks go forward, is
// refused. Errors: ErrFormat, ErrRange.
func ParseIn(s string, loc *time.Location) (time.Time, error) {
	if len(s) != secondsLen && len(s) != millisLen {
		return time.Time{}, ErrFormat
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return time.Time{}, ErrFormat
		}
	}
	if loc == nil {
		loc = time.UTC
	}
	year, month, day := number(s[0:4]), time.Month(number(s[4:6])), number(s[6:8])
	hour, minute, second := number(s[8:10]), number(s[10:12]), number(s[12:14])
	millis := 0
	if len(s) == millisLen {
		millis = number(s[secondsLen:])
	}

	// time.Date carries impossible parts over into the next unit; a text is
	// valid exactly if nothing moved.
	t := time.Date(year, month, day, hour, minute, second, millis*int(time.Millisecond), loc)
	y, m, d := t.Date()
	hh, mm, ss := t.Clock()
	if y != year || m != month || d != day || hh != hour || mm != minute || ss != second {
		return time.Time{}, ErrFormat
	}
	if year < MinYear || year > MaxYear {
		return time.Time{}, ErrRange
	}
	return t, nil
}

// Beijing returns UTC+8, the zone of the China site, without daylight saving.
func Beijing() *time.Location {
	const offset = 8 * 60 * 60
	return time.FixedZone("UTC+8", offset)
}

// number reads decimal digits that were checked before.
func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}
