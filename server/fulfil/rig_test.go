// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/memory"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) {
	storetest.SetChecks()
	goleak.VerifyTestMain(m)
}

// market is a marketplace that answers order queries as told.
type market struct {
	mu      sync.Mutex
	facts   map[string]fulfil.OrderFacts // by order ID; "" is the answer for all others
	errors  []error                      // returned first, one a call
	queries atomic.Int64
	uploads []upload
}

// upload is one attempt to deliver a licence.
type upload struct {
	event   string
	licence fulfil.Licence
}

func (m *market) QueryOrder(_ context.Context, _, orderID, _ string) (fulfil.OrderFacts, error) {
	m.queries.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.errors) > 0 {
		err := m.errors[0]
		m.errors = m.errors[1:]
		return fulfil.OrderFacts{}, err
	}
	if f, ok := m.facts[orderID]; ok {
		return f, nil
	}
	return m.facts[""], nil
}

func (m *market) UploadLicence(_ context.Context, _, eventID string, l fulfil.Licence) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.uploads = append(m.uploads, upload{eventID, l})
	if len(m.errors) > 0 {
		err := m.errors[0]
		m.errors = m.errors[1:]
		return err
	}
	return nil
}

func (m *market) fail(errs ...error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errors = append(m.errors, errs...)
}

func (m *market) set(orderID string, f fulfil.OrderFacts) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.facts[orderID] = f
}

var yearly = fulfil.OrderFacts{
	OrderType: "NEW",
	Product:   store.Product{ProductID: "OFFI-1", SKUCode: "sku-1", Name: "demo", ChargingMode: "PERIOD", LinearValue: 10},
	ExpireAt:  time.Date(2027, 11, 23, 15, 59, 59, 0, time.UTC),
	Buyer:     []byte(`{"mobilePhone":"canary-buyer-phone"}`),
}

// rig is the core on a real store, with a worker's hands in the test.
type rig struct {
	*fulfil.Service
	t      *testing.T
	ep     *fulfil.Endpoint
	store  store.Store
	market *market
	spans  *tracetest.InMemoryExporter
	log    *syncBuffer
}

type option func(cfg *fulfil.Config, ep *fulfil.Endpoint, d *fulfil.Deps)

func newRig(t *testing.T, opts ...option) *rig {
	t.Helper()
	var r *rig
	st := backendtest.SQLite(t, func() time.Time { return r.Clock.Now() }) // whichever clock the options give it
	r = over(t, st, opts...)
	return r
}

// over is a rig on a given store.
func over(t *testing.T, st store.Store, opts ...option) *rig {
	t.Helper()
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, store: st, market: &market{facts: map[string]fulfil.OrderFacts{"": yearly}},
		spans: tracetest.NewInMemoryExporter(), log: &syncBuffer{},
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans), sdktrace.WithIDGenerator(telemetry.IDGenerator{}))
	ep := fulfil.Endpoint{
		Name: "demo", Seller: "demo", CheckBudget: 200 * time.Millisecond, BusinessID: true,
		Products: map[string]fulfil.ProductRule{"*": {Provisioner: "worker"}},
	}
	cfg := fulfil.Config{BackoffBase: time.Millisecond, BackoffMax: 2 * time.Millisecond}
	deps := fulfil.Deps{
		Store: st, Guard: memory.New(clock.System{}.Now), Sealer: sealer, Marketplace: r.market, Clock: clock.System{},
		NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, Password: func() string { return "canary-password" },
		Tracer: provider.Tracer("test"), Metrics: telemetry.NewMetrics(prometheus.NewRegistry()),
		Log: slog.New(slog.NewTextHandler(r.log, nil)),
	}
	for _, o := range opts {
		o(&cfg, &ep, &deps)
	}
	r.store = deps.Store.(store.Store)
	r.Service, err = fulfil.New(cfg, []fulfil.Endpoint{ep}, deps)
	if err != nil {
		t.Fatal(err)
	}
	r.ep, _ = r.Endpoint("demo")
	r.Work.Provide(work.Queue{Name: "worker", Sellers: []string{"demo"}})
	return r
}

// sync gives the only product a budget for synchronous completion.
func withBudget(d time.Duration) option {
	return func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) {
		ep.Products = map[string]fulfil.ProductRule{"*": {Provisioner: "worker", SyncBudget: d}}
	}
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

// call is a newInstance call of the order's first line.
func (r *rig) call(order, business string) (fulfil.Answer, error) {
	return r.NewInstance(r.t.Context(), fulfil.NewInstance{
		Endpoint: r.ep, OrderID: order, OrderLineID: order + "-000001", BusinessID: business, Arrived: time.Now(),
	})
}

