// SPDX-License-Identifier: Apache-2.0

package dbrow

import "time"

// Micros is how a time is kept; the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time reads a time as it is kept; 0 is the zero time.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Truth is how a truth value is kept.
func Truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Blob keeps empty bytes as NULL, so that they read back as nil.
func Blob(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// Each converts a list of rows; no rows give nil.
func Each[R, T any](rows []R, convert func(R) T) []T {
	if len(rows) == 0 {
		return nil
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = convert(r)
	}
	return out
}
