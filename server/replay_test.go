// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
)

// record waits for the record of the only call with an activity and a result code.
func (r *rig) record(activity, code string) (id string) {
	r.t.Helper()
	eventually(r.t, "the call is recorded", func() bool {
		if clk, ok := r.deps.Clock.(virtual); ok {
			clk.Clock.(*clocktest.Clock).Advance(10 * time.Millisecond) //nolint:forcetypeassert // the only virtual one
		}
		for _, c := range r.listed("") {
			if c["activity"] == activity && c["resultCode"] == code && c["replayOf"] == "" {
				id, _ = c["callId"].(string)
			}
		}
		return id != ""
	})
	return id
}

// replayed lets a call in again and returns the HTTP status and the answer or error.
func (r *rig) replayed(id, body string) (int, map[string]any) {
	r.t.Helper()
	status, text, _ := r.http(config.ListenerAPI, http.MethodPost, "/v1/calls/"+id+":replay", acmeToken, body)
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		r.t.Fatalf("%s: %v", text, err)
	}
	return status, got
}

// said is what was said in a call, as the API shows it.
func (r *rig) said(id string) (request, answer string) {
	r.t.Helper()
	status, text, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/calls/"+id+"/body", acmeToken, "")
	var got struct{ Request, Answer string }
	if err := json.Unmarshal([]byte(text), &got); err != nil || status != http.StatusOK {
		r.t.Fatalf("HTTP %d, %v: %s", status, err, text)
	}
	return got.Request, got.Answer
}

// A creation that failed because the database was away is let in again: it has its effect once, in the operator's name, with an audit row, and the
// marketplace's own repeat finds it.
func TestACallIsLetInAgain(t *testing.T) {
	r := start(t)
	purchase := params{"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-1", "businessId": "i-1", "productId": "OFFI-1", "testFlag": "0"}
	r.breakStore()
	if a := r.post("worked", purchase); a.code != "000005" {
		t.Fatalf("got %s", a.body)
	}
	r.broken.Store(false)
	id := r.record("newInstance", "000005")
	before := len(r.auditRows(t))

	if status, _ := r.replayed(id, `{"reason":"the database is back","validateOnly":true}`); status != http.StatusOK {
		t.Fatalf("HTTP %d of a look", status)
	}
	if n := len(r.auditRows(t)); n != before || slices.Contains(r.events("CS1"), "instance.admitted") {
		t.Fatalf("a look left %v and %d audit rows", r.events("CS1"), n-before)
	}
	status, got := r.replayed(id, `{"reason":"the database is back"}`)
	if status != http.StatusOK || got["resultCode"] != "000004" || got["failed"] != false || got["callId"] == "" {
		t.Fatalf("HTTP %d: %v", status, got)
	}
	r.completes()
	r.settled("CS1")
	a := r.post("worked", purchase) // the marketplace's own repeat
	if a.code != "000000" || !strings.Contains(a.body, `"i-1"`) {
		t.Errorf("the marketplace is answered %s", a.body)
	}
	again, got := r.replayed(id, `{"reason":"once more"}`)
	if again != http.StatusOK || got["resultCode"] != "000000" {
		t.Errorf("HTTP %d: %v", again, got)
	}
	r.wantEvents("CS1", "instance.admitted", "order.queried", "task.completed")
	if events, err := r.Core().Events(t.Context(), "acme", "CS1", 0, 500); err != nil || !strings.Contains(events[0].Data, `"api token"`) {
		t.Errorf("the admission is told as %s, %v", events[0].Data, err)
	}
	rows := r.auditRows(t)
	if len(rows) != before+1 || rows[0].Action != "koogate.v1.CallService/ReplayCall" || rows[0].Reason != "the database is back" || rows[0].OrderID != "CS1" {
		t.Errorf("the audit has %d new rows, the last of them %+v", len(rows)-before, rows[0])
	}
	eventually(t, "replays have records of their own", func() bool {
		n := 0
		for _, c := range r.listed("") {
			if c["replayOf"] == id && c["attempt"] == 0.0 && c["orderId"] == "CS1" {
				n++
			}
		}
		return n == 2
	})
}

// Calls of every door are let in again as they came, and answered alike.
func TestCallsOfEveryDoorAreLetInAgain(t *testing.T) {
	r := start(t, withEvery)
	for _, door := range []struct {
		name, activity string
		call           func() reply
		shown, hidden  []string
	}{
		{
			"V2", "updateInstanceStatus",
			func() reply {
				return r.post("every", params{"activity": "updateInstanceStatus", "instanceId": "nobody's", "status": "FREEZE", "colour": "canary-1"})
			},
			[]string{`"instanceId":"nobody's"`, `"status":"FREEZE"`, `"colour":"***"`}, []string{"canary"},
		},
		{
			"V1", "refreshInstance",
			func() reply {
				return r.get("every", params{
					"activity": "refreshInstance", "orderId": "CS3", "instanceId": "nobody's", "expireTime": "20270101000000", "customerName": "canary-2", "testFlag": "0",
				})
			},
			[]string{`"orderId":"CS3"`, `"customerName":"***"`}, []string{"canary"},
		},
		{
			"Kit V2.0", "tenantSync",
			func() reply {
				return r.kit("kit_v2", "every", "tenantSync", `{"instanceId":"nobody's","tenantId":"t-1","name":"canary-4","flag":1,"testFlag":0,"timeStamp":"20220413093539534"}`)
			},
			[]string{`"tenantId":"t-1"`, `"name":"***"`}, []string{"canary"},
		},
	} {
		t.Run(door.name, func(t *testing.T) {
			first := door.call()
			if first.code == "000000" || first.code == "" {
				t.Fatalf("the call is to fail, not %s", first.body)
			}
			id := r.record(door.activity, first.code)
			request, answer := r.said(id)
			for _, text := range door.shown {
				if !strings.Contains(request, text) {
					t.Errorf("%s does not show %s", request, text)
				}
			}
			for _, text := range door.hidden {
				if strings.Contains(request+answer, text) {
					t.Errorf("%s or %s shows %s", request, answer, text)
				}
			}
			if !strings.Contains(answer, first.code) {
				t.Errorf("the answer is shown as %s, and was %s", answer, first.body)
			}
			if status, got := r.replayed(id, `{"reason":"again"}`); status != http.StatusOK || got["resultCode"] != first.code || got["failed"] != true {
				t.Errorf("HTTP %d: %v, and first it was %s", status, got, first.body)
			}
		})
	}
}

