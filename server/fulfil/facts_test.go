// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// facts checks what an instance is.
func (r *rig) facts(id, product string, quantity int64, trial bool, expire time.Time) store.Instance {
	r.t.Helper()
	i, err := r.Instance(r.t.Context(), "demo", id)
	if err != nil {
		r.t.Fatal(err)
	}
	if i.Product.ProductID != product || i.Product.LinearValue != quantity || i.Trial != trial || !i.ExpireAt.Equal(expire) {
		r.t.Errorf("instance is %s × %d, trial %v, until %s; want %s × %d, trial %v, until %s", i.Product.ProductID, i.Product.LinearValue,
			i.Trial, i.ExpireAt, product, quantity, trial, expire)
	}
	return i
}

// A paid renewal, an upgrade and a conversion that were answered with success while the query of the purchase was out: its
// answer puts nothing back.
func TestALateOrderQueryOverwritesNothingNewer(t *testing.T) {
	renewed := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	trial := yearly
	trial.OrderType = "TRIAL"
	t.Run("renewal", func(t *testing.T) {
		r := newRig(t)
		r.mustCall("CS1", "biz-CS1")
		q := r.lease(fulfil.QueueOrderQuery)
		r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr", renewed))
		r.RunOrderQuery(t.Context(), q)
		i := r.facts("biz-CS1", "OFFI-1", 10, false, renewed)
		if s := fulfil.FactsOf(&i)["expiry"]; s.OrderID != "CSr" || s.Action != "refreshInstance/RENEWAL" || s.Asked {
			t.Errorf("the expiry's source is %+v", s)
		}
		if s := fulfil.FactsOf(&i)["skuCode"]; s.OrderID != "CS1" || s.Action != "newInstance" || !s.Asked {
			t.Errorf("the SKU's source is %+v", s)
		}
		if p := fulfil.PayloadOf(r.lease("worker")); !p.ExpireAt.Equal(renewed) {
			t.Errorf("the create task says %s", p.ExpireAt)
		}
		es := r.events("CS1", fulfil.EventAdmitted, fulfil.EventRefreshed, fulfil.EventOrderQueried)
		if !strings.Contains(es[2].Data, `"kept":["expiry"]`) {
			t.Errorf("event %s", es[2].Data)
		}
	})
	t.Run("conversion", func(t *testing.T) {
		r := newRig(t)
		r.market.set("CS1", trial)
		formal := yearly
		formal.OrderType, formal.Product.ProductID, formal.Product.LinearValue = "TRIAL_TO_FORMAL", "OFFI-2", 3
		r.market.set("CSf", formal)
		r.mustCall("CS1", "biz-CS1")
		q := r.lease(fulfil.QueueOrderQuery)
		r.wantCode2(r.refresh(fulfil.SceneTrialToFormal, "CSf", renewed))
		r.RunOrderQuery(t.Context(), q)
		r.facts("biz-CS1", "OFFI-1", 10, false, renewed)
		r.work(store.TaskCreate)
		r.query()
		r.facts("biz-CS1", "OFFI-2", 3, false, renewed)
	})
	t.Run("told upgrade", func(t *testing.T) {
		r := newRig(t)
		r.mustCall("CS1", "biz-CS1")
		q := r.lease(fulfil.QueueOrderQuery)
		r.wantCode2(r.UpgradeInstance(t.Context(), fulfil.Upgrade{
			Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "CSu", Told: &store.Product{ProductID: "OFFI-9", SKUCode: "sku-9", LinearValue: 50},
		}))
		r.RunOrderQuery(t.Context(), q)
		r.facts("biz-CS1", "OFFI-9", 50, false, yearly.ExpireAt)
	})
	t.Run("query that an operator retries", func(t *testing.T) {
		r := newRig(t)
		bigger := yearly
		bigger.Product.ProductID, bigger.Product.LinearValue = "OFFI-5", 500
		r.market.set("CSu1", bigger)
		r.active("CS1")
		upgrade := func(order string, told *store.Product) {
			r.wantCode2(r.UpgradeInstance(t.Context(), fulfil.Upgrade{Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: order, OrderLineID: "1", Told: told}))
		}
		r.market.fail(&fulfil.QueryError{Code: "0101"})
		upgrade("CSu1", nil)
		r.query() // it fails for good
		upgrade("CSu2", &store.Product{ProductID: "OFFI-6", SKUCode: "sku-6", LinearValue: 6})
		r.work(store.TaskUpgrade)
		agg, err := r.Order(t.Context(), "demo", "CS1")
		if err != nil || kinds(agg.Tasks) != "[ORDER_QUERY:FAILED UPGRADE:FAILED]" {
			t.Fatalf("%s %v", kinds(agg.Tasks), err)
		}
		if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: agg.Tasks[1].ID}); err != nil {
			t.Fatal(err)
		}
		r.query()
		r.facts("biz-CS1", "OFFI-6", 6, false, yearly.ExpireAt)
		if p := fulfil.PayloadOf(r.lease("worker")); p.ProductID != "OFFI-6" || p.LinearValue != 6 { // the state that is to be reached
			t.Errorf("the retried task says %+v", p)
		}
	})
}

