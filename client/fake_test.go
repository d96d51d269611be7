// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/inproc"
)

// queue is a lease queue with Koogate's rules, by the clock of its test.
type queue struct {
	koogatev1.UnimplementedTaskServiceServer

	mu     sync.Mutex
	tasks  map[string]*job
	leases int
	beats  int
	away   bool          // nothing is answered but UNAVAILABLE
	hasty  bool          // leases do not wait
	refuse error         // of every lease
	result error         // of every report
	reach  time.Duration // what the first report takes to arrive
}

type job struct {
	token    int64
	attempt  int32
	over     time.Time
	due      time.Time
	state    string // ready, leased, done, failed
	reported []string
}

func newQueue(ids ...string) (*queue, *inproc.Channel) {
	q := &queue{tasks: map[string]*job{}}
	for _, id := range ids {
		q.tasks[id] = &job{state: "ready"}
	}
	c := inproc.New(nil)
	koogatev1.RegisterTaskServiceServer(c, q)
	return q, c
}

func guided(err error) error { return errs.Guided(errs.ToStatus(err)).Err() }

func (q *queue) set(f func(q *queue)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	f(q)
}

// job is a task as it stands.
func (q *queue) job(id string) job {
	q.mu.Lock()
	defer q.mu.Unlock()
	j := *q.tasks[id]
	j.reported = slices.Clone(j.reported)
	return j
}

func (q *queue) enter(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	case q.away:
		return status.Error(codes.Unavailable, "connection refused")
	}
	return nil
}

// LeaseTasks implements TaskService.
func (q *queue) LeaseTasks(ctx context.Context, r *koogatev1.LeaseTasksRequest) (*koogatev1.LeaseTasksResponse, error) {
	q.set(func(q *queue) { q.leases++ })
	for until := time.Now().Add(r.GetWait().AsDuration()); ; {
		q.mu.Lock()
		err := q.enter(ctx)
		if err == nil {
			err = q.refuse
		}
		if err != nil {
			q.mu.Unlock()
			return nil, err
		}
		resp := &koogatev1.LeaseTasksResponse{}
		now := time.Now()
		for _, id := range slices.Sorted(maps.Keys(q.tasks)) {
			j := q.tasks[id]
			free := j.state == "ready" && !now.Before(j.due) || j.state == "leased" && !now.Before(j.over)
			if !free || len(resp.GetTasks()) == int(r.GetMaxTasks()) {
				continue
			}
			j.state, j.token, j.attempt, j.over = "leased", j.token+1, j.attempt+1, now.Add(r.GetLeaseDuration().AsDuration())
			resp.Tasks = append(resp.Tasks, &koogatev1.Task{
				TaskId: id, Kind: koogatev1.TaskKind_TASK_KIND_CREATE, InstanceId: "i-" + id, FencingToken: j.token, Attempt: j.attempt,
				Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
			})
		}
		hasty := q.hasty
		q.mu.Unlock()
		if len(resp.GetTasks()) > 0 || hasty || !now.Before(until) {
			return resp, nil
		}
		select {
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (q *queue) held(id string, token int64) (*job, error) {
	j := q.tasks[id]
	if j == nil || j.state != "leased" || j.token != token {
		return nil, guided(errs.New(errs.Conflict, errs.FencingTokenStale, "not leased under token %d", token))
	}
	return j, nil
}

// HeartbeatTask implements TaskService.
func (q *queue) HeartbeatTask(ctx context.Context, r *koogatev1.HeartbeatTaskRequest) (*koogatev1.HeartbeatTaskResponse, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.beats++
	if err := q.enter(ctx); err != nil {
		return nil, err
	}
	j, err := q.held(r.GetTaskId(), r.GetFencingToken())
	if err == nil && !time.Now().Before(j.over) {
		err = guided(errs.New(errs.Conflict, errs.FencingTokenStale, "the lease is over"))
	}
	if err != nil {
		return nil, err
	}
	j.over = time.Now().Add(r.GetLeaseDuration().AsDuration())
	return &koogatev1.HeartbeatTaskResponse{}, nil
}

func (q *queue) report(ctx context.Context, id string, token int64, what string, state string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if reach := q.reach; reach > 0 {
		q.reach = 0
		q.mu.Unlock()
		time.Sleep(reach)
		q.mu.Lock()
	}
	if err := q.enter(ctx); err != nil {
		return err
	}
	j, err := q.held(id, token)
	if err != nil {
		return err
	}
	if q.result != nil && state != "ready" {
		return q.result
	}
	j.state, j.reported = state, append(j.reported, what)
	return nil
}

// CompleteTask implements TaskService.
func (q *queue) CompleteTask(ctx context.Context, r *koogatev1.CompleteTaskRequest) (*koogatev1.CompleteTaskResponse, error) {
	return &koogatev1.CompleteTaskResponse{}, q.report(ctx, r.GetTaskId(), r.GetFencingToken(), fmt.Sprintf("done %T %s", r.GetResult(), r.GetAccessInfo().GetFrontEndUrl()), "done")
}

// FailTask implements TaskService.
func (q *queue) FailTask(ctx context.Context, r *koogatev1.FailTaskRequest) (*koogatev1.FailTaskResponse, error) {
	state := "ready"
	if r.GetPermanent() {
		state = "failed"
	}
	text := fmt.Sprintf("%s %s %q %q %s", state, r.GetCode(), r.GetMessage(), r.GetCustomerMessage(), r.GetRetryAfter().AsDuration())
	err := q.report(ctx, r.GetTaskId(), r.GetFencingToken(), text, state)
	if err == nil {
		q.set(func(q *queue) {
			q.tasks[r.GetTaskId()].due = time.Now().Add(max(time.Second, r.GetRetryAfter().AsDuration()))
		})
	}
	return &koogatev1.FailTaskResponse{}, err
}

// What the examples stand on: a Koogate with one task, at the address that the environment names.
var (
	oldSecret, newSecret = secret('o'), secret('n')
	refusal              = func() error { return guided(errs.BadField("webhook.url", "must be https")) }
)

func message(by client.Secret) *http.Request {
	hook, err := standardwebhooks.NewWebhook(string(by))
	if err != nil {
		panic(err)
	}
	at := time.Now()
	signature, err := hook.Sign("evt_1", at, []byte(event))
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/koogate", strings.NewReader(event))
	r.Header.Set("webhook-id", "evt_1")
	r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("webhook-signature", signature)
	return r
}

// serve begins it, until the process ends.
func serve() {
	q, _ := newQueue("a")
	srv := grpc.NewServer()
	koogatev1.RegisterTaskServiceServer(srv, q)
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() { _ = srv.Serve(l) }()
	for name, value := range map[string]string{"KOOGATE_ADDR": l.Addr().String(), "KOOGATE_TOKEN": "token", "KOOGATE_QUEUE": "crm"} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
}
