// SPDX-License-Identifier: Apache-2.0

package pages_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// The page and the REST of it place orders of every family.
func TestPageOfFamilies(t *testing.T) {
	p := simtest.NewPartner(t, nil)
	sim := simtest.Rehearsal(t, p, nil)
	server := p.Market
	for _, family := range judge.Families()[1:] {
		if status, _, text := simtest.Browse(t, server, "POST", "/place", simtest.Form, "kind=period&family="+string(family), nil); status != 303 {
			t.Errorf("%s: %d %s", family, status, text)
		}
	}
	if status, _, text := simtest.Browse(t, server, "POST", "/sim/orders", "application/json", `{"kind":"one-time","family":"SAAS_V1"}`, nil); status != 202 {
		t.Errorf("%d %s", status, text)
	}
	for _, body := range []string{`{"kind":"period","family":"soap"}`, `{"kind":"trial","family":"kit_v2"}`} {
		if status, _, _ := simtest.Browse(t, server, "POST", "/sim/orders", "application/json", body, nil); status != 400 {
			t.Errorf("%s: %d", body, status)
		}
	}
	sim.Close()
	_, _, page := simtest.Browse(t, server, "GET", "/", "", "", nil)
	_, _, calls := simtest.Browse(t, server, "GET", "/sim/calls", "", "", nil)
	for _, family := range judge.Families() {
		if !strings.Contains(page, "<option>"+string(family)+"</option>") || family != judge.FamilySaasV2 && !strings.Contains(page, "period · "+string(family)) {
			t.Errorf("the page lacks %s", family)
		}
	}
	for _, want := range []string{"获取License", "订单通知"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, want := range []string{`"activity":"getLicense"`, `"activity":"orderNotify"`} {
		if !strings.Contains(calls, want) {
			t.Errorf("the calls lack %s", want)
		}
	}
}

func TestPageRestart(t *testing.T) {
	sim, _, _ := simtest.Fixture(t, simtest.Failing("newInstance", 4, simtest.Raw(200, "application/json", `{"resultCode":"000005","resultMsg":"<b>no</b>"}`)))
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	o, err := simtest.OpenOrder(t, sim, catalogue.Period)
	if err == nil {
		t.Fatal("the order was opened")
	}
	status, header, page := simtest.Browse(t, server, "GET", "/", "", "", nil)
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/html") || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v", status, header)
	}
	for _, want := range []string{o.ID, o.LineID, "重新启动", "生产接口消息", "已取消", "已退款", "resultCode 000005", "2026-01-30 23:00:00", "创建实例"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"<b>no", "https://", "@example.com", "src=", simtest.FacadeKey} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}

	body := url.Values{"message": {strconv.FormatInt(sim.Messages(1)[0].ID, 10)}}.Encode()
	for name, header := range map[string]map[string]string{
		"another site":   {"Sec-Fetch-Site": "cross-site"},
		"a sister site":  {"Sec-Fetch-Site": "same-site"},
		"another origin": {"Origin": "http://evil.example.com"},
	} {
		if status, _, _ := simtest.Browse(t, server, "POST", "/restart", simtest.Form, body, header); status != http.StatusForbidden {
			t.Errorf("%s: %d", name, status)
		}
	}
	status, header, _ = simtest.Browse(t, server, "POST", "/restart", simtest.Form, body, map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": server.URL})
	if status != http.StatusSeeOther || header.Get("Location") != "/" {
		t.Errorf("restart: %d %v", status, header)
	}
	if o, _ = sim.Order(o.ID); o.State != market.Completed {
		t.Errorf("order = %+v", o)
	}
	if status, _, _ := simtest.Browse(t, server, "POST", "/restart", simtest.Form, "message=x", nil); status != http.StatusBadRequest {
		t.Errorf("bad message: %d", status)
	}
	if status, _, _ := simtest.Browse(t, server, "GET", "/restart", "", "", nil); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", status)
	}
}

func TestPageEscapes(t *testing.T) {
	s := simtest.NewSeller(t, simtest.NewClock(), simtest.Failing("newInstance", 99, simtest.Raw(200, "application/json", `{"resultCode":"<script>","resultMsg":"x"}`)))
	cfg := simtest.Config(s)
	cfg.Products = map[catalogue.Kind]catalogue.Product{catalogue.OneTime: {ProductID: "P", SKUCode: "S", Name: "<script>alert(1)</script>"}}
	sim := simtest.NewSimulator(t, cfg)
	_, _ = simtest.OpenOrder(t, sim, catalogue.OneTime)
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	if _, _, page := simtest.Browse(t, server, "GET", "/", "", "", nil); strings.Contains(page, "<script") || !strings.Contains(page, "&lt;script&gt;") {
		t.Error("the page does not escape")
	}
}

func TestSimREST(t *testing.T) {
	cfg := simtest.Config(simtest.NewSeller(t, simtest.NewClock(), nil))
	called := make(chan market.Call, 4)
	cfg.OnCall = func(c market.Call) { called <- c }
	sim := simtest.NewSimulator(t, cfg)
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	for _, bad := range []struct {
		contentType, body string
		header            map[string]string
		status            int
	}{
		{"application/json", `{"kind":"yearly"}`, nil, 400},
		{"application/json", `{`, nil, 400},
		{"text/plain", `{"kind":"period"}`, nil, 415},
		{"application/json", `{"kind":"period"}`, map[string]string{"Origin": "http://evil.example.com"}, 403},
	} {
		if status, _, body := simtest.Browse(t, server, "POST", "/sim/orders", bad.contentType, bad.body, bad.header); status != bad.status {
			t.Errorf("%s: %d %s", bad.body, status, body)
		}
	}
	status, _, body := simtest.Browse(t, server, "POST", "/sim/orders", "application/json", `{"kind":"PERIOD"}`, nil)
	if status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	if status, _, _ := simtest.Browse(t, server, "POST", "/place", simtest.Form, "kind=on-demand", map[string]string{"Sec-Fetch-Site": "same-origin"}); status != http.StatusSeeOther {
		t.Errorf("place: %d", status)
	}
	for range 4 {
		<-called
	}
	orders := sim.Orders(0)
	if len(orders) != 2 {
		t.Fatalf("%d orders", len(orders))
	}
	for path, want := range map[string][]string{
		"/sim/orders":                  {orders[0].ID, orders[1].ID, `"failedOrders":0`},
		"/sim/orders?limit=1":          {orders[0].ID},
		"/sim/orders/" + orders[1].ID:  {orders[1].LineID, `"activity":"newInstance"`},
		"/sim/calls":                   {orders[0].ID, orders[1].ID},
		"/sim/calls?order=nobody":      {`"calls":[]`},
		"/sim/calls?limit=x&order=CS0": {`"calls":[]`},
	} {
		status, header, body := simtest.Browse(t, server, "GET", path, "", "", nil)
		if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "application/json") || strings.Contains(body, "example.com") {
			t.Errorf("%s: %d %s", path, status, body)
		}
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s lacks %s: %s", path, w, body)
			}
		}
	}
	if status, _, _ := simtest.Browse(t, server, "GET", "/sim/orders/nobody", "", "", nil); status != 404 {
		t.Errorf("unknown order: %d", status)
	}
	sim.Close()
	if status, _, _ := simtest.Browse(t, server, "POST", "/sim/orders", "application/json", `{"kind":"period"}`, nil); status != 503 {
		t.Errorf("after Close: %d", status)
	}
}
