// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
)

// failing records what happened at acme's endpoint "worked" an hour ago: a creation of the order and a test call that were answered 000005, and two
// calls that were refused for their keys.
func (r *rig) failing(t *testing.T, order string) {
	t.Helper()
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	c := store.Call{
		Seller: "acme", ID: store.TimedID("00000000-0000-7000-8000-000000000001", at), CreatedAt: at, LastAt: at, Times: 1, Endpoint: "worked", Family: "saas_v2",
		Activity: "newInstance", OrderID: order, InstanceID: "biz-" + order, Verdict: store.CallAnswered, Code: "000005", HTTPStatus: 200, Subject: "failing", Series: 4 * time.Hour,
	}
	probe := c
	probe.ID, probe.OrderID, probe.InstanceID, probe.Subject, probe.Probe = store.TimedID("00000000-0000-7000-8000-000000000002", at), "", "", "", true
	hour := time.Now().UTC().Truncate(time.Hour)
	count := store.CallRefusal{Seller: "acme", Endpoint: "worked", Cause: store.CauseKey, Hour: hour, Calls: 2, FirstAt: hour, LastAt: hour}
	if err := r.deps.Store.RecordCalls(t.Context(), []store.Call{c, probe}, []store.CallRefusal{count}); err != nil {
		t.Fatal(err)
	}
}

// TestWhatTheMarketplaceCountsCanBeRead: from calls over the wire to the API, the page and the metrics, on a clock that goes by hours. An order
// that was told to go on and that nobody finishes, one that is refused for what it says, a renewal of what nobody knows, and a test call.
func TestWhatTheMarketplaceCountsCanBeRead(t *testing.T) {
	clk := clocktest.New(time.Date(2026, 3, 31, 10, 0, 0, 0, time.UTC)) // 18:00 in Beijing
	r := start(t, func(_ *config.Config, d *server.Deps) { d.Clock = virtual{clk} })
	call := func(want string, body map[string]string) {
		t.Helper()
		text, _ := json.Marshal(body) // strings
		u, err := sign.SignURL(r.address("worked"), acmeKey, rand.Text(), clk.Now(), text)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.wire(http.MethodPost, u, map[string]string{"Content-Type": "application/json"}, string(text)); !strings.Contains(got.body, want) {
			t.Fatalf("%v: %s, want %s", body, got.body, want)
		}
	}
	call("000004", map[string]string{"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-1", "businessId": "i-1", "productId": "OFFI-1"})
	call("000004", map[string]string{"activity": "newInstance", "orderId": "CS5", "orderLineId": "CS5-1", "businessId": "i-5", "productId": "OFFI-1"})
	call("000002", map[string]string{"activity": "newInstance", "orderId": "CS2", "orderLineId": "", "businessId": "i-2"})
	call("000003", map[string]string{"activity": "refreshInstance", "orderId": "CS3", "orderLineId": "CS3-1", "instanceId": "nobody's", "scene": "RENEWAL", "expireTime": "20270101000000"})
	call("000002", map[string]string{"activity": "newInstance", "orderId": "CS4", "orderLineId": "", "businessId": "i-4", "testFlag": "1"})
	if got := r.wire(http.MethodPost, r.address("worked")+"?nonce=n&signature=x&timestamp=1", nil, "{}"); !strings.Contains(got.body, "00000") {
		t.Fatalf("the call without a signature was answered %s", got.body)
	}
	clk.Advance(time.Second) // the journal writes
	told := func(token string) (s struct {
		State, Text                string
		FailedOrders, OrdersAtRisk int
		Products                   []struct {
			ProductID      string
			FailedOrders   int
			Failed, AtRisk []struct{ OrderID, InstanceID, ResultCode, Text, TextZh string }
		}
		Endpoints []struct {
			Endpoint  string
			ProbeDays []struct{ Date string }
			Refusals  []struct{ Cause string }
		}
	}) {
		t.Helper()
		status, body, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/sanctions", token, "")
		if err := json.Unmarshal([]byte(body), &s); err != nil || status != http.StatusOK {
			t.Fatalf("HTTP %d, %v: %s", status, err, body)
		}
		return s
	}
	eventually(t, "two calls are at risk", func() bool { return told(acmeToken).OrdersAtRisk == 2 })
	clk.Advance(3*time.Hour + 2*time.Minute)
	call("000000", map[string]string{"activity": "releaseInstance", "instanceId": "i-5"}) // it is refunded
	s := told(acmeToken)
	got := fmt.Sprint(s.State, " ", s.FailedOrders, s.OrdersAtRisk)
	for _, p := range s.Products {
		got += fmt.Sprintf("; %q", p.ProductID)
		for _, o := range p.Failed {
			got += fmt.Sprint(" ", o.OrderID, "/", o.InstanceID, "/", o.ResultCode)
		}
	}
	for _, e := range s.Endpoints {
		got += fmt.Sprint("; ", e.Endpoint, " ", len(e.ProbeDays), len(e.Refusals))
	}
	if want := `SANCTION_STATE_AT_RISK 4 0; "" CS2//000002 /nobody's/000003; "OFFI-1" CS1/i-1/000004 CS5/i-5/000004; linked 0 0; worked 1 1`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if o := s.Products[1].Failed[0]; !strings.Contains(o.Text, "is being made, and it is not ready") || !strings.Contains(o.TextZh, "云商店的时限已于北京时间 2026-03-31 21:00:00") {
		t.Errorf("why it counts: %s %s", o.Text, o.TextZh)
	}
	if s := told(otherToken); s.State != "SANCTION_STATE_CLEAR" || s.FailedOrders != 0 || len(s.Endpoints) != 1 {
		t.Errorf("another seller stands like this: %+v", s)
	}
	metric := `koogate_failed_orders{product="OFFI-1",seller="acme"} 2`
	eventually(t, metric, func() bool {
		clk.Advance(time.Minute)
		_, text, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", "")
		return strings.Contains(text, metric)
	})
	for lang, want := range map[string][]string{
		"en": {"Failed orders in March 2026: 4. At risk now: 0.", "Product OFFI-1: failed orders in March 2026: 2 of the 5", "product not known", "days in a row on which test calls have failed: 1, the last on 2026-03-31", ">key<"},
		"zh": {"2026 年 3 月失败订单：4 个；目前有风险：0 个。", "商品 OFFI-1：2026 年 3 月失败订单 2 个，云商店允许 5 个。", "商品未知", "拨测已连续 1 天失败", ">密钥<"},
	} {
		status, page, _ := r.http(config.ListenerAPI, http.MethodGet, "/console/standing?lang="+lang, acmeToken, "")
		for _, w := range append(want, `href="/console/orders/CS1?lang=`+lang, "nobody&#39;s") {
			if status != http.StatusOK || !strings.Contains(page, w) {
				t.Errorf("%s: HTTP %d, the page has no %q", lang, status, w)
			}
		}
	}
	if status, page, _ := r.http(config.ListenerAPI, http.MethodGet, "/console/standing?lang=en", queueToken, ""); status != http.StatusForbidden || strings.Contains(page, "OFFI-1") {
		t.Errorf("a token that may not read: HTTP %d\n%s", status, page)
	}
	clk.Advance(4 * time.Hour)                                                            // it is April in Beijing
	if s := told(acmeToken); s.FailedOrders != 0 || s.State != "SANCTION_STATE_AT_RISK" { // the test call of yesterday is left
		t.Errorf("in April: %+v", s)
	}
}
