// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake hands out the tasks it was given, once, and keeps what comes back.
type fake struct {
	koogatev1.UnimplementedTaskServiceServer

	mu        sync.Mutex
	todo      []*koogatev1.Task
	completed []*koogatev1.CompleteTaskRequest
	failed    []*koogatev1.FailTaskRequest
	strangers int
	reported  chan struct{}
}

func (f *fake) LeaseTasks(ctx context.Context, _ *koogatev1.LeaseTasksRequest) (*koogatev1.LeaseTasksResponse, error) {
	f.mu.Lock()
	tasks := f.todo
	f.todo = nil
	if v := metadata.ValueFromIncomingContext(ctx, "authorization"); len(v) != 1 || v[0] != "Bearer secret" {
		f.strangers++
	}
	f.mu.Unlock()
	if len(tasks) == 0 {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return &koogatev1.LeaseTasksResponse{Tasks: tasks}, nil
}

func (f *fake) CompleteTask(_ context.Context, r *koogatev1.CompleteTaskRequest) (*koogatev1.CompleteTaskResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.completed = append(f.completed, r)
	f.reported <- struct{}{}
	return &koogatev1.CompleteTaskResponse{}, nil
}

func (f *fake) FailTask(_ context.Context, r *koogatev1.FailTaskRequest) (*koogatev1.FailTaskResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = append(f.failed, r)
	f.reported <- struct{}{}
	return nil, status.Error(codes.Aborted, "the lease is over")
}

// TestWorkerDoesEveryKind gives the worker one task of each kind, the create task twice, and one of a kind it cannot know.
func TestWorkerDoesEveryKind(t *testing.T) {
	kinds := []koogatev1.TaskKind{
		koogatev1.TaskKind_TASK_KIND_CREATE, koogatev1.TaskKind_TASK_KIND_CREATE, koogatev1.TaskKind_TASK_KIND_REFRESH,
		koogatev1.TaskKind_TASK_KIND_UPGRADE, koogatev1.TaskKind_TASK_KIND_FREEZE, koogatev1.TaskKind_TASK_KIND_UNFREEZE,
		koogatev1.TaskKind_TASK_KIND_RELEASE, koogatev1.TaskKind_TASK_KIND_CHECK_CHANGE, koogatev1.TaskKind(99),
	}
	f := &fake{reported: make(chan struct{}, len(kinds))}
	for i, k := range kinds {
		f.todo = append(f.todo, &koogatev1.Task{TaskId: string(rune('a' + i)), Kind: k, InstanceId: "i1", FencingToken: int64(i + 1)})
	}
	l := bufconn.Listen(1 << 16)
	srv := grpc.NewServer()
	koogatev1.RegisterTaskServiceServer(srv, f)
	go func() { _ = srv.Serve(l) }()
	defer srv.Stop()
	conn, err := grpc.NewClient("passthrough:///fake", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	ctx, cancel := context.WithCancel(t.Context())
	w := &worker{
		client: koogatev1.NewTaskServiceClient(conn), queue: "crm", id: "w", token: "secret",
		product: &product{instances: make(map[string]*instance)},
	}
	left := make(chan struct{})
	go func() { defer close(left); w.run(ctx) }()
	for range kinds {
		select {
		case <-f.reported:
		case <-time.After(10 * time.Second):
			t.Fatal("not every task was reported")
		}
	}
	cancel()
	<-left

	if f.strangers > 0 {
		t.Error("a lease without the token")
	}
	if len(f.failed) != 1 || f.failed[0].GetFencingToken() != 9 || f.failed[0].GetPermanent() {
		t.Errorf("failed %v", f.failed)
	}
	passwords := map[string]bool{}
	for _, c := range f.completed {
		if a := c.GetAccessInfo(); a != nil {
			passwords[a.GetPassword()] = true
		}
		if v := c.GetChangeVerdict(); (v != nil) != (c.GetTaskId() == "h") {
			t.Errorf("%v", c)
		}
	}
	if len(f.completed) != 8 || len(passwords) != 1 || len(w.product.instances) != 1 {
		t.Errorf("completed %v with %d passwords", f.completed, len(passwords))
	}
}

// TestPurchase: who bought what for how long, in one line.
func TestPurchase(t *testing.T) {
	got := purchase(&koogatev1.Task{
		Input: &koogatev1.TaskInput{CustomerId: "c-1", MobilePhone: "canary"},
		Purchase: &koogatev1.Purchase{
			OrderId: "CS1", OrderType: "NEW", ProductId: "OFFI-1", SkuCode: "sku-1", ChargingMode: "PERIOD", LinearValue: 10,
			PeriodType: "year", PeriodNumber: 1, ExpireTime: timestamppb.New(time.Date(2027, 11, 23, 0, 0, 0, 0, time.UTC)),
		},
	})
	const want = `NEW CS1 by customer "c-1": 10 x product "OFFI-1", sku "sku-1", PERIOD, for 1 year, until 2027-11-23`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
