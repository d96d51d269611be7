// SPDX-License-Identifier: Apache-2.0

package market_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

func TestWrongSellersAreRetriedAndRefunded(t *testing.T) {
	ok := `{"resultCode":"000000","resultMsg":"ok","instanceId":"i-1"}`
	for name, tc := range map[string]struct {
		wrong   func(http.ResponseWriter)
		want    string // of every call, after the time
		problem string
	}{
		"server error":      {simtest.Raw(500, "application/json", `{}`), "500  failed", "HTTP status 500"},
		"redirect":          {simtest.Moved, "307  failed", "HTTP status 307"},
		"html":              {simtest.Raw(200, "text/html", ok), "200  failed", "Content-Type"},
		"no content type":   {simtest.Raw(200, " ", ok), "200  failed", "Content-Type"},
		"not JSON":          {simtest.Raw(200, "application/json", "oops"), "200  failed", "not a JSON object"},
		"two documents":     {simtest.Raw(200, "application/json", ok+ok), "200  failed", "not a JSON object"},
		"no result code":    {simtest.Raw(200, "application/json", `{"resultMsg":"ok"}`), "200  failed", "resultCode"},
		"code in lower":     {simtest.Raw(200, "application/json", `{"resultcode":"000000","resultMsg":"ok"}`), "200  failed", "resultCode"},
		"code a number":     {simtest.Raw(200, "application/json", `{"resultCode":0,"resultMsg":"ok"}`), "200  failed", "resultCode"},
		"internal error":    {simtest.Raw(200, "application/json", `{"resultCode":"000005","resultMsg":"no"}`), "200 000005 failed", ""},
		"no instance id":    {simtest.Raw(200, "application/json", `{"resultCode":"000000","resultMsg":"ok"}`), "200 000000 failed", "instanceId"},
		"async without id":  {simtest.Raw(200, "application/json", `{"resultCode":"000004","resultMsg":"ok"}`), "200 000004 failed", "instanceId"},
		"long instance id":  {simtest.Raw(200, "application/json", `{"resultCode":"000000","resultMsg":"ok","instanceId":"`+strings.Repeat("x", 65)+`"}`), "200 000000 failed", "longer than 64"},
		"answer too large":  {simtest.Raw(200, "application/json", `{"resultMsg":"`+strings.Repeat("x", 1<<20)+`"}`), "200  failed", "longer than 1048576"},
		"connection resets": {simtest.Reset, "0  failed", "reset"},
	} {
		t.Run(name, func(t *testing.T) {
			sim, _, c := simtest.Fixture(t, simtest.Failing("newInstance", 99, tc.wrong))
			o, err := simtest.OpenOrder(t, sim, catalogue.Period)
			if !errors.Is(err, market.ErrCall) || !strings.Contains(err.Error(), tc.problem) {
				t.Errorf("Open = %v", err)
			}
			if o.State != market.Cancelled || !o.Refunded || o.InstanceID != "" || !strings.Contains(o.Reason, tc.problem) {
				t.Errorf("order = %+v", o)
			}
			simtest.Equal(t, "calls", simtest.Trace(sim.Calls(o.ID)), []string{
				"newInstance#1 +0s " + tc.want, "newInstance#2 +1h0m0s " + tc.want,
				"newInstance#3 +2h0m0s " + tc.want, "newInstance#4 +3h0m0s " + tc.want,
			})
			if !slices.Equal(c.Slept(), []time.Duration{time.Hour, time.Hour, time.Hour}) {
				t.Errorf("slept %v", c.Slept())
			}
			if n := sim.FailedOrders(); n != 1 {
				t.Errorf("%d failed orders", n)
			}
			m := sim.Messages(0)
			if len(m) != 1 || m[0].State != market.MessageFailed || m[0].Attempts != 4 || !m[0].Restartable() {
				t.Errorf("messages = %+v", m)
			}
		})
	}
}

func TestRecoveryInsideTheWindow(t *testing.T) {
	sim, s, _ := simtest.Fixture(t, simtest.Failing("newInstance", 2, simtest.Reset))
	o, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if err != nil || o.State != market.Completed || o.Refunded || !o.Informed {
		t.Fatalf("Open = %+v, %v", o, err)
	}
	simtest.Equal(t, "calls", simtest.Trace(sim.Calls(o.ID)), []string{
		"newInstance#1 +0s 0  failed", "newInstance#2 +1h0m0s 0  failed",
		"newInstance#3 +2h0m0s 200 000000 ok", "queryInstance#1 +2h0m0s 200 000000 ok",
	})
	first, last := s.Body(0), s.Body(2)
	if first["orderId"] != last["orderId"] || first["orderLineId"] != last["orderLineId"] || first["businessId"] == last["businessId"] {
		t.Errorf("first %v, last %v", first, last)
	}
}

