// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/forward"
	"github.com/koogate/koogate/store"
)

// aside keeps what is to be compared.
type aside struct {
	mu    sync.Mutex
	calls []facade.Shadowed
	take  func()
}

func (a *aside) Take(c facade.Shadowed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.take != nil {
		a.take()
	}
	a.calls = append(a.calls, c)
}

// withShadow sends new orders of the endpoint "demo" to an old server in whose shadow ours are computed, but those of product P, and those of product
// Q, which are handed on and nothing more.
func withShadow(e *elsewhere, a *aside) option {
	old := withOld(e)
	return func(cfg *facade.Config, d *facade.Deps) {
		old(cfg, d)
		for i := range cfg.Endpoints {
			if cfg.Endpoints[i].Route == facade.RouteForward {
				cfg.Endpoints[i].Route = facade.RouteShadow
			}
		}
		d.Shadow = a
	}
}

// A call that an old server has answered is put aside with all that a comparison takes, and is recorded when that is done.
func TestACallIsPutAside(t *testing.T) {
	e, a, h := &elsewhere{}, &aside{}, &heard{}
	r := newRig(t, withShadow(e, a), withJournal(h))
	e.answer = says(`{"resultCode":"000000","resultMsg":"ok","instanceId":"i-7"}`)
	body := `{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b"}`
	got := r.call(body)
	if got.code != "000000" || e.orders["CS1"] != store.SideOld || len(r.core.made()) != 0 {
		t.Fatalf("%+v, %v", got, e.orders)
	}
	if len(a.calls) != 1 {
		t.Fatalf("%d calls are put aside", len(a.calls))
	}
	c := a.calls[0]
	if !c.Heard || c.Endpoint != "demo" || c.Seller != "demo-seller" || c.Family != "saas_v2" || c.Action != "newInstance" || c.Door != "/v2/" || string(c.Body) != body ||
		string(c.Answer) != got.body || c.Status != http.StatusOK || c.Kept.Key != key1 || c.OrderID != "CS1" || c.LockKey == "" || c.Poll || c.Probe ||
		c.Header.Get("Body-Sign") == "" || c.Header.Get("Content-Type") != "application/json" {
		t.Errorf("put aside as %+v", c)
	}
	if _, n := h.last(); n != 0 {
		t.Error("the call is recorded before it was compared")
	}
	r.call(`{"activity":"refreshInstance","instanceId":"xxxxxxxxxxxxxxx","scene":"RENEWAL","orderId":"CS9","orderLineId":"9"}`) // uses the buffers again
	c.Record(store.CompareDiffers, "000003", "outcome")
	x, n := h.last()
	if n != 1 || x.ID != "call-1" || x.Comparison != store.CompareDiffers || x.OwnCode != "000003" || x.Rules != "outcome" || x.Side != store.SideOld || x.OrderID != "CS1" ||
		x.InstanceID != "i-7" || string(x.Body.Request) != body || string(x.Body.Answer) != got.body || !strings.Contains(x.Identity, "CS1") {
		t.Errorf("recorded as %+v %s", x, x.Body.Request)
	}
}

// What is not to be compared is recorded at once: what is ours, what is forwarded and nothing more, what an operator lets in again, and what both
// sides answer.
func TestWhatIsNotPutAside(t *testing.T) {
	e, a, h := &elsewhere{own: []string{"mine"}}, &aside{}, &heard{}
	r := newRig(t, withShadow(e, a), withJournal(h))
	e.answer = says(`{"resultCode":"000000","resultMsg":"ok","info":[{"instanceId":"theirs"}]}`)
	for _, body := range []string{
		`{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b","productId":"P"}`,
		`{"activity":"newInstance","orderId":"CS2","orderLineId":"1","businessId":"b","productId":"Q"}`,
		`{"activity":"updateInstanceStatus","instanceId":"mine","status":"FREEZE"}`,
		`{"activity":"queryInstance","instanceId":"mine,theirs"}`,
	} {
		r.call(body)
	}
	ctx := access.With(t.Context(), access.Principal{Kind: access.Token, Seller: "demo-seller", Subject: "ann"})
	if _, err := r.handler.(*facade.Facade).Replay(ctx, facade.Kept{
		CallID: "c", Seller: "demo-seller", Endpoint: "demo", Door: "/v2/", Body: []byte(`{"activity":"updateInstanceStatus","instanceId":"theirs","status":"FREEZE"}`),
	}); err != nil {
		t.Fatal(err)
	}
	if _, n := h.last(); len(a.calls) != 0 || n != 5 {
		t.Errorf("%d calls are put aside, %d recorded: %+v", len(a.calls), n, a.calls)
	}
	// A debugging call, a look, and a call that got no answer are compared, the look without a name of its own.
	r.call(`{"activity":"newInstance","orderId":"CS3","orderLineId":"1","businessId":"b","testFlag":"1"}`)
	r.call(`{"activity":"queryInstance","instanceId":"theirs"}`)
	e.fail = &forward.Error{Why: "TIMEOUT"}
	r.call(`{"activity":"newInstance","orderId":"CS4","orderLineId":"1","businessId":"b"}`)
	if len(a.calls) != 3 || !a.calls[0].Probe || !a.calls[1].Poll || a.calls[1].Instances != "theirs" || a.calls[2].Heard || a.calls[2].Code != "000005" {
		t.Fatalf("put aside: %+v", a.calls)
	}
	a.calls[1].Record(store.CompareSame, "000000", "")
	if x, _ := h.last(); x.ID != "" || x.Look != "theirs" || x.Body != nil {
		t.Errorf("the look is recorded as %+v", x)
	}
}

