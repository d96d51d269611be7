// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

func (r *rig) adopt(a fulfil.Adoption) store.Instance {
	r.t.Helper()
	a.Endpoint, a.Who, a.Why = r.ep, "ann", "restored"
	i, err := r.Adopt(r.t.Context(), a)
	if err != nil {
		r.t.Fatal(err)
	}
	return i
}

// What is adopted is as if it had been created here: a repeat of newInstance is a success with it, what was bought is asked of the
// marketplace, its access information is told by hand, and later calls are served.
func TestAnAdoptedInstanceIsServed(t *testing.T) {
	r := newRig(t)
	since := r.gap()
	i := r.adopt(fulfil.Adoption{OrderID: "CS1", OrderLineID: "CS1-000001", InstanceID: "told-1"})
	if i.InstanceID != "told-1" || !i.CreatedAt.Equal(since) {
		t.Errorf("adopted %+v", i)
	}
	if a := r.mustCall("CS1", "biz-new"); a.Code != resultcode.Success || a.InstanceID != "told-1" {
		t.Errorf("the repeat: %+v", a)
	}
	r.query()
	i = r.state("told-1", store.InstanceActive)
	if i.Product.ProductID != "OFFI-1" || !i.ExpireAt.Equal(yearly.ExpireAt) {
		t.Errorf("what was bought is not known: %+v", i)
	}
	a, _, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "told-1"})
	r.wantCode(a, err, resultcode.Processing)
	if _, err := r.UpdateAccess(t.Context(), fulfil.AccessUpdate{
		Seller: "demo", InstanceID: "told-1", Access: fulfil.Access{FrontEndURL: "https://told.example.com"}, Fields: []string{"frontEndUrl"}, Who: "ann",
	}); err != nil {
		t.Fatal(err)
	}
	a, shown, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "told-1"})
	r.wantCode(a, err, resultcode.Success)
	if len(shown) != 1 || shown[0].Access.FrontEndURL != "https://told.example.com" {
		t.Errorf("shown %+v", shown)
	}
	a, err = r.RefreshInstance(t.Context(), fulfil.Refresh{
		Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CS2", OrderLineID: "CS2-1", InstanceID: "told-1", ExpireAt: yearly.ExpireAt.AddDate(1, 0, 0),
	})
	r.wantCode(a, err, resultcode.Success)
	r.work(store.TaskRefresh)
	r.adopt(fulfil.Adoption{OrderID: "CS1", OrderLineID: "CS1-000001", InstanceID: "told-1"}) // again
	es := r.events("CS1", fulfil.EventInstanceAdopted, fulfil.EventOrderQueried, fulfil.EventAccessChanged, fulfil.EventRefreshed, fulfil.EventTaskCompleted)
	if d := es[0].Data; !strings.Contains(d, `"who":"ann"`) || !strings.Contains(d, `"why":"restored"`) {
		t.Errorf("the adoption says %s", d)
	}
}

// With Create the provisioner brings the access information, as it does when it is handed a create task twice.
func TestAnAdoptedInstanceIsCreatedAgain(t *testing.T) {
	r := newRig(t, withDerived)
	i := r.adopt(fulfil.Adoption{OrderID: "CS1", OrderLineID: "CS1-000001", Create: true})
	want, err := r.DerivedID(store.LineKey{Seller: "demo", OrderID: "CS1", OrderLineID: "CS1-000001"})
	if err != nil || i.InstanceID != want {
		t.Fatalf("adopted %s, want %s: %v", i.InstanceID, want, err)
	}
	r.query()
	r.work(store.TaskCreate)
	r.state(want, store.InstanceActive)
	if a := r.mustCall("CS1", "biz"); a.Code != resultcode.Success || a.InstanceID != want {
		t.Errorf("the repeat: %+v", a)
	}
}

// The V1 families have no order lines, and pay-per-use has the product in its key.
func TestAnAdoptedInstanceOfV1(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct{ mode, keyed string }{{"PERIOD", ""}, {"ON_DEMAND", "p-1"}} {
		r.adopt(fulfil.Adoption{
			OrderID: "CS-" + c.mode, ProductID: "p-1", ChargingMode: c.mode, InstanceID: "told-" + c.mode, Family: fulfil.FamilySaasV1,
		})
		i, err := r.UpdateAccess(t.Context(), fulfil.AccessUpdate{
			Seller: "demo", InstanceID: "told-" + c.mode, Access: fulfil.Access{FrontEndURL: "https://told.example.com"}, Fields: []string{"frontEndUrl"},
		})
		if err != nil || i.Product.ChargingMode != c.mode || i.Product.ProductID != "p-1" {
			t.Fatalf("%+v, %v", i, err)
		}
		a, err := r.NewInstance(t.Context(), fulfil.NewInstance{
			Endpoint: r.ep, OrderID: "CS-" + c.mode, ProductID: c.keyed, BusinessID: "biz", Arrived: time.Now(), Family: fulfil.FamilySaasV1, Hold: true,
			Told: &fulfil.OrderFacts{OrderType: "NEW", Product: store.Product{ProductID: "p-1", ChargingMode: c.mode}},
		})
		r.wantCode(a, err, resultcode.Success)
		if a.InstanceID != "told-"+c.mode || a.Access.FrontEndURL != "https://told.example.com" {
			t.Errorf("%s: %+v", c.mode, a)
		}
	}
}

