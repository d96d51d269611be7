// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock/clocktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vars is an environment.
type vars map[string]string

func (v vars) get(name string) string { return v[name] }

// setup returns a provider that exports to memory, and a function that returns what has been exported.
func setup(t *testing.T, env vars) (*Provider, func() tracetest.SpanStubs) {
	t.Helper()
	e := tracetest.NewInMemoryExporter()
	p, err := Setup(t.Context(), Options{
		Getenv: env.get, Clock: clocktest.New(time.Unix(1e9, 0)), Exporters: []sdktrace.SpanExporter{e},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p, func() tracetest.SpanStubs {
		t.Helper()
		if err := p.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		return e.GetSpans()
	}
}

// sink is an exporter that counts, and fails or waits when told.
type sink struct {
	mu     sync.Mutex
	spans  int
	calls  int
	err    error
	wait   chan struct{}
	closed bool
}

func (s *sink) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if s.wait != nil {
		select {
		case <-s.wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.spans += len(spans)
	return s.err
}

func (s *sink) Shutdown(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *sink) got() (spans, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spans, s.calls
}