// A task that an operator retries tells the worker what is to be reached now, not what was when it failed.
func TestARetriedTaskTellsThePresent(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	first, second := time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", first))
	old := r.lease("worker")
	if _, err := r.FailTask(t.Context(), fulfil.Failure{Seller: "demo", TaskID: old.ID, Fence: old.Fence, Permanent: true}); err != nil {
		t.Fatal(err)
	}
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr2", second))
	r.work(store.TaskRefresh)
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: old.ID}); err != nil {
		t.Fatal(err)
	}
	if p := fulfil.PayloadOf(r.lease("worker")); !p.ExpireAt.Equal(second) {
		t.Errorf("the retried task says %s", p.ExpireAt)
	}
}

func TestRenewalsThatComeTooLate(t *testing.T) {
	y1, y2, y3 := time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	t.Run("restarted after a newer one", func(t *testing.T) {
		r := newRig(t)
		r.active("CS1")
		r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr2", y2))
		r.work(store.TaskRefresh)
		r.wantCode2(r.RefreshInstance(t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr1", OrderLineID: "1", InstanceID: "biz-CS1", ExpireAt: y1, ProductID: "OFFI-old",
		}))
		r.facts("biz-CS1", "OFFI-1", 10, false, y2)
		r.none("worker")
		es := r.events("CS1", append(created, fulfil.EventRefreshed, fulfil.EventTaskCompleted, fulfil.EventRefreshed)...)
		if !strings.Contains(es[5].Data, `"ineffective":"a later call has set a later expiry"`) {
			t.Errorf("event %s", es[5].Data)
		}
		r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr3", y3)) // and life goes on
		r.facts("biz-CS1", "OFFI-1", 10, false, y3)
	})
	t.Run("after its own refund", func(t *testing.T) {
		r := newRig(t)
		r.active("CS1")
		r.wantCode2(r.refresh(fulfil.SceneUnsubscribe, "CSr1", yearly.ExpireAt))
		r.work(store.TaskRefresh)
		r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", y1))
		r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", y1))
		r.facts("biz-CS1", "OFFI-1", 10, false, yearly.ExpireAt)
		r.none("worker")
		es := r.events("CS1", append(created, fulfil.EventRefreshed, fulfil.EventTaskCompleted, fulfil.EventRefreshed)...)
		if !strings.Contains(es[5].Data, `"ineffective":"refunded before it came"`) {
			t.Errorf("event %s", es[5].Data)
		}
	})
	t.Run("a conversion after a renewal", func(t *testing.T) {
		r := newRig(t)
		trial := yearly
		trial.OrderType = "TRIAL"
		r.market.set("CS1", trial)
		r.active("CS1")
		r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", y2))
		r.work(store.TaskRefresh)
		r.wantCode2(r.refresh(fulfil.SceneTrialToFormal, "CSf", y1))
		r.facts("biz-CS1", "OFFI-1", 10, false, y2)
	})
	// What the marketplace estimates when an order is placed is for reference only (open-apis §2.3): a renewal's own word counts.
	t.Run("before the estimate of the purchase", func(t *testing.T) {
		r := newRig(t)
		r.active("CS1")
		earlier := yearly.ExpireAt.AddDate(0, -1, 0)
		r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr1", earlier))
		r.facts("biz-CS1", "OFFI-1", 10, false, earlier)
	})
}

// A V1 upgrade tells its quantity, or changes to a specification without one (saas-v1 §1.6).
func TestQuantityOfAToldUpgrade(t *testing.T) {
	for name, c := range map[string]struct {
		sku        string
		value      int64
		quantified bool
		want       int64
	}{
		"expansion":             {"sku-1", 50, true, 50},
		"flat, said with 0":     {"sku-flat", 0, true, 0},
		"flat, said by silence": {"sku-flat", 0, false, 0},
		"0 of the same SKU":     {"sku-1", 0, true, 0},
		"silence, same SKU":     {"sku-1", 0, false, 10},
		"silence, no SKU":       {"", 0, false, 10},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.active("CS1")
			r.wantCode2(r.UpgradeInstance(t.Context(), fulfil.Upgrade{
				Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "CSu", Quantified: c.quantified,
				Told: &store.Product{ProductID: "OFFI-2", SKUCode: c.sku, LinearValue: c.value},
			}))
			r.facts("biz-CS1", "OFFI-2", c.want, false, yearly.ExpireAt)
		})
	}
}

// What of an order query's answer could not be read is said in the event, by its place.
func TestWhatAnOrderQueryCouldNotReadIsTold(t *testing.T) {
	r := newRig(t)
	f := yearly
	f.Unread = []string{"orderLine[0]", "extendParams[0]"}
	r.market.set("CS1", f)
	r.mustCall("CS1", "biz-CS1")
	r.query()
	es := r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried)
	if !strings.Contains(es[1].Data, `"unread":["orderLine[0]","extendParams[0]"]`) {
		t.Errorf("event %s", es[1].Data)
	}
}
