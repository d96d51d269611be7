// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"errors"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
)

// An order that fails says why on the spans that caused it, and nowhere else: the marketplace refuses the order query for good.
func TestAFailedOrderSaysWhyInItsTrace(t *testing.T) {
	exported := kept{tracetest.NewInMemoryExporter()}
	r := start(t, tracedBy(t, exported))
	r.market.mu.Lock()
	r.market.err = &fulfil.QueryError{Code: "MKT.0199", Cause: errors.New("refused")}
	r.market.mu.Unlock()
	const order = "CS-REFUSED"
	r.mustCall("worked", newInstance(order))
	eventually(t, "failed", func() bool {
		return slices.ContainsFunc(eventsOf(t, r, order), func(e *koogatev1.OrderEvent) bool { return e.GetKind() == fulfil.EventTaskFailed })
	})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, s := range exported.GetSpans() {
		if s.SpanContext.TraceID() != telemetry.TraceID("acme", order) {
			continue
		}
		if s.Status.Code == codes.Error {
			got[s.Name] = s.Status.Description
		}
		if s.Name == telemetry.EndName && attributes(s) != "order_id="+order+" outcome=FAILED seller=acme" {
			t.Errorf("the end has %s", attributes(s))
		}
	}
	want := map[string]string{"order query": "MKT.0199", "task fail ORDER_QUERY": "MKT.0199", "instance FAILED": "000005"}
	for name, why := range want {
		if got[name] != why {
			t.Errorf("%s: %q, want %q", name, got[name], why)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("these spans are marked as failed too: %v", got)
	}
}
