// SPDX-License-Identifier: Apache-2.0

package show

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal/terminaltest"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func TestRelative(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "now", 999 * time.Millisecond: "now", -999 * time.Millisecond: "now", -time.Second: "1s ago", 90 * time.Second: "in 1m30s", -10*time.Minute - 30*time.Second: "10m ago",
		-9*time.Minute - 30*time.Second: "9m30s ago", 2 * time.Hour: "in 2h", -25 * time.Hour: "1d1h ago", -24 * time.Hour: "1d ago", 400 * 24 * time.Hour: "in 400d",
	} {
		if got := relative(now.Add(d), now); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestWord(t *testing.T) {
	for want, e := range map[string]protoreflect.Enum{
		"READY": koogatev1.TaskState_TASK_STATE_READY, "-": koogatev1.TaskState_TASK_STATE_UNSPECIFIED, "99": koogatev1.TaskState(99),
		"API": koogatev1.ManagedBy_MANAGED_BY_API, "READ": koogatev1.Scope_SCOPE_READ, "KIT_PRIVATE": koogatev1.KeyPurpose_KEY_PURPOSE_KIT_PRIVATE,
	} {
		if got := Word(e.Descriptor(), e.Number()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// console is one whose output is kept.
func console() (*terminal.Console, *bytes.Buffer, *bytes.Buffer) {
	var out, errs bytes.Buffer
	return terminal.New(&out, &errs), &out, &errs
}

var tasks = []*koogatev1.Task{
	{
		TaskId: "t-1", Kind: koogatev1.TaskKind_TASK_KIND_CREATE, State: koogatev1.TaskState_TASK_STATE_FAILED, Queue: "crm", Attempt: 3, Reason: strings.Repeat("x", 80),
		CreateTime: timestamppb.New(now.Add(-time.Hour)), MarketplaceDeadline: &koogatev1.MarketplaceDeadline{Time: timestamppb.New(now.Add(2 * time.Hour))},
	},
	{TaskId: terminaltest.Hostile[:22]},
}

func list(t *testing.T, form string, stream bool, of ...*koogatev1.Task) string {
	t.Helper()
	c, out, _ := console()
	l := NewList(c, form, (&koogatev1.Task{}).ProtoReflect().Descriptor(), now, stream)
	for _, m := range of {
		if err := l.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.End(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTables(t *testing.T) {
	got := list(t, "table", false, tasks...)
	terminaltest.Tame(t, "the table", got)
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if len(lines) != 3 || strings.Join(strings.Fields(lines[0]), " ") != "TASK KIND STATE QUEUE INSTANCE ATTEMPT CREATED DEADLINE REASON" ||
		strings.Join(strings.Fields(lines[1]), " ") != "t-1 CREATE FAILED crm - 3 1h ago in 2h "+strings.Repeat("x", 59)+"…" {
		t.Errorf("%s", got)
	}
	wide := list(t, "wide", false, tasks...)
	for _, part := range []string{"RETRIED UNTIL", "2026-11-30T11:00:00Z", "2026-11-30T14:00:00Z", strings.Repeat("x", 80)} {
		if !strings.Contains(wide, part) || strings.Contains(got, part) {
			t.Errorf("%q is wide only:\n%s%s", part, got, wide)
		}
	}
	if got := list(t, "table", false); !strings.HasPrefix(got, "TASK ") || strings.Count(got, "\n") != 1 {
		t.Errorf("an empty one: %q", got)
	}
}

func TestData(t *testing.T) {
	for n := range 3 {
		var some []map[string]any
		if err := json.Unmarshal([]byte(list(t, "json", false, tasks[:n]...)), &some); err != nil || len(some) != n {
			t.Errorf("%d as JSON: %v", n, err)
		}
		if n == 2 && (some[0]["state"] != "TASK_STATE_FAILED" || some[0]["orderId"] != "" || some[1]["taskId"] != tasks[1].GetTaskId()) {
			t.Errorf("%v", some)
		}
		some = nil
		if err := yaml.Unmarshal([]byte(list(t, "yaml", false, tasks[:n]...)), &some); err != nil || len(some) != n {
			t.Errorf("%d as YAML: %v\n%s", n, err, list(t, "yaml", false, tasks[:n]...))
		}
		if n == 2 && (some[0]["state"] != "TASK_STATE_FAILED" || some[1]["taskId"] != tasks[1].GetTaskId()) {
			t.Errorf("%v", some)
		}
	}
	if lines := strings.Split(list(t, "json", true, tasks...), "\n"); len(lines) != 3 || !json.Valid([]byte(lines[0])) || !json.Valid([]byte(lines[1])) || lines[2] != "" {
		t.Errorf("%q", lines)
	}
	if got := list(t, "yaml", true, tasks...); strings.Count(got, "---\n") != 2 {
		t.Errorf("%s", got)
	}
	if list(t, "json", true) != "" {
		t.Error("a stream of nothing is not empty")
	}
	same, err := Line(tasks[0])
	if err != nil || bytes.Contains(same, []byte(`": `)) {
		t.Errorf("%s %v", same, err)
	}
	text, err := yamlOf([]byte(`{"b":1.50,"a":["1","true","",null,false],"c":{},"d":"x\ny","e":[],"f":"000101"}`))
	var back map[string]any
	if err != nil || yaml.Unmarshal(text, &back) != nil || !strings.HasPrefix(string(text), "b: 1.50\n") || back["f"] != "000101" || back["d"] != "x\ny" || back["a"].([]any)[0] != "1" {
		t.Errorf("%s %v", text, err)
	}
}

func TestDetails(t *testing.T) {
	c, out, _ := console()
	w := &koogatev1.Webhook{
		WebhookId: "w-1", Url: "https://x.example.com", CreateTime: timestamppb.New(now.Add(-2 * time.Minute)),
		Secrets: []*koogatev1.WebhookSecret{{SecretId: "s-1"}, {SecretId: "s-2"}},
	}
	if err := One(c, "table", w, now); err != nil {
		t.Fatal(err)
	}
	if want := "webhook_id   w-1\nurl          https://x.example.com\ncreate_time  2026-11-30T11:58:00Z (2m ago)\n\nsecrets\nSECRET  CREATED\ns-1     -\ns-2     -\n"; out.String() != want {
		t.Errorf("%s", out)
	}
	out.Reset()
	if err := One(c, "table", &koogatev1.EvidenceKey{PublicKey: "a\nb\x1b[2J\n", Signs: true}, now); err != nil || out.String() != "public_key  a\n            b\\u001b[2J\nsigns       yes\n" {
		t.Errorf("%q %v", out, err)
	}
	out.Reset()
	p := &koogatev1.ProductSettings{Provisioner: "crm", SyncBudget: durationpb.New(time.Second), Meter: &koogatev1.ProductMeter{Name: "sms"}}
	if err := One(c, "table", p, now); err != nil || out.String() != "provisioner  crm\nsync_budget  1s\nmeter.name   sms\n" {
		t.Errorf("%q %v", out, err)
	}
	out.Reset()
	if err := One(c, "wide", &koogatev1.TaskInput{ExtendParams: map[string]string{"b": "2", "a": "1"}}, now); err != nil || out.String() != "extend_params  a=1, b=2\n" {
		t.Errorf("%q %v", out, err)
	}
	out.Reset()
	if err := One(c, "table", &koogatev1.TaskInput{}, now); err != nil || out.String() != "(nothing)\n" {
		t.Errorf("%q %v", out, err)
	}
}

func TestRefusals(t *testing.T) {
	said := &client.Error{
		Code: codes.InvalidArgument, ReasonName: "INVALID_FIELD", Message: "two faults", Remedy: "Correct it.", RemedyZH: "请改正。", Page: "https://x.example.com/#y",
		Fields: []client.Field{{Path: "a.b", Message: "is wrong"}, {Path: "c", Message: "two faults"}}, RetryAfter: 2 * time.Second,
	}
	for language, want := range map[string]string{
		"en": "koogate: INVALID_FIELD: two faults\n  a.b: is wrong\n  again after 2s\n  Correct it.\n  https://x.example.com/#y\n",
		"zh": "koogate: INVALID_FIELD: two faults\n  a.b: is wrong\n  again after 2s\n  请改正。\n  https://x.example.com/#y\n",
	} {
		c, out, errs := console()
		if Refusal(c, "table", language, "x:1", said); errs.String() != want || out.Len() > 0 {
			t.Errorf("%s: %q", language, errs)
		}
	}
	c, _, errs := console()
	Refusal(c, "json", "en", "x:1", said)
	var e map[string]any
	if err := json.Unmarshal(errs.Bytes(), &e); err != nil || e["code"] != "INVALID_ARGUMENT" || e["reason"] != "INVALID_FIELD" || e["retryAfterSeconds"] != 2.0 || len(e["fields"].([]any)) != 2 {
		t.Errorf("%v %s", err, errs)
	}
	for _, x := range []struct {
		e    client.Error
		want string
	}{
		{client.Error{Code: codes.Unavailable, Message: "connection refused"}, "nobody answers at x:1"},
		{client.Error{Code: codes.Unavailable, Message: `tls: first record does not look like a TLS handshake`}, "--clear"},
		{client.Error{Code: codes.Unavailable, Message: "x509: certificate signed by unknown authority"}, "--ca FILE"},
		{client.Error{Code: codes.DeadlineExceeded, Message: "late"}, "--timeout"},
		{client.Error{Code: codes.Unimplemented, Message: "unknown service"}, "not Koogate"},
		{client.Error{Code: codes.Internal, Message: "\x1b[2J"}, `INTERNAL: \u001b[2J`},
	} {
		c, _, errs := console()
		if Refusal(c, "table", "en", "x:1", &x.e); !strings.Contains(errs.String(), x.want) {
			t.Errorf("%q lacks %q", errs, x.want)
		}
		terminaltest.Tame(t, "a refusal", errs.String())
	}
}
