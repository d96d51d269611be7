// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// showStates sends a span for every instance whose state the committed change has changed, and one for the order's whole life when
// no instance of it can change any more. The root of the trace was sent when the order came and holds only what never changes.
func (d *draft) showStates(ctx context.Context) {
	changed := false
	for k := range d.was {
		i := &d.agg.Instances[k]
		if i.State == d.was[k] {
			continue
		}
		changed = true
		_, span := d.s.Tracer.Start(ctx, "instance "+string(i.State), trace.WithTimestamp(d.now))
		telemetry.Set(span, telemetry.InstanceID(i.InstanceID), telemetry.From(string(d.was[k])), telemetry.State(string(i.State)))
		if !i.ExpireAt.IsZero() {
			telemetry.Set(span, telemetry.Expires(i.ExpireAt))
		}
		if i.State == store.InstanceFailed {
			telemetry.Fail(span, failureReason(i))
		}
		span.End(trace.WithTimestamp(d.now.Add(time.Microsecond))) // Jaeger takes no time at all for a fault
	}
	ended := func(i store.Instance) bool {
		return i.State == store.InstanceReleased || i.State == store.InstanceFailed
	}
	if !changed || slices.ContainsFunc(d.agg.Instances, func(i store.Instance) bool { return !ended(i) }) {
		return
	}
	o := &d.agg.Order
	outcome := store.InstanceReleased
	for _, i := range d.agg.Instances {
		if i.State == store.InstanceFailed {
			outcome = store.InstanceFailed
		}
	}
	telemetry.EndOrder(ctx, d.s.Tracer, o.Seller, o.OrderID, o.CreatedAt, d.now, telemetry.Outcome(string(outcome)))
}

// describe tells the root of an order's trace what never changes.
func (d *draft) describe(root trace.Span) {
	telemetry.Set(root, telemetry.Endpoint(d.agg.Order.Endpoint))
	if len(d.agg.Instances) == 0 {
		return
	}
	i := &d.agg.Instances[0]
	telemetry.Set(root, telemetry.Family(i.Family), telemetry.InstanceID(i.InstanceID), telemetry.OrderLineID(i.OrderLineID))
	if i.Product.ProductID != "" {
		telemetry.Set(root, telemetry.ProductID(i.Product.ProductID))
	}
	if until := deadlineOf(i.Family, deadline.Open, i.CreatedAt); !until.At.IsZero() {
		telemetry.Set(root, telemetry.Deadline(until.At))
	}
}

// failureReason is the result code by which the marketplace is told of a failure; the reason's text may hold anything and is the
// event's.
func failureReason(i *store.Instance) string {
	if i.FailureCode == "" {
		return "the instance cannot be created"
	}
	return i.FailureCode
}