func (r *rig) mustCall(order, business string) fulfil.Answer {
	r.t.Helper()
	a, err := r.call(order, business)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// lease takes one task of a queue, which must be there.
func (r *rig) lease(queue string) store.Task {
	r.t.Helper()
	ts := r.leaseAll(queue, time.Second)
	if len(ts) == 0 {
		r.t.Fatalf("no task in queue %q", queue)
	}
	return ts[0]
}

func (r *rig) leaseAll(queue string, wait time.Duration) []store.Task {
	r.t.Helper()
	ts, err := r.Work.Lease(r.t.Context(), work.Ask{
		Seller: "demo", Queues: []string{queue}, Worker: "w1", Max: 1, Wait: wait, For: time.Minute,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return ts
}

func (r *rig) none(queue string) {
	r.t.Helper()
	if ts := r.leaseAll(queue, 0); len(ts) != 0 {
		r.t.Fatalf("unexpected task %s %s in queue %q", ts[0].Kind, ts[0].ID, queue)
	}
}

// query does the order query that is due.
func (r *rig) query() { r.t.Helper(); r.RunOrderQuery(r.t.Context(), r.lease(fulfil.QueueOrderQuery)) }

// complete finishes a task as a well-behaved worker does.
func (r *rig) complete(t store.Task) store.Task {
	r.t.Helper()
	c := fulfil.Completion{Seller: "demo", TaskID: t.ID, Fence: t.Fence}
	switch t.Kind {
	case store.TaskCreate:
		c.Access = &fulfil.Access{FrontEndURL: "https://" + t.InstanceID + ".example.com", UserName: "admin", Password: "canary-password"}
	case store.TaskCheckChange:
		c.Verdict = &fulfil.Verdict{Allowed: true}
	}
	done, err := r.CompleteTask(r.t.Context(), c)
	if err != nil {
		r.t.Fatalf("complete %s: %v", t.Kind, err)
	}
	return done
}

// work finishes the next task of the worker and checks its kind.
func (r *rig) work(kind store.TaskKind) {
	r.t.Helper()
	t := r.lease("worker")
	if t.Kind != kind {
		r.t.Fatalf("next task is %s, want %s", t.Kind, kind)
	}
	r.complete(t)
}

// active brings an order to an active instance and returns its ID.
func (r *rig) active(order string) string {
	r.t.Helper()
	a := r.mustCall(order, "biz-"+order)
	r.query()
	r.work(store.TaskCreate)
	return a.InstanceID
}

// events checks the exact sequence of an order's events, and its chain.
func (r *rig) events(order string, want ...string) []store.Event {
	r.t.Helper()
	es, err := r.Events(r.t.Context(), "demo", order, 0, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	var got []string
	for _, e := range es {
		got = append(got, e.Kind)
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("events of %s:\n got %v\nwant %v", order, got, want)
	}
	r.verify(order)
	return es
}

func (r *rig) verify(order string) {
	r.t.Helper()
	c, err := r.VerifyOrder(r.t.Context(), "demo", order)
	if err != nil {
		r.t.Fatal(err)
	}
	if c.Broken != nil {
		r.t.Errorf("chain of %s: %v", order, c.Broken)
	}
}

// state checks an instance's state and returns the instance.
func (r *rig) state(id string, want store.InstanceState) store.Instance {
	r.t.Helper()
	i, err := r.Instance(r.t.Context(), "demo", id)
	if err != nil {
		r.t.Fatal(err)
	}
	if i.State != want {
		r.t.Errorf("instance %s is %s (%s), want %s", id, i.State, i.Reason, want)
	}
	return i
}

func (r *rig) wantCode(a fulfil.Answer, err error, want resultcode.Code) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	if a.Code != want {
		r.t.Errorf("code %s (%s), want %s", a.Code, a.Message, want)
	}
}

// background runs Koogate's own jobs and a template provisioner until the test ends.
func (r *rig) background(queue string) {
	r.Work.Provide(work.Queue{
		Name: queue, Do: r.RunTemplate(fulfil.Template{FrontEndURL: "https://{instance}.example.com/{product}", UserName: "admin"}),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- work.Runner{Work: r.Work, Seller: "demo", Worker: "inside", Concurrency: 4}.Run(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
}

func kinds(ts []store.Task) string {
	var s []string
	for _, t := range ts {
		s = append(s, fmt.Sprintf("%s:%s", t.Kind, t.State))
	}
	return fmt.Sprint(s)
}
