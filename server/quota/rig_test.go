// SPDX-License-Identifier: Apache-2.0

package quota_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/memory"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const seller = storetest.Seller

// rig is the domain over the real core on a real store. The on-demand instance is inst-OD, its packages inst-P1 and so on.
type rig struct {
	*quota.Service
	t      testing.TB
	store  store.Store
	core   *fulfil.Service
	clock  *clocktest.Clock
	broken atomic.Bool // the core answers nothing but errors

	unfillable string // a package about which the core answers errors

	contents []quota.Content
}

// hours puts usage into windows of an hour.
type hours struct{}

func (hours) WindowOf(_ context.Context, _, instanceID string, end time.Time) (store.UsageRaw, error) {
	if instanceID == "inst-PEAK" {
		return store.UsageRaw{Meter: "seats", Mode: store.UsageMax}, nil
	}
	start := end.Truncate(time.Hour)
	return store.UsageRaw{Meter: "calls", Mode: store.UsageSum, Window: store.UsageWindowTimes{
		StartAt: start, EndAt: start.Add(time.Hour), DueAt: start.Add(time.Hour), DeadlineAt: start.Add(2 * time.Hour),
		RefuseAt: start.Add(21 * 24 * time.Hour),
	}}, nil
}

// stopper is the core as it can be made to fail.
type stopper struct{ r *rig }

var errBroken = errors.New("the disk is full")

func (s stopper) FreezeInstance(ctx context.Context, seller, id, cause string) error {
	if s.r.broken.Load() {
		return errBroken
	}
	return s.r.core.FreezeInstance(ctx, seller, id, cause)
}

func (s stopper) ThawInstance(ctx context.Context, seller, id, cause string) error {
	if s.r.broken.Load() {
		return errBroken
	}
	return s.r.core.ThawInstance(ctx, seller, id, cause)
}

func (s stopper) WarnQuota(ctx context.Context, w fulfil.QuotaWarning, percents []int32) error {
	if s.r.broken.Load() {
		return errBroken
	}
	return s.r.core.WarnQuota(ctx, w, percents)
}

func (s stopper) PackageAssigned(ctx context.Context, seller, id string, item fulfil.PackageItem) error {
	if s.r.broken.Load() || id == s.r.unfillable {
		return errBroken
	}
	return s.r.core.PackageAssigned(ctx, seller, id, item)
}

func (s stopper) PackageWaits(ctx context.Context, seller, id, productID, reason string) error {
	if s.r.broken.Load() {
		return errBroken
	}
	return s.r.core.PackageWaits(ctx, seller, id, productID, reason)
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

func newRig(t testing.TB) *rig {
	t.Helper()
	return over(t, backendtest.SQLite(t))
}

// backends are what the domain runs over; one that is missing skips.
var backends = map[string]func(t testing.TB, clock ...func() time.Time) store.Store{"sqlite": backendtest.SQLite, "postgres": backendtest.Postgres}

func over(t testing.TB, st store.Store) *rig {
	t.Helper()
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, store: st, clock: clocktest.New(storetest.Epoch)}
	r.core, err = fulfil.New(fulfil.Config{}, []fulfil.Endpoint{{
		Name: "demo", Seller: seller, Products: map[string]fulfil.ProductRule{"*": {Provisioner: storetest.Queue}},
	}}, fulfil.Deps{
		Store: st, Guard: memory.New(r.clock.Now), Sealer: sealer, Clock: clock.System{}, NewID: storetest.NewID,
		Tracer: noop.NewTracerProvider().Tracer(""), Metrics: telemetry.NewMetrics(prometheus.NewRegistry()),
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Service = r.service()
	r.instance("OD", "ON_DEMAND")
	return r
}

// service is another process over the same store.
func (r *rig) service() *quota.Service {
	return quota.New(quota.Deps{
		Quotas: r.store, Instances: r.store, Stopper: stopper{r}, Windows: hours{}, Contents: func() []quota.Content { return r.contents }, Clock: r.clock,
	})
}

// instance makes an order with an active instance.
func (r *rig) instance(order, mode string, mods ...func(i *store.Instance)) {
	r.t.Helper()
	c := storetest.Admission(order, storetest.Epoch)
	c.NewInstances[0].State, c.NewInstances[0].Product.ChargingMode = store.InstanceActive, mode
	for _, m := range mods {
		m(&c.NewInstances[0])
	}
	c.NewTasks = nil
	if err := r.store.Apply(r.t.Context(), c); err != nil {
		r.t.Fatal(err)
	}
}

// pack makes a package of the instance.
func (r *rig) pack(order, amount string, mods ...func(p *quota.Package)) store.Quota {
	r.t.Helper()
	if found, err := r.store.Instances(r.t.Context(), seller, []string{"inst-" + order}); err != nil {
		r.t.Fatal(err)
	} else if len(found) == 0 {
		r.instance(order, "ON_DEMAND_PKG")
	}
	q, err := r.put(order, amount, mods...)
	if err != nil {
		r.t.Fatal(err)
	}
	return q
}

func (r *rig) put(order, amount string, mods ...func(p *quota.Package)) (store.Quota, error) {
	p := quota.Package{Seller: seller, InstanceID: "inst-OD", PackageID: "inst-" + order, Quota: r.units(amount)}
	for _, m := range mods {
		m(&p)
	}
	return r.Put(r.t.Context(), p)
}

func (r *rig) units(text string) store.Units {
	r.t.Helper()
	u, err := decimal.Parse(text)
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

func (r *rig) reserve(id, amount string) (store.Reservation, error) {
	return r.Reserve(r.t.Context(), seller, "inst-OD", id, r.units(amount), 0)
}

// use reserves and commits.
func (r *rig) use(id, amount string) {
	r.t.Helper()
	if _, err := r.reserve(id, amount); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.Commit(r.t.Context(), seller, id, nil, time.Time{}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) must(_ store.Reservation, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) want(err error, reason errs.Reason) {
	r.t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Reason != reason {
		r.t.Fatalf("got %v, want %s", err, reason)
	}
}

// stands checks what each package holds: "P1 used+reserved/quota".
func (r *rig) stands(want ...string) {
	r.t.Helper()
	quotas, err := r.List(r.t.Context(), seller, "inst-OD")
	if err != nil {
		r.t.Fatal(err)
	}
	var got []string
	for _, q := range quotas {
		got = append(got, fmt.Sprintf("%s %s+%s/%s", q.PackageID[len("inst-"):], decimal.Format(q.Used), decimal.Format(q.Reserved), decimal.Format(q.Quota)))
	}
	if !slices.Equal(got, want) {
		r.t.Fatalf("got %q, want %q", got, want)
	}
}

// events checks the events of an order after its first.
func (r *rig) events(order string, want ...string) {
	r.t.Helper()
	events, err := r.store.Events(r.t.Context(), seller, order, 1, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, e.Kind+" "+e.Data)
	}
	if !slices.Equal(got, want) {
		r.t.Fatalf("got %q, want %q", got, want)
	}
}

func (r *rig) frozen(want bool) {
	r.t.Helper()
	i, err := r.core.Instance(r.t.Context(), seller, "inst-OD")
	if err != nil || i.Frozen != want {
		r.t.Fatalf("frozen %v, %v, want %v", i.Frozen, err, want)
	}
}
