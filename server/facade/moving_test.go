// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/forward"
	"github.com/koogate/koogate/store"
)

// elsewhere is an old server and what is known of the sides. It remembers what it was asked.
type elsewhere struct {
	mu     sync.Mutex
	orders map[string]store.Side
	own    []string
	err    error // of the sides

	calls  []forward.Call
	answer forward.Answer
	fail   error
	noted  []string
}

func (e *elsewhere) OrderSide(_ context.Context, _, orderID string) (store.Side, error) {
	return e.orders[orderID], e.err
}

func (e *elsewhere) Claim(_ context.Context, _, _, orderID string) (store.Side, error) {
	if e.err == nil && e.orders[orderID] == "" {
		e.orders[orderID] = store.SideOld
	}
	return e.orders[orderID], e.err
}

func (e *elsewhere) Own(_ context.Context, _ string, ids []string) (own []string, err error) {
	for _, id := range ids {
		if slices.Contains(e.own, id) {
			own = append(own, id)
		}
	}
	return own, e.err
}

func (e *elsewhere) Note(_ context.Context, _, _ string, ids ...string) {
	e.noted = append(e.noted, ids...)
}

func (e *elsewhere) Released(_ context.Context, _, id string) {
	e.noted = append(e.noted, "released "+id)
}

func (e *elsewhere) Do(_ context.Context, c forward.Call) (forward.Answer, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, c)
	return e.answer, e.fail
}

// last is the only call since the one before.
func (e *elsewhere) last(t *testing.T) forward.Call {
	t.Helper()
	if len(e.calls) != 1 {
		t.Fatalf("%d calls were handed on", len(e.calls))
	}
	c := e.calls[0]
	e.calls = nil
	return c
}

// written is a header as it is written on the wire, which is not the canonical way.
func written(c forward.Call, name string) string { return strings.Join(c.Header[name], "|") }

// says is an answer of the old server.
func says(body string) forward.Answer {
	a := forward.Answer{Status: http.StatusOK, Body: []byte(body), ContentType: "application/json", BodySign: `sign_type="HMAC-SHA256", signature= "theirs"`}
	var m struct {
		ResultCode, InstanceID string
		Info                   []json.RawMessage
	}
	_ = json.Unmarshal(a.Body, &m)
	a.Code, a.InstanceID, a.Info = m.ResultCode, m.InstanceID, m.Info
	return a
}

// withOld gives every endpoint an old server, where new orders go by the endpoint "demo", but not those of product P.
func withOld(e *elsewhere) option {
	e.orders = map[string]store.Side{}
	e.answer = says(`{"resultCode":"000000","resultMsg":"from there"}`)
	return func(cfg *facade.Config, d *facade.Deps) {
		for i := range cfg.Endpoints {
			x := &cfg.Endpoints[i]
			x.Old, _ = url.Parse("https://old.example.com/shop")
			x.Routes = map[string]facade.Route{"P": facade.RouteOwn, "Q": facade.RouteForward}
			if x.Name != "signing" {
				x.Route = facade.RouteForward
			}
		}
		d.Sides, d.Forward = e, e
	}
}

