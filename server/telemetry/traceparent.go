// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"encoding/hex"

	"go.opentelemetry.io/otel/trace"
)

// Positions in 00-{32 hex}-{16 hex}-{2 hex}, https://www.w3.org/TR/trace-context/.
const (
	traceAt        = 3
	spanAt         = traceAt + 32 + 1
	flagsAt        = spanAt + 16 + 1
	traceparentLen = flagsAt + 2
)

// Traceparent returns the span context of ctx as a W3C traceparent, empty when there is none.
func Traceparent(ctx context.Context) string {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return ""
	}
	var b [traceparentLen]byte
	copy(b[:], "00-")
	t, s := sc.TraceID(), sc.SpanID()
	hex.Encode(b[traceAt:], t[:])
	b[spanAt-1] = '-'
	hex.Encode(b[spanAt:], s[:])
	copy(b[flagsAt-1:], "-00")
	if sc.IsSampled() {
		b[traceparentLen-1] = '1'
	}
	return string(b[:])
}

// FromTraceparent returns ctx with the remote parent that s names. A traceparent that is not valid leaves ctx as it is. Of
// a version later than 00 the known beginning is read, as the standard says.
func FromTraceparent(ctx context.Context, s string) context.Context {
	if len(s) < traceparentLen || s[traceAt-1] != '-' || s[spanAt-1] != '-' || s[flagsAt-1] != '-' {
		return ctx
	}
	version, ok := lowerHex(s[:traceAt-1])
	if !ok || version == 0xff || version == 0 && len(s) != traceparentLen || len(s) > traceparentLen && s[traceparentLen] != '-' {
		return ctx
	}
	t, err := trace.TraceIDFromHex(s[traceAt : spanAt-1])
	if err != nil {
		return ctx
	}
	span, err := trace.SpanIDFromHex(s[spanAt : flagsAt-1])
	if err != nil {
		return ctx
	}
	flags, ok := lowerHex(s[flagsAt:traceparentLen])
	if !ok {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: t, SpanID: span, TraceFlags: trace.TraceFlags(flags) & trace.FlagsSampled,
	}))
}

// lowerHex reads two lower-case hexadecimal digits.
func lowerHex(s string) (byte, bool) {
	var v byte
	for i := range 2 {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			v = v<<4 | (c - '0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | (c - 'a' + 10)
		default:
			return 0, false
		}
	}
	return v, true
}
