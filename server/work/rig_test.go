// SPDX-License-Identifier: Apache-2.0

package work_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	seller = "acme"
	lease  = time.Second
	soon   = 15 * time.Second
)

// rig is the queue over a real store.
type rig struct {
	*work.Service
	t      *testing.T
	spans  *tracetest.InMemoryExporter
	gather *prometheus.Registry
}

func over(t *testing.T, st store.Store, kinds ...work.Kind) *rig {
	t.Helper()
	r := &rig{t: t, spans: tracetest.NewInMemoryExporter(), gather: prometheus.NewRegistry()}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans), sdktrace.WithIDGenerator(telemetry.IDGenerator{}))
	r.Service = work.New(work.Deps{
		Store: st, Clock: clock.System{}, NewID: storetest.NewID, Tracer: provider.Tracer("test"), Metrics: telemetry.NewMetrics(r.gather),
		Log: slog.New(slog.DiscardHandler),
	})
	r.Register(kinds...)
	return r
}

// run runs the jobs of a seller, or of nobody, until the test ends or stop is called.
func (r *rig) run(seller string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- work.Runner{Work: r.Service, Seller: seller, Worker: "test", Concurrency: 4, Lease: lease}.Run(ctx)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Error(err)
		}
	})
	r.t.Cleanup(stop)
	return stop
}

func (r *rig) add(j work.Job) store.Task {
	r.t.Helper()
	t, err := r.Add(r.t.Context(), j)
	if err != nil {
		r.t.Fatal(err)
	}
	return t
}

func (r *rig) read(id string) store.Task {
	r.t.Helper()
	t, err := r.Store.Task(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return t
}

// ends waits until a job has a state.
func (r *rig) ends(id string, state store.TaskState) store.Task {
	r.t.Helper()
	for end := time.Now().Add(soon); ; time.Sleep(5 * time.Millisecond) {
		switch t := r.read(id); {
		case t.State == state:
			return t
		case time.Now().After(end):
			r.t.Fatalf("the job is %s (%s), want %s", t.State, t.Reason, state)
		}
	}
}

// metric is the number of attempts of a kind that ended in an outcome.
func (r *rig) metric(kind store.TaskKind, outcome string) float64 {
	r.t.Helper()
	families, err := r.gather.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "koogate_tasks_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["kind"] == string(kind) && labels["outcome"] == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// each runs a test over each database.
func each(t *testing.T, f func(t *testing.T, st store.Store)) {
	t.Helper()
	t.Parallel()
	backendtest.Each(t, f)
}
