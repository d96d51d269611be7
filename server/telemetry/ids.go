// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TraceID is the id of an order's trace: the first 16 bytes of SHA-256("koogate/trace/1" 0 seller 0 orderID). It is
// deterministic, so any replica finds the order's trace weeks later without asking anyone. It is never all zero.
func TraceID(seller, orderID string) trace.TraceID {
	t, _ := orderIDs(seller, orderID)
	return t
}

// orderIDs also tells the id of the root span of an order's trace: the next 8 bytes of the same digest. It is never all zero.
func orderIDs(seller, orderID string) (t trace.TraceID, s trace.SpanID) {
	return idsOf("koogate/trace/1\x00", seller, orderID)
}

// loginIDs are the ids of a login's trace and of its root span, as orderIDs are those of an order.
func loginIDs(loginID string) (t trace.TraceID, s trace.SpanID) {
	return idsOf("koogate/login/1\x00", "", loginID)
}

func idsOf(kind, seller, id string) (t trace.TraceID, s trace.SpanID) {
	var room [192]byte
	b := append(room[:0], kind...)
	b = append(b, seller...)
	b = append(b, 0)
	b = append(b, id...)
	sum := sha256.Sum256(b)
	copy(t[:], sum[:16])
	copy(s[:], sum[16:24])
	return validTrace(t), validSpan(s)
}

// validTrace and validSpan replace the one value that the standard forbids.
func validTrace(t trace.TraceID) trace.TraceID {
	if !t.IsValid() {
		t[15] = 1
	}
	return t
}

func validSpan(s trace.SpanID) trace.SpanID {
	if !s.IsValid() {
		s[7] = 1
	}
	return s
}

// IDGenerator gives a root span the ids that its context asks for (StartRoot does so), and random ones to all others. The
// random numbers are ChaCha8 of the Go runtime, per thread and without a lock.
type IDGenerator struct{}

var _ sdktrace.IDGenerator = IDGenerator{}

type idsKey struct{}

type ids struct {
	trace trace.TraceID
	span  trace.SpanID
}

// withIDs asks for the ids of the next root span started with the context.
func withIDs(ctx context.Context, t trace.TraceID, s trace.SpanID) context.Context {
	return context.WithValue(ctx, idsKey{}, ids{t, s})
}

// NewIDs implements sdktrace.IDGenerator for root spans.
func (g IDGenerator) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if want, ok := ctx.Value(idsKey{}).(ids); ok {
		return want.trace, want.span
	}
	var t trace.TraceID
	binary.LittleEndian.PutUint64(t[:8], rand.Uint64()) //nolint:gosec // ChaCha8; an id is no secret
	binary.LittleEndian.PutUint64(t[8:], rand.Uint64()) //nolint:gosec // as above
	t = validTrace(t)
	return t, g.NewSpanID(ctx, t)
}

// NewSpanID implements sdktrace.IDGenerator for spans with a parent.
func (IDGenerator) NewSpanID(context.Context, trace.TraceID) trace.SpanID {
	var s trace.SpanID
	binary.LittleEndian.PutUint64(s[:], rand.Uint64()) //nolint:gosec // ChaCha8; an id is no secret
	return validSpan(s)
}
