// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// The options are made once: each use would otherwise allocate.
var kindOptions = [...][]trace.SpanStartOption{
	trace.SpanKindUnspecified: nil,
	trace.SpanKindInternal:    {trace.WithSpanKind(trace.SpanKindInternal)},
	trace.SpanKindServer:      {trace.WithSpanKind(trace.SpanKindServer)},
	trace.SpanKindClient:      {trace.WithSpanKind(trace.SpanKindClient)},
	trace.SpanKindProducer:    {trace.WithSpanKind(trace.SpanKindProducer)},
	trace.SpanKindConsumer:    {trace.WithSpanKind(trace.SpanKindConsumer)},
}

// Start starts a span below the one in ctx. name is a constant of the program, never input.
func Start(ctx context.Context, tracer trace.Tracer, kind trace.SpanKind, name string, attrs ...Attr) (context.Context, trace.Span) {
	ctx, span := tracer.Start(ctx, name, kindOptions[kind]...)
	Set(span, attrs...)
	return ctx, span
}

// Fail marks a span as failed. reason is a word of the program (a reason, a result code), never an error's text, which may
// hold anything.
func Fail(span trace.Span, reason string) {
	if span.IsRecording() {
		span.SetStatus(codes.Error, clean(reason))
	}
}

// TraceOf is the trace of the span in ctx, in hex; empty without a span.
func TraceOf(ctx context.Context) string {
	if c := trace.SpanContextFromContext(ctx); c.IsValid() {
		return c.TraceID().String()
	}
	return ""
}
