// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"context"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
)

const (
	realLease = time.Hour              // of the gate at Koogate; the worker's own is the gate's to keep
	askPause  = 20 * time.Millisecond  // between two looks for a task
	theft     = 700 * time.Millisecond // for which another worker has a stolen task
	thief     = "worker-test-thief"
)

// gate is the task service that the worker talks to. Tasks are Koogate's, and every report goes there; the gate keeps the worker's leases,
// so that it can end one at any time, as a release, an operator or a clock that jumps does.
type gate struct {
	koogatev1.UnimplementedTaskServiceServer

	up    koogatev1.TaskServiceClient
	queue string
	token string

	asks sync.Mutex // held by who leases
	born int        // how often the worker has died; under asks

	mu     sync.Mutex
	plans  map[string]plan // by order
	grants map[lease]*grant
	log    []*grant // in their order
	alien  []string // calls about what the worker does not have
	calls  int      // of the worker, or by which a webhook was told of a task
	asked  int      // those of its calls that were about a task that it has
}

// lease names a task under a fencing token.
type lease struct {
	task  string
	token int64
}

// plan is what is done to the tasks of an order. Its functions run while the worker waits for its answer.
type plan struct {
	detach bool                                       // of a webhook: the first call goes on, and Koogate takes it for lost
	leased func(g *grant)                             // after a task was handed out
	beat   func(g *grant)                             // at the first heartbeat
	report func(g *grant, forward func() error) error // instead of the first report
}

func (g *gate) admit(ctx context.Context) error {
	in, _ := metadata.FromIncomingContext(ctx)
	out, _ := metadata.FromOutgoingContext(ctx)
	for _, v := range append(in.Get("authorization"), out.Get("authorization")...) {
		if strings.EqualFold(v, "Bearer "+g.token) {
			return nil
		}
	}
	return refusal(errs.New(errs.Unauthorized, errs.TokenInvalid, "no valid bearer token: the worker is given one in KOOGATE_TOKEN"))
}

func refusal(e *errs.Error) error { return errs.Guided(errs.ToStatus(e)).Err() }

func staleness(l lease) error {
	return refusal(errs.New(errs.Conflict, errs.FencingTokenStale, "task %s is not leased under token %d; lease it again", l.task, l.token))
}

// stale says that Koogate has refused a token.
func stale(err error) bool { return status.Code(err) == codes.Aborted }

// LeaseTasks implements TaskService.
func (g *gate) LeaseTasks(ctx context.Context, r *koogatev1.LeaseTasksRequest) (*koogatev1.LeaseTasksResponse, error) {
	if err := g.admit(ctx); err != nil {
		return nil, err
	}
	asked := time.Minute
	if r.GetLeaseDuration() != nil {
		asked = r.GetLeaseDuration().AsDuration()
	}
	until := clock.System{}.Now().Add(r.GetWait().AsDuration())
	g.asks.Lock()
	born := g.born
	g.asks.Unlock()
	for {
		tasks, err := g.ask(ctx, r, born, asked)
		if err != nil {
			return nil, err
		}
		if len(tasks) > 0 || !(clock.System{}).Now().Before(until) {
			return &koogatev1.LeaseTasksResponse{Tasks: tasks}, nil
		}
		if err := clock.Sleep(ctx, clock.System{}, askPause); err != nil {
			return nil, status.FromContextError(err).Err()
		}
	}
}

// ask leases what is there, unless the worker that asks has died since.
func (g *gate) ask(ctx context.Context, r *koogatev1.LeaseTasksRequest, born int, length time.Duration) ([]*koogatev1.Task, error) {
	g.asks.Lock()
	defer g.asks.Unlock()
	if ctx.Err() != nil || born != g.born {
		return nil, status.Error(codes.Canceled, "the caller has gone")
	}
	g.lapse()
	// A worker that dies between the question and the answer must not take tasks along: the answer is had in any case.
	resp, err := g.up.LeaseTasks(context.WithoutCancel(ctx), &koogatev1.LeaseTasksRequest{
		Queue: r.GetQueue(), WorkerId: r.GetWorkerId(), MaxTasks: r.GetMaxTasks(), LeaseDuration: durationpb.New(realLease),
	})
	now := clock.System{}.Now()
	for _, t := range resp.GetTasks() {
		t.LeaseExpireTime = timestamppb.New(now.Add(length))
		g.grant(t, now, length)
	}
	return resp.GetTasks(), err
}

