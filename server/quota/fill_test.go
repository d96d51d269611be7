// SPDX-License-Identifier: Apache-2.0

package quota_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// bought makes an order of a buyer for a product.
func (r *rig) bought(order, product, buyer string, mods ...func(i *store.Instance)) {
	mode := "ON_DEMAND"
	if product == "PKG" {
		mode = "ON_DEMAND_PKG"
	}
	r.instance(order, mode, append([]func(i *store.Instance){func(i *store.Instance) {
		i.Product.ProductID, i.BuyerKey = product, fulfil.BuyerKey(seller, buyer)
	}}, mods...)...)
}

// messages is the page's example, granted anew every month: 100 SMS and 50 MMS.
func (r *rig) messages(mods ...func(*quota.Content)) {
	c := quota.Content{
		Seller: seller, Endpoint: "demo", ProductID: "PKG", Reset: store.ResetMonth,
		Items: []quota.Item{{ProductID: "SMS", Quota: r.units("100")}, {ProductID: "MMS", Quota: r.units("50")}},
	}
	for _, m := range mods {
		m(&c)
	}
	r.contents = []quota.Content{c}
	r.Service = r.service()
}

func (r *rig) fill() {
	r.t.Helper()
	next, err := r.Fill(r.t.Context(), seller)
	if err != nil || next.Sub(r.clock.Now()) != quota.FillPause {
		r.t.Fatal(next, err)
	}
}

// holds checks what a package holds: "SMS 100" for the instance inst-SMS.
func (r *rig) holds(order string, want ...string) {
	r.t.Helper()
	list, err := r.store.PackageQuotas(r.t.Context(), seller, "inst-"+order)
	if err != nil {
		r.t.Fatal(err)
	}
	var got []string
	for _, q := range list {
		got = append(got, q.InstanceID[len("inst-"):]+" "+decimal.Format(q.Quota))
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		r.t.Fatalf("got %q, want %q", got, want)
	}
}