// The answer to the first call was lost after the seller had made the instance:
// the marketplace sees the first id later, and no complaint.
func TestLostAnswer(t *testing.T) {
	lost := false
	var s *simtest.Seller
	h := func(w http.ResponseWriter, activity string, n int) bool {
		if activity == "newInstance" && n == 1 {
			s.Answer(activity, s.Body(0))
			lost = true
			simtest.Reset(w)
			return true
		}
		return false
	}
	s = simtest.NewSeller(t, simtest.NewClock(), h)
	sim := simtest.NewSimulator(t, simtest.Config(s))
	o, err := simtest.OpenOrder(t, sim, catalogue.OneTime)
	if err != nil || !lost || o.InstanceID != s.Body(0)["businessId"] {
		t.Errorf("Open = %+v, %v", o, err)
	}
}

func TestAsynchronousThenLate(t *testing.T) {
	h := func(w http.ResponseWriter, activity string, n int) bool {
		switch {
		case activity == "newInstance":
			simtest.Reply(w, map[string]any{"resultCode": "000004", "resultMsg": "working", "instanceId": "late-1"})
		case n == 1:
			simtest.Reply(w, map[string]any{"resultCode": "000004", "resultMsg": "working"})
		case n == 2:
			simtest.Reply(w, map[string]any{"resultCode": "000000", "resultMsg": "ok", "info": []any{}})
		case n == 3:
			w.WriteHeader(http.StatusBadGateway)
		default:
			simtest.Reply(w, map[string]any{"resultCode": "000000", "resultMsg": "ok", "info": []any{
				map[string]any{"instanceId": "other"}, map[string]any{"instanceId": "late-1"},
			}})
		}
		return true
	}
	sim, _, _ := simtest.Fixture(t, h)
	o, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if err != nil || o.State != market.Completed || !o.Asynchronous || !o.Informed || o.InstanceID != "late-1" {
		t.Fatalf("Open = %+v, %v", o, err)
	}
	simtest.Equal(t, "calls", simtest.Trace(sim.Calls(o.ID)), []string{
		"newInstance#1 +0s 200 000004 ok", "queryInstance#1 +0s 200 000004 pending",
		"queryInstance#2 +30s 200 000000 pending", "queryInstance#3 +1m0s 502  failed", "queryInstance#4 +1m30s 200 000000 ok",
	})
}

func TestAsynchronousNeverReady(t *testing.T) {
	h := func(w http.ResponseWriter, _ string, _ int) bool {
		simtest.Reply(w, map[string]any{"resultCode": "000004", "resultMsg": "working", "instanceId": "late-1"})
		return true
	}
	sim, s, c := simtest.Fixture(t, h)
	o, err := simtest.OpenOrder(t, sim, catalogue.OnDemand)
	if !errors.Is(err, market.ErrCall) || o.State != market.Cancelled || o.Refunded { // nothing was paid
		t.Fatalf("Open = %+v, %v", o, err)
	}
	if n := len(s.Sequence()); n != 1+361 || !c.Now().Equal(simtest.Start().Add(3*time.Hour)) {
		t.Errorf("%d calls until %v", n, c.Now())
	}
}

// A production call succeeds without resultMsg, which is optional there; the
// objection is recorded, and it fails a debugging call.
func TestMissingResultMsg(t *testing.T) {
	h := func(w http.ResponseWriter, activity string, _ int) bool {
		if activity == "newInstance" {
			simtest.Reply(w, map[string]any{"resultCode": "000000", "instanceId": "i-1"})
		}
		return activity == "newInstance"
	}
	sim, _, _ := simtest.Fixture(t, h)
	o, err := sim.Place(catalogue.OneTime)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = sim.Open(context.Background(), o.ID)
	c := sim.Calls(o.ID)[0]
	if c.Outcome != judge.OutcomeOK || !strings.Contains(c.Problem, "resultMsg") {
		t.Errorf("call = %+v", c)
	}
	report, err := sim.DialTest(context.Background())
	if err != nil || report.Result != rehearsal.Failed || !strings.Contains(report.Results[0].Err, "resultMsg") {
		t.Errorf("DialTest = %+v, %v", report, err)
	}
}

