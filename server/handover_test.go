// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/config"
)

// hook is a vendor's provisioner that is called.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	got    []hookCall
	answer func(task *koogatev1.Task) (status int, body string)
}

type hookCall struct {
	header http.Header
	body   []byte
	task   *koogatev1.Task
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := hookCall{header: r.Header, task: &koogatev1.Task{}}
		c.body, _ = io.ReadAll(r.Body)
		if err := protojson.Unmarshal(c.body, c.task); err != nil {
			t.Errorf("%v in %s", err, c.body)
		}
		h.mu.Lock()
		h.got = append(h.got, c)
		answer := h.answer
		h.mu.Unlock()
		status, body := http.StatusOK, `{"accessInfo":{"frontEndUrl":"https://hook.example.com/`+c.task.GetInstanceId()+`","userName":"admin","password":"canary-password"}}`
		if c.task.GetKind() != koogatev1.TaskKind_TASK_KIND_CREATE {
			body = ""
		}
		if answer != nil {
			status, body = answer(c.task)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) does(answer func(*koogatev1.Task) (int, string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = answer
}

// of are the calls about an order.
func (h *hook) of(order string) (list []hookCall) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.got {
		if c.task.GetOrderId() == order {
			list = append(list, c)
		}
	}
	return list
}

// sell has the endpoint shop fulfilled by a webhook and returns the endpoint's key and the webhook's secret.
func (h *hook) sell(t *testing.T, s sold) (key, secret string) {
	t.Helper()
	made, err := s.CreateProvisioner(t.Context(), &koogatev1.CreateProvisionerRequest{Provisioner: "hook", Settings: &koogatev1.ProvisionerSettings{
		Type: "webhook", Webhook: &koogatev1.ProvisionerWebhook{Url: h.URL + "/koogate"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s.shop(t, "hook", 0), made.GetProvisioner().GetSecret()
}

// TestAnOrderThroughAWebhook: from the marketplace's call to its look at the instance, and to its release. The vendor gets what a worker leases, in the same form, under a
// signature that any library of Standard Webhooks verifies by the secret that was shown.
func TestAnOrderThroughAWebhook(t *testing.T) {
	r, h := start(t), newHook(t)
	s := r.sold()
	key, secret := h.sell(t, s)
	if a, err := r.callWith(key, "shop", newInstance("CS1")); err != nil || a.ResultCode != "000004" {
		t.Fatalf("%+v, %v", a, err)
	}
	r.activeAt(key, "CS1")
	calls := h.of("CS1")
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	c := calls[0]
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Verify(c.body, c.header); err != nil {
		t.Error(err)
	}
	if c.task.GetFencingToken() != 1 || c.task.GetAttempt() != 1 || c.task.GetQueue() != "hook" || c.task.GetInput().GetMobilePhone() != "canary-buyer-phone" ||
		c.task.GetPurchase().GetAmount() != "99.00" || c.task.GetMarketplaceDeadline().GetTime() == nil || c.header.Get("webhook-id") != "task_"+c.task.GetTaskId() {
		t.Errorf("%v: %v", c.header, c.task)
	}
	var members map[string]any
	if err := json.Unmarshal(c.body, &members); err != nil || members["attempt"] != float64(1) || members["fencingToken"] != "1" || members["kind"] != "TASK_KIND_CREATE" {
		t.Errorf("%v, %s", err, c.body)
	}
	if a, err := r.callWith(key, "shop", map[string]string{"activity": "releaseInstance", "instanceId": "biz-CS1"}); err != nil || a.ResultCode != "000000" {
		t.Errorf("release: %+v, %v", a, err)
	}
	eventually(t, "it is released", func() bool { calls := h.of("CS1"); return len(calls) == 2 && r.ended(s, calls[1].task) })
	for _, secret := range []string{secret, "canary-password", "canary-buyer-phone"} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

// activeAt waits until the endpoint shop shows the instance of an order.
func (r *rig) activeAt(key, order string) {
	r.t.Helper()
	eventually(r.t, "the instance of "+order, func() bool {
		a, err := r.callWith(key, "shop", map[string]string{"activity": "queryInstance", "instanceId": "biz-" + order})
		return err == nil && a.ResultCode == "000000"
	})
}

func (r *rig) ended(s sold, task *koogatev1.Task) bool {
	got, err := s.GetTask(r.t.Context(), &koogatev1.GetTaskRequest{TaskId: task.GetTaskId()})
	return err == nil && got.GetTask().GetState() == koogatev1.TaskState_TASK_STATE_DONE
}

// TestResultsOfAWebhookAreHeldToTheContract: what CompleteTask refuses is told as that and asked for again; what is refused for good reaches the marketplace by the vendor's code.
func TestResultsOfAWebhookAreHeldToTheContract(t *testing.T) {
	t.Parallel()
	r, h := start(t), newHook(t)
	s := r.sold()
	key, _ := h.sell(t, s)
	for n, c := range []struct{ answer, reason string }{
		{`{"accessInfo":{"frontEndUrl":"canary"}}`, "INVALID_FIELD: access_info.front_end_url"},
		{`{"accessInfo":{"frontEndUrl":"ftp://canary/x"}}`, "access_info"},
		{`{"accessInfo":{"frontUrl":"canary"}}`, "INVALID_FIELD: accessInfo.frontUrl: no such field"},
		{`{"ok":"canary"}`, "INVALID_FIELD: ok: no such field"},
		{`{"changeVerdict":{"allowed":true}}`, "RESULT_INVALID: change_verdict belongs to CHECK_CHANGE tasks only"},
		{`{"fencingToken":"7","accessInfo":{"frontEndUrl":"https://hook.example.com"}}`, "RESULT_INVALID: the answer names another task"},
		{`<html>canary`, "INVALID_FIELD: the body is not JSON"},
		{``, "RESULT_INVALID: a CREATE task is completed with access_info"},
	} {
		order := fmt.Sprintf("CS%d", n)
		h.does(func(*koogatev1.Task) (int, string) { return http.StatusOK, c.answer })
		if _, err := r.callWith(key, "shop", newInstance(order)); err != nil {
			t.Fatal(err)
		}
		eventually(t, c.answer, func() bool {
			calls := h.of(order)
			if len(calls) == 0 {
				return false
			}
			got, err := s.GetTask(t.Context(), &koogatev1.GetTaskRequest{TaskId: calls[0].task.GetTaskId()})
			reason := got.GetTask().GetReason()
			if strings.Contains(reason, "canary") {
				t.Errorf("%s: the reason repeats the answer: %s", c.answer, reason)
			}
			return err == nil && strings.HasPrefix(reason, "the webhook answered 200 with what is no result: ") && strings.Contains(reason, c.reason)
		})
		h.does(nil)
		r.activeAt(key, order)
		calls := h.of(order)
		if first, last := calls[0], calls[len(calls)-1]; len(calls) < 2 || first.header.Get("webhook-id") != last.header.Get("webhook-id") || last.task.GetFencingToken() <= first.task.GetFencingToken() {
			t.Errorf("%s: %d calls", c.answer, len(calls))
		}
	}
	for n, c := range []struct {
		answer, code, reason string
	}{
		{`{"code":"FAILURE_CODE_SOLD_OUT","message":"the last one has gone","customerMessage":"sold out until June"}`, "000106", "the webhook answered 422: the last one has gone"},
		{`{"code":"FAILURE_CODE_SOLD_OUT","customerMessage":"\u5356\u5b8c","more":1}`, "000106", "the webhook answered 422"}, // which only ASCII can be told
		{`{"code":"canary"}`, "000104", "the webhook answered 422"},
		{`<html>canary`, "000104", "the webhook answered 422"},
		{`{"message":"` + strings.Repeat("x", 2000) + `"}`, "000104", "the webhook answered 422: xxx"},
	} {
		order := fmt.Sprintf("CF%d", n)
		h.does(func(*koogatev1.Task) (int, string) { return http.StatusUnprocessableEntity, c.answer })
		if _, err := r.callWith(key, "shop", newInstance(order)); err != nil {
			t.Fatal(err)
		}
		var a answer
		eventually(t, c.answer, func() bool {
			var err error
			a, err = r.callWith(key, "shop", newInstance(order))
			return err == nil && a.ResultCode == c.code
		})
		if strings.Contains(c.answer, "June") && !strings.Contains(a.ResultMsg, "sold out until June") {
			t.Errorf("the customer is told %q", a.ResultMsg)
		}
		calls := h.of(order)
		got, err := s.GetTask(t.Context(), &koogatev1.GetTaskRequest{TaskId: calls[0].task.GetTaskId()})
		if err != nil || len(calls) != 1 || !strings.HasPrefix(got.GetTask().GetReason(), c.reason) || strings.Contains(got.GetTask().GetReason(), "canary") {
			t.Errorf("%d calls, %v, %v", len(calls), got.GetTask().GetReason(), err)
		}
	}
}

// TestAWebhookCompletesLater: what was answered 202 is prolonged and completed over REST by the token of the call.
func TestAWebhookCompletesLater(t *testing.T) {
	r, h := start(t), newHook(t)
	key, _ := h.sell(t, r.sold())
	h.does(func(*koogatev1.Task) (int, string) { return http.StatusAccepted, "" })
	if _, err := r.callWith(key, "shop", newInstance("CS1")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is called", func() bool { return len(h.of("CS1")) == 1 })
	task := h.of("CS1")[0].task
	at := func(verb, token string, n int64, body string) int {
		t.Helper()
		status, text, _ := r.http(config.ListenerAPI, http.MethodPost, "/v1/tasks/"+task.GetTaskId()+verb, token, fmt.Sprintf(`{"fencingToken":"%d"%s}`, n, body))
		if strings.Contains(text, "canary") {
			t.Errorf("%s: %s", verb, text)
		}
		return status
	}
	result := `,"accessInfo":{"frontEndUrl":"https://hook.example.com/x","password":"canary"}`
	eventually(t, "it is in the vendor's hands", func() bool { return at(":heartbeat", acmeToken, 1, `,"leaseDuration":"600s"`) == 200 })
	if a, b, c := at(":complete", acmeToken, 2, result), at(":complete", queueToken, 1, result), at(":complete", otherToken, 1, result); a != 409 || b != 403 || c != 404 {
		t.Errorf("another token %d, another queue's %d, another seller's %d", a, b, c)
	}
	if status := at(":complete", acmeToken, 1, result); status != 200 {
		t.Errorf("complete: %d", status)
	}
	r.activeAt(key, "CS1")
	if n := len(h.of("CS1")); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// TestAWebhookTakesOverAndGivesBack: a product goes from a worker to a webhook and back while it is sold, with open tasks that follow and that stay.
func TestAWebhookTakesOverAndGivesBack(t *testing.T) {
	t.Parallel()
	r, h := start(t), newHook(t)
	s := r.sold()
	key, _ := h.sell(t, s)
	to := func(provisioner string, open koogatev1.OpenTasks, moved int32) {
		t.Helper()
		a, err := s.UpdateProduct(t.Context(), &koogatev1.UpdateProductRequest{
			Endpoint: "shop", ProductId: "*", Settings: &koogatev1.ProductSettings{Provisioner: provisioner}, OpenTasks: open, Reason: "a test",
		})
		if err != nil || a.GetMovedTasks() != moved {
			t.Fatalf("%v, %v", a, err)
		}
	}
	order := func(id string) {
		t.Helper()
		if _, err := r.callWith(key, "shop", newInstance(id)); err != nil {
			t.Fatal(err)
		}
	}
	to("crm", koogatev1.OpenTasks_OPEN_TASKS_STAY, 0)
	order("CS1")
	s.ready(t, "CS1", "crm")
	to("hook", koogatev1.OpenTasks_OPEN_TASKS_FOLLOW, 1)
	r.activeAt(key, "CS1")
	h.does(func(*koogatev1.Task) (int, string) { return http.StatusServiceUnavailable, "" })
	order("CS2")
	eventually(t, "CS2 is called for", func() bool { return len(h.of("CS2")) > 0 })
	to("crm", koogatev1.OpenTasks_OPEN_TASKS_STAY, 0)
	h.does(nil)
	r.activeAt(key, "CS2") // by the webhook, whose product it is no more
	order("CS3")
	if task := s.lease(t, "crm"); task.GetOrderId() != "CS3" || len(h.of("CS3")) != 0 {
		t.Errorf("the worker got %v", task)
	}
	_, err := s.UpdateProvisioner(t.Context(), &koogatev1.UpdateProvisionerRequest{
		Provisioner: "hook", Settings: &koogatev1.ProvisionerSettings{Type: "worker"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"type", "webhook"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	to("hook", koogatev1.OpenTasks_OPEN_TASKS_STAY, 0)
	order("CS4")
	if task := s.lease(t, "hook"); task.GetOrderId() != "CS4" || len(h.of("CS4")) != 0 { // its queue is a worker's now
		t.Errorf("the worker got %v", task)
	}
}
