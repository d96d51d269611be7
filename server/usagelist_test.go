// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/config"
)

// House rule 10: one bad element never costs the others. A report with records that break a rule of the contract or of JSON books
// the rest, and names each bad one by its place, its key and its field: by REST, by gRPC, and by both kinds of stream.
func TestOneBadRecordCostsOnlyItself(t *testing.T) {
	r, a, now := meteredInstance(t)
	instance, end := a.InstanceID, now.Now().Add(time.Second)
	at := end.Format(time.RFC3339Nano)
	good := func(key string) string {
		return fmt.Sprintf(`{"key":%q,"instanceId":%q,"value":"2","endTime":%q}`, key, instance, at)
	}
	bad := []struct{ record, key, field string }{
		{fmt.Sprintf(`{"key":"b-1","instanceId":%q,"value":2,"endTime":%q}`, instance, at), "b-1", "value"},
		{fmt.Sprintf(`{"key":"b-2","instanceId":%q,"value":"2","endTime":"2026-07-01T12:00:00"}`, instance), "b-2", "end_time"},
		{fmt.Sprintf(`{"key":"","instanceId":%q,"value":"2","endTime":%q}`, instance, at), "", "key"},
		{fmt.Sprintf(`{"key":7,"instanceId":%q,"value":"2","endTime":%q}`, instance, at), "", "key"},
		{fmt.Sprintf(`{"key":"b-5","instanceId":%q,"value":"two","endTime":%q}`, instance, at), "b-5", "value"},
		{fmt.Sprintf(`{"key":%q,"instanceId":%q,"value":"2","endTime":%q}`, strings.Repeat("k", 129), instance, at), strings.Repeat("k", 129), "key"},
		{fmt.Sprintf(`{"key":"b-7","instanceId":["x"],"value":"2","endTime":%q}`, at), "b-7", "instance_id"},
		{fmt.Sprintf(`{"key":"b-8","instanceId":%q,"value":"123456789.1","endTime":%q}`, instance, at), "b-8", "value"},
		{fmt.Sprintf(`{"key":"b-9","instanceId":%q,"value":"2"}`, instance), "b-9", "end_time"},
		{`"a text"`, "", "the record"},
		{`null`, "", "the record"},
		{`7`, "", "the record"},
	}
	batch := func(prefix string) string {
		list := []string{good(prefix + "-first")}
		for _, b := range bad {
			list = append(list, b.record)
		}
		return `{"records":[` + strings.Join(append(list, good(prefix+"-last")), ",") + `]}`
	}
	check := func(how string, rejected []any) {
		t.Helper()
		if len(rejected) != len(bad) {
			t.Fatalf("%s: %d rejected, want %d: %v", how, len(rejected), len(bad), rejected)
		}
		for i, b := range bad {
			m, _ := rejected[i].(map[string]any)
			if m["key"] != b.key || m["index"] != fmt.Sprint(i+1) || m["outcome"] != "USAGE_OUTCOME_INVALID" || !strings.HasPrefix(fmt.Sprint(m["message"]), camel(b.field)+":") {
				t.Errorf("%s: record %d is told as %v, want key %q and field %s", how, i+1, m, b.key, b.field)
			}
		}
	}
	rest := func(path, body string, code int) map[string]any {
		t.Helper()
		status, text, _ := r.http(config.ListenerAPI, http.MethodPost, path, acmeToken, body)
		m := make(map[string]any)
		if err := json.Unmarshal([]byte(text), &m); err != nil || status != code {
			t.Fatalf("%s: %d %s", path, status, text)
		}
		return m
	}
	m := rest("/v1/usage:report", batch("rest"), 200)
	if m["added"] != 2.0 {
		t.Errorf("added %v", m["added"])
	}
	check("REST", m["results"].([]any))
	m = rest("/v1/usage:stream", batch("stream")+"\n"+`{"records":[`+good("stream-2")+`]}`, 200)
	if m["added"] != "3" {
		t.Errorf("added %v", m["added"])
	}
	check("REST stream", m["rejected"].([]any))
	// What is wrong with the list itself is wrong with all of it.
	for name, body := range map[string]string{"no list": `{"records":{}}`, "empty": `{"records":[]}`, "no object": `[]`, "no JSON": `{"records":[`} {
		if m := rest("/v1/usage:report", body, 400); m["code"] == nil {
			t.Errorf("%s: %v", name, m)
		}
	}

	client := koogatev1.NewUsageServiceClient(r.dial(acmeToken))
	one := func(key, id, value string) *koogatev1.RawUsage {
		return &koogatev1.RawUsage{Key: key, InstanceId: id, Value: value, EndTime: timestamppb.New(end)}
	}
	records := []*koogatev1.RawUsage{
		one("g-first", instance, "2"), one("", instance, "2"), one("g-2", instance, "two"), one("g-3", strings.Repeat("i", 65), "2"),
		{Key: "g-4", InstanceId: instance, Value: "2"}, {Key: "g-5", InstanceId: instance, Value: "2", EndTime: &timestamppb.Timestamp{Seconds: 1 << 60, Nanos: -5}},
		one("g-last", instance, "2"),
	}
	fields := []string{"key", "value", "instance_id", "end_time", "end_time"}
	resp, err := client.ReportUsage(context.Background(), &koogatev1.ReportUsageRequest{Records: records})
	if err != nil || resp.GetAdded() != 2 || len(resp.GetResults()) != len(fields) {
		t.Fatalf("gRPC: %v %v", resp, err)
	}
	for i, f := range fields {
		if got := resp.GetResults()[i]; got.GetIndex() != int64(i+1) || !strings.HasPrefix(got.GetMessage(), f+":") {
			t.Errorf("gRPC: %v, want index %d and field %s", got, i+1, f)
		}
	}
}
