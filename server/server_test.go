// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store/sqlitetest"
)

func withoutJobs(cfg *config.Config, _ *server.Deps) { cfg.Jobs.Enabled = false }

// standIn serves the marketplace's calls to tokens.
func standIn(cfg *config.Config, _ *server.Deps) { cfg.GRPC.Production = true }

func TestStartAndStop(t *testing.T) {
	r := start(t)
	var addrs []string
	for _, d := range []string{config.ListenerFacade, config.ListenerAPI, config.ListenerGRPC, config.ListenerOps} {
		addrs = append(addrs, r.Addr(d))
		if strings.HasSuffix(r.Addr(d), ":0") || refused(r.Addr(d)) {
			t.Errorf("%s does not listen at %q", d, r.Addr(d))
		}
	}
	if r.Addr("other") != "" {
		t.Error("a listener that does not exist has an address")
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if !refused(a) {
			t.Errorf("%s still listens", a)
		}
	}
}

func TestABusyPortFailsTheStart(t *testing.T) {
	first := start(t)
	second := &rig{t: t, market: &market{}, log: &syncBuffer{}, path: sqlitetest.File(t)}
	cfg := testConfig()
	cfg.Listen.GRPC = first.Addr(config.ListenerGRPC)
	s, err := server.New(cfg, withSellers(t, &cfg, testDeps(t, second, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "listener grpc") {
		t.Fatalf("got %v", err)
	}
}

func TestAFaultyConfigurationIsRefused(t *testing.T) {
	cfg := testConfig()
	cfg.Endpoints[0].Seller = "nobody"
	var faults config.Faults
	if _, err := server.New(cfg, server.Deps{}); !errors.As(err, &faults) || len(faults) != 1 || faults[0].Path != "endpoints[0].seller" {
		t.Fatalf("got %v", err)
	}
}

// TestOneOrder takes an order from the marketplace's call to ACTIVE, once through the facade and once over gRPC.
func TestOneOrder(t *testing.T) {
	r := start(t, standIn)
	t.Run("facade", func(t *testing.T) {
		a := r.mustCall("linked", newInstance("CS1"))
		if a.ResultCode != "000000" || a.InstanceID != "biz-CS1" {
			t.Fatalf("got %+v", a)
		}
		again := newInstance("CS1")
		again["businessId"] = "another"
		if b := r.mustCall("linked", again); b.ResultCode != a.ResultCode || b.InstanceID != a.InstanceID {
			t.Fatalf("a repeat got %+v", b)
		}
		q := r.mustCall("linked", map[string]string{"activity": "queryInstance", "instanceId": a.InstanceID})
		if q.ResultCode != "000000" || len(q.Info) != 1 || q.Info[0].AppInfo["frontEndUrl"] != "https://app.example.com/biz-CS1" ||
			q.Info[0].AppInfo["password"] == "" {
			t.Fatalf("got %+v", q)
		}
	})
	t.Run("grpc", func(t *testing.T) {
		client := productionv1.NewSaasV2ServiceClient(r.dial(standInToken))
		a, err := client.NewInstance(t.Context(), &productionv1.NewInstanceRequest{
			Endpoint: "linked", OrderId: "CS2", OrderLineId: "CS2-000001", BusinessId: "biz-CS2",
		})
		if err != nil || a.GetResultCode() != "000000" {
			t.Fatalf("got %v, %v", a, err)
		}
	})
	instances := koogatev1.NewInstanceServiceClient(r.dial(acmeToken))
	for _, id := range []string{"biz-CS1", "biz-CS2"} {
		i, err := instances.GetInstance(t.Context(), &koogatev1.GetInstanceRequest{InstanceId: id})
		if err != nil || i.GetInstance().GetState() != koogatev1.InstanceState_INSTANCE_STATE_ACTIVE {
			t.Fatalf("got %v, %v", i, err)
		}
		if i.GetInstance().GetFrontEndUrl() == "" || i.GetInstance().GetProductId() != "OFFI-1" || i.GetInstance().GetTraceId() == "" {
			t.Errorf("got %v", i)
		}
	}
	if strings.Contains(r.log.String(), "canary") {
		t.Error("buyer data in the log")
	}
}

// TestProductionBelongsToTheSeller: a token does not reach another seller's endpoint, and tells nothing about it.
func TestProductionBelongsToTheSeller(t *testing.T) {
	r := start(t, withoutJobs, standIn)
	request := &productionv1.NewInstanceRequest{Endpoint: "foreign", OrderId: "CS1", OrderLineId: "CS1-000001", BusinessId: "b"}
	foreign, err := productionv1.NewSaasV2ServiceClient(r.dial(standInToken)).NewInstance(t.Context(), request)
	if err != nil || foreign.GetResultCode() != "000002" || foreign.GetInstanceId() != "" {
		t.Fatalf("got %v, %v", foreign, err)
	}
	request.Endpoint = "missing"
	missing, err := productionv1.NewSaasV2ServiceClient(r.dial(standInToken)).NewInstance(t.Context(), request)
	if err != nil || missing.GetResultMsg() != foreign.GetResultMsg() {
		t.Fatalf("got %v, %v", missing, err)
	}
	if _, err = productionv1.NewSaasV2ServiceClient(r.dial("")).NewInstance(t.Context(), request); status.Code(err) != codes.Unauthenticated {
		t.Fatalf("got %v", err)
	}
}

// TestWorkerPath: lease, heartbeat, complete.
func TestWorkerPath(t *testing.T) {
	r := start(t)
	tasks := koogatev1.NewTaskServiceClient(r.dial(acmeToken))
	leased := make(chan *koogatev1.Task, 1)
	go func() { // the lease waits before there is anything to do
		defer close(leased)
		resp, err := tasks.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{Queue: "crm", WorkerId: "w", Wait: durationpb.New(20 * time.Second)})
		if err == nil && len(resp.GetTasks()) == 1 {
			leased <- resp.GetTasks()[0]
		}
	}()
	if a := r.mustCall("worked", newInstance("CS1")); a.ResultCode != "000004" {
		t.Fatalf("got %+v", a)
	}
	task := <-leased
	if task.GetKind() != koogatev1.TaskKind_TASK_KIND_CREATE || task.GetProductId() != "OFFI-1" || task.GetSkuCode() != "sku-1" ||
		task.GetLinearValue() != 10 || task.GetFencingToken() == 0 || task.GetAttempt() != 1 || task.GetTraceparent() == "" ||
		!task.GetExpireTime().AsTime().Equal(yearly.ExpireAt) {
		t.Fatalf("got %v", task)
	}
	beat, err := tasks.HeartbeatTask(t.Context(), &koogatev1.HeartbeatTaskRequest{
		TaskId: task.GetTaskId(), FencingToken: task.GetFencingToken(), LeaseDuration: durationpb.New(time.Hour),
	})
	if err != nil || !beat.GetTask().GetLeaseExpireTime().AsTime().After(time.Now().Add(50*time.Minute)) {
		t.Fatalf("got %v, %v", beat, err)
	}
	done, err := tasks.CompleteTask(t.Context(), completion(task))
	if err != nil || done.GetTask().GetState() != koogatev1.TaskState_TASK_STATE_DONE || done.GetTask().GetFencingToken() != 0 {
		t.Fatalf("got %v, %v", done, err)
	}
	if q := r.mustCall("worked", map[string]string{"activity": "queryInstance", "instanceId": "biz-CS1"}); q.Info[0].AppInfo["password"] != "canary-password" {
		t.Fatalf("got %+v", q)
	}
	if strings.Contains(r.log.String(), "canary-password") {
		t.Error("a credential in the log")
	}
}

// TestALostLeaseCannotComplete: the second holder of a task keeps it, whatever the first says.
func TestALostLeaseCannotComplete(t *testing.T) {
	r := start(t)
	tasks := koogatev1.NewTaskServiceClient(r.dial(acmeToken))
	r.mustCall("worked", newInstance("CS1"))
	lease := func() *koogatev1.Task {
		resp, err := tasks.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{
			Queue: "crm", WorkerId: "w", Wait: durationpb.New(10 * time.Second), LeaseDuration: durationpb.New(time.Second),
		})
		if err != nil || len(resp.GetTasks()) != 1 {
			t.Fatalf("got %v, %v", resp, err)
		}
		return resp.GetTasks()[0]
	}
	first := lease()
	second := lease() // waits until the first lease is over
	if second.GetTaskId() != first.GetTaskId() || second.GetFencingToken() <= first.GetFencingToken() || second.GetAttempt() != 2 {
		t.Fatalf("got %v after %v", second, first)
	}
	for name, err := range map[string]error{
		"complete": func() error { _, err := tasks.CompleteTask(t.Context(), completion(first)); return err }(),
		"heartbeat": func() error {
			_, err := tasks.HeartbeatTask(t.Context(), &koogatev1.HeartbeatTaskRequest{TaskId: first.GetTaskId(), FencingToken: first.GetFencingToken()})
			return err
		}(),
		"fail": func() error {
			_, err := tasks.FailTask(t.Context(), &koogatev1.FailTaskRequest{TaskId: first.GetTaskId(), FencingToken: first.GetFencingToken(), Permanent: true})
			return err
		}(),
	} {
		if status.Code(err) != codes.Aborted {
			t.Errorf("%s under the lost lease: %v", name, err)
		}
	}
	if _, err := tasks.CompleteTask(t.Context(), completion(second)); err != nil {
		t.Fatal(err)
	}
	if _, err := tasks.CompleteTask(t.Context(), completion(second)); err != nil {
		t.Errorf("the same completion again: %v", err)
	}
}

