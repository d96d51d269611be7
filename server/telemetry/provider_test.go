// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/clock/clocktest"
)

// Without an endpoint nothing is exported, and ids are still valid and the order's.
func TestSetupWithoutEndpoint(t *testing.T) {
	for _, env := range []vars{
		nil,
		{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
		{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
	} {
		p, err := Setup(t.Context(), Options{Getenv: env.get})
		if err != nil {
			t.Fatal(err)
		}
		ctx, root := StartRoot(t.Context(), p.Tracer(), "demo", "CS1", time.Time{})
		_, child := Start(ctx, p.Tracer(), trace.SpanKindInternal, "admit")
		if root.IsRecording() || root.SpanContext().TraceID() != TraceID("demo", "CS1") || root.SpanContext().SpanID() != rootSpanID("demo", "CS1") {
			t.Errorf("root %+v", root.SpanContext())
		}
		if sc := child.SpanContext(); sc.TraceID() != TraceID("demo", "CS1") || !sc.SpanID().IsValid() || sc.SpanID() == root.SpanContext().SpanID() {
			t.Errorf("child %+v", sc)
		}
		child.End()
		root.End()
		if err := errors.Join(p.ForceFlush(t.Context()), p.Shutdown(t.Context())); err != nil {
			t.Error(err)
		}
	}
}

func TestSetupRefuses(t *testing.T) {
	for _, env := range []vars{
		{"OTEL_TRACES_EXPORTER": "console"},
		{"OTEL_TRACES_SAMPLER": "jaeger_remote"},
		{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"},
		{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://x"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:canary%zz@x"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "nohost"},
		{"OTEL_RESOURCE_ATTRIBUTES": "a"},
		{"OTEL_RESOURCE_ATTRIBUTES": "a=%zz"},
		{"OTEL_BSP_MAX_QUEUE_SIZE": "-1"},
	} {
		p, err := Setup(t.Context(), Options{Getenv: env.get})
		if err == nil {
			t.Errorf("%v: accepted", env)
			_ = p.Shutdown(t.Context())
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
}

func TestResource(t *testing.T) {
	for _, c := range []struct {
		env  vars
		name string
	}{
		{nil, "koogate"},
		{vars{"OTEL_RESOURCE_ATTRIBUTES": "service.name=a, zone=%E4%B8%80"}, "a"},
		{vars{"OTEL_RESOURCE_ATTRIBUTES": "service.name=a", "OTEL_SERVICE_NAME": "b"}, "b"},
	} {
		r, err := environment(c.env.get).resource("koogate", "-jobs", "v1", "replica")
		if err != nil {
			t.Fatal(err)
		}
		if v, _ := r.Set().Value("service.name"); v.AsString() != c.name+"-jobs" {
			t.Errorf("service.name %q, want %q", v.AsString(), c.name+"-jobs")
		}
		if v, ok := r.Set().Value("zone"); ok && v.AsString() != "一" {
			t.Errorf("zone %q", v.AsString())
		}
	}
}

// The real exporter, by the standard variables, to a collector of the test's own.
func TestExportOverHTTP(t *testing.T) {
	var bodies atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/traces" && bytes.Contains(body, []byte("koogate.order_id")) {
			bodies.Add(1)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer collector.Close()
	p, err := Setup(t.Context(), Options{Getenv: vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL}.get})
	if err != nil {
		t.Fatal(err)
	}
	_, root := StartRoot(t.Context(), p.Tracer(), "demo", "CS1", time.Time{})
	root.End()
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if bodies.Load() != 1 {
		t.Errorf("%d exports arrived", bodies.Load())
	}
}

// A collector that is away costs one line of log a minute and nothing else.
func TestExporterAway(t *testing.T) {
	var log bytes.Buffer
	c := clocktest.New(time.Unix(1e9, 0))
	e := &sink{err: errors.New("no collector")}
	p, err := Setup(t.Context(), Options{
		Getenv: vars{}.get, Clock: c, Logger: slog.New(slog.NewTextHandler(&log, nil)), Exporters: []sdktrace.SpanExporter{e},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		_, s := Start(t.Context(), p.Tracer(), trace.SpanKindInternal, "x")
		s.End()
		if err := p.ForceFlush(t.Context()); err == nil {
			t.Error("ForceFlush hides the error")
		}
	}
	c.Advance(time.Minute)
	_, s := Start(t.Context(), p.Tracer(), trace.SpanKindInternal, "x")
	s.End()
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 2 || !strings.Contains(log.String(), "no collector") {
		t.Errorf("%d lines:\n%s", lines, log.String())
	}
	if !e.closed {
		t.Error("the exporter was not shut down")
	}
}

func TestBatches(t *testing.T) {
	c := clocktest.New(time.Unix(1e9, 0))
	e := &sink{}
	p, err := Setup(t.Context(), Options{
		Getenv: vars{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10", "OTEL_BSP_SCHEDULE_DELAY": "2000"}.get, Clock: c,
		Exporters: []sdktrace.SpanExporter{e},
	})
	if err != nil {
		t.Fatal(err)
	}
	end := func(n int) {
		for range n {
			_, s := Start(t.Context(), p.Tracer(), trace.SpanKindInternal, "x")
			s.End()
		}
	}
	wait := func(want int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		for {
			if spans, _ := e.got(); spans == want {
				return
			}
			step, stop := context.WithTimeout(ctx, time.Millisecond)
			<-step.Done()
			stop()
			if ctx.Err() != nil {
				spans, calls := e.got()
				t.Fatalf("%d spans in %d calls, want %d", spans, calls, want)
			}
		}
	}
	end(10) // a full batch goes at once
	wait(10)
	end(5) // the rest waits for the delay
	if spans, _ := e.got(); spans != 10 {
		t.Errorf("%d spans too early", spans-10)
	}
	c.Advance(2 * time.Second)
	wait(15)
	end(95)
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if spans, _ := e.got(); spans != 110 {
		t.Errorf("%d spans after shutdown", spans)
	}
	end(1) // after shutdown: nowhere to go, no harm
}

// A collector that hangs: spans beyond the queue are dropped, nobody waits, and Shutdown keeps its deadline.
func TestExporterHangs(t *testing.T) {
	e := &sink{wait: make(chan struct{})}
	var log bytes.Buffer
	p, err := Setup(t.Context(), Options{
		Getenv: vars{"OTEL_BSP_MAX_QUEUE_SIZE": "20", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10", "OTEL_BSP_EXPORT_TIMEOUT": "60000"}.get,
		Clock:  clocktest.New(time.Unix(1e9, 0)), Logger: slog.New(slog.NewTextHandler(&log, nil)), Exporters: []sdktrace.SpanExporter{e},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		_, s := Start(t.Context(), p.Tracer(), trace.SpanKindInternal, "x")
		s.End()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.ForceFlush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ForceFlush: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
}

func TestAttributesAreBounded(t *testing.T) {
	p, spans := setup(t, nil)
	_, s := Start(t.Context(), p.Tracer(), trace.SpanKindClient, "x",
		Seller(strings.Repeat("订", 1000)), OrderID("\xff\xfe\x00"), Attempt(3), Probe(true), Fence(7))
	Fail(s, strings.Repeat("r", 1000))
	s.End()
	got := spans()
	if len(got) != 1 || len(got[0].Attributes) != 5 {
		t.Fatalf("%+v", got)
	}
	for _, kv := range got[0].Attributes {
		if v := kv.Value.AsString(); len(v) > longestValue || !utf8.ValidString(v) || strings.Contains(string(kv.Key), " ") {
			t.Errorf("%s: %d bytes", kv.Key, len(v))
		}
	}
	if d := got[0].Status.Description; len(d) > longestValue {
		t.Errorf("status of %d bytes", len(d))
	}
}
