// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// failing makes the first n calls of an activity fail in some way.
func failing(activity string, n int, wrong func(w http.ResponseWriter)) simtest.Hook {
	return func(w http.ResponseWriter, got string, count int) bool {
		if got != activity || count > n {
			return false
		}
		wrong(w)
		return true
	}
}

func raw(status int, contentType, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func moved(w http.ResponseWriter) {
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// reset accepts the call and closes the connection hard.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func open(t *testing.T, sim *simulator.Simulator, kind catalogue.Kind) (simulator.Order, error) {
	t.Helper()
	o, err := sim.Place(kind)
	if err != nil {
		t.Fatal(err)
	}
	return sim.Open(context.Background(), o.ID)
}

// trace prints the calls of an order as one line each.
func trace(calls []simulator.Call) []string {
	out := make([]string, 0, len(calls))
	for _, c := range calls {
		out = append(out, fmt.Sprintf("%s#%d +%s %d %s %s", c.Activity, c.Attempt, c.At.Sub(simtest.Start()), c.HTTPStatus, c.ResultCode, c.Outcome))
	}
	return out
}

func TestWrongSellersAreRetriedAndRefunded(t *testing.T) {
	ok := `{"resultCode":"000000","resultMsg":"ok","instanceId":"i-1"}`
	for name, tc := range map[string]struct {
		wrong   func(http.ResponseWriter)
		want    string // of every call, after the time
		problem string
	}{
		"server error":      {raw(500, "application/json", `{}`), "500  failed", "HTTP status 500"},
		"redirect":          {moved, "307  failed", "HTTP status 307"},
		"html":              {raw(200, "text/html", ok), "200  failed", "Content-Type"},
		"no content type":   {raw(200, " ", ok), "200  failed", "Content-Type"},
		"not JSON":          {raw(200, "application/json", "oops"), "200  failed", "not a JSON object"},
		"two documents":     {raw(200, "application/json", ok+ok), "200  failed", "not a JSON object"},
		"no result code":    {raw(200, "application/json", `{"resultMsg":"ok"}`), "200  failed", "resultCode"},
		"code in lower":     {raw(200, "application/json", `{"resultcode":"000000","resultMsg":"ok"}`), "200  failed", "resultCode"},
		"code a number":     {raw(200, "application/json", `{"resultCode":0,"resultMsg":"ok"}`), "200  failed", "resultCode"},
		"internal error":    {raw(200, "application/json", `{"resultCode":"000005","resultMsg":"no"}`), "200 000005 failed", ""},
		"no instance id":    {raw(200, "application/json", `{"resultCode":"000000","resultMsg":"ok"}`), "200 000000 failed", "instanceId"},
		"async without id":  {raw(200, "application/json", `{"resultCode":"000004","resultMsg":"ok"}`), "200 000004 failed", "instanceId"},
		"long instance id":  {raw(200, "application/json", `{"resultCode":"000000","resultMsg":"ok","instanceId":"`+strings.Repeat("x", 65)+`"}`), "200 000000 failed", "longer than 64"},
		"answer too large":  {raw(200, "application/json", `{"resultMsg":"`+strings.Repeat("x", 1<<20)+`"}`), "200  failed", "longer than 1048576"},
		"connection resets": {reset, "0  failed", "reset"},
	} {
		t.Run(name, func(t *testing.T) {
			sim, _, c := simtest.Fixture(t, failing("newInstance", 99, tc.wrong))
			o, err := open(t, sim, catalogue.Period)
			if !errors.Is(err, simulator.ErrCall) || !strings.Contains(err.Error(), tc.problem) {
				t.Errorf("Open = %v", err)
			}
			if o.State != simulator.Cancelled || !o.Refunded || o.InstanceID != "" || !strings.Contains(o.Reason, tc.problem) {
				t.Errorf("order = %+v", o)
			}
			simtest.Equal(t, "calls", trace(sim.Calls(o.ID)), []string{
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
			if len(m) != 1 || m[0].State != simulator.MessageFailed || m[0].Attempts != 4 || !m[0].Restartable() {
				t.Errorf("messages = %+v", m)
			}
		})
	}
}

func TestRecoveryInsideTheWindow(t *testing.T) {
	sim, s, _ := simtest.Fixture(t, failing("newInstance", 2, reset))
	o, err := open(t, sim, catalogue.Period)
	if err != nil || o.State != simulator.Completed || o.Refunded || !o.Informed {
		t.Fatalf("Open = %+v, %v", o, err)
	}
	simtest.Equal(t, "calls", trace(sim.Calls(o.ID)), []string{
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
			reset(w)
			return true
		}
		return false
	}
	s = simtest.NewSeller(t, simtest.NewClock(), h)
	sim := simtest.NewSimulator(t, simtest.Config(s))
	o, err := open(t, sim, catalogue.OneTime)
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
	o, err := open(t, sim, catalogue.Period)
	if err != nil || o.State != simulator.Completed || !o.Asynchronous || !o.Informed || o.InstanceID != "late-1" {
		t.Fatalf("Open = %+v, %v", o, err)
	}
	simtest.Equal(t, "calls", trace(sim.Calls(o.ID)), []string{
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
	o, err := open(t, sim, catalogue.OnDemand)
	if !errors.Is(err, simulator.ErrCall) || o.State != simulator.Cancelled || o.Refunded { // nothing was paid
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
	if err != nil || report.Result != simulator.Failed || !strings.Contains(report.Results[0].Err, "resultMsg") {
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
	s := simtest.NewSeller(t, c, failing("newInstance", 1, slow))
	t.Cleanup(func() { close(release) })
	sim := simtest.NewSimulator(t, simtest.Config(s))
	o, err := open(t, sim, catalogue.OneTime)
	if err != nil || o.State != simulator.Completed {
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
	o, err := open(t, sim, catalogue.OneTime)
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
	o, err := open(t, sim, catalogue.Period)
	if !errors.Is(err, simulator.ErrCall) || o.State != simulator.Cancelled || !o.Refunded {
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
	first, err := open(t, sim, catalogue.Period)
	if err != nil {
		t.Fatal(err)
	}
	second, err := open(t, sim, catalogue.Period)
	if !errors.Is(err, simulator.ErrCall) || second.State != simulator.Cancelled || !strings.Contains(second.Reason, first.ID) {
		t.Errorf("second = %+v, %v", second, err)
	}
}

func TestDelisting(t *testing.T) {
	sim, _, c := simtest.Fixture(t, failing("newInstance", 1<<30, reset))
	for n := 1; n <= 6; n++ {
		_, _ = open(t, sim, catalogue.Period)
		if shelf := sim.Shelf(); shelf.FailedOrders != n || shelf.Delisted != (n > 5) || shelf.Month != "2026-01" {
			t.Errorf("after %d: %+v", n, shelf)
		}
	}
	c.Advance(72 * time.Hour)
	if shelf := sim.Shelf(); shelf.FailedOrders != 0 || !shelf.Delisted || shelf.Month != "2026-02" {
		t.Errorf("next month: %+v", shelf)
	}
}
