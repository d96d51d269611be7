// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"strconv"
	"time"
)

// DefaultSkew is the documented tolerance between the marketplace's timestamp
// and the seller's clock (saas-v2 §2.3).
const DefaultSkew = 60 * time.Second

// Lengths of a UNIX timestamp in decimal digits.
const (
	millisLen  = 13
	secondsLen = 10
)

// Freshness checks the timestamp of a production-interface call against now and
// returns the time it stands for, in UTC (saas-v2 §2.3).
//
// Thirteen digits are milliseconds. Ten digits are seconds: the international
// guide says seconds, though every example shows milliseconds. The window is
// symmetrical and closed: |now - sent| <= skew. A skew of zero or less means
// [DefaultSkew].
//
// Errors: ErrMissingTimestamp, ErrTimestampMalformed, ErrTimestampStale (too
// old), ErrTimestampFuture (too new, matches ErrTimestampStale too). In the last
// two cases sent is still returned, so that the distance can be reported.
func Freshness(now time.Time, timestamp string, skew time.Duration) (sent time.Time, err error) {
	if timestamp == "" {
		return time.Time{}, ErrMissingTimestamp
	}
	if skew <= 0 {
		skew = DefaultSkew
	}
	if (len(timestamp) != millisLen && len(timestamp) != secondsLen) || !digits(timestamp) {
		return time.Time{}, ErrTimestampMalformed
	}
	n, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return time.Time{}, ErrTimestampMalformed
	}
	if len(timestamp) == millisLen {
		sent = time.UnixMilli(n).UTC()
	} else {
		sent = time.Unix(n, 0).UTC()
	}
	return sent, within(now, sent, skew)
}

// within reports ErrTimestampStale or ErrTimestampFuture unless |now-t| <= skew.
// Sub saturates, so absurd distances compare correctly.
func within(now, t time.Time, skew time.Duration) error {
	distance := now.Sub(t)
	switch {
	case distance > skew:
		return ErrTimestampStale
	case distance < -skew:
		return ErrTimestampFuture
	default:
		return nil
	}
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
