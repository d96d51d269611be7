// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
)

// withAsking has the endpoint that refuses what it does not know ask its provisioner, crm, where it can.
func withAsking(cfg *config.Config, d *server.Deps) {
	withRefusing(cfg, d)
	asking := &cfg.Endpoints[len(cfg.Endpoints)-1]
	asking.UnknownInstances, asking.Products = config.InstancesAdopt, map[string]config.Product{"*": {Provisioner: "crm"}}
}

// questions are the tasks of kind IDENTIFY, as the API lists them.
func (r *rig) questions() (list []map[string]any) {
	r.t.Helper()
	var got struct {
		Tasks []map[string]any `json:"tasks"`
	}
	status, text, _ := r.http("api", http.MethodGet, "/v1/tasks?pageSize=500&filter="+`kind%20%3D%20%22IDENTIFY%22`, acmeToken, "")
	if err := json.Unmarshal([]byte(text), &got); err != nil || status != http.StatusOK {
		r.t.Fatalf("HTTP %d %s", status, text)
	}
	return got.Tasks
}

// In every family a call about an instance that nobody knows asks once, and is told to come again; licence codes, whose creation no call tells, are never asked
// about. What is no call of the marketplace asks nobody.
func TestEveryFamilyAsks(t *testing.T) {
	r := start(t, withAsking)
	for name, call := range map[string]func() reply{
		"debugging V2": func() reply {
			return r.post("refusing", params{"activity": "releaseInstance", "instanceId": "lost", "testFlag": "1"})
		},
		"debugging V1": func() reply {
			return r.get("refusing", params{"activity": "releaseInstance", "orderId": "CS1", "instanceId": "lost", "testFlag": "1"})
		},
	} {
		if a := call(); a.code != "000000" {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	if a, err := r.callWith("canary-another-key", "refusing", map[string]string{"activity": "releaseInstance", "instanceId": "lost"}); err != nil || a.ResultCode != "000001" {
		t.Errorf("a stranger: %+v, %v", a, err)
	}
	for _, id := range []string{strings.Repeat("x", 65), "a\u0007b", "a,b"} {
		if a := r.post("refusing", params{"activity": "releaseInstance", "instanceId": id}); a.code == "000005" || a.code == "000000" {
			t.Errorf("%q: %s", id, a.body)
		}
	}
	if got := r.questions(); len(got) != 0 {
		t.Fatalf("asked by what is no call: %v", got)
	}
	for range 2 {
		for name, call := range aboutUnknown(r, "lost") {
			want := "000005"
			if strings.Contains(name, "LicenseCode") {
				want = "000003"
			}
			if a := call(); a.code != want {
				t.Errorf("%s: %s, want %s", name, a.body, want)
			}
		}
	}
	got := r.questions()
	var about []string
	for _, q := range got {
		about = append(about, fmt.Sprint(q["instanceId"], q["state"], q["orderId"]))
	}
	slices.Sort(about)
	if !slices.Equal(about, []string{"i-9TASK_STATE_READY", "lostTASK_STATE_READY"}) {
		t.Errorf("asked about %v", about)
	}
	if a := r.post("refusing", params{"activity": "releaseInstance", "instanceId": "lost"}); !strings.Contains(a.msg, "its provisioner is asked; call again") {
		t.Errorf("told %s", a.body)
	}
	// A gap goes first.
	g := openGap(t, r)
	if a := r.post("refusing", params{"activity": "releaseInstance", "instanceId": "another"}); a.code != "000005" {
		t.Errorf("inside a gap: %s", a.body)
	}
	closeGap(t, r, g)
	if n := len(r.questions()); n != 2 {
		t.Errorf("%d questions", n)
	}
}

const mine = `{"orderId":"CS1","orderLineId":"CS1-000001","productId":"OFFI-1","skuCode":"sku-1","quantity":"3","state":"IMPORT_STATE_ACTIVE",` +
	`"expireTime":"2030-01-01T00:00:00Z","customerId":"canary-customer","access":{"frontEndUrl":"https://old.example.com/","userName":"canary-user","password":"canary-password"}}`

// A worker answers over either transport; afterwards the instance is served, and its order tells how it came.
func TestAWorkerAnswersAQuestion(t *testing.T) {
	r := start(t, withAsking)
	s := r.sold()
	renew := func(id string) string {
		t.Helper()
		return r.post("refusing", params{
			"activity": "refreshInstance", "scene": "RENEWAL", "orderId": "CS7", "orderLineId": "CS7-1", "instanceId": id, "expireTime": "20311231155959",
		}).code
	}
	if code := renew("lost"); code != "000005" {
		t.Fatal(code)
	}
	task := s.lease(t, "crm")
	q := task.GetQuestion()
	if task.GetKind() != koogatev1.TaskKind_TASK_KIND_IDENTIFY || task.GetInstanceId() != "lost" || task.GetOrderId() != "" || q.GetActivity() != "refreshInstance" ||
		q.GetEndpoint() != "refusing" || q.GetFamily() != "saas_v2" || q.GetScene() != "RENEWAL" || task.GetCauseOrderId() != "CS7" || task.GetOrderLineId() != "CS7-1" ||
		task.GetExpireTime() == nil || task.GetPurchase().GetOrderId() != "CS7" || task.GetMarketplaceDeadline().GetEnd() != koogatev1.DeadlineEnd_DEADLINE_END_RESTART {
		t.Errorf("asked %v", task)
	}
	at := func(verb, body string) (int, string) {
		t.Helper()
		status, text, _ := r.http("api", http.MethodPost, "/v1/tasks/"+task.GetTaskId()+":"+verb, acmeToken, strings.Replace(body, "{", fmt.Sprintf(`{"fencingToken":"%d",`, task.GetFencingToken()), 1))
		if strings.Contains(text, "canary") {
			t.Errorf("%s is answered %s", verb, text)
		}
		return status, text
	}
	for _, wrong := range []struct{ body, want string }{
		{`{"accessInfo":{"frontEndUrl":"https://old.example.com/"}}`, "accessInfo belongs to"},
		{`{"instance":{"orderId":"CS1"}}`, "instance.productId"},
		{strings.Replace(`{"instance":`+mine+`}`, `"orderLineId":"CS1-000001",`, "", 1), "instance.orderLineId"},
		{strings.Replace(`{"instance":`+mine+`}`, `https://old.example.com/`, "ftp://old.example.com/", 1), "RESULT_INVALID"},
		{`{"changeVerdict":{"allowed":true}}`, "changeVerdict belongs to"},
	} {
		if status, text := at("complete", wrong.body); status != http.StatusBadRequest || !strings.Contains(text, wrong.want) {
			t.Errorf("%s: HTTP %d %s, want %s", wrong.body, status, text, wrong.want)
		}
	}
	for range 2 {
		if status, text := at("complete", `{"instance":`+mine+`}`); status != http.StatusOK || !strings.Contains(text, `"TASK_STATE_DONE"`) || !strings.Contains(text, `"orderId":"CS1"`) {
			t.Fatalf("HTTP %d %s", status, text)
		}
	}
	if code := renew("lost"); code != "000000" {
		t.Errorf("the repeat: %s", code)
	}
	if a := r.post("refusing", params{"activity": "queryInstance", "instanceId": "lost"}); a.code != "000000" || !strings.Contains(a.body, "https://old.example.com/") {
		t.Errorf("shown %s", a.body)
	}
	_, text, _ := r.http("api", http.MethodGet, "/v1/orders/CS1:explain", acmeToken, "")
	if !strings.Contains(text, "said that it is its own") || strings.Contains(text, "canary") {
		t.Errorf("the account is %s", text)
	}
	if _, err := s.CompleteTask(t.Context(), &koogatev1.CompleteTaskRequest{TaskId: s.lease(t, "crm").GetTaskId(), FencingToken: 1}); err != nil { // of the renewal
		t.Error(err)
	}
	// The other answer, over gRPC.
	if code := renew("none"); code != "000005" {
		t.Fatal(code)
	}
	task = s.lease(t, "crm")
	failed, err := s.FailTask(t.Context(), &koogatev1.FailTaskRequest{
		TaskId: task.GetTaskId(), FencingToken: task.GetFencingToken(), Permanent: true, Code: koogatev1.FailureCode_FAILURE_CODE_UNKNOWN_INSTANCE,
	})
	if err != nil || failed.GetTask().GetState() != koogatev1.TaskState_TASK_STATE_FAILED {
		t.Fatal(failed, err)
	}
	if code := renew("none"); code != "000003" {
		t.Errorf("the repeat: %s", code)
	}
	leased, err := s.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{Queue: "crm", WorkerId: "w"})
	if err != nil || len(leased.GetTasks()) != 0 {
		t.Errorf("asked again: %v, %v", leased, err)
	}
	if log := r.log.String(); strings.Contains(log, "canary") {
		t.Error("a value is in the log")
	}
}

// A webhook is asked by the same signed POST as for any task: 200 with the instance, 202 and later, or a final 4xx, which says that it is not known.
func TestAWebhookAnswersAQuestion(t *testing.T) {
	r, h := start(t), newHook(t)
	s := r.sold()
	key, _ := h.sell(t, s)
	set := func(value string) error {
		e, err := s.GetEndpoint(t.Context(), &koogatev1.GetEndpointRequest{Endpoint: "shop"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.UpdateEndpoint(t.Context(), &koogatev1.UpdateEndpointRequest{
			Endpoint: "shop", Etag: e.GetEndpoint().GetEtag(), Settings: &koogatev1.EndpointSettings{UnknownInstances: value},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"unknown_instances"}}, Reason: "moving in",
		})
		return err
	}
	look := func(id string) string {
		t.Helper()
		a, err := r.callWith(key, "shop", map[string]string{"activity": "queryInstance", "instanceId": id})
		if err != nil {
			t.Fatal(err)
		}
		return a.ResultCode
	}
	if code := look("before"); code != "000003" {
		t.Errorf("before: %s", code)
	}
	if err := set("always"); !tells(err, "unknown_instances") {
		t.Errorf("a value that is none: %v", err)
	}
	if err := set("adopt"); err != nil {
		t.Fatal(err)
	}
	h.does(func(task *koogatev1.Task) (int, string) {
		switch {
		case task.GetKind() != koogatev1.TaskKind_TASK_KIND_IDENTIFY || task.GetQuestion().GetActivity() != "queryInstance" || task.GetPurchase() == nil:
			return http.StatusInternalServerError, ""
		case task.GetInstanceId() == "later":
			return http.StatusAccepted, ""
		case task.GetInstanceId() == "mine":
			return http.StatusOK, `{"instance":` + mine + `}`
		}
		return http.StatusNotFound, "<html>no such page"
	})
	for id, want := range map[string]string{"mine": "000000", "none": "000003"} {
		if code := look(id); code != "000005" {
			t.Errorf("%s: %s", id, code)
		}
		eventually(t, id+" is answered", func() bool { return look(id) == want })
	}
	if code := look("later"); code != "000005" {
		t.Errorf("later: %s", code)
	}
	var later *koogatev1.Task
	eventually(t, "the webhook is asked", func() bool {
		for _, c := range h.of("") {
			if c.task.GetInstanceId() == "later" {
				later = c.task
			}
		}
		return later != nil
	})
	eventually(t, "it is told by the API", func() bool {
		_, err := s.CompleteTask(t.Context(), &koogatev1.CompleteTaskRequest{
			TaskId: later.GetTaskId(), FencingToken: later.GetFencingToken(), Result: &koogatev1.CompleteTaskRequest_Instance{Instance: &koogatev1.KnownInstance{
				OrderId: "CS2", OrderLineId: "CS2-000001", ProductId: "OFFI-1", State: koogatev1.ImportState_IMPORT_STATE_ACTIVE,
				Access: &koogatev1.AccessInfo{FrontEndUrl: "https://later.example.com/"},
			}},
		})
		return err == nil
	})
	if code := look("later"); code != "000000" {
		t.Errorf("later: %s", code)
	}
	var asked []string
	for _, c := range h.of("") {
		asked = append(asked, c.task.GetInstanceId())
	}
	slices.Sort(asked)
	if !slices.Equal(asked, []string{"later", "mine", "none"}) {
		t.Errorf("asked about %v", asked)
	}
	// Products of several provisioners without one for all others would leave nobody to ask.
	for _, provisioner := range []string{"crm", "lic"} {
		if _, err := s.CreateProduct(t.Context(), &koogatev1.CreateProductRequest{
			Endpoint: "shop", ProductId: "of-" + provisioner, Settings: &koogatev1.ProductSettings{Provisioner: provisioner}, Reason: "x",
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.DeleteProduct(t.Context(), &koogatev1.DeleteProductRequest{Endpoint: "shop", ProductId: "*", Force: true, Reason: "x"}); !tells(err, "unknown_instances") {
		t.Errorf("the product * is taken away: %v", err)
	}
	if err := set("refuse"); err != nil {
		t.Fatal(err)
	}
	if code := look("after"); code != "000003" {
		t.Errorf("after: %s", code)
	}
}

// tells says whether an error, or what it has beside its text, holds a word.
func tells(err error, word string) bool {
	return err != nil && strings.Contains(status.Convert(err).Proto().String(), word)
}
