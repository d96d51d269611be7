// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

const everyKitKey = "kit-key-0123456789"

// clientSecret is what the tests' applicationSync carries, encrypted for secretPEM.
const clientSecret = "canary-client-secret"

// withEvery adds endpoints that serve every family: "every", whose products are templates, and "slow", whose products an
// outside worker provides.
func withEvery(cfg *config.Config, _ *server.Deps) {
	e := config.Endpoint{
		Name: "every", Seller: "acme", Families: family.Names(), Keys: []config.Secret{acmeKey}, KitKeys: []config.Secret{everyKitKey},
		KitPrivateKeys: []config.Secret{rsaPEM()},
		Products: map[string]config.Product{
			"*": {Provisioner: "links", SyncBudget: 4 * time.Second}, "p-device": {Provisioner: "links", SyncBudget: 4 * time.Second, Fingerprint: "required"},
		},
	}
	slow := e
	slow.Name, slow.HoldBudget = "slow", 3*time.Second
	slow.Products = map[string]config.Product{"*": {Provisioner: "crm", SyncBudget: 2 * time.Second}}
	cfg.Endpoints = append(cfg.Endpoints, e, slow)
}

// reply is an answer as it came.
type reply struct {
	body   string
	code   string
	msg    string
	all    map[string]any
	header http.Header
}

// wire sends a request to the facade's listener.
func (r *rig) wire(method, u string, header map[string]string, body string) reply {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, u, strings.NewReader(body))
	if err != nil {
		r.t.Error(err)
		return reply{}
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := r.client().Do(req)
	if err != nil {
		r.t.Error(err)
		return reply{}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Errorf("HTTP %d, %v: %s", resp.StatusCode, err, text)
	}
	a := reply{body: string(text), header: resp.Header}
	if err := json.Unmarshal(text, &a.all); err != nil {
		r.t.Errorf("%v in %q", err, text)
	}
	a.code, _ = a.all["resultCode"].(string)
	a.msg, _ = a.all["resultMsg"].(string)
	return a
}

// client is one for all calls of a rig, so that a hundred at once do not use up the ports.
func (r *rig) client() *http.Client {
	r.once.Do(func() {
		transport := &http.Transport{MaxIdleConnsPerHost: 100, MaxConnsPerHost: 100}
		r.t.Cleanup(transport.CloseIdleConnections)
		r.clients = &http.Client{Transport: transport}
	})
	return r.clients
}

func (r *rig) address(endpoint string) string {
	return "http://" + r.Addr(config.ListenerFacade) + "/produce/" + endpoint
}

// params are a call's members.
type params map[string]string

func (p params) with(more params) params {
	q := maps.Clone(p)
	maps.Copy(q, more)
	maps.DeleteFunc(q, func(_, v string) bool { return v == "-" })
	return q
}

// post calls a family of the V2 generation.
func (r *rig) post(endpoint string, p params) reply {
	r.t.Helper()
	text, _ := json.Marshal(p) // strings
	u, err := sign.SignURL(r.address(endpoint), acmeKey, rand.Text(), time.Now(), text)
	if err != nil {
		r.t.Error(err)
	}
	return r.wire(http.MethodPost, u, map[string]string{"Content-Type": "application/json;charset=utf8"}, string(text))
}

// get calls a family of the V1.0 generation and checks the answer's signature.
func (r *rig) get(endpoint string, p params) reply {
	r.t.Helper()
	q := url.Values{"timeStamp": {"20200727073711903"}}
	for k, v := range p {
		q.Set(k, v)
	}
	u, err := sign.SignQuery(r.address(endpoint), acmeKey, q)
	if err != nil {
		r.t.Error(err)
	}
	a := r.wire(http.MethodGet, u, nil, "")
	if !sign.VerifyBodySign(acmeKey, a.header.Get("Body-Sign"), []byte(a.body)) {
		r.t.Errorf("Body-Sign %q over %s", a.header.Get("Body-Sign"), a.body)
	}
	return a
}