// TestAPackageIsFilledFromItsOrder: what a package holds comes from its buyer and the configuration of its product, once,
// whoever looks and however often; on both databases.
func TestAPackageIsFilledFromItsOrder(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			r := over(t, open(t))
			r.messages()
			r.bought("SMS", "SMS", "ann")
			r.bought("SMS2", "SMS", "ben")
			r.bought("MMS", "MMS", "ann")
			r.bought("P1", "PKG", "ann")
			r.holds("P1")
			var group sync.WaitGroup
			for range 4 {
				s := r.service()
				group.Go(func() {
					for range 2 {
						if _, err := s.Fill(t.Context(), seller); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
			r.holds("P1", "MMS 50", "SMS 100")
			got := r.kinds("P1")
			slices.Sort(got)
			if want := []string{
				`package.assigned {"productId":"MMS","quota":"50","relatedInstanceId":"inst-MMS"}`,
				`package.assigned {"productId":"SMS","quota":"100","relatedInstanceId":"inst-SMS"}`,
			}; !slices.Equal(got, want) {
				t.Fatalf("got %q, want %q", got, want)
			}
			list, err := r.List(t.Context(), seller, "inst-MMS")
			if err != nil || len(list) != 1 || list[0].Reset != store.ResetMonth || !list[0].BeginAt.Equal(storetest.Epoch) || !list[0].Stop {
				t.Fatalf("%+v %v", list, err)
			}
			// Each item is used up by itself: the other goes on.
			if _, err := r.Reserve(t.Context(), seller, "inst-MMS", "a", r.units("50"), 0); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Commit(t.Context(), seller, "a", nil, time.Time{}); err != nil {
				t.Fatal(err)
			}
			for id, frozen := range map[string]bool{"inst-MMS": true, "inst-SMS": false} {
				if i, err := r.core.Instance(t.Context(), seller, id); err != nil || i.Frozen != frozen {
					t.Errorf("%s: frozen %v %v", id, i.Frozen, err)
				}
			}
		})
	}
}

// kinds are the events of an order after its first.
func (r *rig) kinds(order string) (got []string) {
	r.t.Helper()
	events, err := r.store.Events(r.t.Context(), seller, order, 1, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range events {
		got = append(got, e.Kind+" "+e.Data)
	}
	return got
}

// TestWhichInstanceAPackageBelongsTo: the only one that the buyer has of the fee item, or of several the one of the package's
// own order; else the package waits and says so once.
func TestWhichInstanceAPackageBelongsTo(t *testing.T) {
	r := newRig(t)
	r.messages(func(c *quota.Content) { c.Items = c.Items[:1] })
	waits := func(reason string) string {
		return `package.waits {"productId":"SMS","reason":"` + reason + `"}`
	}
	r.bought("P1", "PKG", "ann")
	r.fill()
	r.events("P1") // the pay-per-use instance may be just coming
	r.clock.Advance(time.Minute)
	r.fill()
	r.fill()
	r.Service = r.service()
	r.fill()
	r.events("P1", waits(quota.WaitsNone))
	r.bought("gone", "SMS", "ann", func(i *store.Instance) { i.State = store.InstanceReleased })
	r.fill()
	r.holds("P1")
	r.bought("A", "SMS", "ann")
	r.bought("B", "SMS", "ann")
	r.fill()
	r.events("P1", waits(quota.WaitsNone), waits(quota.WaitsAmbiguous))
	r.holds("P1")
	r.bought("P2", "PKG", "ann", func(i *store.Instance) { i.OrderID = "B" })
	r.fill()
	r.holds("P2", "B 100")
	if _, err := r.put("P1", "7", func(p *quota.Package) { p.InstanceID = "inst-A" }); err != nil { // by hand, and it stays
		t.Fatal(err)
	}
	r.fill()
	r.holds("P1", "A 7")
	r.bought("P3", "PKG", "", func(i *store.Instance) { i.BuyerKey = "" }) // a buyer who is not known yet
	r.bought("P4", "PKG", "ann", func(i *store.Instance) { i.Endpoint = "other" })
	r.bought("C", "SMS", "cat")
	r.bought("P5", "PKG", "cat", func(i *store.Instance) { i.State = store.InstanceFailed })
	r.bought("P6", "PKG", "cat", func(i *store.Instance) { i.CreatedAt = r.clock.Now().Add(-8 * 24 * time.Hour) })
	r.fill()
	for _, order := range []string{"P3", "P4", "P5", "P6"} {
		r.holds(order)
	}
}

// TestAFeeItemWithoutASum: what cannot be put is told, and holds up neither the other items nor the other packages.
func TestAFeeItemWithoutASum(t *testing.T) {
	r := newRig(t)
	r.messages(func(c *quota.Content) {
		c.Items = append([]quota.Item{{ProductID: "SEATS", Quota: r.units("3")}}, c.Items...)
	})
	r.bought("PEAK", "SEATS", "ann")
	r.bought("SMS", "SMS", "ann")
	r.bought("MMS", "MMS", "ann")
	r.bought("P1", "PKG", "ann")
	r.fill()
	r.holds("P1", "MMS 50", "SMS 100")
	if got, want := r.kinds("P1")[1], `package.waits {"productId":"SEATS","reason":"the meter of instance inst-PEAK is no sum"}`; got != want {
		t.Fatalf("got %s", got)
	}
}

// TestARefusalLooksForNewPackages: a reservation is not refused for want of a package that is bought but not filled yet.
func TestARefusalLooksForNewPackages(t *testing.T) {
	r := newRig(t)
	r.messages()
	r.bought("SMS", "SMS", "ann")
	r.bought("MMS", "MMS", "ann")
	r.bought("P1", "PKG", "ann")
	if _, err := r.Reserve(t.Context(), seller, "inst-SMS", "a", r.units("100"), 0); err != nil {
		t.Fatal(err)
	}
	r.bought("P2", "PKG", "ann")
	if _, err := r.Reserve(t.Context(), seller, "inst-SMS", "b", r.units("60"), 0); err != nil {
		t.Fatal(err)
	}
	r.bought("P3", "PKG", "ann")
	rows := r.rows("inst-P3", "inst-SMS")
	if ready, err := r.FillNow(t.Context(), rows); err != nil || !slices.Equal(ready, rows) {
		t.Fatal(ready, err)
	}
	r.holds("P3", "MMS 50", "SMS 100")
}

// TestAPackageThatCannotBeFilledCostsOnlyItself: the other instances of a query are ready, and the other packages are filled.
func TestAPackageThatCannotBeFilledCostsOnlyItself(t *testing.T) {
	r := newRig(t)
	r.messages()
	r.bought("SMS", "SMS", "ann")
	r.bought("MMS", "MMS", "ann")
	r.bought("P1", "PKG", "ann")
	r.bought("P2", "PKG", "ann")
	r.unfillable = "inst-P1"
	rows := r.rows("inst-P1", "inst-SMS", "inst-P2")
	slices.SortFunc(rows, func(a, b *store.Instance) int { return strings.Compare(a.InstanceID, b.InstanceID) })
	ready, err := r.FillNow(t.Context(), rows)
	if err == nil || !strings.Contains(err.Error(), "inst-P1") || !slices.Equal(ready, rows[1:]) {
		t.Fatal(ready, err)
	}
	r.holds("P1")
	r.holds("P2", "MMS 50", "SMS 100")
}

// TestFillAfterAFailure: what was not recorded is recorded later.
func TestFillAfterAFailure(t *testing.T) {
	r := newRig(t)
	r.messages()
	r.bought("SMS", "SMS", "ann")
	r.bought("MMS", "MMS", "ann")
	r.bought("P1", "PKG", "ann")
	r.broken.Store(true)
	if _, err := r.Fill(t.Context(), seller); err == nil {
		t.Fatal("the core failed and nobody said so")
	}
	r.broken.Store(false)
	r.fill()
	r.holds("P1", "MMS 50", "SMS 100")
	if got := r.kinds("P1"); len(got) != 2 {
		t.Fatalf("got %q", got)
	}
}
