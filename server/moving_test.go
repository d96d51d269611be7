// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/sqlitetest"
)

// oldServer is the server of a seller before Koogate. It verifies calls itself and remembers every one.
type oldServer struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	calls   []map[string]string
	created map[string]int                                      // newInstance calls by order
	about   map[string]int                                      // calls about an instance
	faulty  bool                                                // every third call gets no answer, some of them after they had their effect
	spoil   func(call map[string]string, answer map[string]any) // changes an answer; nil for none
	n       int
}

func newOldServer(t *testing.T) *oldServer {
	o := &oldServer{t: t, created: map[string]int{}, about: map[string]int{}}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

// ServeHTTP implements http.Handler.
func (o *oldServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	q := r.URL.Query()
	if _, form, err := sign.VerifyURL([]string{acmeKey}, q.Get("nonce"), q.Get("timestamp"), q.Get("signature"), body); err != nil || form == sign.FormSorted {
		o.t.Errorf("the old server got a call whose signature does not hold: %v, %s", err, body)
	}
	var call map[string]string
	if err := json.Unmarshal(body, &call); err != nil {
		o.t.Error(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.n++; o.faulty && o.n%6 == 0 {
		panic(http.ErrAbortHandler) // as if it had died before it did anything
	}
	o.calls = append(o.calls, call)
	answer := map[string]any{"resultCode": "000000", "resultMsg": "success"}
	switch call["activity"] {
	case "newInstance":
		o.created[call["orderId"]]++
		answer["instanceId"] = "old-" + call["orderId"]
	case "queryInstance":
		var info []any
		for id := range strings.SplitSeq(call["instanceId"], ",") {
			if strings.HasPrefix(id, "old-") {
				info = append(info, map[string]any{"instanceId": id, "appInfo": map[string]any{"frontEndUrl": "https://old.example.com/" + id}})
			}
		}
		if answer["info"] = info; info == nil {
			answer = map[string]any{"resultCode": "000003", "resultMsg": "no such instance"}
		}
	default:
		o.about[call["instanceId"]]++
	}
	if o.faulty && o.n%6 == 3 {
		panic(http.ErrAbortHandler) // as if it had died after it
	}
	if o.spoil != nil {
		o.spoil(call, answer)
	}
	text, _ := json.Marshal(answer)
	w.Header().Set("Content-Type", "application/json")
	w.Header()["Body-Sign"] = []string{sign.BodySign(acmeKey, text)}
	_, _ = w.Write(text)
}

// seen is how often the old server was asked for an order, and about an instance.
func (o *oldServer) seen(order string) (created, about int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.created[order], o.about["old-"+order]
}

// settings changes the endpoint "moved".
func (r *rig) settings(query, body string) (int, string) {
	r.t.Helper()
	status, text, _ := r.http(config.ListenerAPI, http.MethodPatch, "/v1/endpoints/moved"+query, keysToken, body)
	return status, text
}

// route sends new orders of the endpoint to a side.
func (r *rig) route(to string) {
	r.t.Helper()
	if status, text := r.settings("?updateMask=route", fmt.Sprintf(`{"route":%q}`, to)); status != http.StatusOK {
		r.t.Fatalf("HTTP %d: %s", status, text)
	}
}

// moved adds the endpoint "moved" with an old server; what it sells is made at once.
func (r *rig) moved(o *oldServer, route string) {
	r.t.Helper()
	body := fmt.Sprintf(`{"endpoint":"moved","settings":{"oldUrl":%q,"route":%q,"instanceId":"business"},"products":[{"productId":"*","settings":{"provisioner":"links","syncBudget":"4s"}},{"productId":"NEW","settings":{"provisioner":"links","syncBudget":"4s","route":"own"}}],"keys":[{"purpose":"KEY_PURPOSE_BASE","secret":%q}]}`,
		o.URL+"/shop/produce", route, acmeKey)
	if status, text, _ := r.http(config.ListenerAPI, http.MethodPost, "/v1/endpoints", keysToken, body); status != http.StatusOK {
		r.t.Fatalf("HTTP %d: %s", status, text)
	}
}

// old is what GetEndpoint tells of the old server.
func (r *rig) old() string {
	r.t.Helper()
	_, text, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/endpoints/moved", keysToken, "")
	var got struct {
		Old struct{ Instances, Orders string }
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		r.t.Fatalf("%v: %s", err, text)
	}
	return got.Old.Instances + "/" + got.Old.Orders
}

// TestMovingOver: what somebody has stays there, whatever the settings say, and the old server may be switched off when it has nothing left.
func TestMovingOver(t *testing.T) {
	o := newOldServer(t)
	r := start(t)
	r.moved(o, "forward")
	buy := func(order string) params {
		return params{"activity": "newInstance", "orderId": order, "orderLineId": order + "-1", "businessId": "b-" + order}
	}
	want := func(what string, a reply, code string, in ...string) {
		t.Helper()
		for _, text := range in {
			if !strings.Contains(a.body, text) {
				t.Errorf("%s: %s has no %s", what, a.body, text)
			}
		}
		if a.code != code {
			t.Errorf("%s: %s, want %s", what, a.body, code)
		}
	}
	refresh := func(order, instance string) params {
		return params{"activity": "refreshInstance", "scene": "RENEWAL", "orderId": order, "orderLineId": order + "-1", "instanceId": instance, "expireTime": "20310101000000"}
	}
	want("forwarded", r.post("moved", buy("CS1")), "000000", "old-CS1")
	named := buy("CS2")
	named["productId"] = "NEW"
	want("a product of its own", r.post("moved", named), "000000", "b-CS2")
	r.route("own")
	want("the first order again", r.post("moved", buy("CS1")), "000000", "old-CS1")
	want("a new order", r.post("moved", buy("CS3")), "000000", "b-CS3")
	want("a renewal there", r.post("moved", refresh("CS1R", "old-CS1")), "000000")
	want("a renewal here", r.post("moved", refresh("CS3R", "b-CS3")), "000000")
	want("a look at both", r.post("moved", params{"activity": "queryInstance", "instanceId": "b-CS2,old-CS1,b-CS3,nobody's"}), "000000", `"b-CS2"`, `"old-CS1"`, `"b-CS3"`)
	want("a look at one of ours", r.post("moved", params{"activity": "queryInstance", "instanceId": "b-CS2"}), "000000", `"b-CS2"`)
	want("a look at one of theirs", r.post("moved", params{"activity": "queryInstance", "instanceId": "old-CS1"}), "000000", `"old-CS1"`)
	want("a look at nobody's", r.post("moved", params{"activity": "queryInstance", "instanceId": "nobody's"}), "000003")
	want("an instance from before", r.post("moved", params{"activity": "updateInstanceStatus", "instanceId": "old-CS0", "status": "FREEZE"}), "000000")
	// A process has died between the claim and the call.
	if _, err := r.deps.Store.ClaimOrder(t.Context(), store.Claim{Seller: "acme", Kind: store.SideOrder, ID: "CS4", Endpoint: "moved", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	want("what was claimed", r.post("moved", buy("CS4")), "000000", "old-CS4")
	r.route("forward")
	want("ours again", r.post("moved", buy("CS3")), "000000", "b-CS3")
	if created, about := o.seen("CS1"); created != 2 || about != 1 {
		t.Errorf("the old server was asked for CS1 %d times, about its instance %d", created, about)
	}
	if created, _ := o.seen("CS3"); created != 0 {
		t.Error("the old server has an order of ours")
	}
	sides := map[string]int{}
	eventually(t, "the calls are recorded", func() bool {
		clear(sides)
		for _, c := range r.listed("") {
			if side, _ := c["side"].(string); c["endpoint"] == "moved" {
				sides[side]++
			}
		}
		return sides["SIDE_OLD"] == 7 && sides["SIDE_OWN"] == 5 && sides["SIDE_BOTH"] == 1
	})
	if t.Failed() {
		t.Log(sides)
	}
	if got := r.old(); got != "3/3" { // CS1, CS1R and CS4, old-CS1, old-CS0 and old-CS4
		t.Errorf("the old server has %s", got)
	}
	if status, text := r.settings("?updateMask=old_url,route", `{}`); status != http.StatusBadRequest || !strings.Contains(text, "STATE_CONFLICT") {
		t.Errorf("HTTP %d: %s", status, text)
	}
	for _, id := range []string{"old-CS1", "old-CS0", "old-CS4"} {
		want("a release", r.post("moved", params{"activity": "releaseInstance", "instanceId": id, "orderId": "CSX", "orderLineId": "1"}), "000000")
	}
	if got := r.old(); got != "0/3" {
		t.Errorf("the old server has %s", got)
	}
	if status, text := r.settings("?updateMask=old_url,route&force=true", `{}`); status != http.StatusOK {
		t.Fatalf("HTTP %d: %s", status, text)
	}
	before := len(o.calls)
	want("the first order, once more", r.post("moved", buy("CS1")), "000005") // never made a second time
	want("its instance", r.post("moved", params{"activity": "updateInstanceStatus", "instanceId": "old-CS1", "status": "FREEZE"}), "000003")
	if len(o.calls) != before {
		t.Error("the old server was called")
	}
}

// TestAnOldServerThatIsAway: the marketplace is told to come again, and comes to the same side.
func TestAnOldServerThatIsAway(t *testing.T) {
	o := newOldServer(t)
	r := start(t)
	r.moved(o, "forward")
	buy := params{"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-1", "businessId": "b-1"}
	o.Close()
	if a := r.post("moved", buy); a.code != "000005" {
		t.Fatalf("got %s", a.body)
	}
	r.route("own")
	if a := r.post("moved", buy); a.code != "000005" {
		t.Errorf("got %s", a.body)
	}
	eventually(t, "both are recorded with their reason", func() bool {
		n := 0
		for _, c := range r.listed("") {
			if c["side"] == "SIDE_OLD" && c["reason"] == "FORWARD_FAILED" && c["resultCode"] == "000005" {
				n++
			}
		}
		return n == 2
	})
	if strings.Contains(r.log.String(), "signature=") {
		t.Error("the log has a signature")
	}
}

// TestAForwardedCallIsLetInAgain: by an operator, and signed anew for the old server.
func TestAForwardedCallIsLetInAgain(t *testing.T) {
	o := newOldServer(t)
	r := start(t)
	r.moved(o, "forward")
	if a := r.post("moved", params{"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-1", "businessId": "b-1"}); a.code != "000000" {
		t.Fatalf("got %s", a.body)
	}
	status, got := r.replayed(r.record("newInstance", "000000"), `{"reason":"lost"}`)
	if status != http.StatusOK || got["resultCode"] != "000000" {
		t.Errorf("HTTP %d: %v", status, got)
	}
	if created, _ := o.seen("CS1"); created != 2 {
		t.Errorf("the old server was asked %d times", created)
	}
}

// shared is a store of several servers, none of which closes it.
type shared struct{ store.Store }

func (shared) Close() error { return nil }

// TestOwnAndForwardUnderTrafficTwoReplicas switches where new orders go while a marketplace that repeats what fails calls two replicas, which
// follow the settings at different moments, and an old server that dies before and after it has done something: every order is on one side in
// the end, all its calls were answered from there, and none is lost.
func TestOwnAndForwardUnderTrafficTwoReplicas(t *testing.T) {
	st := backendtest.Postgres(t)
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	replica := func() *rig {
		return startAt(t, sqlitetest.File(t), sealer, func(_ *config.Config, d *server.Deps) {
			_ = d.Store.Close()
			d.Store = shared{st}
		})
	}
	one, two := replica(), replica()
	underTraffic(t, one, two)
}

// TestOwnAndForwardUnderTraffic is the same with one process over SQLite.
func TestOwnAndForwardUnderTraffic(t *testing.T) { underTraffic(t, start(t)) }

func underTraffic(t *testing.T, replicas ...*rig) {
	const orders, buyers, block = 400, 16, 50
	o := newOldServer(t)
	replicas[0].moved(o, "own")
	for _, r := range replicas {
		eventually(t, "the endpoint is served", func() bool {
			a, err := r.call("moved", map[string]string{"activity": "queryInstance", "instanceId": "nobody"})
			return err == nil && a.ResultCode == "000003"
		})
	}
	o.mu.Lock()
	o.faulty = true
	o.mu.Unlock()
	transport := &http.Transport{MaxIdleConnsPerHost: buyers}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	// call asks any replica until it is no failure, as the marketplace does, and returns the answer.
	call := func(what string, body params) (a answer) {
		text, _ := json.Marshal(body)
		for n := range 60 {
			r := replicas[mathrand.IntN(len(replicas))]
			u, err := sign.SignURL("http://"+r.Addr(config.ListenerFacade)+"/produce/moved", acmeKey, rand.Text(), time.Now(), text)
			if err != nil {
				t.Error(err)
				return a
			}
			resp, err := client.Post(u, "application/json", strings.NewReader(string(text)))
			if err != nil {
				t.Errorf("%s: no answer: %v", what, err)
				return a
			}
			err = json.NewDecoder(resp.Body).Decode(&a)
			_ = resp.Body.Close()
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if a.ResultCode == "000000" {
				return a
			}
			if a.ResultCode != "000005" && a.ResultCode != "000004" {
				t.Errorf("%s: answered %+v", what, a)
				return a
			}
			time.Sleep(time.Duration(5+n) * time.Millisecond)
		}
		t.Errorf("%s: never done, last %+v", what, a)
		return a
	}
	next := make(chan int)
	var wg sync.WaitGroup
	instances := make([]string, orders)
	for range buyers {
		wg.Go(func() {
			for i := range next {
				order := fmt.Sprintf("CS%03d", i)
				buy := params{"activity": "newInstance", "orderId": order, "orderLineId": order + "-1", "businessId": "b-" + order}
				first := call("buy "+order, buy)
				instances[i] = first.InstanceID
				if again := call("buy again "+order, buy); again.InstanceID != first.InstanceID { // the answer was lost on the way
					t.Errorf("%s has instances %s and %s", order, first.InstanceID, again.InstanceID)
				}
				call("renew "+order, params{
					"activity": "refreshInstance", "scene": "RENEWAL", "orderId": order + "R", "orderLineId": order + "R-1", "instanceId": first.InstanceID,
					"expireTime": "20310101000000",
				})
			}
		})
	}
	routes := []string{"forward", "shadow", "own", "shadow"}
	for i := range orders {
		if i%block == block/2 {
			replicas[i/block%len(replicas)].route(routes[i/block%len(routes)])
		}
		next <- i
		time.Sleep(10 * time.Millisecond) // the other replica follows within two seconds
	}
	close(next)
	wg.Wait()
	olds := 0
	for i, instance := range instances {
		order := fmt.Sprintf("CS%03d", i)
		created, about := o.seen(order)
		_, err := replicas[0].Core().Order(t.Context(), "acme", order)
		switch {
		case created > 0 && err == nil:
			t.Errorf("%s is on both sides", order)
		case created == 0 && err != nil:
			t.Errorf("%s is on no side", order)
		case created > 0:
			olds++
			if instance != "old-"+order || about == 0 {
				t.Errorf("%s: the old server made %s, and %d calls were about it", order, instance, about)
			}
		case instance != "b-"+order || about != 0:
			t.Errorf("%s: Koogate made %s, and the old server got %d calls about it", order, instance, about)
		default:
			events := replicas[0].events(order)
			renewed := 0
			for _, e := range events {
				if e == "instance.refreshed" {
					renewed++
				}
			}
			if !slices.Contains(events, "instance.admitted") || renewed > 1 {
				t.Errorf("%s has %v", order, events)
			}
		}
	}
	if olds < orders/10 || olds > orders*9/10 {
		t.Errorf("%d of %d orders went to the old server: the switch was not seen", olds, orders)
	}
	if got := replicas[0].old(); got != fmt.Sprintf("%d/%d", olds, 2*olds) {
		t.Errorf("the old server has %d instances, and GetEndpoint tells %s", olds, got)
	}
	t.Logf("%d of %d orders on the old side, %d calls there", olds, orders, len(o.calls))
}

// TestAnOldServerIsMissed: a file that takes old_url away while something is left there is told so when the service starts, and no other.
func TestAnOldServerIsMissed(t *testing.T) {
	want := -2
	r := start(t, func(cfg *config.Config, d *server.Deps) {
		want += len(cfg.Endpoints)
		now := time.Now()
		for k := range cfg.Endpoints {
			e := &cfg.Endpoints[k]
			if err := d.Store.NoteClaims(t.Context(), []store.Claim{{Seller: e.Seller, Kind: store.SideInstance, ID: e.Name, Endpoint: e.Name, At: now}}); err != nil {
				t.Fatal(err)
			}
			switch e.Name {
			case "linked":
				e.OldURL = "https://old.example.com/"
			case "worked":
				if err := d.Store.EndClaim(t.Context(), e.Seller, e.Name, now); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	told := func() int { return strings.Count(r.log.String(), "instances=1 orders=0") }
	eventually(t, "the warnings", func() bool { return told() == want })
	time.Sleep(20 * time.Millisecond) // for one too many
	if text := r.log.String(); told() != want || strings.Contains(text, "endpoint=linked instances") || strings.Contains(text, "endpoint=worked instances") {
		t.Error(text)
	}
}
