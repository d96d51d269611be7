// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// ExpireTime prints an expireTime.
func (c *Caller) ExpireTime(t time.Time) string {
	if c.cfg.LongTime {
		return wiretime.Format17(t)
	}
	return wiretime.Format14(t)
}

// Local14 prints a time in Beijing.
func Local14(t time.Time) string { return wiretime.Format14(localDigits(t)) }

// Local17 is Local14 with milliseconds.
func Local17(t time.Time) string { return wiretime.Format17(localDigits(t)) }

// localDigits returns the time whose digits in UTC are those of t in Beijing.
func localDigits(t time.Time) time.Time {
	_, offset := t.In(wiretime.Beijing()).Zone()
	return t.Add(time.Duration(offset) * time.Second)
}
