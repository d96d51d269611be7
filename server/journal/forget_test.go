// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

// Records live as long as the configuration says; a job of nobody removes what is older. With 0 they live for ever. What was said goes before.
func TestRecordsLiveTheirTimeOnBoth(t *testing.T) {
	const day = 24 * time.Hour
	for keep, want := range map[time.Duration]int{400 * day: 2, 0: 3} {
		t.Run(fmt.Sprint(keep), func(t *testing.T) {
			backendtest.Each(t, func(t *testing.T, st store.Store) {
				var ids []string
				for n, age := range []time.Duration{401 * day, 399 * day, 0} {
					at := time.Now().Add(-age)
					ids = append(ids, storetest.NewIDAt(at))
					err := st.RecordCalls(t.Context(), []store.Call{
						{Seller: "acme", ID: ids[n], CreatedAt: at, LastAt: at, Times: 1, Endpoint: "main", Verdict: store.CallAnswered, Code: "000000", Body: []byte("x")},
					}, nil)
					if err != nil {
						t.Fatal(err)
					}
				}
				w := work.New(work.Deps{
					Store: st, Clock: clock.System{}, NewID: storetest.NewID, Tracer: noop.NewTracerProvider().Tracer(""),
					Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
				})
				r := newRig(clock.System{})
				r.Store = st
				r.Register(w, keep, 30*day)
				ctx, cancel := context.WithCancel(t.Context())
				var running sync.WaitGroup
				running.Go(func() {
					if err := (work.Runner{Work: w, Worker: "test", Concurrency: 2, Lease: time.Second}).Run(ctx); err != nil {
						t.Error(err)
					}
				})
				defer running.Wait()
				defer cancel()
				for end := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
					left, err := st.ListCalls(t.Context(), store.ListQuery{Seller: "acme", Limit: 10})
					if err != nil {
						t.Fatal(err)
					}
					bodies := 0
					for _, id := range ids {
						if _, err := st.CallBody(t.Context(), "acme", id); err == nil {
							bodies++
						}
					}
					job, err := st.Task(t.Context(), work.StandingID("koogate-forget-calls", ""))
					if err == nil && job.Owner() == store.OwnerNobody && job.DueAt.After(time.Now().Add(50*time.Minute)) && len(left) == want && bodies == 1 {
						return
					}
					if time.Now().After(end) {
						t.Fatalf("%d records and %d bodies are left, want %d and 1; the job is %+v, %v", len(left), bodies, want, job, err)
					}
				}
			})
		})
	}
}
