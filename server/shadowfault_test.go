// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store/sqlitetest"
)

// held makes calls one after the other, each when the one before was compared, and returns what differs once the server has ended.
func (r *rig) held(calls []params) []string {
	r.t.Helper()
	for i, c := range calls {
		r.post("moved", c)
		eventually(r.t, "a call is compared", func() bool { return r.compared() > i })
	}
	return r.rules()
}

// rules are the activities and rules by which calls differ, each once, when the server has ended.
func (r *rig) rules() []string {
	r.t.Helper()
	st := r.reopened()
	list, _ := differences(r.t, st)
	for i, text := range list {
		words := strings.Fields(text)
		list[i] = words[0] + " " + strings.Join(words[1:max(2, len(words)-2)], " ")
	}
	return slices.Compact(list)
}

func new1(order string) params {
	return params{"activity": "newInstance", "orderId": order, "orderLineId": order + "-1", "businessId": "b-" + order}
}

func look(ids string) params { return params{"activity": "queryInstance", "instanceId": ids} }

func renewal(order, instance string) params {
	return params{
		"activity": "refreshInstance", "scene": "RENEWAL", "orderId": order, "orderLineId": order + "-1", "instanceId": instance, "expireTime": "20310101000000",
	}
}

func frozen(instance, status string) params {
	return params{"activity": "updateInstanceStatus", "instanceId": instance, "status": status}
}

func ended(instance string) params {
	return params{"activity": "releaseInstance", "instanceId": instance, "orderId": "CSX", "orderLineId": "1"}
}

// spoiled changes the answers to an activity.
func spoiled(activity string, change func(call map[string]string, a map[string]any)) func(map[string]string, map[string]any) {
	return func(call map[string]string, a map[string]any) {
		if call["activity"] == activity {
			change(call, a)
		}
	}
}

func says(code string) func(map[string]string, map[string]any) {
	return func(_ map[string]string, a map[string]any) {
		clear(a)
		maps.Copy(a, map[string]any{"resultCode": code, "resultMsg": "no"})
	}
}

