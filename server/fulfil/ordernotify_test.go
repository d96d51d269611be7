// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

func (r *rig) notify(order, line string) (fulfil.Answer, error) {
	return r.OrderNotify(r.t.Context(), fulfil.OrderNotify{
		Endpoint: r.ep, OrderID: order, OrderLineID: line, Extra: `{"more":"canary-extra"}`, Arrived: time.Now(),
	})
}

func (r *rig) order(id string) *store.Aggregate {
	r.t.Helper()
	agg, err := r.Order(r.t.Context(), "demo", id)
	if err != nil {
		r.t.Fatal(err)
	}
	return agg
}

func TestNotifiedOrderIsQueriedOnce(t *testing.T) {
	r := newRig(t)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if a, err := r.notify("CS1", "CS1-000001"); err != nil || a.Code != resultcode.Success {
				t.Errorf("%+v %v", a, err)
			}
		})
	}
	wg.Wait()
	r.wantCode2(r.notify("CS1", "CS1-000002")) // another line of the order
	if agg := r.order("CS1"); kinds(agg.Tasks) != "[ORDER_QUERY:READY ORDER_QUERY:READY]" || len(agg.Lines) != 2 || agg.Order.QueryState != store.QueryPending {
		t.Errorf("%s, %d lines, %s", kinds(agg.Tasks), len(agg.Lines), agg.Order.QueryState)
	}
	r.query()
	r.query()
	r.none(fulfil.QueueOrderQuery)
	agg := r.order("CS1")
	if o := agg.Order; o.QueryState != store.QueryDone || o.OrderType != "NEW" || len(o.Buyer) == 0 || len(agg.Tasks) != 0 || len(agg.Instances) != 0 {
		t.Errorf("order %+v, tasks %s", o, kinds(agg.Tasks))
	}
	if l := agg.Lines[0]; l.Product.ProductID != "OFFI-1" || len(l.Extra) == 0 {
		t.Errorf("line %+v", l)
	}
	r.wantCode2(r.notify("CS1", "CS1-000001"))
	r.none(fulfil.QueueOrderQuery)
	es := r.events("CS1", fulfil.EventNotified, fulfil.EventNotified, fulfil.EventOrderQueried, fulfil.EventOrderQueried)
	if !strings.Contains(es[2].Data, `"productId":"OFFI-1"`) {
		t.Errorf("event %s", es[2].Data)
	}
	for name, s := range map[string]string{"events": fmt.Sprintf("%+v", es), "log": r.log.String(), "rows": fmt.Sprintf("%+v", agg)} {
		if strings.Contains(s, "canary") {
			t.Errorf("a canary is in the %s", name)
		}
	}
}

func TestNotifiedThenCreated(t *testing.T) {
	r := newRig(t)
	r.wantCode2(r.notify("CS1", "CS1-000001"))
	r.query()
	id := r.active("CS1")
	r.wantCode2(r.release2(id))
	r.wantCode2(r.notify("CS1", "CS1-000001")) // the unsubscription is notified with an order of its own; this is a repeat
	r.events("CS1", fulfil.EventNotified, fulfil.EventOrderQueried, fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskCompleted,
		fulfil.EventReleased)
}

func (r *rig) release2(id string) (fulfil.Answer, error) {
	return r.ReleaseInstance(r.t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: id})
}

func TestCreatedThenNotified(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	r.wantCode2(r.notify("CS1", "CS1-000001"))
	r.market.fail(&fulfil.QueryError{Code: "MKT.0150"})
	r.query()
	agg := r.order("CS1")
	if agg.Order.QueryState != store.QueryDone || kinds(agg.Tasks) != "[ORDER_QUERY:FAILED]" {
		t.Errorf("%s %s", agg.Order.QueryState, kinds(agg.Tasks))
	}
	r.state("biz-CS1", store.InstanceActive)
	r.events("CS1", append(created, fulfil.EventNotified, fulfil.EventQueryFailed)...)
}

func TestNotificationsQueryFails(t *testing.T) {
	r := newRig(t)
	r.wantCode2(r.notify("CS1", "CS1-000001"))
	r.market.fail(&fulfil.QueryError{Retryable: true, Code: "NETWORK"}, &fulfil.QueryError{Code: "MKT.0101"})
	r.query()
	if agg := r.order("CS1"); agg.Order.QueryState != store.QueryPending || kinds(agg.Tasks) != "[ORDER_QUERY:READY]" {
		t.Errorf("%s %s", agg.Order.QueryState, kinds(agg.Tasks))
	}
	r.query()
	agg := r.order("CS1")
	if agg.Order.QueryState != store.QueryFailed || agg.Order.QueryReason != "MKT.0101" || kinds(agg.Tasks) != "[ORDER_QUERY:FAILED]" {
		t.Errorf("%+v %s", agg.Order, kinds(agg.Tasks))
	}
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: agg.Tasks[0].ID}); err != nil {
		t.Fatal(err)
	}
	r.query()
	if agg := r.order("CS1"); agg.Order.QueryState != store.QueryDone || agg.Order.QueryReason != "" {
		t.Errorf("%+v", agg.Order)
	}
	r.events("CS1", fulfil.EventNotified, fulfil.EventQueryFailed, fulfil.EventQueryFailed, fulfil.EventTaskRetried, fulfil.EventOrderQueried)
}

// Each endpoint has its own window for asking the marketplace.
func TestQueryWindowOfTheEndpoint(t *testing.T) {
	r := newRig(t, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.QueryWindow = time.Nanosecond })
	r.wantCode2(r.notify("CS1", "CS1-000001"))
	r.market.fail(&fulfil.QueryError{Retryable: true, Code: "NETWORK"})
	r.query()
	if o := r.order("CS1").Order; o.QueryState != store.QueryFailed {
		t.Errorf("%+v", o)
	}
}
