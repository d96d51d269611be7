// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// sold are the services of what is sold through, as a token that may change it calls them.
type sold struct {
	koogatev1.EndpointServiceClient
	koogatev1.ProductServiceClient
	koogatev1.ProvisionerServiceClient
	koogatev1.TaskServiceClient
}

func (r *rig) sold() sold {
	conn := r.dial(keysToken)
	return sold{
		koogatev1.NewEndpointServiceClient(conn), koogatev1.NewProductServiceClient(conn), koogatev1.NewProvisionerServiceClient(conn),
		koogatev1.NewTaskServiceClient(r.dial(acmeToken)),
	}
}

// shop creates the endpoint shop, whose products a worker's queue gets, and returns its key.
func (s sold) shop(t *testing.T, provisioner string, budget time.Duration) (key string) {
	t.Helper()
	made, err := s.CreateEndpoint(t.Context(), &koogatev1.CreateEndpointRequest{
		Endpoint: "shop", Settings: &koogatev1.EndpointSettings{InstanceId: "business", CreateAppInfo: "always"},
		Products: []*koogatev1.NewProduct{{ProductId: "*", Settings: &koogatev1.ProductSettings{Provisioner: provisioner, SyncBudget: durationpb.New(budget)}}},
	})
	if err != nil || len(made.GetSecret()) != 52 {
		t.Fatalf("%d characters, %v", len(made.GetSecret()), err)
	}
	return made.GetSecret()
}

// lease takes the next task of a queue.
func (s sold) lease(t *testing.T, queue string) *koogatev1.Task {
	t.Helper()
	leased, err := s.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{Queue: queue, WorkerId: "w", Wait: durationpb.New(20 * time.Second)})
	if err != nil || len(leased.GetTasks()) != 1 {
		t.Fatalf("%s: %v, %v", queue, leased, err)
	}
	return leased.GetTasks()[0]
}

// ready waits until an order's task can be leased, by nobody.
func (s sold) ready(t *testing.T, order, queue string) {
	t.Helper()
	eventually(t, "the task of "+order, func() bool {
		got, err := s.ListTasks(t.Context(), &koogatev1.ListTasksRequest{Filter: `order_id = "` + order + `" AND state = "READY" AND queue = "` + queue + `"`})
		return err == nil && len(got.GetTasks()) == 1
	})
}