// The answer is out before anything is computed.
func TestTheAnswerGoesFirst(t *testing.T) {
	e, a := &elsewhere{}, &aside{}
	r := newRig(t, withShadow(e, a), withJournal(&heard{}))
	w := httptest.NewRecorder()
	a.take = func() {
		if !w.Flushed || !strings.Contains(w.Body.String(), "from there") {
			t.Errorf("flushed %v: %s", w.Flushed, w.Body)
		}
	}
	r.handler.ServeHTTP(w, r.build(`{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b"}`, request{}))
	if len(a.calls) != 1 {
		t.Errorf("%d calls", len(a.calls))
	}
}

// Answer answers as the endpoint would, tells nobody, and asks the old server nothing.
func TestAnAnswerForNobody(t *testing.T) {
	e := &elsewhere{}
	r := newRig(t, withOld(e))
	f := r.handler.(*facade.Facade)
	k := facade.Kept{Seller: "demo-seller", Endpoint: "demo", Door: "/v2/", Body: []byte(`{"activity":"newInstance","orderId":"CS1","orderLineId":"1","businessId":"b","productId":"P"}`)}
	got, err := f.Answer(t.Context(), k)
	if err != nil || got.Code != "000000" || got.Status != http.StatusOK || !strings.Contains(string(got.Body), `"instanceId":"b"`) || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%+v %s, %v", got, got.Body, err)
	}
	for _, k := range []facade.Kept{{Seller: "other", Endpoint: "demo", Door: "/v2/"}, {Seller: "demo-seller", Endpoint: "x", Door: "/v2/"}, {Seller: "demo-seller", Endpoint: "demo", Door: "/v9/"}} {
		if _, err := f.Answer(t.Context(), k); err == nil {
			t.Errorf("%+v is answered", k)
		}
	}
	if len(e.calls) != 0 {
		t.Error("the old server was called")
	}
}

// Shows asks the old server by a call that the marketplace could have made.
func TestShows(t *testing.T) {
	e := &elsewhere{}
	r := newRig(t, withEvery, withOld(e))
	f := r.handler.(*facade.Facade)
	for _, x := range []struct {
		door, answer string
		want         bool
	}{
		{"/v2/", `{"resultCode":"000000","info":[{"instanceId":"i-1"}]}`, true}, {"/v2/", `{"resultCode":"000004"}`, true},
		{"/v2/", `{"resultCode":"000000","info":[{"instanceId":"i-2"}]}`, false}, {"/v2/", `{"resultCode":"000003"}`, false},
		{"/v1/", `{"resultCode":"000000","info":[{"instanceId":"i-1"}]}`, true}, {"/produceAPI/v2/", `{"resultCode":"000004"}`, true}, {"/produceAPI/", `{"resultCode":"000003"}`, false},
	} {
		e.answer = says(x.answer)
		got, err := f.Shows(t.Context(), facade.Kept{Seller: "demo-seller", Endpoint: "every", Door: x.door, Activity: "tenantSync"}, "i-1")
		if err != nil || got != x.want {
			t.Errorf("%s %s: %v, %v", x.door, x.answer, got, err)
		}
		c := e.last(t)
		text := c.URL.RawQuery + string(c.Body)
		if !strings.Contains(text, "queryInstance") || !strings.Contains(text, "i-1") || strings.Contains(c.URL.Path, "produceAPI") || c.URL.Host != "old.example.com" {
			t.Errorf("%s: asked %s %s", x.door, c.URL, c.Body)
		}
	}
	e.fail = &forward.Error{Why: "TIMEOUT"}
	if _, err := f.Shows(t.Context(), facade.Kept{Seller: "demo-seller", Endpoint: "every", Door: "/v2/"}, "i-1"); err == nil {
		t.Error("an old server that is away shows something")
	}
	if _, err := f.Shows(t.Context(), facade.Kept{Seller: "demo-seller", Endpoint: "demo", Door: "/v1/"}, "i-1"); err == nil { // no such door there
		t.Error("asked at a door that the endpoint does not have")
	}
}