func TestSlowSeller(t *testing.T) {
	release := make(chan struct{})
	c := simtest.NewClock()
	slow := func(http.ResponseWriter) {
		c.Advance(simtest.Answer)
		<-release
	}
	s := simtest.NewSeller(t, c, simtest.Failing("newInstance", 1, slow))
	t.Cleanup(func() { close(release) })
	sim := simtest.NewSimulator(t, simtest.Config(s))
	o, err := simtest.OpenOrder(t, sim, catalogue.OneTime)
	if err != nil || o.State != market.Completed {
		t.Fatalf("Open = %+v, %v", o, err)
	}
	if c := sim.Calls(o.ID)[0]; c.HTTPStatus != 0 || c.Err != "no complete answer within 5s" {
		t.Errorf("call = %+v", c)
	}
}

// The answer arrives, but by the marketplace's clock too late: nobody listens any more.
func TestLateByTheClock(t *testing.T) {
	c := simtest.NewClock()
	s := simtest.NewSeller(t, c, func(_ http.ResponseWriter, activity string, n int) bool {
		if activity == "newInstance" && n == 1 {
			c.Advance(6 * time.Second)
		}
		return false
	})
	sim := simtest.NewSimulator(t, simtest.Config(s))
	o, err := simtest.OpenOrder(t, sim, catalogue.OneTime)
	if err != nil {
		t.Fatal(err)
	}
	calls := sim.Calls(o.ID)
	if call := calls[0]; call.Took != 6*time.Second || call.Err != "no complete answer within 5s" || call.Outcome != judge.OutcomeFailed {
		t.Errorf("call = %+v", call)
	}
	if call := calls[1]; call.Outcome != judge.OutcomeOK || call.At.Sub(calls[0].At) != time.Hour {
		t.Errorf("call = %+v", call)
	}
}

// With a virtual clock the whole window of an order that is never answered passes without real time: four attempts that
// run into the end of the marketplace's patience, an hour apart, then the refund.
func TestTheWholeWindowPassesByTheClockAlone(t *testing.T) {
	release := make(chan struct{})
	c := simtest.NewClock()
	s := simtest.NewSeller(t, c, func(http.ResponseWriter, string, int) bool {
		c.Advance(simtest.Answer)
		<-release
		return true
	})
	t.Cleanup(func() { close(release) })
	sim := simtest.NewSimulator(t, simtest.Config(s))
	began := time.Now()
	o, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if !errors.Is(err, market.ErrCall) || o.State != market.Cancelled || !o.Refunded {
		t.Errorf("Open = %+v, %v", o, err)
	}
	calls := sim.Calls(o.ID)
	if len(calls) != 4 {
		t.Fatalf("%d calls", len(calls))
	}
	for n, call := range calls {
		if call.Err != "no complete answer within 5s" || call.Took != simtest.Answer || call.At.Sub(o.CreateTime) != time.Duration(n)*time.Hour {
			t.Errorf("call %d = %+v", n, call)
		}
	}
	if passed := c.Now().Sub(simtest.Start()); passed != 3*time.Hour+simtest.Answer {
		t.Errorf("by the clock %v have passed", passed)
	}
	if took := time.Since(began); took > simtest.Answer {
		t.Errorf("really it took %v", took)
	}
}

func TestTwoOrdersWithOneInstance(t *testing.T) {
	h := func(w http.ResponseWriter, _ string, _ int) bool {
		simtest.Reply(w, map[string]any{"resultCode": "000000", "resultMsg": "ok", "instanceId": "the-only-one",
			"info": []any{map[string]any{"instanceId": "the-only-one"}}})
		return true
	}
	sim, _, _ := simtest.Fixture(t, h)
	first, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if err != nil {
		t.Fatal(err)
	}
	second, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if !errors.Is(err, market.ErrCall) || second.State != market.Cancelled || !strings.Contains(second.Reason, first.ID) {
		t.Errorf("second = %+v, %v", second, err)
	}
}

func TestDelisting(t *testing.T) {
	sim, _, c := simtest.Fixture(t, simtest.Failing("newInstance", 1<<30, simtest.Reset))
	for n := 1; n <= 6; n++ {
		_, _ = simtest.OpenOrder(t, sim, catalogue.Period)
		if shelf := sim.Shelf(); shelf.FailedOrders != n || shelf.Delisted != (n > 5) || shelf.Month != "2026-01" {
			t.Errorf("after %d: %+v", n, shelf)
		}
	}
	c.Advance(72 * time.Hour)
	if shelf := sim.Shelf(); shelf.FailedOrders != 0 || !shelf.Delisted || shelf.Month != "2026-02" {
		t.Errorf("next month: %+v", shelf)
	}
}
