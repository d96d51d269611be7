// SPDX-License-Identifier: Apache-2.0

package usage_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) {
	storetest.SetChecks()
	goleak.VerifyTestMain(m)
}

// noon is 12:00 UTC, 20:00 in Beijing.
var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

const seller = "acme"

// meters are those of the endpoint "saas".
var meters = map[string]usage.Meter{
	"SMS":   {Name: "sms", Mode: store.UsageSum, Window: usage.Hour, Settle: usage.DefaultSettle},
	"DAILY": {Name: "gb", Mode: store.UsageSum, Window: usage.Day, Settle: usage.DefaultSettle, Daily: true},
	"SPLIT": {Name: "gb", Mode: store.UsageSum, Window: usage.Hour, Daily: true},
	"PEAK":  {Name: "users", Mode: store.UsageMax, Window: usage.Hour},
	"LEVEL": {Name: "disk", Mode: store.UsageLast, Window: usage.Hour},
	"CALLS": {Name: "calls", Mode: store.UsageCount, Window: usage.Hour},
	"NONE":  {},
}

// rig is the domain over a real store, a clock that stands and a marketplace that does as it is told.
type rig struct {
	*usage.Service
	t      *testing.T
	store  store.Store
	clock  *clocktest.Clock
	market *market
	spans  *tracetest.InMemoryExporter
	gather *prometheus.Registry
	log    *syncBuffer
	made   int
}

func newRig(t *testing.T, opts ...func(*usage.Config, *usage.Deps)) *rig {
	t.Helper()
	c := clocktest.New(noon)
	return overAt(t, backendtest.SQLite(t, c.Now), c, opts...)
}

// over is a rig on a given store.
func over(t *testing.T, st store.Store, opts ...func(*usage.Config, *usage.Deps)) *rig {
	t.Helper()
	return overAt(t, st, clocktest.New(noon), opts...)
}

// overAt is a rig on a given store and clock.
func overAt(t *testing.T, st store.Store, c *clocktest.Clock, opts ...func(*usage.Config, *usage.Deps)) *rig {
	t.Helper()
	r := &rig{
		t: t, store: st, clock: c, market: &market{has: make(map[string]store.UsageRecord)},
		spans: tracetest.NewInMemoryExporter(), gather: prometheus.NewRegistry(), log: &syncBuffer{},
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans), sdktrace.WithIDGenerator(telemetry.IDGenerator{}))
	cfg := usage.Config{Rules: usage.Rules{Meters: map[string]map[string]usage.Meter{"saas": meters}}}
	deps := usage.Deps{
		Store: r.store, Pusher: r.market, Clock: r.clock, Tracer: provider.Tracer("test"),
		Metrics: telemetry.NewMetrics(r.gather), Log: slog.New(slog.NewTextHandler(r.log, nil)),
	}
	for _, o := range opts {
		o(&cfg, &deps)
	}
	r.Service = usage.New(cfg, deps)
	return r
}

// open makes an instance that was opened a day before the clock's first noon.
func (r *rig) open(id, product string, change ...func(*store.Instance)) {
	r.t.Helper()
	i := store.Instance{
		Seller: seller, InstanceID: id, Endpoint: "saas", OrderID: "order-" + id, OrderLineID: "1", State: store.InstanceActive,
		Product:   store.Product{ProductID: product, ChargingMode: "ON_DEMAND"},
		CreatedAt: noon.Add(-24 * time.Hour), UpdatedAt: noon.Add(-24 * time.Hour),
	}
	for _, c := range change {
		c(&i)
	}
	o := store.Order{
		Seller: i.Seller, OrderID: i.OrderID, Endpoint: i.Endpoint, QueryState: store.QueryDone, CreatedAt: i.CreatedAt, UpdatedAt: i.CreatedAt,
	}
	if err := r.store.Apply(r.t.Context(), &store.Change{NewOrder: &o, NewInstances: []store.Instance{i}}); err != nil {
		r.t.Fatal(err)
	}
}

// rows are instances as queryInstance reads them.
func (r *rig) rows(ids ...string) []*store.Instance {
	r.t.Helper()
	list, err := r.store.Instances(r.t.Context(), seller, ids)
	if err != nil || len(list) != len(ids) {
		r.t.Fatal(list, err)
	}
	rows := make([]*store.Instance, len(list))
	for k := range list {
		rows[k] = &list[k]
	}
	return rows
}