// Whatever an old server does differently is found, by the rule meant for it and by no other; what differs by nature is not.
func TestFaultsOfAnOldServerAreFound(t *testing.T) {
	life := []params{
		new1("CS1"), new1("CS1"), look("old-CS1"), renewal("CS1R", "old-CS1"), renewal("CS1R", "old-CS1"), frozen("old-CS1", "FREEZE"), frozen("old-CS1", "UNFREEZE"),
		{"activity": "upgradeInstance", "instanceId": "old-CS1", "orderId": "CS1U", "orderLineId": "1"}, new1("CS2"), look("old-CS1,old-CS2"), look("old-CS1,ghost"),
		look("ghost"), ended("old-CS2"), ended("old-CS2"), ended("old-before"), frozen("old-older", "FREEZE"), look("old-old,old-older"),
		{"activity": "newInstance", "orderId": "CSP", "orderLineId": "1", "businessId": "b", "testFlag": "1"},
	}
	debugged := params{"activity": "newInstance", "orderId": "CSP", "orderLineId": "1", "businessId": "b", "testFlag": "1"}
	repeats, looks, fresh := 0, 0, 0
	for name, x := range map[string]struct {
		spoil func(call map[string]string, answer map[string]any)
		calls []params
		want  []string
	}{
		"nothing": {nil, life, nil},
		"nothing, but later": {spoiled("newInstance", func(_ map[string]string, a map[string]any) {
			a["resultCode"] = "000004"
		}), life[:4], nil},
		"nothing, but under way": {func(call map[string]string, a map[string]any) {
			switch call["activity"] {
			case "newInstance":
				a["resultCode"] = "000004"
			case "queryInstance":
				if looks++; looks < 3 {
					says("000004")(call, a)
				}
			}
		}, []params{new1("CS1"), look("old-CS1"), new1("CS1"), look("old-CS1"), look("old-CS1")}, nil},
		"nothing, but a fresh one for each debugging call": {spoiled("newInstance", func(_ map[string]string, a map[string]any) {
			fresh++
			a["instanceId"] = fmt.Sprint("old-", fresh)
		}), []params{debugged, debugged, debugged}, nil},
		"a release fails":      {spoiled("releaseInstance", says("000005")), []params{new1("CS1"), ended("old-CS1"), look("old-CS1")}, []string{"releaseInstance DIFFERS outcome"}},
		"a renewal is refused": {spoiled("refreshInstance", says("000005")), life[:4], []string{"refreshInstance DIFFERS outcome"}},
		"another code":         {spoiled("queryInstance", says("000005")), []params{look("ghost")}, []string{"queryInstance DIFFERS result-code"}},
		"no instance":          {spoiled("newInstance", func(_ map[string]string, a map[string]any) { delete(a, "instanceId") }), life[:1], []string{"newInstance DIFFERS outcome"}},
		"another one on a repeat": {spoiled("newInstance", func(_ map[string]string, a map[string]any) {
			if repeats++; repeats == 2 {
				a["instanceId"] = "old-other"
			}
		}), life[:2], []string{"newInstance DIFFERS identity"}},
		"one for two orders": {spoiled("newInstance", func(_ map[string]string, a map[string]any) { a["instanceId"] = "old-one" }), []params{new1("CS1"), new1("CS2")}, []string{"newInstance DIFFERS identity"}},
		"one is left out": {spoiled("queryInstance", func(_ map[string]string, a map[string]any) { a["info"] = a["info"].([]any)[:1] }),
			[]params{new1("CS1"), new1("CS2"), look("old-CS1,old-CS2")}, []string{"queryInstance DIFFERS instances"}},
		"another order": {spoiled("queryInstance", func(_ map[string]string, a map[string]any) { slices.Reverse(a["info"].([]any)) }),
			[]params{new1("CS1"), new1("CS2"), look("old-CS1,old-CS2")}, []string{"queryInstance DIFFERS order"}},
		"no address": {spoiled("queryInstance", func(_ map[string]string, a map[string]any) {
			a["info"].([]any)[0].(map[string]any)["appInfo"] = map[string]any{"url": "https://old.example.com"}
		}), life[:3], []string{"queryInstance DIFFERS access,objections"}},
		"a memo that is too long": {spoiled("queryInstance", func(_ map[string]string, a map[string]any) {
			a["info"].([]any)[0].(map[string]any)["appInfo"].(map[string]any)["memo"] = strings.Repeat("m", 1025)
		}), life[:3], []string{"queryInstance DIFFERS objections"}},
		"success for nobody's":  {nil, []params{frozen("ghost", "FREEZE")}, []string{"updateInstanceStatus DIFFERS outcome"}},
		"success after the end": {nil, []params{new1("CS1"), ended("old-CS1"), renewal("CS1R", "old-CS1")}, []string{"refreshInstance DIFFERS outcome"}},
		"no text":               {spoiled("refreshInstance", func(_ map[string]string, a map[string]any) { delete(a, "resultMsg") }), life[:4], []string{"refreshInstance DIFFERS objections"}},
		"slow":                  {spoiled("refreshInstance", func(map[string]string, map[string]any) { time.Sleep(4700 * time.Millisecond) }), life[:4], []string{"refreshInstance DIFFERS time"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOldServer(t)
			o.spoil = x.spoil
			r := start(t)
			r.moved(o, "shadow")
			if got := r.held(x.calls); !slices.Equal(got, x.want) {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}

// The V1.0 generation signs its answers, and hands over what was sold within the call.
func TestFaultsOfAnOldServerOfV1AreFound(t *testing.T) {
	for name, x := range map[string]struct {
		family judge.Family
		spoil  func(string, int, *simtest.Said)
		want   []string
	}{
		"Body-Sign wrong":     {judge.FamilySaasV1, simtest.At("upgrade", 1, simtest.Header(func(string, []byte) string { return `sign_type="HMAC-SHA256", signature= "x"` })), []string{"upgrade DIFFERS body-sign"}},
		"no Body-Sign":        {judge.FamilyLicenseV1, simtest.At("expireLicense", 1, func(a *simtest.Said) { a.BodySign = nil }), []string{"expireLicense DIFFERS body-sign"}},
		"HTTP 500":            {judge.FamilySaasV1, simtest.At("upgrade", 1, func(a *simtest.Said) { a.Status = http.StatusInternalServerError }), []string{"upgrade DIFFERS http-status"}},
		"no licence":          {judge.FamilyLicenseV1, simtest.At("getLicense", 1, simtest.Without("license")), []string{"getLicense DIFFERS outcome"}},
		"no access":           {judge.FamilySaasV1, simtest.At("newInstance", 1, simtest.Without("appInfo")), []string{"newInstance DIFFERS outcome"}},
		"password in clear":   {judge.FamilySaasV1, simtest.At("newInstance", 1, simtest.InApp("password", "clear")), []string{"newInstance DIFFERS objections"}},
		"expiry is refused":   {judge.FamilySaasV1, simtest.At("expireInstance", 1, simtest.Code("000003")), []string{"expireInstance DIFFERS outcome"}},
		"nothing but a page":  {judge.FamilySaasV1, simtest.At("releaseInstance", 1, func(a *simtest.Said) { a.ContentType = "text/html" }), []string{"releaseInstance DIFFERS outcome"}},
		"no message":          {judge.FamilyLicenseCode, simtest.At("releaseLicenseCode", 1, simtest.Without("resultMsg")), []string{"releaseLicenseCode DIFFERS objections"}},
		"a tenant is refused": {judge.FamilyKitV1, simtest.At("tenantSync", 1, simtest.Code("000005")), []string{"tenantSync DIFFERS outcome"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := simtest.NewPartner(t, x.spoil)
			r := shadowed(t, p.URL, p.Clock.Now)
			sim := simtest.Rehearsal(t, p, r.calledBy)
			if x.family.Joint() {
				_, _ = sim.Joint(t.Context(), x.family, nil) // it fails by what is spoiled
			}
			_, _ = sim.LifeOf(t.Context(), x.family) // likewise
			if got := r.rules(); !slices.Equal(got, x.want) {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}

// What another process saw the old server release is released here too, and what nobody saw is a fault.
func TestAReleaseThatAnotherReplicaSaw(t *testing.T) {
	for name, x := range map[string]struct {
		released bool
		want     []string
	}{"seen elsewhere": {true, nil}, "never": {false, []string{"queryInstance DIFFERS outcome", "refreshInstance DIFFERS outcome"}}} {
		o := newOldServer(t)
		gone := false
		o.spoil = func(call map[string]string, a map[string]any) {
			if gone && call["instanceId"] != "" {
				says("000003")(call, a)
			}
		}
		r := start(t)
		r.moved(o, "shadow")
		n := 0
		call := func(p params) {
			t.Helper()
			n++
			r.post("moved", p)
			eventually(t, "a call is compared", func() bool { return r.compared() >= n })
		}
		call(new1("CS1"))
		call(look("old-CS1"))
		if x.released {
			if err := r.deps.Store.EndClaim(t.Context(), "acme", "old-CS1", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		o.mu.Lock()
		gone = true
		o.mu.Unlock()
		call(look("old-CS1"))
		call(renewal("CS1R", "old-CS1"))
		if got := r.rules(); !slices.Equal(got, x.want) {
			t.Errorf("%s: got %q, want %q", name, got, x.want)
		}
	}
}

// A process that knows nothing of what came before it finds no differences where there are none.
func TestAShadowBeginsInTheMiddle(t *testing.T) {
	o := newOldServer(t)
	path := sqlitetest.File(t)
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	first := startAt(t, path, sealer)
	first.moved(o, "shadow")
	for i, p := range []params{new1("CS1"), new1("CS2"), renewal("CS1R", "old-CS1"), ended("old-CS2")} {
		first.post("moved", p)
		eventually(t, "a call is compared", func() bool { return first.compared() > i })
	}
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	r := startAt(t, path, sealer)
	calls := []params{
		look("old-CS1"), new1("CS1"), renewal("CS1R", "old-CS1"), frozen("old-CS1", "FREEZE"), new1("CS2"), ended("old-CS2"), new1("CS3"), look("old-CS3,old-CS1"), ended("old-CS1"),
	}
	if got := r.held(calls); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

// What comes of the comparisons can be read: of a call, of all that differ, and of an endpoint.
func TestWhatDiffersCanBeRead(t *testing.T) {
	o := newOldServer(t)
	r := start(t)
	r.moved(o, "shadow")
	for i, p := range []params{new1("CS1"), look("old-CS1"), frozen("ghost", "FREEZE"), frozen("ghost", "UNFREEZE"), ended("old-CS1")} {
		r.post("moved", p)
		eventually(t, "a call is compared", func() bool { return r.compared() > i })
	}
	differing := func() []map[string]any { return r.listed(url.QueryEscape(`comparison = "DIFFERS"`)) }
	eventually(t, "the calls are recorded", func() bool { return len(differing()) == 2 && len(r.listed("")) == 5 })
	c := differing()[0]
	d := c["differences"].([]any)[0].(map[string]any)
	if c["ownResultCode"] != "000003" || c["resultCode"] != "000000" || c["side"] != "SIDE_OLD" || d["rule"] != "outcome" || d["severe"] != true ||
		!strings.HasPrefix(d["text"].(string), "the call succeeds, fails or is under way: ") || !strings.HasPrefix(d["textZh"].(string), "调用成功、失败或处理中：") {
		t.Errorf("the call is told as %v", c)
	}
	_, text, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/endpoints/moved", keysToken, "")
	var got struct {
		Old struct {
			Shadow struct {
				SinceTime, Same, Differing, Skipped string
				Rules                               []struct {
					Difference          struct{ Rule string }
					Calls               string
					FirstTime, LastTime time.Time
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	s := got.Old.Shadow
	if s.Same != "3" || s.Differing != "2" || s.Skipped != "0" || s.SinceTime == "" || len(s.Rules) != 1 || s.Rules[0].Difference.Rule != "outcome" || s.Rules[0].Calls != "2" ||
		!s.Rules[0].FirstTime.Before(s.Rules[0].LastTime) {
		t.Errorf("%+v", s)
	}
	if log := r.log.String(); !strings.Contains(log, "differs from Koogate's") || strings.Contains(log, acmeKey) {
		t.Error("the log tells it wrongly")
	}
}

// Two calls about one instance that were under way at once: nobody knows which the old server has seen first.
func TestCallsThatOverlap(t *testing.T) {
	o := newOldServer(t)
	r := start(t)
	r.moved(o, "shadow")
	released := make(chan struct{})
	o.spoil = spoiled("refreshInstance", func(map[string]string, map[string]any) {
		o.mu.Unlock()
		<-released
		o.mu.Lock()
	})
	call := func(n int, p params) {
		r.post("moved", p)
		eventually(t, "a call is compared", func() bool { return r.compared() >= n })
	}
	call(1, new1("CS1"))
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.post("moved", renewal("CS1R", "old-CS1"))
	}()
	eventually(t, "the renewal is with the old server", func() bool {
		_, about := o.seen("CS1")
		return about == 1
	})
	call(2, ended("old-CS1"))
	close(released)
	<-done
	eventually(t, "the renewal is compared", func() bool { return r.compared() >= 3 })
	if got := r.rules(); !slices.Equal(got, []string{"refreshInstance SKIPPED"}) {
		t.Errorf("got %q", got)
	}
}
