// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"errors"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

func TestFreshness(t *testing.T) {
	t.Parallel()
	sent := time.UnixMilli(1680508066618).UTC()
	seconds := time.Unix(1680508066, 0).UTC()
	tests := []struct {
		name, timestamp string
		now             time.Time
		skew            time.Duration
		sent            time.Time
		err             error
	}{
		{"now", "1680508066618", sent, 0, sent, nil},
		{"default skew, last instant", "1680508066618", sent.Add(sign.DefaultSkew), 0, sent, nil},
		{"default skew, first instant", "1680508066618", sent.Add(-sign.DefaultSkew), 0, sent, nil},
		{"one past", "1680508066618", sent.Add(sign.DefaultSkew + 1), 0, sent, sign.ErrTimestampStale},
		{"one ahead", "1680508066618", sent.Add(-sign.DefaultSkew - 1), 0, sent, sign.ErrTimestampFuture},
		{"wider skew", "1680508066618", sent.Add(5 * time.Minute), 5 * time.Minute, sent, nil},
		{"negative skew is the default", "1680508066618", sent.Add(time.Minute), -1, sent, nil},
		{"seconds", "1680508066", seconds.Add(time.Minute), 0, seconds, nil},
		{"seconds, stale", "1680508066", seconds.Add(61 * time.Second), 0, seconds, sign.ErrTimestampStale},
		{"zero clock", "1680508066618", time.Time{}, 0, sent, sign.ErrTimestampFuture},
		{"oldest", "0000000000000", sent, 0, time.UnixMilli(0).UTC(), sign.ErrTimestampStale},
		{"newest", "9999999999999", sent, 0, time.UnixMilli(9999999999999).UTC(), sign.ErrTimestampFuture},
		{"absent", "", sent, 0, time.Time{}, sign.ErrMissingTimestamp},
		{"twelve digits", "168050806661", sent, 0, time.Time{}, sign.ErrTimestampMalformed},
		{"fourteen digits", "16805080666180", sent, 0, time.Time{}, sign.ErrTimestampMalformed},
		{"sign", "+680508066618", sent, 0, time.Time{}, sign.ErrTimestampMalformed},
		{"minus", "-680508066618", sent, 0, time.Time{}, sign.ErrTimestampMalformed},
		{"blank", " 680508066618", sent, 0, time.Time{}, sign.ErrTimestampMalformed},
		{"underscore", "1_680_508_066", sent, 0, time.Time{}, sign.ErrTimestampMalformed},
		{"exponent", "16805080666e1", sent, 0, time.Time{}, sign.ErrTimestampMalformed},
		{"other digits", "١٦٨٠٥", sent, 0, time.Time{}, sign.ErrTimestampMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sign.Freshness(tt.now, tt.timestamp, tt.skew)
			if !got.Equal(tt.sent) || !errors.Is(err, tt.err) {
				t.Errorf("Freshness = %v, %v; want %v, %v", got, err, tt.sent, tt.err)
			}
		})
	}
	if !errors.Is(sign.ErrTimestampFuture, sign.ErrTimestampStale) {
		t.Error("ErrTimestampFuture does not match ErrTimestampStale")
	}
	if errors.Is(sign.ErrTimestampMalformed, sign.ErrTimestampStale) {
		t.Error("ErrTimestampMalformed matches ErrTimestampStale")
	}
}
