// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"cmp"
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// RootName is the name of the root span of every order.
const RootName = "order"

// StartRoot starts the root span of an order's trace, with the ids that orderIDs tells and no parent,
// whatever ctx holds. It is started once in the life of an order, by the transaction that admits it; start is when that
// began, zero for now. tracer is the one of a Provider.
func StartRoot(ctx context.Context, tracer trace.Tracer, seller, orderID string, start time.Time, attrs ...Attr) (context.Context, trace.Span) {
	t, s := orderIDs(seller, orderID)
	options := append(make([]trace.SpanStartOption, 0, 3), trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindInternal))
	if !start.IsZero() {
		options = append(options, trace.WithTimestamp(start))
	}
	_, span := tracer.Start(As(withIDs(ctx, t, s), RoleOrder), RootName, options...)
	Set(span, Seller(seller), OrderID(orderID))
	Set(span, attrs...)
	// Not the context that Start returned: it still asks for the ids.
	return trace.ContextWithSpan(ctx, span), span
}

// EndName is the name of the span that shows an order's whole life, from its first call to the end of its last instance. The root
// cannot: it is sent when the order begins, and a span that was sent does not change.
const EndName = "order ended"

// EndOrder sends the span of an order's end.
func EndOrder(ctx context.Context, tracer trace.Tracer, seller, orderID string, began, ended time.Time, attrs ...Attr) {
	_, span := tracer.Start(As(UnderOrder(ctx, seller, orderID), RoleOrder), EndName, trace.WithTimestamp(began))
	Set(span, Seller(seller), OrderID(orderID))
	Set(span, attrs...)
	span.End(trace.WithTimestamp(ended))
}

// UnderOrder returns a context whose parent span is the root of the order's trace, as if another process had started it.
// Spans started with it are children of the root and belong to the order's trace.
func UnderOrder(ctx context.Context, seller, orderID string) context.Context {
	t, s := orderIDs(seller, orderID)
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: t, SpanID: s, TraceFlags: trace.FlagsSampled,
	}))
}

// LoginName is the name of the root span of every login.
const LoginName = "login"

// StartLogin starts a span of a login, in the login's own trace: any replica that serves a step of it finds the trace by the login's ID.
// The root is sent by EndLogin, when the login is over.
func StartLogin(ctx context.Context, tracer trace.Tracer, kind trace.SpanKind, name, loginID string, attrs ...Attr) (context.Context, trace.Span) {
	t, s := loginIDs(loginID)
	ctx = trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: t, SpanID: s, TraceFlags: trace.FlagsSampled}))
	return Start(As(ctx, RoleLogin), tracer, kind, name, append(attrs, LoginID(loginID))...)
}

// maxLoginLinks bounds the orders that a login is linked to.
const maxLoginLinks = 8

// EndLogin sends the root span of a login, linked to the orders through which its person was let in. fault is empty when it has led to a
// session.
func EndLogin(ctx context.Context, tracer trace.Tracer, seller, loginID string, began, ended time.Time, orders []string, fault string, attrs ...Attr) {
	t, s := loginIDs(loginID)
	options := []trace.SpanStartOption{trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindInternal), trace.WithTimestamp(began)}
	for _, id := range orders[:min(len(orders), maxLoginLinks)] {
		t, s := orderIDs(seller, id)
		options = append(options, trace.WithLinks(trace.Link{SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: t, SpanID: s, TraceFlags: trace.FlagsSampled})}))
	}
	_, span := tracer.Start(As(withIDs(ctx, t, s), RoleLogin), LoginName, options...)
	Set(span, append(attrs, Seller(seller), LoginID(loginID), LoginOutcome(cmp.Or(fault, "DONE")))...)
	span.End(trace.WithTimestamp(ended))
}