func completion(t *koogatev1.Task) *koogatev1.CompleteTaskRequest {
	return &koogatev1.CompleteTaskRequest{
		TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken(),
		Result: &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: &koogatev1.AccessInfo{
			FrontEndUrl: "https://app.example.com/x", UserName: "admin", Password: "canary-password",
		}},
	}
}

// TestAStopLosesNothing stops while a call waits for its provisioner, a worker waits for tasks and a health watch is open.
// The call gets an answer, and what was admitted is worked on by the next process.
func TestAStopLosesNothing(t *testing.T) {
	t.Parallel()
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	patient := func(cfg *config.Config, _ *server.Deps) {
		cfg.Endpoints[0].Products = map[string]config.Product{"*": {Provisioner: "crm", SyncBudget: 2 * time.Second}}
	}
	first := startAt(t, sqlitetest.File(t), sealer, patient)
	tasks := koogatev1.NewTaskServiceClient(first.dial(acmeToken))

	answered := make(chan answer, 1)
	go func() {
		a, err := first.call("worked", newInstance("CS1"))
		if err != nil {
			t.Errorf("the call in flight: %v", err)
		}
		answered <- a
	}()
	leased, err := tasks.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{
		Queue: "crm", WorkerId: "w", Wait: durationpb.New(10 * time.Second), LeaseDuration: durationpb.New(time.Second),
	})
	if err != nil || len(leased.GetTasks()) != 1 {
		t.Fatalf("got %v, %v", leased, err)
	}
	waiting := make(chan error, 1)
	go func() { // an idle worker, whose lease must not hold the stop up
		resp, err := tasks.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{Queue: "lic", WorkerId: "w", Wait: durationpb.New(60 * time.Second)})
		if err == nil && len(resp.GetTasks()) > 0 {
			err = errors.New("a task from nowhere")
		}
		waiting <- err
	}()
	watch(t, first)
	time.Sleep(50 * time.Millisecond) // the idle lease is on its way

	began := time.Now()
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("the stop took %s", took)
	}
	if a := <-answered; a.ResultCode != "000004" || a.InstanceID != "biz-CS1" {
		t.Errorf("the call in flight got %+v", a)
	}
	if err := <-waiting; err != nil {
		t.Errorf("the waiting lease got %v", err)
	}

	second := startAt(t, first.path, sealer, patient)
	again := koogatev1.NewTaskServiceClient(second.dial(acmeToken))
	var task *koogatev1.Task
	eventually(t, "the task is handed out again", func() bool {
		resp, err := again.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{Queue: "crm", WorkerId: "w", Wait: durationpb.New(time.Second)})
		if err == nil && len(resp.GetTasks()) == 1 {
			task = resp.GetTasks()[0]
		}
		return task != nil
	})
	if task.GetTaskId() != leased.GetTasks()[0].GetTaskId() || task.GetFencingToken() <= leased.GetTasks()[0].GetFencingToken() {
		t.Fatalf("got %v after %v", task, leased)
	}
	if _, err := again.CompleteTask(t.Context(), completion(task)); err != nil {
		t.Fatal(err)
	}
	if a := second.mustCall("worked", newInstance("CS1")); a.ResultCode != "000000" || a.InstanceID != "biz-CS1" {
		t.Errorf("the repeat got %+v, not the instance that the first call was told", a)
	}
	v, err := koogatev1.NewOrderServiceClient(second.dial(acmeToken)).VerifyOrder(t.Context(), &koogatev1.VerifyOrderRequest{OrderId: "CS1"})
	if err != nil || !v.GetValid() {
		t.Errorf("got %v, %v", v, err)
	}
	eventually(t, "the order is anchored", func() bool {
		anchor, err := second.deps.Store.LastAnchor(t.Context(), "acme")
		return err == nil && strings.Contains(anchor.Heads, `"o":"CS1"`)
	})
}

// TestRunEndsWithItsContext: a context that is over before the start is a stop, and everything is released.
func TestRunEndsWithItsContext(t *testing.T) {
	second := &rig{t: t, market: &market{}, log: &syncBuffer{}, path: sqlitetest.File(t)}
	cfg := testConfig()
	s, err := server.New(cfg, withSellers(t, &cfg, testDeps(t, second, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}
