// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"log/slog"
	"net"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/telemetry"
)

// startSpan starts the call's span in the trace of its order, or in one of its own. What happened before the order was
// known is added with the times at which it happened. A look at an instance gets its span at its end, if at all.
func (x *exchange) startSpan(ctx context.Context) context.Context {
	ctx = telemetry.As(ctx, telemetry.RoleFacade)
	if x.orderID != "" {
		ctx = telemetry.UnderOrder(ctx, x.endpoint.Seller, x.orderID)
	}
	if x.poll {
		return ctx
	}
	ctx = x.openSpan(ctx)
	if !x.span.IsRecording() {
		return ctx
	}
	_, verify := x.f.Tracer.Start(ctx, "verify", trace.WithTimestamp(x.arrived))
	verify.End(trace.WithTimestamp(x.verifiedAt))
	_, guard := x.f.Tracer.Start(ctx, "guard", trace.WithTimestamp(x.entered))
	if x.away {
		telemetry.Set(guard, telemetry.GuardAway(true))
	}
	guard.End(trace.WithTimestamp(x.passed))
	return ctx
}

// activityQuery is the activity by which the marketplace looks at instances.
const activityQuery = "queryInstance"

// openSpan starts the span and says what the call is about.
func (x *exchange) openSpan(ctx context.Context) context.Context {
	name := "callback"
	if x.route != nil {
		name = x.route.span
	}
	options := []trace.SpanStartOption{trace.WithTimestamp(x.arrived), trace.WithSpanKind(trace.SpanKindServer)}
	if len(x.links) > 0 {
		options = append(options, trace.WithLinks(x.linked(ctx)...))
	}
	ctx, x.span = x.f.Tracer.Start(ctx, name, options...)
	if !x.span.IsRecording() {
		return ctx
	}
	telemetry.Set(x.span, telemetry.Seller(x.endpoint.Seller), telemetry.Endpoint(x.endpoint.Name))
	if x.route != nil {
		telemetry.Set(x.span, telemetry.Activity(x.route.activity))
	}
	if x.orderID != "" {
		telemetry.Set(x.span, telemetry.OrderID(x.orderID))
	}
	if x.probe {
		telemetry.Set(x.span, telemetry.Probe(true))
	}
	if x.replay != nil {
		telemetry.Set(x.span, telemetry.ReplayOf(x.replay.CallID))
	}
	x.identify()
	return ctx
}

// identify names what the call is about.
func (x *exchange) identify() {
	if x.route == nil {
		return
	}
	if id := x.subject.Instances; family.IDSized(id) {
		telemetry.Set(x.span, telemetry.InstanceID(id))
	}
	if x.subject.Line != "" {
		telemetry.Set(x.span, telemetry.OrderLineID(x.subject.Line))
	}
	if x.subject.Business != "" {
		telemetry.Set(x.span, telemetry.BusinessID(x.subject.Business))
	}
}

func (x *exchange) linked(ctx context.Context) []trace.Link {
	links := make([]trace.Link, len(x.links))
	for i, order := range x.links {
		links[i].SpanContext = trace.SpanContextFromContext(telemetry.UnderOrder(ctx, x.endpoint.Seller, order))
	}
	return links
}

// conclude sends the answer, ends the span, counts the call and logs it.
func (x *exchange) conclude(ctx context.Context) {
	if x.code == "" {
		x.fail(resultcode.Internal, "")
	}
	x.code = x.send()
	now := x.f.Clock.Now()
	if x.poll {
		if n := x.f.polls.count(x.endpoint.Seller, x.subject.Instances, x.code, now); n > 0 {
			if x.orderID != "" {
				ctx = telemetry.UnderOrder(ctx, x.endpoint.Seller, x.orderID)
			}
			ctx = x.openSpan(ctx)
			telemetry.Set(x.span, telemetry.Polls(n))
		}
	}
	if x.span != nil {
		ctx = trace.ContextWithSpan(ctx, x.span) // for the log
		telemetry.Set(x.span, telemetry.ResultCode(string(x.code)))
		if x.side != "" {
			telemetry.Set(x.span, telemetry.Side(string(x.side)))
		}
		if !x.fine() {
			if x.reason != "" {
				telemetry.Set(x.span, telemetry.Reason(string(x.reason)))
			}
			telemetry.Fail(x.span, string(x.code))
		}
		x.span.End(trace.WithTimestamp(now))
	}
	name, activity := "", ""
	if x.known {
		name = x.endpoint.Name
	}
	if x.route != nil {
		activity = x.route.activity
	}
	if x.replay == nil {
		x.f.Metrics.FacadeCall(name, activity, string(x.code), now.Sub(x.arrived))
	}
	if x.side != "" {
		x.f.Metrics.Side(name, string(x.side))
	}
	if x.rejected != "" {
		x.f.Metrics.Rejected(name, x.rejected)
	}
	x.recorded = x.record(now)
	level := slog.LevelInfo
	if x.fine() && !x.repaired {
		level = slog.LevelDebug
	}
	if !x.f.Log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("endpoint", name)
	add("activity", activity)
	add("result_code", string(x.code))
	add("rejected", x.rejected)
	if x.rejected != "" {
		client, _, _ := net.SplitHostPort(x.r.RemoteAddr)
		add("client", client) // the marketplace, or somebody without its key
	}
	add("reason", string(x.reason))
	add("side", string(x.side))
	add("order_id", x.orderID)
	add("call_id", x.recorded)
	if x.replay != nil {
		add("replay_of", x.replay.CallID)
	}
	if x.probe {
		attrs = append(attrs, slog.Bool("probe", true))
	}
	if x.repaired {
		attrs = append(attrs, slog.Bool("repaired", true)) // spaces of the query were plus signs (saas-v1 §2.1)
	}
	attrs = append(attrs, slog.Duration("took", now.Sub(x.arrived)))
	x.f.Log.LogAttrs(ctx, level, "call answered", attrs...)
}
