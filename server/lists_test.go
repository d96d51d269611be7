// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/sign"
)

// raw signs a body of the V2 generation as it is and sends it.
func (r *rig) raw(endpoint, body string) reply {
	r.t.Helper()
	u, err := sign.SignURL(r.address(endpoint), acmeKey, rand.Text(), time.Now(), []byte(body))
	if err != nil {
		r.t.Error(err)
	}
	return r.wire(http.MethodPost, u, map[string]string{"Content-Type": "application/json"}, body)
}

// shownIDs are the instances that an answer of queryInstance shows.
func shownIDs(a reply) string {
	list, _ := a.all["info"].([]any)
	ids := make([]string, len(list))
	for i := range list {
		info, _ := list[i].(map[string]any)
		ids[i], _ = info["instanceId"].(string)
	}
	return strings.Join(ids, ",")
}

// An ID in a queryInstance that nobody can know, or that is no ID at all, costs none of the others its answer.
func TestOneBadIDCostsNoOther(t *testing.T) {
	r := start(t, withEvery)
	for _, n := range []string{"1", "2"} {
		if a := r.post("every", params{"activity": "newInstance", "orderId": "CS" + n, "orderLineId": "CS" + n + "-1", "businessId": "good-" + n}); a.code != "000000" {
			t.Fatal(a.body)
		}
	}
	bad := map[string]string{ // as JSON has it
		"unknown": "never", "a dot": "..", "oversized": strings.Repeat("x", 65), "as long as a body": strings.Repeat("x", 20_000), "NUL": `a\u0000b`,
		"control character": `a\u0007b`, "line break": `a\nb`, "half an emoji": `\ud83d`, "no UTF-8": "\xff\xfe", "a percent sign": "%00", "blank": " ",
	}
	for name, id := range bad {
		for place, list := range map[string]string{"first": id + ",good-1,good-2", "between": "good-1," + id + ",good-2", "last": "good-1,good-2," + id} {
			t.Run(name+" "+place, func(t *testing.T) {
				a := r.raw("every", `{"activity":"queryInstance","instanceId":"`+list+`"}`)
				if a.code != "000000" || shownIDs(a) != "good-1,good-2" {
					t.Errorf("V2.0: %.300s", a.body)
				}
			})
		}
	}
	for name, id := range map[string]string{
		"unknown": "never", "oversized": strings.Repeat("x", 65), "NUL": "a\x00b", "control character": "a\x07b",
	} { // a query that is no UTF-8 has no signature
		t.Run(name+" by V1.0", func(t *testing.T) {
			q := url.Values{"timeStamp": {"20200727073711903"}, "activity": {"queryInstance"}, "instanceId": {"good-1," + id + ",good-2"}}
			u, err := sign.SignQuery(r.address("every"), acmeKey, q)
			if err != nil {
				t.Fatal(err)
			}
			if a := r.wire(http.MethodGet, u, nil, ""); a.code != "000000" || shownIDs(a) != "good-1,good-2" {
				t.Errorf("V1.0: %.300s", a.body)
			}
		})
	}
	for name, list := range map[string]string{"control characters alone": `a\u0007b`, "no text alone": `\ud83d,\u0000`} {
		t.Run(name, func(t *testing.T) { // none of it is an ID: that is a fault of the call
			if a := r.raw("every", `{"activity":"queryInstance","instanceId":"`+list+`"}`); a.code != "000002" {
				t.Errorf("%.300s", a.body)
			}
		})
	}
}

// told is the data of an order's last event of a kind with a text in it.
func (r *rig) told(order, kind, with string) string {
	r.t.Helper()
	es, err := r.Core().Events(r.t.Context(), "acme", order, 0, 500)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range slices.Backward(es) {
		if e.Kind == kind && strings.Contains(e.Data, with) {
			return e.Data
		}
	}
	return ""
}

