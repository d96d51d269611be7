// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/fulfil"
)

// TestARenewalsTaskTellsItsOrder: who bought and what, for every kind of task, from the task alone.
func TestARenewalsTaskTellsItsOrder(t *testing.T) {
	r := newRig(t)
	facts := yearly
	facts.Buyer = []byte(`{"customerId":"canary-customer","extendParams":[{"key":"k","value":"v"}]}`)
	facts.Terms = fulfil.Terms{PeriodType: "year", PeriodNumber: 1}
	r.market.set("", facts)
	check := func(order, kind, period, scene string) {
		t.Helper()
		task := r.lease("worker")
		p, in, ok, err := r.Told(t.Context(), task)
		if err != nil || !ok || in.CustomerID != "canary-customer" || in.ExtendParams["k"] != "v" {
			t.Errorf("%s: buyer known %v: %v", task.Kind, ok, err)
		}
		if p.OrderID != order || p.OrderType != kind || p.PeriodType != period || p.Scene != scene || p.Product.SKUCode != "sku-1" || p.ExpireAt.IsZero() {
			t.Errorf("%s: purchase %+v", task.Kind, p)
		}
		r.complete(task)
	}
	r.mustCall("CS1", "biz-CS1")
	r.query()
	check("CS1", "NEW", "year", "")
	a, err := r.RefreshInstance(t.Context(), fulfil.Refresh{
		Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "R1", OrderLineID: "1", InstanceID: "biz-CS1", ExpireAt: time.Now().AddDate(1, 0, 0),
	})
	r.wantCode2(a, err)
	check("R1", "RENEW", "", "RENEWAL")
	r.wantCode2(r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: "biz-CS1", Freeze: true}))
	check("CS1", "NEW", "year", "")
	r.wantCode2(r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "U1", OrderLineID: "1"}))
	check("CS1", "NEW", "year", "")
}

// TestReadingABuyerIsRecorded: no values in the event, and none in what a line keeps unsealed.
func TestReadingABuyerIsRecorded(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-CS1")
	r.query()
	in, err := r.ReadInput(t.Context(), "demo", r.lease("worker").ID, "support")
	if err != nil || in.MobilePhone != "canary-buyer-phone" {
		t.Fatal(err)
	}
	es := r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventPersonal)
	if d := es[2].Data; strings.Contains(d, "canary") || !strings.Contains(d, `"who":"support"`) {
		t.Errorf("event %s", d)
	}
	for _, l := range r.order("CS1").Lines {
		if l.Purchase == "" || strings.Contains(l.Purchase, "canary") || strings.Contains(string(l.Input), "canary") {
			t.Errorf("the line keeps %s", l.Purchase)
		}
	}
}
