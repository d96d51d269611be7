// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

const orderID = "CS2211181819B4LVS"

// span returns the only span of that name.
func (r *rig) span(name string) tracetest.SpanStub {
	r.t.Helper()
	var found []tracetest.SpanStub
	for _, s := range r.spans.GetSpans() {
		if s.Name == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		r.t.Fatalf("%d spans named %q", len(found), name)
	}
	return found[0]
}

func attributes(s tracetest.SpanStub) string {
	var list []string
	for _, a := range s.Attributes {
		list = append(list, strings.TrimPrefix(string(a.Key), "koogate.")+"="+a.Value.String())
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestNewInstanceIsInTheOrdersTrace(t *testing.T) {
	r := newRig(t)
	var inside trace.SpanContext
	r.core.during = func(ctx context.Context) {
		inside = trace.SpanContextFromContext(ctx)
		r.clock.Advance(300 * time.Millisecond)
	}
	r.call(bodyNew)
	s := r.span("callback newInstance")
	root := trace.SpanContextFromContext(telemetry.UnderOrder(t.Context(), "demo-seller", orderID))
	if s.SpanContext.TraceID() != telemetry.TraceID("demo-seller", orderID) || s.Parent.SpanID() != root.SpanID() {
		t.Error("not under the order's root")
	}
	if s.SpanKind != trace.SpanKindServer || !s.StartTime.Equal(noon) || !s.EndTime.Equal(noon.Add(300*time.Millisecond)) {
		t.Errorf("kind %v, %v to %v", s.SpanKind, s.StartTime, s.EndTime)
	}
	want := "activity=newInstance business_id=87b94795-0603-4e24-8ae5-69420d60e3c8 endpoint=demo order_id=CS2211181819B4LVS " +
		"order_line_id=CS2211181819B4LVS-000001 result_code=000000 seller=demo-seller"
	if got := attributes(s); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if inside.SpanID() != s.SpanContext.SpanID() {
		t.Error("the core does not run below the span")
	}
	for _, name := range []string{"verify", "guard"} {
		c := r.span(name)
		if c.Parent.SpanID() != s.SpanContext.SpanID() || c.StartTime.Before(noon) || c.EndTime.After(noon) {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestLaterCallsFindTheOrder(t *testing.T) {
	r := newRig(t)
	const id = "10e758d0-31ad-4c4b-8f1b-81d03469a10e"
	r.core.orders[id] = "CS-ROOT"
	for i, body := range []string{bodyQuery, bodyRefresh, bodyStatus, bodyRelease, bodyUpgrade, bodyCheck} {
		r.spans.Reset()
		r.call(body)
		spans := r.spans.GetSpans()
		s := spans[len(spans)-1]
		if s.SpanContext.TraceID() != telemetry.TraceID("demo-seller", "CS-ROOT") {
			t.Errorf("%s is not in the order's trace", s.Name)
		}
		if a := attributes(s); !strings.Contains(a, "instance_id="+id) || !strings.Contains(a, "order_id=CS-ROOT") {
			t.Errorf("%s: %s", s.Name, a)
		}
		if i == 0 && r.core.lookups != 1 {
			t.Errorf("%d lookups", r.core.lookups)
		}
	}
	if r.core.lookups != 1 {
		t.Errorf("%d lookups for one instance", r.core.lookups)
	}
}

// A look at an instance reads it once: what its handler has read tells the order, whose trace the look's span belongs to.
func TestALookReadsItsInstanceOnce(t *testing.T) {
	r := newRig(t)
	const id = "10e758d0-31ad-4c4b-8f1b-81d03469a10e"
	r.core.orders[id] = "CS-OTHER" // what a lookup would tell
	r.core.shown = []fulfil.Shown{{InstanceID: id, Row: &store.Instance{Seller: "demo-seller", InstanceID: id, OrderID: "CS-ROOT"}}}
	r.call(bodyQuery)
	s := r.span("callback queryInstance")
	if s.SpanContext.TraceID() != telemetry.TraceID("demo-seller", "CS-ROOT") || !strings.Contains(attributes(s), "order_id=CS-ROOT") {
		t.Errorf("the span is not in the order's trace: %s", attributes(s))
	}
	r.call(bodyRelease) // what was read is remembered
	if s := r.span("callback releaseInstance"); s.SpanContext.TraceID() != telemetry.TraceID("demo-seller", "CS-ROOT") {
		t.Error("a later call is not in the order's trace")
	}
	if r.core.lookups != 0 {
		t.Errorf("%d lookups", r.core.lookups)
	}
}

func TestNewInstanceIsRememberedForLaterCalls(t *testing.T) {
	r := newRig(t)
	r.core.answer = fulfil.Answer{Code: resultcode.Processing, InstanceID: "i-1"}
	r.call(bodyNew)
	r.spans.Reset()
	r.call(`{"activity":"queryInstance","instanceId":"i-1"}`)
	if s := r.span("callback queryInstance"); s.SpanContext.TraceID() != telemetry.TraceID("demo-seller", orderID) || r.core.lookups != 0 {
		t.Errorf("%d lookups", r.core.lookups)
	}
}

func TestQueryOfManyInstances(t *testing.T) {
	r := newRig(t)
	var ids []string
	for i := range 40 {
		id := fmt.Sprintf("i-%d", i)
		ids = append(ids, id)
		r.core.orders[id] = fmt.Sprintf("CS-%d", i/2) // two of each order
	}
	delete(r.core.orders, "i-0")
	delete(r.core.orders, "i-1")
	for range 10 { // a call asks the store about a few; after some calls all that count are remembered
		r.spans.Reset()
		before := r.core.lookups
		r.call(`{"activity":"queryInstance","instanceId":"` + strings.Join(ids, " , ") + `"}`)
		if n := r.core.lookups - before; n > 4 {
			t.Fatalf("%d lookups in one call", n)
		}
		if len(r.spans.GetSpans()) == 0 {
			t.Fatal("a look after a pause has no span")
		}
		r.clock.Advance(2 * time.Minute) // looks in between are folded
	}
	s := r.span("callback queryInstance")
	if s.SpanContext.TraceID() != telemetry.TraceID("demo-seller", "CS-1") {
		t.Error("not in the trace of the first known order")
	}
	if len(s.Links) == 0 || len(s.Links) > 16 || s.Links[0].SpanContext.TraceID() != telemetry.TraceID("demo-seller", "CS-2") {
		t.Errorf("%d links: %+v", len(s.Links), s.Links)
	}
}

// The marketplace looks at an instance every few seconds: a look has one span when its answer is new, and then one a minute, which
// says for how many it stands.
func TestLooksAreFolded(t *testing.T) {
	r := newRig(t)
	r.core.orders["i-1"] = orderID
	look := func(pause time.Duration) {
		r.clock.Advance(pause)
		r.call(`{"activity":"queryInstance","instanceId":"i-1"}`)
	}
	polls := func() (list []string) {
		for _, s := range r.spans.GetSpans() {
			if s.Name != "callback queryInstance" || !s.EndTime.After(s.StartTime) && !s.EndTime.Equal(s.StartTime) {
				t.Errorf("span %s from %s to %s", s.Name, s.StartTime, s.EndTime)
			}
			for _, a := range s.Attributes {
				if a.Key == "koogate.polls" || a.Key == "koogate.result_code" {
					list = append(list, a.Value.String())
				}
			}
		}
		return list
	}
	for range 30 {
		look(5 * time.Second) // two and a half minutes
	}
	if got, want := polls(), []string{"1", "000000", "12", "000000", "12", "000000"}; !slices.Equal(got, want) {
		t.Errorf("steady: got %v, want %v", got, want)
	}
	r.spans.Reset()
	r.core.err = errs.New(errs.NotFound, errs.InstanceNotFound, "gone")
	look(time.Second)
	look(time.Second)
	if got := polls(); !slices.Equal(got, []string{"6", "000003"}) {
		t.Errorf("another answer: got %v", got)
	}
	if s := r.spans.GetSpans()[0]; s.Status.Code != codes.Error || s.Status.Description != "000003" {
		t.Errorf("got %+v", s.Status)
	}
}

func TestTracesOfTheirOwn(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct{ body, name, has string }{
		{debugging(bodyNew), "callback newInstance", "probe=true"},
		{debugging(bodyQuery), "callback queryInstance", "probe=true"},
		{bodyQuery, "callback queryInstance", "instance_id=10e758d0"}, // unknown instance
		{`{"activity":"bogus"}`, "callback", "result_code=000002"},
		{`[`, "callback", "result_code=000002"},
	} {
		r.spans.Reset()
		r.call(c.body)
		s := r.span(c.name)
		if s.Parent.IsValid() || !strings.Contains(attributes(s), c.has) {
			t.Errorf("%s: parent %v, %s", c.body, s.Parent.IsValid(), attributes(s))
		}
	}
	r.core.lookups = 0
	r.call(debugging(bodyStatus))
	if r.core.lookups != 0 {
		t.Error("a debugging call asked the store")
	}
}

func TestFailureMarksTheSpan(t *testing.T) {
	r := newRig(t)
	r.core.err = errSecret
	r.call(bodyNew)
	s := r.span("callback newInstance")
	if s.Status.Code != codes.Error || s.Status.Description != "000005" {
		t.Errorf("status %+v", s.Status)
	}
	if strings.Contains(attributes(s), "canary") {
		t.Error("the cause is in the span")
	}
}
