// SPDX-License-Identifier: Apache-2.0

package wiretime

import "time"

// Format14 returns t in UTC as yyyyMMddHHmmss; fractions of a second are cut
// off. Only years from MinYear to MaxYear can be read back by Parse.
func Format14(t time.Time) string {
	return t.UTC().Format("20060102150405")
}

// Format17 returns t in UTC as yyyyMMddHHmmssSSS; fractions of a millisecond
// are cut off. Only years from MinYear to MaxYear can be read back by Parse.
func Format17(t time.Time) string {
	s := t.UTC().Format("20060102150405.000")
	point := len(s) - len(".000")
	return s[:point] + s[point+1:]
}
