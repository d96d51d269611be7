// SPDX-License-Identifier: Apache-2.0

package handover_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/handover"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/memory"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const seller = storetest.Seller

// canary is in what targets answer, and may stand in no log.
const canary = "canary-of-an-answer"

// rig is the domain over the core on a real store, with a clock that stands and a provisioner that does as it is told.
type rig struct {
	t       *testing.T
	store   store.Store
	clock   *clocktest.Clock
	spans   *tracetest.InMemoryExporter
	gather  *prometheus.Registry
	log     *buffer
	target  *target
	targets []handover.Target
	look    func() []handover.Target // what there is now
	secret  string
	core    *fulfil.Service
	sender  *handover.Service
	guard   *outbound.Guard
	sealer  fulfil.Sealer
	endpnt  *fulfil.Endpoint
}

func each(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(*testing.T, func() time.Time) store.Store{
		"sqlite":   func(t *testing.T, now func() time.Time) store.Store { return backendtest.SQLite(t, now) },
		"postgres": func(t *testing.T, now func() time.Time) store.Store { return backendtest.Postgres(t, now) },
	} {
		t.Run(name, func(t *testing.T) {
			c := clocktest.New(storetest.Epoch)
			f(t, over(t, open(t, c.Now), c))
		})
	}
}

func over(t *testing.T, st store.Store, c *clocktest.Clock) *rig {
	t.Helper()
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, store: st, clock: c, spans: tracetest.NewInMemoryExporter(), gather: prometheus.NewRegistry(), log: &buffer{}, sealer: sealer,
		target: newTarget(t), secret: outbound.NewSecret(),
	}
	r.guard = outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil, nil)
	t.Cleanup(r.guard.Close)
	r.targets = []handover.Target{{Name: "crm", URL: r.target.URL, Keys: keys(t, r.secret), Timeout: 10 * time.Second, AskAgain: 5 * time.Minute}}
	r.look = func() []handover.Target { return r.targets }
	r.core, r.sender = r.replica(st)
	r.endpnt, _ = r.core.Endpoint("demo")
	return r
}

func keys(t *testing.T, secrets ...string) (list [][]byte) {
	t.Helper()
	for _, s := range secrets {
		key, err := outbound.Key(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, key)
	}
	return list
}