// lapse gives back what the worker has held beyond its lease, so that it can be leased again.
func (g *gate) lapse() {
	for _, x := range g.open() {
		x.mu.Lock()
		over := !x.reporting && !(clock.System{}).Now().Before(x.until)
		if over {
			x.lapsed = true
		}
		x.mu.Unlock()
		if over {
			g.giveBack(lease{x.task.GetTaskId(), x.task.GetFencingToken()})
			x.end()
		}
	}
}

// giveBack makes a task leasable at once.
func (g *gate) giveBack(l lease) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, _ = g.up.FailTask(ctx, &koogatev1.FailTaskRequest{ // stale when somebody has reported it
		TaskId: l.task, FencingToken: l.token, Message: "worker-test: the lease is over", RetryAfter: durationpb.New(time.Millisecond),
	})
}

// steal takes a task from the worker, has another worker hold it for a moment, and puts it back.
func (g *gate) steal(x *grant) {
	g.asks.Lock()
	defer g.asks.Unlock()
	x.end()
	g.giveBack(x.lease())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	resp, _ := g.up.LeaseTasks(ctx, &koogatev1.LeaseTasksRequest{
		Queue: g.queue, WorkerId: thief, MaxTasks: 100, Wait: durationpb.New(5 * time.Second), LeaseDuration: durationpb.New(realLease),
	})
	_ = clock.Sleep(ctx, clock.System{}, theft)
	for _, t := range resp.GetTasks() {
		g.giveBack(lease{t.GetTaskId(), t.GetFencingToken()})
	}
}

// HeartbeatTask implements TaskService.
func (g *gate) HeartbeatTask(ctx context.Context, r *koogatev1.HeartbeatTaskRequest) (*koogatev1.HeartbeatTaskResponse, error) {
	x, p, err := g.enter(ctx, lease{r.GetTaskId(), r.GetFencingToken()}, "heartbeat")
	if err != nil {
		return nil, err
	}
	if x.once(&x.beaten) && p.beat != nil {
		p.beat(x)
	}
	resp, err := g.up.HeartbeatTask(ctx, &koogatev1.HeartbeatTaskRequest{TaskId: r.GetTaskId(), FencingToken: r.GetFencingToken(), LeaseDuration: durationpb.New(realLease)})
	if err != nil {
		x.answered(err)
		return nil, err
	}
	asked := time.Minute
	if r.GetLeaseDuration() != nil {
		asked = r.GetLeaseDuration().AsDuration()
	}
	if !x.prolong(clock.System{}.Now(), asked) { // beyond its end nobody prolongs a lease
		err := staleness(x.lease())
		x.answered(err)
		return nil, err
	}
	resp.Task.LeaseExpireTime = timestamppb.New(clock.System{}.Now().Add(asked))
	return resp, nil
}

// CompleteTask implements TaskService.
func (g *gate) CompleteTask(ctx context.Context, r *koogatev1.CompleteTaskRequest) (resp *koogatev1.CompleteTaskResponse, err error) {
	err = g.report(ctx, lease{r.GetTaskId(), r.GetFencingToken()}, "complete", done, func(ctx context.Context) (err error) {
		resp, err = g.up.CompleteTask(ctx, r)
		return err
	})
	return resp, err
}

// FailTask implements TaskService.
func (g *gate) FailTask(ctx context.Context, r *koogatev1.FailTaskRequest) (resp *koogatev1.FailTaskResponse, err error) {
	how := back
	if r.GetPermanent() {
		how = failed
	}
	err = g.report(ctx, lease{r.GetTaskId(), r.GetFencingToken()}, "fail", how, func(ctx context.Context) (err error) {
		resp, err = g.up.FailTask(ctx, r)
		return err
	})
	return resp, err
}

func (g *gate) report(ctx context.Context, l lease, verb string, how end, call func(ctx context.Context) error) error {
	x, p, err := g.enter(ctx, l, verb)
	if err != nil {
		return err
	}
	forward := func() error {
		err := call(context.WithoutCancel(ctx)) // the worker may die meanwhile
		if x.answered(err); err != nil {
			how = ""
		}
		x.finish(how)
		return err
	}
	if x.arrive() && p.report != nil {
		return p.report(x, forward)
	}
	return forward()
}

// enter finds what the worker calls about. What it was never given is refused here.
func (g *gate) enter(ctx context.Context, l lease, verb string) (*grant, plan, error) {
	if err := g.admit(ctx); err != nil {
		return nil, plan{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	x := g.grants[l]
	if x == nil {
		g.alien = append(g.alien, verb)
		return nil, plan{}, staleness(l)
	}
	g.asked++
	x.called()
	return x, g.plans[x.task.GetOrderId()], nil
}
