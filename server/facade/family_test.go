// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/fulfil"
)

const (
	baseKey = "test-base-key-of-every-family"
	kitKey  = "canary-kit-key-of-every-family"
)

// withEvery adds an endpoint that serves every family.
func withEvery(cfg *facade.Config, d *facade.Deps) {
	cfg.Endpoints = append(cfg.Endpoints, facade.Endpoint{
		Name: "every", Seller: "demo-seller", Families: family.Names(), Keys: []string{"another-key", baseKey}, KitKeys: []string{kitKey},
	})
	d.Core.(*stub).endpoints["every"] = &fulfil.Endpoint{Name: "every", Seller: "demo-seller"}
}

// get makes a V1.0 call from name and value pairs.
func (r *rig) get(endpoint, key string, pairs ...string) answer {
	r.t.Helper()
	params := url.Values{"timeStamp": {r.clock.Now().UTC().Format("20060102150405.000")}}
	params.Set("timeStamp", strings.Replace(params.Get("timeStamp"), ".", "", 1))
	for i := 0; i < len(pairs); i += 2 {
		params.Set(pairs[i], pairs[i+1])
	}
	u, err := sign.SignQuery("https://seller.example/produce/"+endpoint, key, params)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.fetch(u)
}

func (r *rig) fetch(u string) answer {
	r.t.Helper()
	parsed, err := url.Parse(u)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.do(httptest.NewRequestWithContext(r.t.Context(), http.MethodGet, parsed.RequestURI(), http.NoBody))
}

