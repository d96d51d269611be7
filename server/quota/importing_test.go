// SPDX-License-Identifier: Apache-2.0

package quota_test

import (
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/store"
)

// TestImport: what was used elsewhere of the cycle in hand is missing in it and no other, warns at once, and counts once, whatever comes again.
func TestImport(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			r := over(t, open(t))
			r.instance("P1", "ON_DEMAND_PKG")
			month := store.ResetMonth
			p := quota.Package{
				Seller: seller, InstanceID: "inst-OD", PackageID: "inst-P1", Quota: r.units("10"), UsedElsewhere: r.units("9.5"), Reset: &month,
				BeginAt: r.clock.Now().Add(-70 * 24 * time.Hour),
			}
			imports := func(p quota.Package, try, want bool, differs ...string) {
				t.Helper()
				put, names, err := r.Import(t.Context(), p, try)
				if put != want || !slices.Equal(names, differs) || err != nil {
					t.Fatalf("%v %v %v, want %v %v", put, names, err, want, differs)
				}
			}
			imports(p, true, true)
			r.events("P1")
			imports(p, false, true)
			imports(p, false, false)
			r.stands("P1 9.5+0/10")
			r.events("P1", `quota.warned {"cycle":2,"percent":80,"quota":"10","relatedInstanceId":"inst-OD"}`, `quota.warned {"cycle":2,"percent":95,"quota":"10","relatedInstanceId":"inst-OD"}`)
			_, err := r.reserve("much", "0.6")
			r.want(err, errs.QuotaExhausted)
			r.use("a", "0.5")
			r.frozen(true)
			r.ledger(map[string]store.Units{"inst-P1": r.units("0.5")})
			imports(p, false, false) // what was used here since is no difference
			for field, change := range map[string]func(p *quota.Package){
				"quota": func(p *quota.Package) { p.Quota = r.units("11") }, "used": func(p *quota.Package) { p.UsedElsewhere = r.units("9") },
				"reset": func(p *quota.Package) { p.Reset = nil }, "begin_time": func(p *quota.Package) { p.BeginAt = p.BeginAt.Add(time.Hour) },
				"priority": func(p *quota.Package) { p.Priority = 1 }, "keep_going": func(p *quota.Package) { p.KeepGoing = true },
			} {
				other := p
				change(&other)
				imports(other, false, false, field)
				imports(other, true, false, field)
			}
			r.stands("P1 10+0/10")

			r.clock.Advance(31 * 24 * time.Hour)
			if _, err := r.Expire(t.Context(), seller); err != nil {
				t.Fatal(err)
			}
			r.frozen(false)
			r.use("b", "10")

			none := p
			none.PackageID, none.UsedElsewhere = "inst-P2", r.units("11")
			for _, try := range []bool{true, false} {
				_, _, err := r.Import(t.Context(), none, try)
				r.want(err, errs.InvalidField)
			}
			none.UsedElsewhere = 0
			imports(none, true, true) // the instances may be in the same file
			_, _, err = r.Import(t.Context(), none, false)
			r.want(err, errs.InstanceNotFound)
			p.UsedElsewhere = r.units("9")
			_, err = r.Put(t.Context(), p)
			r.want(err, errs.StateConflict)
		})
	}
}

// TestAnImportedPackageIsNotFilled by its product's configuration, which does not know what was used of it.
func TestAnImportedPackageIsNotFilled(t *testing.T) {
	r := newRig(t)
	r.messages(func(c *quota.Content) { c.Items = c.Items[:1] })
	r.bought("SMS", "SMS", "ann")
	rows := []fulfil.Import{{
		Endpoint: "demo", OrderID: "P1", OrderLineID: "P1-000001", InstanceID: "inst-P1", State: fulfil.ImportActive, CustomerID: "ann",
		Product: store.Product{ProductID: "PKG", ChargingMode: "ON_DEMAND_PKG"}, Access: fulfil.Access{FrontEndURL: "https://app.example.com/"},
	}}
	if v, err := r.core.Import(t.Context(), fulfil.Imports{Seller: seller, Rows: rows, Who: "ops", Why: "moving in"}); err != nil || v[0].Verdict != fulfil.ImportCreated {
		t.Fatal(v, err)
	}
	r.fill()
	r.fill()
	r.holds("P1")
	p := quota.Package{Seller: seller, InstanceID: "inst-SMS", PackageID: "inst-P1", Quota: r.units("100"), UsedElsewhere: r.units("40")}
	if put, _, err := r.Import(t.Context(), p, false); !put || err != nil {
		t.Fatal(put, err)
	}
	r.fill()
	r.holds("P1", "SMS 100")
	if list, err := r.List(t.Context(), seller, "inst-SMS"); err != nil || decimal.Format(list[0].Left()) != "60" {
		t.Error(list, err)
	}
	if got := r.kinds("P1"); len(got) != 0 {
		t.Errorf("events %q", got)
	}
}
