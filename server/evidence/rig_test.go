// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// market never answers: the tests do not wait for it.
type market struct{}

func (market) QueryOrder(context.Context, string, string, string) (fulfil.OrderFacts, error) {
	return fulfil.OrderFacts{}, errors.New("not asked")
}
func (market) UploadLicence(context.Context, string, string, fulfil.Licence) error { return nil }

// rig is the core with a signing key, on a real store.
type rig struct {
	*fulfil.Service
	t      *testing.T
	store  store.Store
	keys   *evidence.Keys
	sealer *vault.Vault
	pem    []byte
	log    bytes.Buffer
}

func newRig(t *testing.T, st store.Store) *rig {
	t.Helper()
	r := &rig{t: t, store: st, pem: must[[]byte](t)(evidence.Generate()), sealer: must[*vault.Vault](t)(vaulttest.New())}
	r.keys = must[*evidence.Keys](t)(evidence.Parse(r.pem))
	r.Service = r.core(r.keys)
	return r
}

// core is a service on the rig's store, with other keys or none.
func (r *rig) core(keys *evidence.Keys) *fulfil.Service {
	r.t.Helper()
	endpoint := fulfil.Endpoint{Name: "demo", Seller: "demo", BusinessID: true, Products: map[string]fulfil.ProductRule{"*": {Provisioner: "worker"}}}
	return must[*fulfil.Service](r.t)(fulfil.New(fulfil.Config{}, []fulfil.Endpoint{endpoint}, fulfil.Deps{
		Store: r.store, Keys: keys, Guard: memory.New(clock.System{}.Now), Sealer: r.sealer, Marketplace: market{}, Clock: clock.System{},
		NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, Password: func() string { return "x" },
		Tracer: noop.NewTracerProvider().Tracer(""), Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
	}))
}

// admit brings an order in whose answer is committed.
func (r *rig) admit(core *fulfil.Service, order string) {
	r.t.Helper()
	ep, _ := core.Endpoint("demo")
	if _, err := core.NewInstance(r.t.Context(), fulfil.NewInstance{
		Endpoint: ep, OrderID: order, OrderLineID: "1", BusinessID: "biz-" + order, ProductID: "p", Arrived: time.Now(),
		Told: &fulfil.OrderFacts{OrderType: "NEW", Product: store.Product{ProductID: "p", Name: "demo", ChargingMode: "ON_DEMAND"}, Buyer: []byte(`{}`)},
	}); err != nil {
		r.t.Fatal(err)
	}
}

// freeze adds an event to an order, with members that the contract does not know.
func (r *rig) freeze(core *fulfil.Service, order string, on bool) {
	r.t.Helper()
	ep, _ := core.Endpoint("demo")
	if _, err := core.UpdateInstanceStatus(r.t.Context(), fulfil.UpdateStatus{
		Endpoint: ep, InstanceID: "biz-" + order, Freeze: on, Extra: `{"note":"canary"}`,
	}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) anchor() {
	r.t.Helper()
	a := evidence.Anchorer{Store: r.store, Keys: r.keys, Clock: clock.System{}, Log: slog.New(slog.NewTextHandler(&r.log, nil))}
	if _, err := a.Anchor(r.t.Context(), "demo"); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) verifier() *evidence.Verifier {
	return &evidence.Verifier{Source: r.store, Anchors: r.store, Keys: r.keys, Sealer: r.sealer}
}

// verify checks everything and compares the faults, each written as "order/seq/anchor what".
func (r *rig) verify(noted string, want ...string) *evidence.Report {
	r.t.Helper()
	report := must[*evidence.Report](r.t)(r.verifier().All(r.t.Context(), "demo", noted))
	wantFaults(r.t, report, want...)
	return report
}

func wantFaults(t *testing.T, report *evidence.Report, want ...string) {
	t.Helper()
	var got []string
	for _, f := range report.Faults {
		got = append(got, fmt.Sprintf("%s/%d/%d %s", f.OrderID, f.Seq, f.Anchor, f.What))
	}
	if len(got) != len(want) || int64(len(got)) != report.FaultCount {
		t.Fatalf("%d faults:\n%s\nwant\n%s", report.FaultCount, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("fault %q, want %q", got[i], want[i])
		}
	}
}

// linksHold says whether the orders that are there pass as valid by their SHA-256 links and heads alone.
func (r *rig) linksHold() bool {
	r.t.Helper()
	for _, o := range must[[]store.Order](r.t)(r.store.ListOrders(r.t.Context(), store.ListQuery{Seller: "demo", Limit: 100})) {
		events := must[[]store.Event](r.t)(r.store.Events(r.t.Context(), "demo", o.OrderID, 0, 100))
		if head, err := evidence.VerifyLinks(store.Head{}, events); err != nil || head != o.Head {
			return false
		}
	}
	return true
}

func (r *rig) event(order string, seq int64) store.Event {
	r.t.Helper()
	es := must[[]store.Event](r.t)(r.store.Events(r.t.Context(), "demo", order, seq-1, 1))
	if len(es) != 1 {
		r.t.Fatalf("no event %d of %s", seq, order)
	}
	return es[0]
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
