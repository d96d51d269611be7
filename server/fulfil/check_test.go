// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"testing"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// The check comes before the order of the change exists, and may come while the instance's own order has not been read: it
// is asked all the same, and no order or line comes of it (third-reading T2).
func TestCheckNeedsAndMakesNoOrder(t *testing.T) {
	r := newRig(t, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) {
		ep.Products = map[string]fulfil.ProductRule{"OFFI-1": {Provisioner: "worker"}, "OFFI-9": {Provisioner: "worker"}}
	})
	id := r.mustCall("CS1", "biz-CS1").InstanceID // its order query is still out
	before := r.events("CS1", created[:1]...)
	answer := make(chan fulfil.Answer, 1)
	go func() {
		a, err := r.ChangeInstanceCheck(t.Context(), fulfil.CheckChange{
			Endpoint: r.ep, InstanceID: id, Target: store.Product{ProductID: "OFFI-9", LinearValue: 3},
		})
		if err != nil {
			a.Message = err.Error()
		}
		answer <- a
	}()
	r.work(store.TaskCheckChange)
	if a := <-answer; a.Code != resultcode.Success {
		t.Errorf("%+v", a)
	}
	after := r.events("CS1", append(created[:1:1], fulfil.EventChecked)...)
	if len(after) != len(before)+1 {
		t.Errorf("%d events became %d", len(before), len(after))
	}
	orders, err := r.Orders(t.Context(), store.ListQuery{Seller: "demo", Limit: 10})
	if err != nil || len(orders) != 1 {
		t.Errorf("%d orders, %v", len(orders), err)
	}
	agg, err := r.store.Aggregate(t.Context(), "demo", "CS1")
	if err != nil || len(agg.Lines) != 1 {
		t.Errorf("%d lines, %v", len(agg.Lines), err)
	}
	r.query() // the creation goes on as if nobody had asked
	r.work(store.TaskCreate)
	r.state(id, store.InstanceActive)
}

// A smaller quantity is refused unless somebody compared it with the use: another product ID may be the same specification,
// and another specification is no reduction (third-reading T4, T5).
func TestCheckOfASmallerQuantity(t *testing.T) {
	smaller := store.Product{ProductID: "OFFI-1", SKUCode: "sku-1", LinearValue: 9}
	monthly, other, more := smaller, smaller, smaller
	monthly.ProductID = "OFFI-2"
	other.SKUCode = "sku-2"
	more.LinearValue = 11
	nameless := store.Product{ProductID: "OFFI-1", LinearValue: 9}
	for name, c := range map[string]struct {
		target store.Product
		may    bool
		want   resultcode.Code
	}{
		"fewer":                         {smaller, false, resultcode.Internal},
		"fewer, another period":         {monthly, false, resultcode.Internal},
		"fewer, without a SKU":          {nameless, false, resultcode.Internal},
		"fewer, allowed by the setting": {smaller, true, resultcode.Success},
		"another specification":         {other, false, resultcode.Success},
		"more":                          {more, false, resultcode.Success},
		"no quantity":                   {store.Product{ProductID: "OFFI-1", SKUCode: "sku-1"}, false, resultcode.Success},
	} {
		set := func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) {
			ep.CheckAllow, ep.CheckReduction = true, c.may
		}
		check := func(r *rig, id string) {
			t.Helper()
			a, err := r.ChangeInstanceCheck(t.Context(), fulfil.CheckChange{Endpoint: r.ep, InstanceID: id, Target: c.target})
			r.wantCode(a, err, c.want)
		}
		t.Run(name+", nobody answers", func(t *testing.T) {
			r := newRig(t, set)
			check(r, r.active("CS1"))
		})
		t.Run(name+", a template answers", func(t *testing.T) {
			r := newRig(t, set)
			id := r.active("CS1")
			r.background("worker")
			check(r, id)
		})
	}
	t.Run("a worker looked", func(t *testing.T) {
		r := newRig(t)
		id := r.active("CS1")
		answer := make(chan fulfil.Answer, 1)
		go func() {
			a, _ := r.ChangeInstanceCheck(t.Context(), fulfil.CheckChange{Endpoint: r.ep, InstanceID: id, Target: smaller})
			answer <- a
		}()
		r.work(store.TaskCheckChange)
		if a := <-answer; a.Code != resultcode.Success {
			t.Errorf("%+v", a)
		}
	})
}

// Freezing is described for some charging modes on one page and for others on another: it is accepted for all (third-reading
// T12, second-reading C16).
func TestFreezeInEveryChargingMode(t *testing.T) {
	for _, mode := range []string{"PERIOD", "ONE_TIME", "ON_DEMAND", "ON_DEMAND_PACKAGE", ""} {
		t.Run(mode, func(t *testing.T) {
			r := newRig(t)
			facts := yearly
			facts.Product.ChargingMode = mode
			r.market.set("CS1", facts)
			id := r.active("CS1")
			for _, freeze := range []bool{true, false} {
				a, err := r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: id, Freeze: freeze})
				r.wantCode(a, err, resultcode.Success)
				want := map[bool]store.InstanceState{true: store.InstanceFrozen, false: store.InstanceActive}[freeze]
				r.state(id, want)
			}
		})
	}
}