// What the marketplace no longer waits for, and what a later call has overtaken, is let in by force alone.
func TestReplaysThatNeedForce(t *testing.T) {
	clk := clocktest.New(time.Date(2026, 3, 31, 10, 0, 0, 0, time.UTC))
	r := start(t, func(_ *config.Config, d *server.Deps) { d.Clock = virtual{clk} })
	call := func(body params) {
		t.Helper()
		text, _ := json.Marshal(body) // strings
		u, err := sign.SignURL(r.address("worked"), acmeKey, rand.Text(), clk.Now(), text)
		if err != nil {
			t.Fatal(err)
		}
		r.wire(http.MethodPost, u, map[string]string{"Content-Type": "application/json"}, string(text))
	}
	r.breakStore()
	call(params{"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-1", "businessId": "i-1"})
	r.broken.Store(false)
	late := r.record("newInstance", "000005")
	clk.Advance(3*time.Hour + time.Second)
	refused := func(id, text string) {
		t.Helper()
		for _, look := range []string{"true", "false"} {
			status, got := r.replayed(id, `{"reason":"x","validateOnly":`+look+`}`)
			if status != http.StatusBadRequest || !strings.Contains(fmt.Sprint(got), "REPLAY_NEEDS_FORCE") || !strings.Contains(fmt.Sprint(got["message"]), text) {
				t.Errorf("HTTP %d: %v, want one that says %s", status, got, text)
			}
		}
	}
	refused(late, "may have refunded")
	if status, got := r.replayed(late, `{"reason":"the buyer has paid by transfer","force":true}`); status != http.StatusOK || got["failed"] != false {
		t.Errorf("HTTP %d: %v", status, got)
	}
	r.completes()
	r.settled("CS1")
	r.breakStore()
	call(params{"activity": "updateInstanceStatus", "instanceId": "i-1", "status": "FREEZE"})
	r.broken.Store(false)
	freeze := r.record("updateInstanceStatus", "000005")
	clk.Advance(time.Minute)
	call(params{"activity": "updateInstanceStatus", "instanceId": "i-1", "status": "UNFREEZE"})
	r.record("updateInstanceStatus", "000000")
	refused(freeze, "was overtaken by updateInstanceStatus of")
	if i, err := r.deps.Store.Instances(t.Context(), "acme", []string{"i-1"}); err != nil || len(i) != 1 || i[0].State == store.InstanceFrozen {
		t.Errorf("the instance is %+v, %v", i, err)
	}
	if status, got := r.replayed(freeze, `{"reason":"it is to be frozen","force":true}`); status != http.StatusOK || got["failed"] != false {
		t.Errorf("HTTP %d: %v", status, got)
	}
	if i, err := r.deps.Store.Instances(t.Context(), "acme", []string{"i-1"}); err != nil || len(i) != 1 || i[0].State != store.InstanceFrozen {
		t.Errorf("the instance is %+v, %v", i, err)
	}
}

// What was not kept is told with its reason: looks, refused calls, and everything where the configuration keeps nothing.
func TestWhatIsNotKeptIsNotLetInAgain(t *testing.T) {
	r := start(t, func(cfg *config.Config, _ *server.Deps) { cfg.Calls.Bodies = 0 })
	r.post("worked", params{"activity": "queryInstance", "instanceId": "nobody's"})
	r.post("worked", params{"activity": "updateInstanceStatus", "instanceId": "nobody's", "status": "FREEZE"})
	r.wire(http.MethodPost, r.address("worked")+"?nonce=n&signature="+strings.Repeat("A", 64)+"&timestamp=1", nil, "{}")
	eventually(t, "all three are recorded", func() bool { return len(r.listed("")) == 3 })
	texts := map[string]string{}
	for _, c := range r.listed("") {
		id, _ := c["callId"].(string)
		status, got := r.replayed(id, `{"reason":"x","force":true}`)
		_, body, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/calls/"+id+"/body", acmeToken, "")
		if status != http.StatusBadRequest || !strings.Contains(fmt.Sprint(got), "CALL_NOT_KEPT") || !strings.Contains(body, "CALL_NOT_KEPT") {
			t.Errorf("HTTP %d: %v; %s", status, got, body)
		}
		texts[fmt.Sprint(got["message"])] = ""
	}
	for _, why := range []string{"only looked at an instance", "refused before any work", "longer than 64 KiB"} {
		if !strings.Contains(strings.Join(slices.Collect(maps.Keys(texts)), "\n"), why) {
			t.Errorf("nothing says %q: %v", why, texts)
		}
	}
}