// kit calls a generation of the Kit with a body as it is.
func (r *rig) kit(family, endpoint, activity, body string) reply {
	r.t.Helper()
	header := map[string]string{"Content-Type": "application/json"}
	path := "/produceAPI/v2/"
	if family == "kit_v1" {
		path = "/produceAPI/"
		token, err := sign.AuthTokenBody(everyKitKey, []byte(body))
		if err != nil {
			r.t.Error(err)
		}
		header["authToken"] = token
	} else {
		nonce, ts := rand.Text(), strconv.FormatInt(time.Now().UnixMilli(), 10)
		header["x-nonce"], header["x-timestamp"], header["x-sign"] = nonce, ts, sign.KitSign(everyKitKey, nonce, ts, []byte(body))
	}
	a := r.wire(http.MethodPost, r.address(endpoint)+path+activity, header, body)
	if signed := a.header.Get("Body-Sign"); family == "kit_v1" && !sign.VerifyBodySign(everyKitKey, signed, []byte(a.body)) {
		r.t.Errorf("Body-Sign %q over %s", signed, a.body)
	}
	return a
}

// events are the kinds of an order's events, in order.
func (r *rig) events(order string) []string {
	r.t.Helper()
	es, err := r.Core().Events(r.t.Context(), "acme", order, 0, 500)
	if err != nil {
		return []string{err.Error()}
	}
	kinds := make([]string, len(es))
	for i, e := range es {
		kinds[i] = e.Kind
	}
	return kinds
}

// settled waits until no task of the order is open.
func (r *rig) settled(order string) {
	r.t.Helper()
	eventually(r.t, "every task is done", func() bool {
		a, err := r.Core().Order(r.t.Context(), "acme", order)
		return err == nil && len(a.Tasks) == 0
	})
}

func (r *rig) wantEvents(order string, want ...string) {
	r.t.Helper()
	var got []string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got = r.events(order); slices.Equal(got, want) {
			return
		}
	}
	r.t.Errorf("events of %s:\n  %s\nwant\n  %s", order, strings.Join(got, " "), strings.Join(want, " "))
}

// drivenFamily is how one family is driven through what all of them promise.
type drivenFamily struct {
	name string
	// prepare makes what the call needs and returns the order to whose events it adds.
	prepare func(r *rig) (order string)
	// call is the n-th duplicate; business IDs and nonces differ, nothing else does.
	call   func(r *rig, n int) reply
	want   string   // the answer; {id} stands for any instance ID
	events []string // after the duplicates
	// release ends what the call was about.
	release func(r *rig, id string) reply
	after   string   // the documented answer of a repeat after the release
	late    []string // events of that repeat
}

const (
	asV2  = `{"resultCode":"000000","resultMsg":"success"}`
	asV1  = `{"resultCode":"000000","resultMsg":"success."}`
	asKit = `{"resultCode":"000000","resultMsg":"Success"}`
)

func bought(r *rig) string {
	r.t.Helper()
	if a := r.post("every", params{"activity": "newInstance", "orderId": "CS9", "orderLineId": "CS9-1", "businessId": "i-9"}); a.code != "000000" {
		r.t.Fatalf("newInstance: %s", a.body)
	}
	r.wantEvents("CS9", "instance.admitted", "order.queried", "task.completed")
	return "CS9"
}

var v1Purchase = params{
	"activity": "newInstance", "customerId": "c-1", "customerName": "张三", "orderId": "CS1", "productId": "p-1", "skuCode": "s-1",
	"chargingMode": "1", "expireTime": "20300727153156", "periodType": "year", "periodNumber": "1", "orderAmount": "100.5",
}

