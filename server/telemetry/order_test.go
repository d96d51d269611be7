// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
)

func rootSpanID(seller, orderID string) trace.SpanID {
	_, s := orderIDs(seller, orderID)
	return s
}

func TestOrderIDs(t *testing.T) {
	for _, c := range []struct{ seller, order, trace, root string }{
		{"demo", "CS1906666688ABCDE", "95720a07ec90620703037d8638a83ed6", "81cb10cbe7a5a9b8"},
		{"demo", "CS1906666688ABCDF", "f084037047b9d7111ace64acc7d2a902", "34a778ddae3c0f6c"},
		{"acme", "CS1906666688ABCDE", "2fb0b7ee15529fb86293116399b0b730", "c026897f49504b1b"},
		{"", "", "9f28749fbe1a71fd1f49035463e03888", "e1617487f7d97b6c"},
		{"卖家", "订单-1", "739e21c9af9883875ba6a5e0012c72c2", "84d9aef3049ca6a5"},
		{"a", strings.Repeat("b", 300), "cebbbad66888602d1964cfc8dfa3e499", "9f0a4cc8da264d0d"},
	} {
		if got := TraceID(c.seller, c.order).String(); got != c.trace {
			t.Errorf("TraceID(%q, %q) = %s, want %s", c.seller, c.order, got, c.trace)
		}
		if got := rootSpanID(c.seller, c.order).String(); got != c.root {
			t.Errorf("root span ID of (%q, %q) = %s, want %s", c.seller, c.order, got, c.root)
		}
		sum := sha256.Sum256([]byte("koogate/trace/1\x00" + c.seller + "\x00" + c.order))
		if got := hex.EncodeToString(sum[:24]); got != c.trace+c.root {
			t.Errorf("the digest is %s", got)
		}
	}
}

func TestIDsAreNeverZero(t *testing.T) {
	if !validTrace(trace.TraceID{}).IsValid() || !validSpan(trace.SpanID{}).IsValid() {
		t.Error("zero passes")
	}
	seen := map[trace.SpanID]bool{}
	for range 10_000 {
		tid, sid := IDGenerator{}.NewIDs(t.Context())
		if !tid.IsValid() || !sid.IsValid() || seen[sid] {
			t.Fatalf("%s %s", tid, sid)
		}
		seen[sid] = true
	}
}

// One root with the ids that everybody can compute, and everything below it, from whichever process.
func TestOneTraceForAnOrder(t *testing.T) {
	replicaA, spansA := setup(t, nil)
	replicaB, spansB := setup(t, nil)
	began := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

	outer, call := Start(t.Context(), replicaA.Tracer(), trace.SpanKindServer, "unrelated")
	ctx, root := StartRoot(outer, replicaA.Tracer(), "demo", "CS1", began, Activity("newInstance"))
	_, child := Start(ctx, replicaA.Tracer(), trace.SpanKindInternal, "admit")
	_, stray := replicaA.Tracer().Start(ctx, "another root", trace.WithNewRoot())
	stray.End()
	child.End()
	root.End()
	call.End()
	_, later := Start(UnderOrder(t.Context(), "demo", "CS1"), replicaB.Tracer(), trace.SpanKindConsumer, "task")
	later.End()

	tid, rid := TraceID("demo", "CS1"), rootSpanID("demo", "CS1")
	byName := map[string]int{}
	for _, s := range append(spansA(), spansB()...) {
		byName[s.Name]++
		switch s.Name {
		case RootName:
			if s.SpanContext.TraceID() != tid || s.SpanContext.SpanID() != rid || s.Parent.IsValid() || !s.StartTime.Equal(began) {
				t.Errorf("root: %+v parent %+v start %v", s.SpanContext, s.Parent, s.StartTime)
			}
			got := map[string]string{}
			for _, kv := range s.Attributes {
				got[string(kv.Key)] = kv.Value.AsString()
			}
			if got["koogate.seller"] != "demo" || got["koogate.order_id"] != "CS1" || got["koogate.activity"] != "newInstance" {
				t.Errorf("root attributes: %v", got)
			}
		case "admit", "task":
			if s.SpanContext.TraceID() != tid || s.Parent.SpanID() != rid || !s.SpanContext.IsSampled() {
				t.Errorf("%s: %+v below %+v", s.Name, s.SpanContext, s.Parent)
			}
			if s.Parent.IsRemote() != (s.Name == "task") {
				t.Errorf("%s: remote parent %v", s.Name, s.Parent.IsRemote())
			}
		case "another root", "unrelated":
			if s.SpanContext.TraceID() == tid || s.SpanContext.SpanID() == rid {
				t.Errorf("%s has an id of the order", s.Name)
			}
		}
	}
	for _, name := range []string{RootName, "admit", "task", "unrelated", "another root"} {
		if byName[name] != 1 {
			t.Errorf("%d spans %q", byName[name], name)
		}
	}
}

// Any share of traces may be sampled: every process decides the same for one order, and whole orders are kept or dropped.
func TestSamplingIsPerOrder(t *testing.T) {
	for _, sampler := range []string{"traceidratio", "parentbased_traceidratio"} {
		env := vars{"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": "0.3"}
		a, _ := setup(t, env)
		b, _ := setup(t, env)
		kept := 0
		for i := range 2000 {
			order := strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String()
			ctx, root := StartRoot(t.Context(), a.Tracer(), "demo", order, time.Time{})
			_, below := Start(ctx, a.Tracer(), trace.SpanKindInternal, "admit")
			_, elsewhere := Start(UnderOrder(t.Context(), "demo", order), b.Tracer(), trace.SpanKindInternal, "task")
			_, resumed := Start(FromTraceparent(t.Context(), Traceparent(ctx)), b.Tracer(), trace.SpanKindInternal, "resume")
			want := root.SpanContext().IsSampled()
			for _, s := range []trace.Span{below, elsewhere, resumed} {
				if s.SpanContext().IsSampled() != want || s.SpanContext().TraceID() != root.SpanContext().TraceID() {
					t.Fatalf("%s: order %q is kept in part", sampler, order)
				}
				s.End()
			}
			root.End()
			if want {
				kept++
			}
		}
		if kept < 450 || kept > 750 {
			t.Errorf("%s: kept %d of 2000, want about 600", sampler, kept)
		}
	}
}