// TestWhatTheAPIAddsServesAtOnce: the very next call after a change is served by it, in the process that made it, from the signature to the
// job of the template; and the first call after its end is refused.
func TestWhatTheAPIAddsServesAtOnce(t *testing.T) {
	r := start(t)
	s := r.sold()
	if a, err := r.callWith(acmeKey, "shop", newInstance("CS0")); err != nil || a.ResultCode != "000001" {
		t.Fatalf("before: %+v, %v", a, err)
	}
	if _, err := s.CreateProvisioner(t.Context(), &koogatev1.CreateProvisionerRequest{Provisioner: "shop-links", Settings: &koogatev1.ProvisionerSettings{
		Type: "template", Template: &koogatev1.ProvisionerTemplate{FrontEndUrl: "https://shop.example.com/{instance}"},
	}}); err != nil {
		t.Fatal(err)
	}
	key := s.shop(t, "shop-links", 4*time.Second)
	a, err := r.callWith(key, "shop", newInstance("CS1"))
	if err != nil || a.ResultCode != "000000" || a.InstanceID != "biz-CS1" {
		t.Fatalf("created: %+v, %v", a, err)
	}
	if _, err := s.UpdateProduct(t.Context(), &koogatev1.UpdateProductRequest{
		Endpoint: "shop", ProductId: "*", Settings: &koogatev1.ProductSettings{Provisioner: "crm"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"provisioner", "sync_budget"}},
	}); err != nil {
		t.Fatal(err)
	}
	if a, err = r.callWith(key, "shop", newInstance("CS2")); err != nil || a.ResultCode != "000004" {
		t.Fatalf("moved: %+v, %v", a, err)
	}
	task := s.lease(t, "crm")
	if task.GetOrderId() != "CS2" {
		t.Errorf("the new queue has %v", task)
	}
	if _, err := s.CompleteTask(t.Context(), completion(task)); err != nil {
		t.Fatal(err)
	}
	_, err = s.DeleteEndpoint(t.Context(), &koogatev1.DeleteEndpointRequest{Endpoint: "shop"})
	if reason, _ := reasonOf(err); reason != "STATE_CONFLICT" || !strings.Contains(err.Error(), "have it released first, or delete with force") {
		t.Errorf("deleted under its instances: %v", err)
	}
	_, err = s.CreateProduct(t.Context(), &koogatev1.CreateProductRequest{Endpoint: "shop", ProductId: "OFFI-9", Settings: &koogatev1.ProductSettings{Provisioner: "crm"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.DeleteProduct(t.Context(), &koogatev1.DeleteProductRequest{Endpoint: "shop", ProductId: "*"})
	if reason, _ := reasonOf(err); reason != "STATE_CONFLICT" || !strings.Contains(err.Error(), "biz-CS") {
		t.Errorf("deleted the product of instances: %v", err)
	}
	if _, err := s.DeleteProduct(t.Context(), &koogatev1.DeleteProductRequest{Endpoint: "shop", ProductId: "*", Force: true}); err != nil {
		t.Error(err)
	}
	_, err = s.DeleteProduct(t.Context(), &koogatev1.DeleteProductRequest{Endpoint: "shop", ProductId: "OFFI-9"})
	if reason, _ := reasonOf(err); reason != "STATE_CONFLICT" || !strings.Contains(err.Error(), "is the endpoint's last") {
		t.Errorf("deleted the last product: %v", err)
	}
	if _, err := s.DeleteEndpoint(t.Context(), &koogatev1.DeleteEndpointRequest{Endpoint: "shop", Force: true}); err != nil {
		t.Fatal(err)
	}
	if a, err = r.callWith(key, "shop", newInstance("CS3")); err != nil || a.ResultCode != "000001" {
		t.Errorf("after: %+v, %v", a, err)
	}
}

// TestOpenTasksFollowOrStay: a task that nobody has leased follows its product when that is asked for, by an event of its order that says who
// and why; one that is leased stays with its holder, and so does everything of another endpoint.
func TestOpenTasksFollowOrStay(t *testing.T) {
	r := start(t)
	s := r.sold()
	key := s.shop(t, "crm", 0)
	order := func(endpoint, key, id string) {
		t.Helper()
		if a, err := r.callWith(key, endpoint, newInstance(id)); err != nil || a.ResultCode != "000004" {
			t.Fatalf("%s: %+v, %v", id, a, err)
		}
		s.ready(t, id, "crm")
	}
	update := func(to string, open koogatev1.OpenTasks) *koogatev1.UpdateProductResponse {
		t.Helper()
		a, err := s.UpdateProduct(t.Context(), &koogatev1.UpdateProductRequest{
			Endpoint: "shop", ProductId: "*", Settings: &koogatev1.ProductSettings{Provisioner: to}, OpenTasks: open, Reason: "the CRM is full",
		})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	order("shop", key, "CS1")
	held := s.lease(t, "crm")
	order("shop", key, "CS2")
	order("worked", acmeKey, "CS3")

	if a := update("lic", koogatev1.OpenTasks_OPEN_TASKS_STAY); a.GetMovedTasks() != 0 {
		t.Errorf("stay: %v", a)
	}
	s.ready(t, "CS2", "crm")
	_, err := s.UpdateProduct(t.Context(), &koogatev1.UpdateProductRequest{
		Endpoint: "shop", ProductId: "*", Settings: &koogatev1.ProductSettings{Provisioner: "lic"}, OpenTasks: koogatev1.OpenTasks_OPEN_TASKS_FOLLOW, ValidateOnly: true,
	})
	if err != nil {
		t.Error(err)
	}
	s.ready(t, "CS2", "crm")
	if a := update("lic", koogatev1.OpenTasks_OPEN_TASKS_FOLLOW); a.GetMovedTasks() != 1 || a.GetMoreTasks() { // the product is so already
		t.Errorf("follow: %v", a)
	}
	if a := update("lic", koogatev1.OpenTasks_OPEN_TASKS_FOLLOW); a.GetMovedTasks() != 0 {
		t.Errorf("again: %v", a)
	}
	if task := s.lease(t, "lic"); task.GetOrderId() != "CS2" {
		t.Errorf("the new queue has %v", task)
	}
	if task := s.lease(t, "crm"); task.GetOrderId() != "CS3" {
		t.Errorf("the old queue has %v", task)
	}
	if _, err := s.CompleteTask(t.Context(), completion(held)); err != nil {
		t.Errorf("who held a task: %v", err)
	}
	var kinds []string
	for _, e := range eventsOf(t, r, "CS2") {
		kinds = append(kinds, e.GetKind())
		if e.GetKind() != "task.moved" {
			continue
		}
		var data map[string]any
		if err := json.Unmarshal([]byte(e.GetDataJson()), &data); err != nil {
			t.Fatal(err)
		}
		if data["actor"] != "token keys" || data["was"] != "crm" || data["queue"] != "lic" || data["reason"] != "the CRM is full" || data["kind"] != "CREATE" {
			t.Errorf("the event says %v", data)
		}
	}
	if got := strings.Join(kinds, " "); got != "instance.admitted answer.committed order.queried task.moved" && got != "instance.admitted order.queried task.moved" {
		t.Errorf("events %s", got)
	}
	told, err := koogatev1.NewOrderServiceClient(r.dial(acmeToken)).ExplainOrder(t.Context(), &koogatev1.ExplainOrderRequest{OrderId: "CS2"})
	if err != nil || !strings.Contains(told.String(), "follow its product from the queue of provisioner crm to that of lic") {
		t.Errorf("the account says %v, %v", told, err)
	}
	_, err = s.DeleteProvisioner(t.Context(), &koogatev1.DeleteProvisionerRequest{Provisioner: "lic"})
	if reason, _ := reasonOf(err); reason != "MANAGED_BY_FILE" {
		t.Errorf("the file's: %v", err)
	}
}

// TestAProvisionerWithOpenTasksStays: nobody could lease them any more.
func TestAProvisionerWithOpenTasksStays(t *testing.T) {
	r := start(t)
	s := r.sold()
	if _, err := s.CreateProvisioner(t.Context(), &koogatev1.CreateProvisionerRequest{Provisioner: "own", Settings: &koogatev1.ProvisionerSettings{Type: "worker"}}); err != nil {
		t.Fatal(err)
	}
	key := s.shop(t, "own", 0)
	if a, err := r.callWith(key, "shop", newInstance("CS1")); err != nil || a.ResultCode != "000004" {
		t.Fatalf("%+v, %v", a, err)
	}
	s.ready(t, "CS1", "own")
	gone := func(force bool) error {
		_, err := s.DeleteProvisioner(t.Context(), &koogatev1.DeleteProvisionerRequest{Provisioner: "own", Force: force})
		return err
	}
	refused := func(what string, err error, text string) {
		t.Helper()
		if reason, _ := reasonOf(err); reason != "STATE_CONFLICT" || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("a product names it", gone(true), "give it another provisioner first")
	update := func(open koogatev1.OpenTasks) {
		t.Helper()
		if _, err := s.UpdateProduct(t.Context(), &koogatev1.UpdateProductRequest{
			Endpoint: "shop", ProductId: "*", Settings: &koogatev1.ProductSettings{Provisioner: "crm"}, OpenTasks: open,
		}); err != nil {
			t.Fatal(err)
		}
	}
	update(koogatev1.OpenTasks_OPEN_TASKS_STAY)
	refused("a task waits in its queue", gone(false), "open_tasks FOLLOW")
	update(koogatev1.OpenTasks_OPEN_TASKS_FOLLOW)
	if err := gone(false); err != nil {
		t.Error(err)
	}
	if task := s.lease(t, "crm"); task.GetOrderId() != "CS1" {
		t.Errorf("the queue has %v", task)
	}
}