func familiesUnderTest() []drivenFamily {
	created := []string{"instance.admitted", "order.queried", "task.completed"}
	told := []string{"instance.admitted", "task.completed"}
	releaseV2 := func(r *rig, id string) reply {
		return r.post("every", params{"activity": "releaseInstance", "instanceId": id})
	}
	users := `[{\"userName\":\"u-1\",\"name\":\"张三\",\"orgCode\":\"d-1\",\"role\":\"admin\",\"enable\":\"true\"}]`
	list := []drivenFamily{
		{
			name: "saas_v2", events: created, release: releaseV2,
			call: func(r *rig, n int) reply {
				return r.post("every", params{"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-1", "businessId": fmt.Sprint("b-", n)})
			},
			want:  `{"resultCode":"000000","resultMsg":"success","instanceId":"{id}"}`,
			after: `{"resultCode":"000000","resultMsg":"success","instanceId":"{id}"}`,
		},
		{
			name: "saas_v1", events: told,
			call: func(r *rig, n int) reply {
				return r.get("every", v1Purchase.with(params{"businessId": fmt.Sprint("b-", n)}))
			},
			release: func(r *rig, id string) reply {
				return r.get("every", params{"activity": "releaseInstance", "instanceId": id, "orderId": "CS1"})
			},
		},
		{
			name: "license_v1", events: told,
			call: func(r *rig, n int) reply {
				return r.get("every", params{"activity": "getLicense", "customerId": "c-1", "orderId": "CS1", "productId": "p-1", "businessId": fmt.Sprint("b-", n),
					"saasExtendParams": seal.FormatExtendParams([]seal.Param{{Name: "identificationCode", Value: "HW-1"}})})
			},
			release: func(r *rig, id string) reply {
				return r.get("every", params{"activity": "releaseLicense", "instanceId": id, "orderId": "CS1"})
			},
		},
		{
			name: "license_code", events: []string{"licence.adopted", "instance.refreshed", "task.completed"},
			prepare: func(*rig) string { return fulfil.LicenceInstanceID("acme", "PL-1") },
			call: func(r *rig, _ int) reply {
				return r.post("every", params{"activity": "refreshLicenseCode", "scene": "RENEWAL", "orderId": "CS2", "orderLineId": "CS2-1", "license": "PL-1",
					"expireTime": "20300523201932"})
			},
			want: asV1,
			release: func(r *rig, _ string) reply {
				return r.post("every", params{"activity": "releaseLicenseCode", "license": "PL-1"})
			},
			after: asV1,
		},
		{
			name: "license_online", prepare: bought, release: func(r *rig, _ string) reply { return releaseV2(r, "i-9") },
			events: append(slices.Clone(created), "licence.requested", "licence.issued", "licence.uploaded"),
			call: func(r *rig, _ int) reply {
				return r.post("every", params{"activity": "getLicenseAsync", "instanceId": "i-9", "effectiveTime": "2026-10-27 10:30:15 z",
					"expireTime": "2027-10-27 10:30:15 z", "eventId": "e-1", "deviceFingerprint": "MAC|DISK"})
			},
			want: asV2, after: asV2,
		},
		{
			name: "order_notify", events: []string{"order.notified", "order.queried"},
			call: func(r *rig, _ int) reply {
				return r.post("every", params{"activity": "orderNotify", "orderId": "CS1", "orderLineId": "CS1-1", "testFlag": "0"})
			},
			want: asV2, after: asV2,
		},
	}
	for name, body := range map[string]string{
		"kit_v1": `{"instanceId":"i-9","tenantId":"t-1","appId":"a-1","userList":"` + users + `","currentSyncTime":"20220413093539534","flag":1,"testFlag":0,"timeStamp":"20220413093539534"}`,
		"kit_v2": `{"instanceId":"i-9","tenantId":"t-1","appId":"a-1","userList":` + strings.ReplaceAll(users, `\"`, `"`) + `,"currentSyncTime":"20220413093539534","flag":1,"testFlag":0,"timeStamp":"20220413093539534"}`,
	} {
		list = append(list, drivenFamily{
			name: name, prepare: bought, events: append(slices.Clone(created), "directory.synced"),
			call: func(r *rig, _ int) reply { return r.kit(name, "every", "authSync", body) },
			late: []string{"directory.ignored"}, // the tenant is gone, and the call came before that
			want: asKit, after: asKit,
			release: func(r *rig, _ string) reply {
				tenant := strings.Replace(strings.Replace(body, `"appId":"a-1"`, `"tenantCode":"x","name":"x","domainName":"https://x.example"`, 1), `"flag":1`, `"flag":0`, 1)
				return r.kit(name, "every", "tenantSync", strings.ReplaceAll(tenant, "20220413093539534", "20220413093539599"))
			},
		})
	}
	return list
}

