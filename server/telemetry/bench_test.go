// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/clock"
)

// discard is an exporter that does nothing.
type discard struct{}

func (discard) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (discard) Shutdown(context.Context) error                             { return nil }

// pair is what one call costs: a span below the order and one below that, with the usual attributes.
func pair(ctx context.Context, tracer trace.Tracer) {
	ctx, call := Start(UnderOrder(ctx, "demo", "CS1906666688ABCDE"), tracer, trace.SpanKindServer, "newInstance",
		Seller("demo"), Endpoint("demo"), Activity("newInstance"), OrderID("CS1906666688ABCDE"), OrderLineID("CS1906666688ABCDE-000001"))
	_, admit := Start(ctx, tracer, trace.SpanKindInternal, "admit", InstanceID("03pf80c2bae96vc49b80b917bea776d7"), Probe(false))
	admit.End()
	Set(call, ResultCode("000000"))
	call.End()
}

// BenchmarkSpanPair measures pair with nothing to export to, and with batches.
func BenchmarkSpanPair(b *testing.B) {
	for name, options := range map[string]func() Options{
		"none":    func() Options { return Options{} },
		"batcher": func() Options { return Options{Exporters: []sdktrace.SpanExporter{discard{}}} },
		"unsampled": func() Options {
			return Options{
				Getenv:    vars{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.000001"}.get,
				Exporters: []sdktrace.SpanExporter{discard{}},
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			o := options()
			if o.Getenv == nil {
				o.Getenv = vars{}.get
			}
			o.Clock = clock.System{}
			p, err := Setup(b.Context(), o)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					pair(b.Context(), p.Tracer())
				}
			})
			_ = p.Shutdown(context.Background())
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2*b.N), "ns/span")
		})
	}
}

func BenchmarkOrderIDs(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		UnderOrder(b.Context(), "demo", "CS1906666688ABCDE")
	}
}

func BenchmarkStartRoot(b *testing.B) {
	p, err := Setup(b.Context(), Options{Getenv: vars{}.get, Exporters: []sdktrace.SpanExporter{discard{}}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, s := StartRoot(b.Context(), p.Tracer(), "demo", "CS1906666688ABCDE", time.Time{}, Activity("newInstance"))
		s.End()
	}
	_ = p.Shutdown(context.Background())
}