func TestWhatCannotBeAdopted(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	line := fulfil.Adoption{Endpoint: r.ep, OrderID: "CS2", OrderLineID: "CS2-000001", InstanceID: "told-2", Why: "restored"}
	for name, c := range map[string]struct {
		change func(a *fulfil.Adoption)
		want   errs.Reason
	}{
		"a line with another instance": {func(a *fulfil.Adoption) { a.OrderID, a.OrderLineID = "CS1", "CS1-000001" }, errs.StateConflict},
		"an ID that is taken":          {func(a *fulfil.Adoption) { a.InstanceID = "biz-CS1" }, errs.StateConflict},
		"an ID that is taken, order known": {func(a *fulfil.Adoption) {
			a.OrderID, a.OrderLineID, a.InstanceID = "CS1", "CS1-000002", "biz-CS1"
		}, errs.StateConflict},
		"no order":           {func(a *fulfil.Adoption) { a.OrderID = "" }, errs.InvalidField},
		"no line":            {func(a *fulfil.Adoption) { a.OrderLineID = "" }, errs.InvalidField},
		"a line of V1":       {func(a *fulfil.Adoption) { a.Family, a.ProductID = fulfil.FamilySaasV1, "p" }, errs.InvalidField},
		"V1 without product": {func(a *fulfil.Adoption) { a.Family, a.OrderLineID = fulfil.FamilySaasV1, "" }, errs.InvalidField},
		"a licence code":     {func(a *fulfil.Adoption) { a.Family = fulfil.FamilyLicenseCode }, errs.InvalidField},
		"a long ID":          {func(a *fulfil.Adoption) { a.InstanceID = strings.Repeat("x", 65) }, errs.InvalidField},
		"no reason":          {func(a *fulfil.Adoption) { a.Why = " " }, errs.InvalidField},
	} {
		a := line
		c.change(&a)
		if _, err := r.Adopt(t.Context(), a); err == nil || errs.As(err).Reason != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskCompleted)
	if _, err := r.Order(t.Context(), "demo", "CS2"); err == nil {
		t.Error("a refused adoption left an order")
	}
}

// gap opens a gap and returns since when.
func (r *rig) gap() time.Time {
	r.t.Helper()
	since := clock.System{}.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	if err := r.store.OpenGap(r.t.Context(), store.Gap{Seller: "demo", ID: "g", Since: since, OpenedAt: since}); err != nil {
		r.t.Fatal(err)
	}
	return since
}

// What an old server has is never made here, but an operator may take it over: then it is ours, and the old server has it no more.
func TestAnAdoptionTakesOverFromTheOldServer(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	if _, err := r.store.ClaimOrder(ctx, store.Claim{Seller: "demo", Kind: store.SideOrder, ID: "CS1", Endpoint: "demo", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := r.store.NoteClaims(ctx, []store.Claim{{Seller: "demo", Kind: store.SideInstance, ID: "told-1", Endpoint: "demo", At: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	_, err := r.call("CS1", "biz-1")
	if e := errs.As(err); err == nil || e.Reason != errs.ForwardFailed || e.Kind != errs.Unavailable {
		t.Fatalf("the order was made a second time: %v", err)
	}
	r.adopt(fulfil.Adoption{OrderID: "CS1", OrderLineID: "CS1-000001", InstanceID: "told-1"})
	if a := r.mustCall("CS1", "biz-2"); a.Code != resultcode.Success || a.InstanceID != "told-1" {
		t.Errorf("the repeat: %+v", a)
	}
	if side, err := r.store.SideOfOrder(ctx, "demo", "CS1"); side != store.SideOwn || err != nil {
		t.Error(side, err)
	}
	if left, err := r.store.LeftBehind(ctx, "demo", "demo", time.Time{}); left != (store.LeftBehind{}) || err != nil {
		t.Errorf("%+v, %v", left, err)
	}
}