// A hundred duplicates at once have one effect and one answer, and a repeat after the end gets its documented answer and
// changes nothing.
func TestDuplicates(t *testing.T) {
	list := familiesUnderTest()
	if len(list) != len(family.Names()) {
		t.Errorf("%d families are driven, %d are served", len(list), len(family.Names()))
	}
	for _, f := range list {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			r := start(t, withEvery)
			order := "CS1"
			if f.prepare != nil {
				order = f.prepare(r)
			}
			answers := make([]string, 100)
			var id string
			var wg sync.WaitGroup
			var mu sync.Mutex
			for n := range answers {
				wg.Go(func() {
					a := f.call(r, n)
					// On a busy machine a call may time out or outlast its budget; the marketplace calls again as well.
					for end := time.Now().Add(time.Minute); (a.code == "000005" || a.code == "000004") && time.Now().Before(end); {
						time.Sleep(300 * time.Millisecond)
						a = f.call(r, n)
					}
					answers[n] = a.body
					if s, ok := a.all["instanceId"].(string); ok {
						mu.Lock()
						id = s
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			want := strings.ReplaceAll(f.want, "{id}", id)
			if f.want == "" { // with credentials or a licence in it: at least all the same, and a success
				want = answers[0]
			}
			for n, a := range answers {
				if a != want || !strings.HasPrefix(a, `{"resultCode":"000000"`) {
					t.Fatalf("duplicate %d: %s, want %s", n, a, want)
				}
			}
			r.wantEvents(order, f.events...)
			if f.release != nil {
				for range 2 {
					if a := f.release(r, id); a.code != "000000" {
						t.Errorf("release: %s", a.body)
					}
				}
			}
			r.settled(order)
			before := r.events(order)
			if f.after == "" {
				f.after = want
			}
			if a := f.call(r, 1000); a.body != strings.ReplaceAll(f.after, "{id}", id) {
				t.Errorf("a repeat after the end: %s, want %s", a.body, f.after)
			}
			r.settled(order)
			if after := r.events(order); !slices.Equal(slices.Concat(before, f.late), after) {
				t.Errorf("a repeat after the end left %v, want %v", after[len(before):], f.late)
			}
			if strings.Contains(r.log.String(), "level=ERROR") {
				t.Errorf("errors in the log: %s", r.log)
			}
			for _, secret := range []string{"张三", "PL-1\"", "HW-1", "MAC|DISK", "u-1"} {
				if strings.Contains(r.log.String(), secret) {
					t.Errorf("%q in the log", secret)
				}
			}
		})
	}
}

// leases takes the next task of the worker's queue. It may be used from any goroutine.
func (r *rig) leases() (store.Task, bool) {
	tasks, err := r.Core().Work.Lease(context.Background(), work.Ask{Seller: "acme", Queues: []string{"crm"}, Worker: "w", Max: 1, Wait: 5 * time.Second, For: time.Minute})
	if err != nil || len(tasks) != 1 {
		r.t.Errorf("leased %d tasks, %v", len(tasks), err)
		return store.Task{}, false
	}
	return tasks[0], true
}

// fails takes a task and gives it up for good.
func (r *rig) fails(code resultcode.Code) {
	task, ok := r.leases()
	if !ok {
		return
	}
	f := fulfil.Failure{Seller: "acme", TaskID: task.ID, Fence: task.Fence, Permanent: true, Code: code, Message: "no"}
	if _, err := r.Core().FailTask(context.Background(), f); err != nil {
		r.t.Error(err)
	}
}

// completes takes a task and completes it.
func (r *rig) completes() {
	task, ok := r.leases()
	if !ok {
		return
	}
	c := fulfil.Completion{Seller: "acme", TaskID: task.ID, Fence: task.Fence}
	switch task.Kind {
	case store.TaskCreate:
		c.Access = &fulfil.Access{FrontEndURL: "https://app.example.com/1", UserName: "admin", Password: "canary-password"}
	case store.TaskIssueLicence:
		c.Licence = &fulfil.Licence{Text: "canary-licence"}
	}
	if _, err := r.Core().CompleteTask(context.Background(), c); err != nil {
		r.t.Error(err)
	}
}

// Every result code of every family that can arise does (saas-v2 §7, saas-v1 §3, §5.3, §6, kit §A.7).
func TestEveryResultCodeArises(t *testing.T) {
	creation := func(r *rig, call func(order string) reply) {
		for i, code := range append([]resultcode.Code{""}, resultcode.Creation()...) {
			order := fmt.Sprintf("CSf%d", i)
			done := make(chan struct{})
			go func() {
				defer close(done)
				r.fails(code)
			}()
			want := string(code)
			if code == "" {
				want = "000104"
			}
			var a reply
			eventually(r.t, "the failure is told", func() bool { a = call(order); return a.code != "000004" || want == "000004" })
			<-done
			if a.code != want {
				r.t.Errorf("a creation that failed with %q: %s", code, a.body)
			}
		}
	}
	type codes map[string]func(r *rig) reply
	base := func(call func(r *rig, endpoint string, p params) reply, right, unknown params, wrong params) codes {
		return codes{
			"000000": func(r *rig) reply { return call(r, "every", right.with(params{"testFlag": "1"})) },
			"000002": func(r *rig) reply { return call(r, "every", right.with(wrong)) },
			"000003": func(r *rig) reply { return call(r, "every", unknown) },
			"000005": func(r *rig) reply {
				r.breakStore()
				return call(r, "every", right)
			},
		}
	}
	v2 := params{"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-1", "businessId": "b-1"}
	post := func(r *rig, endpoint string, p params) reply { return r.post(endpoint, p) }
	get := func(r *rig, endpoint string, p params) reply { return r.get(endpoint, p) }
	licence := params{"activity": "getLicense", "customerId": "c", "orderId": "CS1", "productId": "p-1", "businessId": "b-1"}
	code := params{"activity": "refreshLicenseCode", "scene": "RENEWAL", "orderId": "CS2", "orderLineId": "CS2-1", "license": "PL-1", "expireTime": "20300523201932"}
	async := params{"activity": "getLicenseAsync", "instanceId": "i-9", "effectiveTime": "2026-10-27 10:30:15 z", "expireTime": "2027-10-27 10:30:15 z", "eventId": "e-1"}
	notify := params{"activity": "orderNotify", "orderId": "CS1", "orderLineId": "CS1-1", "testFlag": "0"}
	tenant := params{"instanceId": "i-9", "orderId": "CS9", "tenantId": "t-1", "tenantCode": "x", "name": "x", "domainName": "https://x.example", "flag": "1", "timeStamp": "20220413093539534"}
	app := params{"instanceId": "i-9", "tenantId": "t-1", "appId": "a-1", "clientId": "cl-1", "clientSecret": "bm90aGluZw==", "flag": "1", "timeStamp": "20220413093539534"}
	kit := func(name, activity string) func(r *rig, endpoint string, p params) reply {
		return func(r *rig, endpoint string, p params) reply {
			text, _ := json.Marshal(p)
			return r.kit(name, endpoint, activity, string(text))
		}
	}
	table := map[string]codes{
		"saas_v2": base(post, v2, params{"activity": "releaseInstance", "instanceId": "never"}, params{"orderId": "-"}),
		"saas_v1": base(get, v1Purchase.with(params{"businessId": "b-1"}), params{"activity": "expireInstance", "instanceId": "never"}, params{"amount": "many"}),
		"license_v1": base(get, licence, params{"activity": "refreshLicense", "orderId": "CS2", "instanceId": "never", "expireTime": "20300523201932"},
			params{"amount": "many"}),
		"license_code":   base(post, code, params{}, params{"scene": "RENEWAL_CHANGE"}),
		"license_online": base(post, async, async.with(params{"instanceId": "never"}), params{"effectiveTime": "soon"}),
		"order_notify":   base(post, notify, params{}, params{"orderLineId": "-"}),
		"kit_v1":         base(kit("kit_v1", "tenantSync"), tenant, params{}, params{"flag": "9"}),
		"kit_v2":         base(kit("kit_v2", "tenantSync"), tenant, params{}, params{"timeStamp": "yesterday"}),
	}
	// 000003 cannot arise where no instance is named that has to exist: a code is adopted, a notification names an order, a
	// deletion of the Kit must not look (kit §0.1).
	for _, name := range []string{"order_notify", "kit_v1", "kit_v2"} {
		delete(table[name], "000003")
	}
	table["license_code"]["000003"] = func(r *rig) reply { return r.post("refusing", code) }
	// 000004: what is still going on.
	table["saas_v2"]["000004"] = func(r *rig) reply { return r.post("slow", v2) }
	table["saas_v1"]["000004"] = func(r *rig) reply { return r.get("slow", v1Purchase.with(params{"businessId": "b-1"})) }
	table["license_v1"]["000004"] = func(r *rig) reply { return r.get("slow", licence) }
	table["license_code"]["000004"] = func(r *rig) reply { return r.post("slow-completion", code) }
	table["license_online"]["000004"] = func(r *rig) reply {
		r.post("slow", v2.with(params{"businessId": "i-9"}))
		r.completes()
		return r.post("slow", async)
	}
	for name, call := range map[string]func(*rig, string, params) reply{"kit_v1": kit("kit_v1", "applicationSync"), "kit_v2": kit("kit_v2", "applicationSync")} {
		table[name]["000101"] = func(r *rig) reply { return call(r, "every", app) }
	}
	for name, c := range map[string]params{
		"000901": async.with(params{"expireTime": "2030-10-27 10:30:15 z"}),
		"000902": async.with(params{"expireTime": "-"}),
	} {
		table["license_online"][name] = func(r *rig) reply { bought(r); return r.post("every", c) }
	}
	table["license_online"]["000903"] = func(r *rig) reply {
		r.market.mu.Lock()
		r.market.facts.Product.ProductID = "p-device"
		r.market.mu.Unlock()
		bought(r)
		return r.post("every", async)
	}
	table["license_online"]["000900"] = func(r *rig) reply {
		r.post("slow", v2.with(params{"businessId": "i-9"}))
		r.completes()
		go r.fails(resultcode.LicenseQuotaUsedUp)
		return r.post("slow", async)
	}
	withMore := func(cfg *config.Config, d *server.Deps) {
		withEvery(cfg, d)
		refusing := cfg.Endpoints[len(cfg.Endpoints)-2]
		refusing.Name, refusing.Codes = "refusing", "refuse"
		waiting := cfg.Endpoints[len(cfg.Endpoints)-1]
		waiting.Name, waiting.Answers = "slow-completion", map[string]string{"refreshLicenseCode": "completion"}
		cfg.Endpoints = append(cfg.Endpoints, refusing, waiting)
	}
	if len(table) != len(family.Names()) {
		t.Errorf("%d families are driven, %d are served", len(table), len(family.Names()))
	}
	for name, codes := range table {
		for want, f := range codes {
			t.Run(name+"/"+want, func(t *testing.T) {
				t.Parallel()
				r := start(t, withMore)
				if a := f(r); a.code != want || a.msg == "" {
					t.Errorf("answer %s", a.body)
				}
			})
		}
	}
	for name, call := range map[string]func(r *rig, order string) reply{
		"saas_v2": func(r *rig, order string) reply {
			return r.post("slow", v2.with(params{"orderId": order, "orderLineId": order + "-1", "businessId": order}))
		},
		"saas_v1": func(r *rig, order string) reply {
			return r.get("slow", v1Purchase.with(params{"orderId": order, "businessId": order}))
		},
		"license_v1": func(r *rig, order string) reply {
			return r.get("slow", licence.with(params{"orderId": order, "businessId": order}))
		},
	} {
		t.Run(name+"/creation", func(t *testing.T) {
			t.Parallel()
			r := start(t, withMore)
			creation(r, func(order string) reply { return call(r, order) })
		})
	}
	t.Run("000001", func(t *testing.T) {
		r := start(t, withMore)
		for listener, a := range map[string]reply{
			"POST":   r.wire(http.MethodPost, r.address("every")+"?signature=00&timestamp=1&nonce=x", nil, "{}"),
			"GET":    r.wire(http.MethodGet, r.address("every")+"?activity=newInstance&authToken=x&timeStamp=1", nil, ""),
			"kit_v1": r.wire(http.MethodPost, r.address("every")+"/produceAPI/tenantSync", map[string]string{"authToken": "x"}, `{"timeStamp":"1"}`),
			"kit_v2": r.wire(http.MethodPost, r.address("every")+"/produceAPI/v2/tenantSync", map[string]string{"x-nonce": "x", "x-timestamp": "1", "x-sign": "00"}, `{}`),
		} {
			if a.code != "000001" {
				t.Errorf("%s: %s", listener, a.body)
			}
		}
	})
}

// What V1.0 answers can be opened with the key and by the published derivation only.
func TestV1Credentials(t *testing.T) {
	r := start(t, withEvery)
	go r.completes()
	a := r.get("slow", v1Purchase.with(params{"businessId": "b-1"}))
	app, _ := a.all["appInfo"].(map[string]any)
	if a.code != "000000" || a.all["encryptType"] != "1" || a.all["instanceId"] != "b-1" || app["frontEndUrl"] != "https://app.example.com/1" {
		t.Fatalf("answer %s", a.body)
	}
	for field, want := range map[string]string{"userName": "admin", "password": "canary-password"} {
		sealed, _ := app[field].(string)
		if got, err := seal.Decrypt(acmeKey, seal.AES256, sealed); err != nil || got != want {
			t.Errorf("%s: %q, %v", field, got, err)
		}
	}
	// The buyer accepts: the same answer, and one event more.
	accepted := v1Purchase.with(params{"businessId": "b-2", "acceptanceTime": "20261125010203004"})
	for range 2 {
		if b := r.get("slow", accepted); b.body != a.body {
			t.Errorf("acceptance: %s, want %s", b.body, a.body)
		}
	}
	r.wantEvents("CS1", "instance.admitted", "task.completed", "instance.accepted")
	if b := r.get("slow", v1Purchase.with(params{"businessId": "b-3", "customerId": "c-2", "skuCode": "another"})); b.body != a.body {
		t.Errorf("a repeat that differs: %s, want %s", b.body, a.body)
	}
	r.wantEvents("CS1", "instance.admitted", "task.completed", "instance.accepted", "call.differs")
	if log := r.log.String(); strings.Contains(log, "canary-password") || strings.Contains(log, acmeKey) {
		t.Error("a secret in the log")
	}
}

// Pay-per-use is keyed by order and product (saas-v1 §1.2).
func TestV1PayPerUse(t *testing.T) {
	r := start(t, withEvery)
	ids := map[string]bool{}
	for _, product := range []string{"p-1", "p-2", "p-1", "p-2"} {
		a := r.get("every", v1Purchase.with(params{"businessId": rand.Text(), "productId": product, "chargingMode": "0", "expireTime": "-"}))
		id, _ := a.all["instanceId"].(string)
		if a.code != "000000" || id == "" {
			t.Fatalf("answer %s", a.body)
		}
		ids[id] = true
	}
	if len(ids) != 2 {
		t.Errorf("instances %v", ids)
	}
}

// A whole life in V1.0, with the expiry in UTC+8 and the thaw by a renewal.
func TestV1Life(t *testing.T) {
	r := start(t, withEvery)
	a := r.get("every", v1Purchase.with(params{"businessId": "b-1"}))
	if a.code != "000000" {
		t.Fatal(a.body)
	}
	instance := func() store.Instance {
		i, err := r.Core().Instance(t.Context(), "acme", "b-1")
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	if want := time.Date(2030, 7, 27, 7, 31, 56, 0, time.UTC); !instance().ExpireAt.Equal(want) || instance().Family != "saas_v1" {
		t.Errorf("instance %+v", instance())
	}
	for _, step := range []struct {
		p     params
		state store.InstanceState
	}{
		{params{"activity": "instanceStatus", "instanceId": "b-1", "instanceStatus": "FREEZE"}, store.InstanceFrozen},
		{params{"activity": "refreshInstance", "instanceId": "b-1", "orderId": "CS2", "expireTime": "20310727153156"}, store.InstanceFrozen}, // not frozen by expiry
		{params{"activity": "instanceStatus", "instanceId": "b-1", "instanceStatus": "NORMAL"}, store.InstanceActive},
		{params{"activity": "expireInstance", "instanceId": "b-1"}, store.InstanceFrozen},
		{params{"activity": "expireInstance", "instanceId": "b-1"}, store.InstanceFrozen},
		{params{"activity": "refreshInstance", "instanceId": "b-1", "orderId": "CS3", "expireTime": "20320727153156"}, store.InstanceActive},
		{params{"activity": "refreshInstance", "instanceId": "b-1", "orderId": "CS3", "expireTime": "20320727153156"}, store.InstanceActive},
		{params{"activity": "upgrade", "instanceId": "b-1", "orderId": "CS4", "skuCode": "s-2", "productId": "p-2", "amount": "20"}, store.InstanceActive},
		{params{"activity": "refreshInstance", "instanceId": "b-1", "orderId": "CS5", "expireTime": "20290727153156", "orderAmount": "-10"}, store.InstanceActive},
		{params{"activity": "releaseInstance", "instanceId": "b-1"}, store.InstanceReleased},
	} {
		if a := r.get("every", step.p); a.body != asV1 {
			t.Errorf("%v: %s", step.p, a.body)
		}
		if i := instance(); i.State != step.state {
			t.Errorf("%v: state %s, want %s", step.p, i.State, step.state)
		}
	}
	if i := instance(); i.Product.SKUCode != "s-2" || i.Product.LinearValue != 20 || wiretime.Format14(i.ExpireAt) != "20290727073156" {
		t.Errorf("instance %+v", i)
	}
}

// The Kit's secret is kept sealed and told to the seller's systems only.
func TestKitSecret(t *testing.T) {
	r := start(t, withEvery)
	bought(r)
	key, err := seal.ParsePrivateKey([]byte(rsaPEM().Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	sealed := oaep(t, &key.PublicKey)
	text, _ := json.Marshal(params{"instanceId": "i-9", "tenantId": "t-1", "appId": "a-1", "clientId": "cl-1", "clientSecret": sealed, "flag": "1", "timeStamp": "20220413093539534"})
	if a := r.kit("kit_v2", "every", "applicationSync", string(text)); a.body != asKit {
		t.Fatal(a.body)
	}
	if _, body, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/applications", directoryToken, ""); strings.Contains(body, clientSecret) || !strings.Contains(body, "cl-1") {
		t.Errorf("list: %s", body)
	}
	if _, body, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/instances/i-9/tenants/t-1/applications/a-1", directoryToken, ""); !strings.Contains(body, clientSecret) {
		t.Errorf("one: %s", body)
	}
	if code, body, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/instances/i-9/tenants/t-1/applications/a-1", otherToken, ""); code != http.StatusNotFound {
		t.Errorf("another seller got %d %s", code, body)
	}
	if strings.Contains(r.log.String(), clientSecret) {
		t.Error("the secret in the log")
	}
}

func oaep(t *testing.T, pub *rsa.PublicKey) string {
	t.Helper()
	sealed, err := seal.EncryptSecret(pub, clientSecret, crypto.SHA256, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// An address that sells nothing but online licences: what newInstance creates there has no access information, and the
// activities that the family does not have are refused.
func TestOnlineLicencesAlone(t *testing.T) {
	r := start(t, func(cfg *config.Config, _ *server.Deps) {
		cfg.Endpoints = append(cfg.Endpoints, config.Endpoint{
			Name: "online", Seller: "acme", Families: []string{"license_online"}, Keys: []config.Secret{acmeKey}, Retry: config.RetryLicenseOnline,
			Products: map[string]config.Product{"*": {Provisioner: "crm", SyncBudget: 4 * time.Second}},
		})
	})
	go func() {
		if task, ok := r.leases(); ok {
			if _, err := r.Core().CompleteTask(context.Background(), fulfil.Completion{Seller: "acme", TaskID: task.ID, Fence: task.Fence}); err != nil {
				t.Error(err)
			}
		}
	}()
	a := r.post("online", params{"activity": "newInstance", "orderId": "CS9", "orderLineId": "CS9-1", "businessId": "i-9"})
	if a.code != "000000" {
		t.Fatal(a.body)
	}
	if i, err := r.Core().Instance(t.Context(), "acme", "i-9"); err != nil || i.Family != "license_online" || i.State != store.InstanceActive {
		t.Errorf("instance %+v, %v", i, err)
	}
	for _, activity := range []string{"queryInstance", "upgradeInstance", "changeInstanceCheck", "orderNotify", "refreshLicenseCode"} {
		if a := r.post("online", params{"activity": activity, "instanceId": "i-9"}); a.code != "000002" || !strings.Contains(a.msg, "not served") {
			t.Errorf("%s: %s", activity, a.body)
		}
	}
}

// 000003 may be answered to a change of status, an update and a release (third-reading T14).
func TestOnlineLicencesOfNobody(t *testing.T) {
	r := start(t, func(cfg *config.Config, _ *server.Deps) {
		cfg.Endpoints = append(cfg.Endpoints, config.Endpoint{
			Name: "online", Seller: "acme", Families: []string{"license_online"}, Keys: []config.Secret{acmeKey},
			Products: map[string]config.Product{"*": {Provisioner: "crm"}},
		})
	})
	for _, p := range []params{
		{"activity": "refreshInstance", "scene": "RENEWAL", "orderId": "CSr", "orderLineId": "CSr-1", "expireTime": "20301231155959"},
		{"activity": "updateInstanceStatus", "status": "FREEZE"}, {"activity": "releaseInstance", "orderId": "CSu"},
	} {
		if a := r.post("online", p.with(params{"instanceId": "nobody"})); a.code != "000003" {
			t.Errorf("%s: %s", p["activity"], a.body)
		}
	}
}

// Members that the contract does not know are kept with the event of a synchronisation, and nobody can read them there.
func TestKitKeepsWhatItDoesNotKnow(t *testing.T) {
	r := start(t, withEvery)
	bought(r)
	body := `{"instanceId":"i-9","tenantId":"t-1","orgInfoList":[{"orgCode":"d","orgName":"x","floor":"canary-floor"}],"colour":"canary-colour","timeStamp":"20220413093539534"}`
	if a := r.kit("kit_v2", "every", "allOrgSync", body); a.body != asKit {
		t.Fatal(a.body)
	}
	es, err := r.Core().Events(t.Context(), "acme", "CS9", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var data struct {
		ExtraDigest string `json:"extraDigest"`
	}
	last := es[len(es)-1]
	if err := json.Unmarshal([]byte(last.Data), &data); err != nil || last.Kind != "directory.synced" || strings.Contains(last.Data, "canary") {
		t.Fatalf("event %+v, %v", last, err)
	}
	plain, err := evidence.Unseal(r.deps.Sealer, last.Sealed, data.ExtraDigest, "kit/acme/i-9/t-1")
	if want := "{\"colour\":\"canary-colour\"}\n\"d\": {\"floor\":\"canary-floor\"}\n"; err != nil || string(plain) != want {
		t.Errorf("kept %q, %v", plain, err)
	}
}