// release ends an instance at a time; the row is touched once more afterwards.
func (r *rig) release(id string, at time.Time) {
	r.t.Helper()
	r.end(id, store.InstanceReleased, fulfil.EventReleased, at)
}

// end has an instance come to its end.
func (r *rig) end(id string, state store.InstanceState, kind string, at time.Time) {
	r.t.Helper()
	rows, err := r.store.Instances(r.t.Context(), seller, []string{id})
	if err != nil || len(rows) != 1 {
		r.t.Fatal(rows, err)
	}
	rows[0].State, rows[0].UpdatedAt = state, at.Add(3*time.Minute)
	agg, err := r.store.Aggregate(r.t.Context(), seller, rows[0].OrderID)
	if err != nil {
		r.t.Fatal(err)
	}
	agg.Order.Head.Seq, agg.Order.Head.Hash = 1, "h"
	err = r.store.Apply(r.t.Context(), &store.Change{
		PutOrder: &agg.Order, PutInstances: rows,
		Events: []store.Event{{Seller: seller, OrderID: agg.Order.OrderID, Seq: 1, Kind: kind, InstanceID: id, At: at, Data: "{}", Hash: "h"}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// record is a use of an instance at an hour before or after noon.
func (r *rig) record(id, value string, at time.Duration) usage.Record {
	r.made++
	return usage.Record{Key: fmt.Sprintf("key-%05d", r.made), InstanceID: id, Value: value, EndAt: noon.Add(at)}
}

// report books records, all of which must be added.
func (r *rig) report(records ...usage.Record) {
	r.t.Helper()
	outcomes, err := r.Report(r.t.Context(), seller, records)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, o := range outcomes {
		if o.Result != usage.Added {
			r.t.Fatalf("%+v", o)
		}
	}
}

// push does one round.
func (r *rig) push() usage.Round {
	r.t.Helper()
	round, err := r.Push(r.t.Context(), seller)
	if err != nil {
		r.t.Fatal(err)
	}
	return round
}

// records lists what was made for the marketplace, oldest first.
func (r *rig) records() []store.UsageRecord {
	r.t.Helper()
	rows, err := r.Records(r.t.Context(), store.ListQuery{Seller: seller, Limit: 5000})
	if err != nil {
		r.t.Fatal(err)
	}
	return rows
}

// proven is the proof, which must hold.
func (r *rig) proven() usage.Proof {
	r.t.Helper()
	p, err := r.Prove(r.t.Context(), seller)
	if err != nil || p.Difference != 0 || p.BrokenCount != 0 {
		r.t.Fatalf("%+v, %v", p, err)
	}
	return p
}

// metric is the value of a counter or gauge.
func (r *rig) metric(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.gather.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			all := true
			for _, l := range labels {
				k, v, _ := strings.Cut(l, "=")
				has := false
				for _, p := range m.GetLabel() {
					has = has || p.GetName() == k && p.GetValue() == v
				}
				all = all && has
			}
			if all {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return -1
}

// market is a marketplace that knows what it has.
type market struct {
	mu    sync.Mutex
	has   map[string]store.UsageRecord // by serial number
	calls [][]store.UsageRecord
	// before answers a call instead of the marketplace; nil results leave it to the rest.
	before func(list []store.UsageRecord) ([]usage.Verdict, error)
	// say answers a record instead of the marketplace, by serial number or instance.
	say map[string]usage.Verdict
	// after replaces the answer to a call that was taken.
	after func() error
}

func (m *market) PushUsage(ctx context.Context, _ string, list []store.UsageRecord) ([]usage.Verdict, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, append([]store.UsageRecord(nil), list...))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m.before != nil {
		if v, err := m.before(list); v != nil || err != nil {
			return v, err
		}
	}
	out := make([]usage.Verdict, len(list))
	for i, r := range list {
		if v, ok := m.say[r.InstanceID]; ok {
			out[i] = v
			continue
		}
		if _, ok := m.has[r.ID]; ok {
			out[i] = usage.Verdict{Kind: usage.VerdictDuplicate, Code: "005"}
			continue
		}
		m.has[r.ID] = r
		out[i] = usage.Verdict{Kind: usage.VerdictAccepted}
	}
	if m.after != nil {
		if err := m.after(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type syncBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b = append(b.b, p...)
	return len(p), nil
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.b)
}

// count is how often a text stands in the log.
func (b *syncBuffer) count(text string) int { return strings.Count(b.String(), text) }
