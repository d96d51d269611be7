// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/koogate/koogate/server/config"
)

// TestRESTIsStrict holds the REST listener to its contract: what a call does not know is refused by name, and what is in a wrong form
// is told with the right one. Nothing is ignored, and no value is repeated in an answer.
func TestRESTIsStrict(t *testing.T) {
	r := start(t, withoutJobs, metered)
	for name, c := range map[string]struct {
		method, path, body string
		fields             string // the fields that the answer names, joined by blanks
		says               string
	}{
		"unknown":             {"POST", "/v1/tasks:lease", `{"queue":"crm","workerId":"w","waitTime":"canary"}`, "waitTime", "no such field"},
		"unknown below":       {"POST", "/v1/tasks/t:complete", `{"fencingToken":"1","accessInfo":{"frontEndUrl":"https://a.example.com","pasword":"canary"}}`, "accessInfo.pasword", "no such field"},
		"two unknown":         {"POST", "/v1/tasks:lease", `{"queu":"crm","worker":"w"}`, "queu worker", "no such field"},
		"unknown and wrong":   {"POST", "/v1/tasks:lease", `{"queu":"crm","wait":30}`, "queu wait", `"30s"`},
		"body of one field":   {"PATCH", "/v1/instances/i/access", `{"frontendUrl":"https://a.example.com"}`, "access.frontendUrl", "no such field"},
		"path in body":        {"POST", "/v1/tasks/t:heartbeat", `{"fencingToken":"1","taskId":"canary"}`, "taskId", "path"},
		"twice":               {"POST", "/v1/tasks:lease", `{"queue":"crm","workerId":"w","worker_id":"canary"}`, "workerId", "twice"},
		"two of a choice":     {"POST", "/v1/tasks/t:complete", `{"fencingToken":"1","licence":{},"changeVerdict":{}}`, "changeVerdict", "only one of"},
		"duration, number":    {"POST", "/v1/tasks:lease", `{"queue":"crm","workerId":"w","wait":30}`, "wait", `"30s"`},
		"duration, no unit":   {"POST", "/v1/tasks:lease", `{"queue":"crm","workerId":"w","leaseDuration":"30"}`, "leaseDuration", `"30s"`},
		"duration, Go's form": {"POST", "/v1/instances/i/quotas:reserve", `{"reservationId":"r","amount":"1","hold":"1m30s"}`, "hold", `"30s"`},
		"time":                {"PUT", "/v1/instances/i/quotas/p", `{"quota":"1","expireTime":"2027-01-01"}`, "expireTime", `"2026-03-14T15:09:26Z"`},
		"text":                {"POST", "/v1/tasks:lease", `{"queue":7,"workerId":"w"}`, "queue", "text"},
		"number":              {"POST", "/v1/tasks:lease", `{"queue":"crm","workerId":"w","maxTasks":1.5}`, "maxTasks", "whole number"},
		"long number":         {"POST", "/v1/tasks/t:heartbeat", `{"fencingToken":"canary"}`, "fencingToken", "whole number"},
		"bool":                {"POST", "/v1/tasks/t:fail", `{"fencingToken":"1","permanent":"canary"}`, "permanent", "true or false"},
		"bytes":               {"POST", "/v1/tasks/t:complete", `{"fencingToken":"1","licence":{"file":"*"}}`, "licence.file", "Base64"},
		"enum":                {"POST", "/v1/tasks/t:fail", `{"fencingToken":"1","code":"FAILURE_CODE_CANARY"}`, "code", "FAILURE_CODE_SOLD_OUT"},
		"object":              {"POST", "/v1/tasks/t:complete", `{"accessInfo":"canary-secret"}`, "accessInfo", "object"},
		"not an object":       {"POST", "/v1/tasks:lease", `["canary"]`, "", "JSON object"},
		"two bodies":          {"POST", "/v1/tasks:lease", `{"queue":"crm","workerId":"w"}{"canary":1}`, "", "one JSON object"},
		"broken text":         {"POST", "/v1/tasks:lease", "{\"queue\":\"crm\",\"workerId\":\"canary\xff\"}", "workerId", "text"},
		"hostile name":        {"POST", "/v1/tasks:lease", `{"queue":"crm","workerId":"w","a\u0000\u202e` + strings.Repeat("b", 300) + `":1}`, `"a\x00\u202e` + strings.Repeat("b", 60) + `"…`, "no such field"},
		"report":              {"POST", "/v1/usage:report", `{"records":[{"key":"k"}],"recrods":[]}`, "recrods", "no such field"},
		"report, no list":     {"POST", "/v1/usage:report", `{"records":"canary"}`, "records", "list"},
		"stream":              {"POST", "/v1/usage:stream", `{"records":[{"key":"k"}]}` + "\n" + `{"recrods":"canary"}`, "recrods", "no such field"},
		"query, unknown":      {"GET", "/v1/orders?pagesize=5", "", "pagesize", "no such parameter"},
		"query, wrong":        {"GET", "/v1/orders?page_size=canary", "", "pageSize", "whole number"},
		"query, twice":        {"GET", "/v1/orders?page_size=5&pageSize=6", "", "pageSize", "more than once"},
		"query, repeated":     {"GET", "/v1/orders?pageSize=5&pageSize=6", "", "pageSize", "more than once"},
		"query, path":         {"GET", "/v1/orders/CS1?order_id=canary", "", "orderId", "path"},
		"query, no fields":    {"GET", "/v1/evidence/keys?page=canary", "", "page", "no such parameter"},
		"query, body":         {"PATCH", "/v1/instances/i/access?access.memo=canary", `{"memo":"m"}`, "access.memo", "no such parameter"},
		"query of a body":     {"POST", "/v1/tasks:lease?queue=crm", `{"queue":"crm","workerId":"w"}`, "queue", "no such parameter"},
		"query, unreadable":   {"GET", "/v1/orders?filter=%zz", "", "", "query"},
		"bounds":              {"POST", "/v1/tasks:lease", `{"queue":"crm","workerId":"w","maxTasks":101,"leaseDuration":"0.5s"}`, "maxTasks leaseDuration", "leaseDuration: "},
		"bounds of a query":   {"GET", "/v1/orders?page_size=501", "", "pageSize", "pageSize: "},
		"a token of nowhere":  {"GET", "/v1/orders?page_token=canary", "", "pageToken", "pageToken: "},
		"mask":                {"PATCH", "/v1/instances/i/access?updateMask=frontEndUrl,front_door", `{"memo":"m"}`, "updateMask", "updateMask: "},
	} {
		t.Run(name, func(t *testing.T) {
			code, body, _ := r.http(config.ListenerAPI, c.method, c.path, acmeToken, c.body)
			st := status.New(0, "").Proto()
			if err := protojson.Unmarshal([]byte(body), st); err != nil {
				t.Fatalf("%d %s: %v", code, body, err)
			}
			var o outcome
			o.details(status.FromProto(st))
			if code != http.StatusBadRequest || o.reason == "" {
				t.Fatalf("got %d %s, want 400 with a reason", code, body)
			}
			if got := strings.Join(o.fields, " "); got != c.fields {
				t.Errorf("got the fields %q, want %q", got, c.fields)
			}
			if !strings.Contains(st.GetMessage(), c.says) {
				t.Errorf("got %q, want it to say %s", st.GetMessage(), c.says)
			}
			if strings.Contains(strings.ReplaceAll(body, "crm", ""), "canary") {
				t.Errorf("a value of the request is in %s", body)
			}
		})
	}
}