// replica is a process over a store.
func (r *rig) replica(st store.Store) (*fulfil.Service, *handover.Service) {
	r.t.Helper()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans), sdktrace.WithIDGenerator(telemetry.IDGenerator{}))
	log := slog.New(slog.NewTextHandler(r.log, nil))
	metrics := telemetry.NewMetrics(prometheus.NewRegistry())
	core, err := fulfil.New(fulfil.Config{BackoffBase: time.Second, BackoffMax: time.Minute}, []fulfil.Endpoint{{
		Name: "demo", Seller: seller, CheckBudget: 200 * time.Millisecond, BusinessID: true,
		Products: map[string]fulfil.ProductRule{"*": {Provisioner: "crm"}, "LIVE": {Provisioner: "live"}},
	}}, fulfil.Deps{
		Store: st, Guard: memory.New(r.clock.Now), Sealer: r.sealer, Marketplace: market{}, Clock: r.clock, NewID: storetest.NewID,
		Password: func() string { return "canary-password" }, Tracer: provider.Tracer("test"), Metrics: metrics, Log: log,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	core.Work.Provide(work.Queue{Name: "crm", Sellers: []string{seller}, Sent: true}, work.Queue{Name: "live", Sellers: []string{seller}, Sent: true})
	return core, handover.New(handover.Deps{
		Queue: core.Work, Tasks: form{core}, Caller: r.guard, Targets: func() []handover.Target { return r.look() }, Clock: r.clock, Worker: storetest.NewID(),
		Tracer: provider.Tracer("test"), Metrics: telemetry.NewMetrics(r.gatherer()), Log: log,
	})
}

// gatherer is the registry of the first replica.
func (r *rig) gatherer() prometheus.Registerer {
	if r.sender == nil {
		return r.gather
	}
	return prometheus.NewRegistry()
}

// market answers every order query with the product that the order's ID begins with.
type market struct{}

func (market) QueryOrder(_ context.Context, _, orderID, _ string) (fulfil.OrderFacts, error) {
	product, _, _ := strings.Cut(orderID, "-")
	return fulfil.OrderFacts{OrderType: "NEW", Product: store.Product{ProductID: product, SKUCode: "sku-1", ChargingMode: "PERIOD"}, ExpireAt: storetest.Epoch.Add(365 * 24 * time.Hour)}, nil
}

func (market) UploadLicence(context.Context, string, string, fulfil.Licence) error { return nil }

// form is a form of tasks; the server's is TestAnOrderThroughAWebhook's.
type form struct{ core *fulfil.Service }

func (form) Show(_ context.Context, t store.Task) ([]byte, error) {
	return json.Marshal(map[string]any{"taskId": t.ID, "fencingToken": t.Fence, "attempt": t.Attempt, "kind": t.Kind})
}

func (f form) Complete(ctx context.Context, t store.Task, answer []byte) error {
	var x struct{ URL string }
	if len(answer) > 0 && json.Unmarshal(answer, &x) != nil {
		return errs.New(errs.Invalid, errs.InvalidField, "the body is not JSON")
	}
	c := fulfil.Completion{Seller: t.Seller, TaskID: t.ID, Fence: t.Fence}
	if x.URL != "" {
		c.Access = &fulfil.Access{FrontEndURL: x.URL}
	}
	_, err := f.core.CompleteTask(ctx, c)
	return err
}

func (f form) Refuse(ctx context.Context, t store.Task, why string, answer []byte) error {
	var x struct{ Code resultcode.Code }
	_ = json.Unmarshal(answer, &x)
	_, err := f.core.FailTask(ctx, fulfil.Failure{Seller: t.Seller, TaskID: t.ID, Fence: t.Fence, Permanent: true, Code: x.Code, Message: why})
	return err
}

func (f form) Return(ctx context.Context, t store.Task, why string, pause time.Duration) error {
	_, err := f.core.FailTask(ctx, fulfil.Failure{Seller: t.Seller, TaskID: t.ID, Fence: t.Fence, Message: why, RetryAfter: pause})
	return err
}

// buy admits an order and has its order query done, so that its creation waits to be sent. The order's ID begins with the product's.
func (r *rig) buy(order string) string {
	r.t.Helper()
	a, err := r.core.NewInstance(r.t.Context(), fulfil.NewInstance{
		Endpoint: r.endpnt, OrderID: order, OrderLineID: order + "-000001", BusinessID: "biz-" + order, Arrived: r.clock.Now(),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	asked, err := r.core.Work.Lease(r.t.Context(), work.Ask{Seller: seller, Queues: []string{fulfil.QueueOrderQuery}, Worker: "q", Max: 10, For: time.Minute})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, t := range asked {
		r.core.RunOrderQuery(r.t.Context(), t)
	}
	return a.InstanceID
}

// step sends what is due now.
func (r *rig) step(want int) {
	r.t.Helper()
	n, err := r.sender.Step(r.t.Context(), seller)
	if err != nil {
		r.t.Fatal(err)
	}
	if n != want {
		r.t.Fatalf("%d attempts, want %d\n%s", n, want, r.log)
	}
}

// creation is the task that creates an order's instance.
func (r *rig) creation(order string) store.Task {
	r.t.Helper()
	list, err := r.core.Tasks(r.t.Context(), store.ListQuery{Seller: seller, Limit: 10, Filter: []store.Term{{Field: "order_id", Value: order}, {Field: "kind", Value: string(store.TaskCreate)}}})
	if err != nil || len(list) != 1 {
		r.t.Fatal(list, err)
	}
	t, err := r.core.Work.Task(r.t.Context(), seller, list[0].ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return t
}

// is checks the state of an order's creation.
func (r *rig) is(order string, want store.TaskState, reason string) store.Task {
	r.t.Helper()
	t := r.creation(order)
	if t.State != want || !strings.Contains(t.Reason, reason) {
		r.t.Fatalf("the task is %s (%s), want %s (%s)", t.State, t.Reason, want, reason)
	}
	return t
}

// calls is how many calls had an outcome.
func (r *rig) calls(outcome string) (n float64) {
	r.t.Helper()
	families, err := r.gather.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "koogate_provisioner_calls_total" && l.GetName() == "outcome" && l.GetValue() == outcome {
					n += m.GetCounter().GetValue()
				}
			}
		}
	}
	return n
}

// target is a vendor's provisioner.
type target struct {
	*httptest.Server
	mu     sync.Mutex
	got    []message
	answer func(w http.ResponseWriter, m message)
}

// message is what came.
type message struct {
	path   string
	header http.Header
	body   []byte
	task   struct {
		TaskID       string
		FencingToken int64
		Attempt      int
		Kind         string
	}
}

func newTarget(t *testing.T) *target {
	t.Helper()
	x := &target{}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := message{path: r.URL.Path, header: r.Header}
		m.body, _ = io.ReadAll(r.Body)
		_ = json.Unmarshal(m.body, &m.task)
		x.mu.Lock()
		x.got = append(x.got, m)
		answer := x.answer
		x.mu.Unlock()
		if answer == nil {
			answer = says(200, `{"url":"https://shop.example.com/1"}`)
		}
		answer(w, m)
	}))
	t.Cleanup(x.Close)
	return x
}

// does says how the target answers; nil is with a result.
func (x *target) does(answer func(http.ResponseWriter, message)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answer = answer
}

// says answers with a status, a body and headers, by name and value.
func says(status int, body string, headers ...string) func(http.ResponseWriter, message) {
	return func(w http.ResponseWriter, _ message) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// take returns what came since the last call.
func (x *target) take() []message {
	x.mu.Lock()
	defer x.mu.Unlock()
	got := x.got
	x.got = nil
	return got
}

// one is the one message that came since the last call.
func (r *rig) one() message {
	r.t.Helper()
	got := r.target.take()
	if len(got) != 1 {
		r.t.Fatalf("%d messages came, want 1", len(got))
	}
	return got[0]
}

// buffer is a log that several may write.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