// A call is handed on as it came, in every family, and what comes back is not touched.
func TestACallIsHandedOnAsItCame(t *testing.T) {
	e := &elsewhere{}
	r := newRig(t, withEvery, withOld(e))
	e.answer = says(`{ "resultCode":"000000", "resultMsg":"好", "instanceId":"i-7", "more":[1] }`)
	body := `{"orderLineId":"1",  "activity":"newInstance","orderId":"CS1","businessId":"b","x":"` + "\u00e9" + `"}`
	canonical, err := sign.Canonical([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]request{"as received": {}, "signed sorted": {signed: string(canonical)}} {
		req := r.build(body, q)
		req.Header.Set("Cookie", "canary=1")
		req.Header.Set("X-Forwarded-For", "canary")
		w := &answerWriter{header: http.Header{}}
		r.handler.ServeHTTP(w, req)
		c := e.last(t)
		if c.Method != http.MethodPost || c.URL.String() != "https://old.example.com/shop?"+req.URL.RawQuery || string(c.Body) != body {
			t.Errorf("%s: %s %s %q", name, c.Method, c.URL, c.Body)
		}
		if len(c.Header["Cookie"])+len(c.Header["X-Forwarded-For"]) > 0 || c.Header.Get("Content-Type") != "application/json;charset=utf8" {
			t.Errorf("%s: headers %v", name, c.Header)
		}
		if w.body != string(e.answer.Body) || w.header["Body-Sign"][0] != e.answer.BodySign || len(r.core.made()) != 0 {
			t.Errorf("%s: %q %v, core %v", name, w.body, w.header, r.core.made())
		}
	}
	if !slices.Equal(e.noted, []string{"i-7", "i-7"}) || e.orders["CS1"] != store.SideOld {
		t.Errorf("noted %v, orders %v", e.noted, e.orders)
	}
	e.answer = says(`{"resultCode":"000000","resultMsg":"ok"}`)
	e.noted = nil
	r.get("every", baseKey, "activity", "expireInstance", "instanceId", "i-1", "orderId", "CS 1", "testFlag", "0")
	c := e.last(t)
	if _, q, err := sign.VerifyQuery([]string{baseKey}, c.URL.RawQuery); err != nil || q.Params["orderId"] != "CS 1" || c.Method != http.MethodGet || c.Body != nil {
		t.Errorf("V1: %s %v %v", c.URL, q, err)
	}
	tenant := `{"instanceId":"i-1","tenantId":"t-1","flag":0,"testFlag":0,"timeStamp":"20220413093539534"}`
	r.kit("v2/tenantSync", tenant, r.kitV2(kitKey, tenant))
	c = e.last(t)
	if _, _, err := sign.VerifyKit([]string{kitKey}, written(c, "x-nonce"), written(c, "x-timestamp"), written(c, "x-sign"), c.Body); err != nil || c.URL.Path != "/shop/produceAPI/v2/tenantSync" {
		t.Errorf("Kit V2: %s %v", c.URL, err)
	}
	r.kit("tenantSync", tenant, r.kitV1(kitKey, tenant))
	c = e.last(t)
	if _, err := sign.VerifyBody([]string{kitKey}, written(c, "authToken"), c.Body); err != nil || c.URL.Path != "/shop/produceAPI/tenantSync" {
		t.Errorf("Kit V1: %s %v", c.URL, err)
	}
	if n := r.counter("koogate_sides_total", "endpoint=every", "side=OLD"); n != 3 {
		t.Errorf("%v calls are counted", n)
	}
}

// answerWriter keeps an answer as it was written.
type answerWriter struct {
	header http.Header
	body   string
}

func (w *answerWriter) Header() http.Header { return w.header }

func (w *answerWriter) Write(p []byte) (int, error) {
	w.body += string(p)
	return len(p), nil
}

func (w *answerWriter) WriteHeader(int) {}

// Where each call goes.
func TestWhereACallGoes(t *testing.T) {
	for name, x := range map[string]struct {
		endpoint, body string
		setup          func(*elsewhere)
		old            bool
		noted          string
	}{
		"a new order":                        {body: `{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b"}`, old: true},
		"a new order, own":                   {endpoint: "signing", body: `{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b"}`},
		"of a product that is ours":          {body: `{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b","productId":"P"}`},
		"of a product that is theirs":        {endpoint: "signing", body: `{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b","productId":"Q"}`, old: true},
		"an order of ours":                   {body: `{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b"}`, setup: func(e *elsewhere) { e.orders["CS1"] = store.SideOwn }},
		"an order of theirs, of our product": {body: `{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b","productId":"P"}`, setup: func(e *elsewhere) { e.orders["CS1"] = store.SideOld }, old: true},
		"an instance of ours":                {body: `{"activity":"releaseInstance","instanceId":"i","orderId":"CS1","orderLineId":"1"}`, setup: func(e *elsewhere) { e.own = []string{"i"} }},
		"an instance of theirs":              {endpoint: "signing", body: `{"activity":"updateInstanceStatus","instanceId":"i","status":"FREEZE"}`, old: true, noted: "i"},
		"its release":                        {endpoint: "signing", body: `{"activity":"releaseInstance","instanceId":"i","orderId":"CS1","orderLineId":"1"}`, old: true, noted: "released i"},
		"a debugging call":                   {body: `{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b","testFlag":"1"}`, old: true},
		"a debugging call, own":              {endpoint: "signing", body: `{"activity":"updateInstanceStatus","instanceId":"i","status":"FREEZE","testFlag":"1"}`},
		"without a subject":                  {body: `{"activity":"newInstance","orderLineId":"1","businessId":"b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			e := &elsewhere{}
			r := newRig(t, withOld(e))
			if x.setup != nil {
				x.setup(e)
			}
			q := request{endpoint: x.endpoint}
			if x.endpoint == "signing" {
				q.key = key3
			}
			a := r.call(x.body, q)
			if (len(e.calls) == 1) != x.old || (a.msg == "from there") != x.old || x.old && len(r.core.made()) > 0 {
				t.Errorf("%d calls went there, the answer is %s", len(e.calls), a.body)
			}
			if got := strings.Join(e.noted, " "); got != x.noted {
				t.Errorf("noted %q, want %q", got, x.noted)
			}
			if strings.Contains(x.body, `"testFlag"`) && len(e.orders) > 0 {
				t.Error("a debugging call sticks")
			}
		})
	}
}

// The order of a renewal of their instance is theirs, so that what comes about it goes there.
func TestTheOrderOfARenewalGoesByItsInstance(t *testing.T) {
	e := &elsewhere{}
	r := newRig(t, withOld(e))
	r.call(`{"activity":"refreshInstance","scene":"RENEWAL","instanceId":"i","orderId":"CS2","orderLineId":"1","expireTime":"20310101000000"}`, request{endpoint: "signing", key: key3})
	if e.orders["CS2"] != store.SideOld {
		t.Errorf("orders %v", e.orders)
	}
}

// Without an answer, or without knowing the side, the marketplace is told to come again.
func TestWithoutAnAnswerTheCallMayBeRepeated(t *testing.T) {
	e := &elsewhere{}
	r := newRig(t, withOld(e))
	buy := `{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b"}`
	e.fail = &forward.Error{Why: forward.Redirect, Status: 302}
	if a := r.call(buy); a.code != "000005" || a.header.Get("Body-Sign") != "" || !strings.Contains(r.log.String(), "why=REDIRECT") {
		t.Errorf("got %s %v", a.body, a.header)
	}
	if !strings.Contains(r.log.String(), "reason=FORWARD_FAILED") || !strings.Contains(r.log.String(), "side=OLD") {
		t.Error(r.log.String())
	}
	if a := r.call(buy, request{endpoint: "signing", key: key3}); a.code != "000005" || a.header.Get("Body-Sign") == "" {
		t.Errorf("got %s %v", a.body, a.header)
	}
	e.fail, e.err = nil, errs.Wrap(errors.New("canary"), errs.Unavailable, errs.StoreUnavailable, "the store did not answer in time")
	e.calls = nil
	for _, body := range []string{buy, `{"activity":"updateInstanceStatus","instanceId":"i","status":"FREEZE"}`} {
		if a := r.call(body); a.code != "000005" || strings.Contains(a.body, "canary") || len(e.calls) > 0 || len(r.core.made()) > 0 {
			t.Errorf("got %s, %d calls went there", a.body, len(e.calls))
		}
	}
}

// A look at instances of both sides shows what both show.
func TestALookAtBothSides(t *testing.T) {
	e := &elsewhere{}
	r := newRig(t, withOld(e))
	e.own = []string{"mine"}
	look := `{"activity":"queryInstance","instanceId":"theirs,mine , other"}`
	e.answer = says(`{"resultCode":"000000","resultMsg":"x","info":[{"instanceId":"theirs","appInfo":{"frontEndUrl":"https://x"}}]}`)
	a := r.call(look)
	c := e.last(t)
	q := c.URL.Query()
	if _, _, err := sign.VerifyURL([]string{key1}, q.Get("nonce"), q.Get("timestamp"), q.Get("signature"), c.Body); err != nil || string(c.Body) != `{"activity":"queryInstance","instanceId":"theirs,other"}` {
		t.Errorf("asked %s, %v", c.Body, err)
	}
	r.want(a, "000000", "queryInstance 1 mine")
	if a.header.Get("Body-Sign") != e.answer.BodySign { // ours shows nothing here, so theirs is the answer as it is
		t.Errorf("got %s %v", a.body, a.header)
	}
	e.answer = says(`{"resultCode":"000003","resultMsg":"unknown"}`)
	r.want(r.call(look), "000000", "queryInstance 1 mine") // ours is the answer
	e.fail = &forward.Error{Why: "TIMEOUT"}
	r.want(r.call(look), "000005")
	if got := strings.Join(e.noted, " "); got != "theirs" {
		t.Errorf("noted %q", got)
	}
}

// What an operator lets in again goes to its side, signed anew in the way of its family.
func TestAReplayGoesToItsSide(t *testing.T) {
	e := &elsewhere{}
	var f *facade.Facade
	r := newRig(t, withEvery, withOld(e))
	f = r.handler.(*facade.Facade)
	ctx := access.With(t.Context(), access.Principal{Kind: access.Token, Seller: "demo-seller", Subject: "ann"})
	replay := func(door, activity, body string) forward.Call {
		t.Helper()
		got, err := f.Replay(ctx, facade.Kept{CallID: "c", Seller: "demo-seller", Endpoint: "every", Door: door, Activity: activity, Body: []byte(body)})
		if err != nil || got.Code != "000000" || got.Message != "from there" {
			t.Fatalf("%+v, %v", got, err)
		}
		return e.last(t)
	}
	keys, kit := []string{"another-key"}, []string{kitKey}
	c := replay("/v2/", "", `{"activity":"updateInstanceStatus","instanceId":"i","status":"FREEZE"}`)
	q := c.URL.Query()
	if _, _, err := sign.VerifyURL(keys, q.Get("nonce"), q.Get("timestamp"), q.Get("signature"), c.Body); err != nil {
		t.Error(err)
	}
	c = replay("/v1/", "", `{"activity":"expireInstance","instanceId":"i","orderId":"CS1","timeStamp":"20200101000000000"}`)
	if _, q, err := sign.VerifyQuery(keys, c.URL.RawQuery); err != nil || q.Params["timeStamp"] == "20200101000000000" || c.Method != http.MethodGet || c.Body != nil {
		t.Error(c.URL, err)
	}
	tenant := `{"instanceId":"i-1","tenantId":"t-1","flag":0,"testFlag":0,"timeStamp":"20220413093539534"}`
	c = replay("/produceAPI/v2/", "tenantSync", tenant)
	if _, _, err := sign.VerifyKit(kit, written(c, "x-nonce"), written(c, "x-timestamp"), written(c, "x-sign"), c.Body); err != nil {
		t.Error(err)
	}
	c = replay("/produceAPI/", "tenantSync", tenant)
	if _, err := sign.VerifyBody(kit, written(c, "authToken"), c.Body); err != nil {
		t.Error(err)
	}
}

// late is an old server that answers when nobody waits any more.
type late struct{ elsewhere }

func (l *late) Do(ctx context.Context, _ forward.Call) (forward.Answer, error) {
	<-ctx.Done()
	time.Sleep(20 * time.Millisecond) // past the watchdog
	return l.answer, l.fail
}

// An answer that comes after the watchdog's is handed on to nobody, and nothing of it goes out with the watchdog's.
func TestAnOldServerThatIsLate(t *testing.T) {
	for name, fail := range map[string]error{"answers": nil, "is given up": &forward.Error{Why: "TIMEOUT"}} {
		l := &late{elsewhere{fail: fail}}
		r := newRig(t, withOld(&l.elsewhere), func(cfg *facade.Config, d *facade.Deps) {
			cfg.Budget = 150 * time.Millisecond
			d.Forward = l
		})
		a := r.call(`{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b"}`)
		if a.code != "000005" || a.header.Get("Body-Sign") != "" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %s %v", name, a.body, a.header)
		}
		if n := r.counter("koogate_facade_calls_total", "result_code=000005"); n != 1 {
			t.Errorf("%s: %v calls counted as failed", name, n)
		}
	}
}