// TestRESTTakesBothNames is the tolerant half: both names of a field, an empty body, null for absent.
func TestRESTTakesBothNames(t *testing.T) {
	r := start(t, withoutJobs)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
	}{
		"JSON names":  {"POST", "/v1/tasks:lease", `{"queue":"crm","workerId":"w","maxTasks":2,"wait":"0.001s"}`, 200},
		"proto names": {"POST", "/v1/tasks:lease", `{"queue":"crm","worker_id":"w","max_tasks":"2"}`, 200},
		"null":        {"POST", "/v1/tasks:lease", `{"queue":"crm","workerId":"w","wait":null}`, 200},
		"blanks":      {"POST", "/v1/tasks:lease", " {\"queue\":\"crm\",\"workerId\":\"w\"}\r\n ", 200},
		"empty body":  {"POST", "/v1/tasks/t:retry", "", 404},
		"query":       {"GET", "/v1/orders?pageSize=5&order_by=create_time%20desc", "", 200},
		"mask":        {"PATCH", "/v1/instances/i/access?updateMask=memo,frontEndUrl&update_mask=", `{"memo":"m"}`, 400},
		"mask, JSON":  {"PATCH", "/v1/instances/i/access?updateMask=memo,frontEndUrl", `{"memo":"m","frontEndUrl":"https://a.example.com"}`, 404},
		"mask, proto": {"PATCH", "/v1/instances/i/access?update_mask=front_end_url", `{"frontEndUrl":"https://a.example.com"}`, 404},
	} {
		t.Run(name, func(t *testing.T) {
			code, body, _ := r.http(config.ListenerAPI, c.method, c.path, acmeToken, c.body)
			if code != c.status {
				t.Errorf("got %d %s, want %d", code, body, c.status)
			}
		})
	}
}

// TestUsageRecordIsStrict: in a report a record that is not in the contract's form costs only itself, and the answer names the
// member by the name that REST has for it.
func TestUsageRecordIsStrict(t *testing.T) {
	r := start(t, withoutJobs, metered)
	_, body, _ := r.http(config.ListenerAPI, http.MethodPost, "/v1/usage:report", acmeToken, `{"records":[
		{"key":"k0","instanceId":"i","valeu":"canary","endTime":"2026-03-14T15:09:26Z"},
		{"key":"k1","instanceId":"i","value":"1","endTime":"yesterday-canary"},
		{"key":"k2","instanceId":"i","value":1,"endTime":"2026-03-14T15:09:26Z"},
		{"key":"k3","value":"1"},
		{"key":"k4","instanceId":"i","value":"1","endTime":"2026-03-14T15:09:26Z","unreadable":"canary"},
		"canary"
	]}`)
	var got struct {
		Results []struct{ Key, Outcome, Message string }
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Results) != 6 {
		t.Fatalf("got %s, %v", body, err)
	}
	for i, want := range []string{"valeu: no such field", "endTime: want a time", "value: want a text", "instanceId: ", "unreadable: no such field", "the record: "} {
		if m := got.Results[i].Message; !strings.HasPrefix(m, want) || strings.Contains(m, "canary") {
			t.Errorf("record %d: got %q, want %q…", i, m, want)
		}
	}
}
