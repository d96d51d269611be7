// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/server/webhook"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const seller = storetest.Seller

// canary is in every event's data and may stand in no log.
const canary = "canary-of-an-event"

// rig is the domain over a real store, a clock that stands, and a target that does as it is told.
type rig struct {
	*webhook.Service
	t      *testing.T
	store  store.Store
	clock  *clocktest.Clock
	spans  *tracetest.InMemoryExporter
	gather *prometheus.Registry
	log    *buffer
	target *target
	deps   webhook.Deps
	seqs   map[string]int64
}

func each(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		c := clocktest.New(storetest.Epoch)
		f(t, over(t, backendtest.SQLite(t, c.Now), c))
	})
	t.Run("postgres", func(t *testing.T) {
		c := clocktest.New(storetest.Epoch)
		f(t, over(t, backendtest.Postgres(t, c.Now), c))
	})
}

func over(t *testing.T, st store.Store, c *clocktest.Clock) *rig {
	t.Helper()
	keyset, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(keyset)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, store: st, clock: c, spans: tracetest.NewInMemoryExporter(), gather: prometheus.NewRegistry(), log: &buffer{}, seqs: map[string]int64{},
	}
	r.target = newTarget(t)
	guard := outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil, nil)
	t.Cleanup(guard.Close)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans), sdktrace.WithIDGenerator(telemetry.IDGenerator{}))
	r.deps = webhook.Deps{
		Store: st, Caller: guard, Sealer: v, Clock: c, NewID: storetest.NewID, Tracer: provider.Tracer("test"), Metrics: telemetry.NewMetrics(r.gather),
		Show: func(e store.Event) ([]byte, error) {
			return json.Marshal(map[string]any{"orderId": e.OrderID, "event": map[string]any{"seq": fmt.Sprint(e.Seq), "kind": e.Kind, "dataJson": e.Data}})
		},
		Log: slog.New(slog.NewTextHandler(r.log, nil)),
	}
	r.Service = webhook.New(r.deps)
	return r
}

// create adds a webhook at the rig's target, which reads from the beginning.
func (r *rig) create(name string, filter ...store.Term) (store.Webhook, string) {
	r.t.Helper()
	w, secret, err := r.Create(r.t.Context(), seller, webhook.Target{Name: name, URL: r.target.URL + "/" + name, Filter: filter}, true)
	if err != nil {
		r.t.Fatal(err)
	}
	return w, secret
}

// happen commits the next event of each order and waits until the feed has them: on PostgreSQL it waits for the transactions of others.
func (r *rig) happen(orders ...string) {
	r.t.Helper()
	last := ""
	for _, id := range orders {
		r.seqs[id]++
		o := &store.Order{Seller: seller, OrderID: id, Head: store.Head{Seq: r.seqs[id]}}
		c := &store.Change{Events: []store.Event{{
			Seller: seller, OrderID: id, Seq: r.seqs[id], Kind: "order.step", At: r.clock.Now(), Data: `{"x":"` + canary + `"}`, Hash: fmt.Sprint(id, r.seqs[id]),
		}}}
		if r.seqs[id] == 1 {
			c.NewOrder = o
		} else {
			c.PutOrder = o
		}
		if err := r.store.Apply(r.t.Context(), c); err != nil {
			r.t.Fatal(err)
		}
		last = fmt.Sprint(id, "/", r.seqs[id])
	}
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		end, err := r.store.FeedEnd(r.t.Context(), seller)
		if err == nil && fmt.Sprint(end.OrderID, "/", end.Seq) == last {
			return
		}
		if time.Now().After(until) {
			r.t.Fatalf("the feed ends with %s/%d, %v, not with %s", end.OrderID, end.Seq, err, last)
		}
	}
}

// step delivers what is due now.
func (r *rig) step() int {
	r.t.Helper()
	n, err := r.Step(r.t.Context(), seller)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// pass lets time pass, in steps that are shorter than a pause.
func (r *rig) pass(d, by time.Duration) {
	r.t.Helper()
	for ; d > 0; d -= by {
		r.clock.Advance(by)
		r.step()
	}
}

func (r *rig) read(id string) store.Webhook {
	r.t.Helper()
	w, err := r.Get(r.t.Context(), seller, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return w
}

func (r *rig) deliveries() []store.Delivery {
	r.t.Helper()
	list, err := r.Deliveries(r.t.Context(), store.ListQuery{Seller: seller, Limit: 1000})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func (r *rig) states(want ...string) {
	r.t.Helper()
	var got []string
	for _, d := range r.deliveries() {
		got = append(got, fmt.Sprintf("%s/%d %s", d.OrderID, d.Seq, d.State))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.t.Fatalf("got %q, want %q", got, want)
	}
}

// metric is the value of a metric with all of these labels.
func (r *rig) metric(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.gather.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var got []string
			for _, l := range m.GetLabel() {
				got = append(got, l.GetValue())
			}
			if f.GetName() == name && slices.Equal(got, labels) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

// target is a server of webhooks.
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
	order  string
	seq    int64
}

func newTarget(t *testing.T) *target {
	t.Helper()
	x := &target{}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := message{path: r.URL.Path, header: r.Header}
		m.body, _ = io.ReadAll(r.Body)
		var e struct {
			Subject string
			Data    struct{ Event struct{ Seq string } }
		}
		_ = json.Unmarshal(m.body, &e)
		m.order = e.Subject
		_, _ = fmt.Sscan(e.Data.Event.Seq, &m.seq)
		x.mu.Lock()
		x.got = append(x.got, m)
		answer := x.answer
		x.mu.Unlock()
		if answer != nil {
			answer(w, m)
		}
	}))
	t.Cleanup(x.Close)
	return x
}

// does says how the target answers; nil is with success.
func (x *target) does(answer func(http.ResponseWriter, message)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answer = answer
}

func status(code int) func(http.ResponseWriter, message) {
	return func(w http.ResponseWriter, _ message) { w.WriteHeader(code) }
}

// take returns what came since the last call.
func (x *target) take() []message {
	x.mu.Lock()
	defer x.mu.Unlock()
	got := x.got
	x.got = nil
	return got
}

// seen are the seqs of each order in the order in which they came, one after another.
func seen(list []message) map[string][]int64 {
	by := map[string][]int64{}
	for _, m := range list {
		if n := len(by[m.order]); n == 0 || by[m.order][n-1] != m.seq {
			by[m.order] = append(by[m.order], m.seq)
		}
	}
	return by
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