// A body of the Kit with elements that cannot be used among good ones, from its bytes to the answer's bytes, the rows and the
// events, in both generations.
func TestABadElementOfTheKitFromBytesToRows(t *testing.T) {
	bad := map[string]string{
		"null": `null`, "a number": `7`, "a text": `"canary"`, "a list": `[{}]`, "empty": `{}`, "nothing known": `{"canary":1}`,
		"half an emoji in a key": `{"userName":"\ud83d","orgCode":"\ud83d","orgName":"x"}`, "NUL in a key": `{"userName":"a\u0000","orgCode":"a\u0000","orgName":"x"}`,
		"no UTF-8 in a key": "{\"userName\":\"\xff\",\"orgCode\":\"\xff\",\"orgName\":\"x\"}", "a key too long": `{"userName":"` + strings.Repeat("u", 65) + `","orgCode":"` + strings.Repeat("d", 300) + `","orgName":"x"}`,
		"a key of another type": `{"userName":{},"orgCode":[],"orgName":"x"}`, "a role too long": `{"userName":"canary","role":"` + strings.Repeat("r", 300) + `"}`,
	}
	const first = "20220413093539534"
	for _, family := range []string{"kit_v1", "kit_v2"} {
		for name, element := range bad {
			if family == "kit_v1" && !utf8.ValidString(element) {
				continue // a body that is no UTF-8 has no signature there
			}
			t.Run(family+" "+name, func(t *testing.T) {
				t.Parallel()
				r := start(t, withEvery)
				order := bought(r)
				call := func(stamp, activity, list string, elements ...string) {
					t.Helper()
					text := "[" + strings.Join(elements, ",") + "]"
					if family == "kit_v1" { // a list is a text there; what is no UTF-8 or no JSON text cannot be quoted otherwise
						text = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
					}
					a := r.kit(family, "every", activity, `{"instanceId":"i-9","tenantId":"t-1","appId":"a-1","`+list+`":`+text+
						`,"currentSyncTime":"`+stamp+`","flag":1,"testFlag":0,"timeStamp":"`+stamp+`"}`)
					if a.body != asKit {
						t.Fatalf("%s: %s", activity, a.body)
					}
				}
				call(first, "authSync", "userList", `{"userName":"u-1","name":"张三","role":"user"}`, element, `{"userName":"u-2","name":"李四\ud83d","role":"user"}`)
				user := r.told(order, "directory.synced", "")
				call(first, "allOrgSync", "orgInfoList", `{"orgCode":"d-1","orgName":"HQ"}`, element, `{"orgCode":"d-2","orgName":"R&D","parentCode":"d-1"}`)
				unit := r.told(order, "directory.synced", "")
				for event, want := range map[string][]string{
					user: {`"activity":"authSync"`, `"users":2`, `"skipped":1`, `"skippedAt":"1"`},
					unit: {`"activity":"allOrgSync"`, `"departments":2`, `"skipped":1`, `"skippedAt":"1"`, `"added":2,"addedCodes":["d-1","d-2"]`, `"absent":0`},
				} {
					for _, part := range want {
						if !strings.Contains(event, part) {
							t.Errorf("event %s has no %s", event, part)
						}
					}
				}
				for path, want := range map[string][]string{
					"/v1/users": {`"userName":"u-1"`, `"name":"张三"`, `"userName":"u-2"`, "李四\ufffd"}, "/v1/departments": {`"orgCode":"d-1"`, `"orgCode":"d-2"`, `"name":"R&D"`},
				} {
					status, body, _ := r.http("api", http.MethodGet, path, directoryToken, "")
					key := map[string]string{"/v1/users": `"userName":`, "/v1/departments": `"orgCode":`}[path]
					if status != http.StatusOK || strings.Count(body, key) != strings.Count(strings.Join(want, ""), key) {
						t.Errorf("%s: %d %s", path, status, body)
					}
					for _, part := range want {
						if !strings.Contains(body, part) {
							t.Errorf("%s: %s has no %s", path, body, part)
						}
					}
				}
				// A list that names less takes nothing away: nothing is deleted by absence.
				before := r.events(order)
				call("20220413093539599", "allOrgSync", "orgInfoList", `{"orgCode":"d-2","orgName":"Labs"}`)
				call("20220413093539599", "authSync", "userList", `{"userName":"u-2","name":"李四","role":"user"}`)
				if after := r.events(order); len(after) != len(before)+2 {
					t.Errorf("events %v", after)
				}
				if _, body, _ := r.http("api", http.MethodGet, "/v1/users", directoryToken, ""); strings.Count(body, `"state":"USER_STATE_ACTIVE"`) != 2 {
					t.Errorf("users: %s", body)
				}
				for _, part := range []string{`"absent":1,"absentCodes":["d-1"]`, `"added":0`, `"changed":1,"changedCodes":["d-2"]`} {
					if event := r.told(order, "directory.synced", "allOrgSync"); !strings.Contains(event, part) {
						t.Errorf("event %s has no %s", event, part)
					}
				}
				if _, body, _ := r.http("api", http.MethodGet, "/v1/departments", directoryToken, ""); !strings.Contains(body, `"orgCode":"d-1"`) || !strings.Contains(body, `"Labs"`) {
					t.Errorf("departments: %s", body)
				}
				if text := r.log.String() + user + unit; strings.Contains(text, "canary\"") || strings.Contains(text, "张三") {
					t.Errorf("log or event: %s", text)
				}
			})
		}
	}
}