// kit makes a call of the Kit; with a key of the second generation its headers, else authToken.
func (r *rig) kit(path, body string, header map[string]string) answer {
	r.t.Helper()
	req := httptest.NewRequestWithContext(r.t.Context(), http.MethodPost, "/produce/every/produceAPI/"+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	return r.do(req)
}

func (r *rig) kitV2(key, body string) map[string]string {
	nonce, ts := "kn"+strconv.FormatInt(r.nonces.Add(1), 10), strconv.FormatInt(r.clock.Now().UnixMilli(), 10)
	return map[string]string{"x-nonce": nonce, "x-timestamp": ts, "x-sign": strings.ToUpper(sign.KitSign(key, nonce, ts, []byte(body)))}
}

func (r *rig) kitV1(key, body string) map[string]string {
	r.t.Helper()
	token, err := sign.AuthTokenBody(key, []byte(body))
	if err != nil {
		r.t.Fatal(err)
	}
	return map[string]string{"authToken": token}
}

// signedBy holds an answer to its Body-Sign.
func (r *rig) signedBy(a answer, key string) {
	r.t.Helper()
	if got, want := a.header["Body-Sign"], sign.BodySign(key, []byte(a.body)); len(got) != 1 || got[0] != want {
		r.t.Errorf("Body-Sign %q, want %q over %s", got, want, a.body)
	}
}

var release = []string{"activity", "releaseInstance", "instanceId", "i-1", "orderId", "CS1"}

func TestV1Calls(t *testing.T) {
	r := newRig(t, withEvery)
	a := r.get("every", baseKey, release...)
	r.want(a, "000000", "releaseInstance i-1 CS1 ")
	r.signedBy(a, baseKey)
	if a.body != `{"resultCode":"000000","resultMsg":"success."}` {
		t.Errorf("answer %s", a.body)
	}
	// No nonce, no window: the same call again is a repeat, and so is one from last year.
	a = r.get("every", baseKey, release...)
	r.want(a, "000000", "releaseInstance i-1 CS1 ")
	a = r.get("every", baseKey, append([]string{"timeStamp", "20170725025113409"}, release...)...)
	r.want(a, "000000", "releaseInstance i-1 CS1 ")
	// What is wrong is answered signed as well, to whoever has the key.
	for name, c := range map[string]struct {
		a      answer
		code   string
		signed bool
	}{
		"key":              {r.get("every", "wrong-key", release...), "000001", false},
		"kit's key":        {r.get("every", kitKey, release...), "000001", false},
		"no token":         {r.fetch("https://x/produce/every?activity=releaseInstance&timeStamp=20170725025113409"), "000001", false},
		"no time":          {r.fetch("https://x/produce/every?activity=releaseInstance&authToken=x"), "000002", false},
		"nothing":          {r.fetch("https://x/produce/every"), "000001", false},
		"bad escape":       {r.fetch("https://x/produce/every?activity=%zz&authToken=x&timeStamp=1"), "000001", false},
		"no activity":      {r.get("every", baseKey, "instanceId", "i-1"), "000002", true},
		"another activity": {r.get("every", baseKey, "activity", "updateInstance"), "000002", true},
		"no instance":      {r.get("every", baseKey, "activity", "releaseInstance"), "000002", true},
		"unknown value":    {r.get("every", baseKey, "activity", "instanceStatus", "instanceId", "i", "instanceStatus", "MELT"), "000002", true},
	} {
		if c.a.code != c.code {
			t.Errorf("%s: %s, want %s", name, c.a.body, c.code)
		}
		if c.signed {
			r.signedBy(c.a, baseKey)
		} else if c.a.header["Body-Sign"] != nil {
			t.Errorf("%s: a stranger's answer is signed", name)
		}
	}
	if strings.Contains(r.log.String(), kitKey) || strings.Contains(r.log.String(), baseKey) {
		t.Error("a key in the log")
	}
}

// A plus sign that arrived as a space is repaired, and said so (saas-v1 §2.1).
func TestV1Repair(t *testing.T) {
	r := newRig(t, withEvery)
	for i := range 200 {
		params := url.Values{"activity": {"expireInstance"}, "instanceId": {"i-" + strconv.Itoa(i)}, "timeStamp": {"20170725025113409"}}
		u, err := sign.SignQuery("https://x/produce/every", baseKey, params)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(u, "%2B") {
			continue
		}
		a := r.fetch(strings.ReplaceAll(u, "%2B", "+"))
		if a.code != "000000" || !strings.Contains(r.log.String(), "repaired=true") {
			t.Errorf("answer %s, log %s", a.body, r.log)
		}
		return
	}
	t.Fatal("no token with a plus sign among 200")
}

// Parameters that the contract does not know are part of the signature and are kept.
func TestV1UnknownParameters(t *testing.T) {
	r := newRig(t, withEvery)
	a := r.get("every", baseKey, "activity", "newInstance", "orderId", "CS1", "businessId", "b-1", "productId", "p-1", "customerId", "c-1", "colour", "red&blue")
	r.want(a, "000000", `newInstance CS1  b-1  extra={"colour":"red&blue"} lock=1 arrived=12:00:00`)
	a = r.get("every", baseKey, "activity", "newInstance", "orderId", "CS1", "businessId", "b-2", "productId", "p-1", "chargingMode", "0")
	r.want(a, "000000", `newInstance CS1  b-2 p-1 extra= lock=1 arrived=12:00:00`)
}

func TestKitCalls(t *testing.T) {
	r := newRig(t, withEvery)
	body := `{"instanceId":"i-1","orderId":"CS1","tenantId":"t-1","tenantCode":"huawei","name":"n","domainName":"https://t.example","flag":1,"testFlag":0,"timeStamp":"20220413093539534"}`
	want := "tenantSync i-1 t-1"
	a := r.kit("v2/tenantSync", body, r.kitV2(kitKey, body))
	r.want(a, "000000", want)
	if a.body != `{"resultCode":"000000","resultMsg":"Success"}` || a.header["Body-Sign"] != nil {
		t.Errorf("answer %s, Body-Sign %v", a.body, a.header["Body-Sign"])
	}
	a = r.kit("tenantSync", body, r.kitV1(kitKey, body))
	r.want(a, "000000", want)
	r.signedBy(a, kitKey)
	if a.body != `{"resultCode":"000000","resultMsg":"Success"}` {
		t.Errorf("answer %s", a.body)
	}

	replayed := r.kitV2(kitKey, body)
	r.want(r.kit("v2/tenantSync", body, replayed), "000000", want)
	r.want(r.kit("v2/tenantSync", body, replayed), "000001")
	r.want(r.kit("v2/tenantSync", body, r.kitV2(baseKey, body)), "000001")
	r.want(r.kit("tenantSync", body, r.kitV1(baseKey, body)), "000001")
	r.want(r.kit("v2/tenantSync", body, nil), "000002") // the sample looks at x-timestamp first
	r.want(r.kit("tenantSync", body, nil), "000001")
	// The two generations do not mix.
	r.want(r.kit("v2/tenantSync", body, r.kitV1(kitKey, body)), "000002")
	r.want(r.kit("tenantSync", body, r.kitV2(kitKey, body)), "000001")
	missing := r.kitV2(kitKey, body)
	delete(missing, "x-timestamp")
	r.want(r.kit("v2/tenantSync", body, missing), "000002")
	missing = r.kitV2(kitKey, body)
	delete(missing, "x-nonce")
	r.want(r.kit("v2/tenantSync", body, missing), "000002")
	stale := r.kitV2(kitKey, body)
	r.clock.Advance(61 * time.Second)
	r.want(r.kit("v2/tenantSync", body, stale), "000002")

	r.want(r.kit("v2/tenantSink", body, r.kitV2(kitKey, body)), "000002")
	sorted := `{ "timeStamp":"20220413093539534", "tenantId":"t-1","instanceId":"i-1","flag":0,"testFlag":0,"orgCode":"d","orgName":"\u5f20","extra":null}`
	canonical, err := sign.Canonical([]byte(sorted))
	if err != nil {
		t.Fatal(err)
	}
	r.want(r.kit("v2/singleOrgSync", sorted, r.kitV2(kitKey, string(canonical))), "000000", "singleOrgSync i-1 t-1")
	r.want(r.kit("v2/singleOrgSync", sorted, r.kitV2(kitKey, sorted)), "000000", "singleOrgSync i-1 t-1")
	// A blank member is not part of what authToken signs, so it is not read either.
	blank := `{"timeStamp":"20220413093539534","tenantId":"t-1","instanceId":"  ","flag":0,"orgCode":"d","orgName":"x"}`
	r.want(r.kit("singleOrgSync", blank, r.kitV1(kitKey, strings.Replace(blank, "  ", "", 1))), "000000")
}

func TestKitBodiesAreLong(t *testing.T) {
	r := newRig(t, withEvery)
	list := func(n int) string {
		unit := `{"orgCode":"` + strings.Repeat("x", 30) + `","orgName":"name"},`
		return `{"instanceId":"i-1","tenantId":"t-1","timeStamp":"20220413093539534","orgInfoList":[` +
			strings.TrimSuffix(strings.Repeat(unit, n), ",") + `]}`
	}
	body := list(3000) // beyond the 64 KiB of the base interfaces
	r.want(r.kit("v2/allOrgSync", body, r.kitV2(kitKey, body)), "000000", "allOrgSync 3000 i-1 t-1")
	body = list(20001)
	if a := r.kit("v2/allOrgSync", body, r.kitV2(kitKey, body)); a.code != "000002" || !strings.Contains(a.msg, "orgInfoList") {
		t.Errorf("too many: %s", a.body)
	}
	body = `{"x":"` + strings.Repeat("x", 8<<20) + `"}`
	r.want(r.kit("v2/allOrgSync", body, r.kitV2(kitKey, body)), "000002")
}

// What no endpoint serves is not there at all; what another endpoint serves is refused after the signature.
func TestDoors(t *testing.T) {
	closed, open := newRig(t), newRig(t, withEvery)
	for name, c := range map[string]struct {
		r            *rig
		method, path string
		status       int
		allow        string
	}{
		"GET without V1":             {closed, http.MethodGet, "/produce/demo", 405, "OPTIONS, POST"},
		"Kit without Kit":            {closed, http.MethodPost, "/produce/demo/produceAPI/tenantSync", 404, ""},
		"DELETE":                     {open, http.MethodDelete, "/produce/every", 405, "GET, OPTIONS, POST"},
		"GET of the Kit":             {open, http.MethodGet, "/produce/every/produceAPI/v2/tenantSync", 405, "GET, OPTIONS, POST"},
		"no activity":                {open, http.MethodPost, "/produce/every/produceAPI/v2/", 404, ""},
		"below an activity":          {open, http.MethodPost, "/produce/every/produceAPI/v2/tenantSync/x", 404, ""},
		"the gateway's own paths":    {open, http.MethodPost, "/produce/every/v2/newInstance", 404, ""},
		"the gateway's own V1 paths": {open, http.MethodGet, "/produce/every/v1/newInstance", 404, ""},
		"no endpoint":                {open, http.MethodPost, "/produce/", 404, ""},
	} {
		a := c.r.do(httptest.NewRequestWithContext(t.Context(), c.method, c.path, http.NoBody))
		if a.status != c.status || a.header.Get("Allow") != c.allow {
			t.Errorf("%s: HTTP %d, Allow %q", name, a.status, a.header.Get("Allow"))
		}
	}
	open.want(open.get("demo", key1, release...), "000002")
	open.want(open.call(`{"activity":"orderNotify","orderId":"CS1","orderLineId":"CS1-1"}`), "000002")
	open.want(open.call(`{"activity":"orderNotify","orderId":"CS1","orderLineId":"CS1-1"}`, request{endpoint: "every", key: baseKey}),
		"000000", "orderNotify CS1 CS1-1")
	for name, e := range map[string]facade.Endpoint{
		"unknown family": {Name: "x", Seller: "s", Keys: []string{"k"}, Families: []string{"saas_v3"}},
		"empty kit key":  {Name: "x", Seller: "s", Keys: []string{"k"}, KitKeys: []string{""}},
	} {
		if _, err := facade.New(facade.Config{Endpoints: []facade.Endpoint{e}}, facade.Deps{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The V1.0 generation is held longer than the others, and no longer than the marketplace waits.
func TestHeldCalls(t *testing.T) {
	r := newRig(t, withEvery, func(cfg *facade.Config, _ *facade.Deps) {
		cfg.Budget, cfg.HoldBudget = 100*time.Millisecond, time.Second
	})
	r.core.during = func(ctx context.Context) {
		deadline, ok := ctx.Deadline()
		if left := time.Until(deadline); !ok || left < 200*time.Millisecond {
			t.Errorf("the deadline is %s away", left)
		}
	}
	r.want(r.get("every", baseKey, release...), "000000", "releaseInstance i-1 CS1 ")
}
