// SPDX-License-Identifier: Apache-2.0

package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Why a call has no whole answer.
const (
	Forbidden   = "FORBIDDEN_ADDRESS" // an address that is not allowed
	TLS         = "TLS"               // a certificate that does not hold, or no TLS
	Timeout     = "TIMEOUT"           // no whole answer in time
	Unreachable = "UNREACHABLE"       // no connection, no such name, or one that broke
)

// What is wrong with a whole answer, whoever asked.
const (
	Redirect = "REDIRECT"        // 3xx, which is not followed
	TooLong  = "ANSWER_TOO_LONG" // longer than it may be
)

// Why tells why a call has no whole answer. ctx is the call's.
func Why(ctx context.Context, err error) string {
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.Is(err, ErrForbidden):
		return Forbidden
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert):
		return TLS
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	}
	return Unreachable
}

// RetryAfter reads a Retry-After header, in seconds or as a date; 0 when it says nothing that can be read. The caller bounds it.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
