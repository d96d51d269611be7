// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"buf.build/go/protovalidate"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/rest"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/handover"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/taskanswer"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

const (
	often       = 3                // heartbeats in a lease
	beatLimit   = 10 * time.Second // for one
	reportPause = 200 * time.Millisecond
	atOnceBack  = time.Millisecond // a task that is given back at the end is there for others at once
)

// Tasks hands the tasks of a queue to a program, as the service hands those of a webhook provisioner to its webhook: by package handover, whose queue is the API here. Its
// leases are prolonged for as long as the program works.
type Tasks struct {
	API      koogatev1.TaskServiceClient
	Queue    string
	Target   *Target
	Keys     [][]byte
	Patience time.Duration // for one call
	AskAgain time.Duration // after an answer 202, until the task is sent again
	Length   time.Duration // of a lease, which is prolonged
	Worker   string
	Clock    clock.Clock
	Screen   *Screen
	Address  string // of the service, for people

	valid protovalidate.Validator
	fatal context.CancelCauseFunc // ends the run

	mu       sync.Mutex
	held     map[taskanswer.Lease]*held
	accepted map[string]time.Time // by task, until when it is the program's
	stopping bool
	lost     bool // the service does not answer
	away     bool // nor does the program
}

// held is a task in hand.
type held struct {
	task *koogatev1.Task
	stop context.CancelFunc // of its heartbeats
}

// Run leases and hands over until ctx ends, then waits for the calls in hand. Errors: a [client.Error] that asking again does not help with.
func (q *Tasks) Run(ctx context.Context) (err error) {
	if q.valid, err = taskanswer.Validator(); err != nil {
		return err
	}
	q.held, q.accepted = map[taskanswer.Lease]*held{}, map[string]time.Time{}
	run, fatal := context.WithCancelCause(ctx)
	defer fatal(nil)
	q.fatal = fatal
	defer context.AfterFunc(run, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.stopping = true
	})()
	handover.New(handover.Deps{
		Queue: q, Tasks: q, Caller: q.Target, Targets: q.targets, Clock: q.Clock, Worker: q.Worker, Tracer: noop.NewTracerProvider().Tracer(""),
		Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler), Seen: q.seen,
	}).Run(run, "", func() {})
	if ctx.Err() != nil {
		return nil // it was told to end
	}
	return context.Cause(run)
}

func (q *Tasks) targets() []handover.Target {
	return []handover.Target{{Name: q.Queue, URL: q.Target.URL, Keys: q.Keys, Timeout: q.Patience, AskAgain: q.AskAgain}}
}

// Lease implements handover.Queue.
func (q *Tasks) Lease(ctx context.Context, r work.Ask) ([]store.Task, error) {
	resp, err := q.API.LeaseTasks(ctx, &koogatev1.LeaseTasksRequest{
		Queue: q.Queue, WorkerId: q.Worker, MaxTasks: int32(r.Max), Wait: durationpb.New(r.Wait), LeaseDuration: durationpb.New(q.Length),
	})
	if err != nil {
		if e, ok := client.AsError(err); ok && ctx.Err() == nil {
			if !e.Retryable {
				q.fatal(e)
			}
			q.service(false, e.Message)
		}
		return nil, err
	}
	q.service(true, "")
	tasks := make([]store.Task, len(resp.GetTasks()))
	for i, t := range resp.GetTasks() {
		tasks[i] = taskOf(t)
		keep, stop := context.WithCancel(context.WithoutCancel(ctx))
		q.mu.Lock()
		q.held[leaseOf(tasks[i])] = &held{t, stop}
		q.mu.Unlock()
		go q.keep(keep, leaseOf(tasks[i]))
	}
	return tasks, nil
}

// service tells once that the service does not answer, and once that it does.
func (q *Tasks) service(there bool, why string) {
	q.mu.Lock()
	told := q.lost == !there
	q.lost = !there
	q.mu.Unlock()
	switch {
	case told:
	case there:
		q.Screen.Tell("tasks of %s come again", q.Queue)
	default:
		q.Screen.Tell("%s hands out no tasks of %s (%s): asking again until it does", q.Address, q.Queue, why)
	}
}

func leaseOf(t store.Task) taskanswer.Lease { return taskanswer.Lease{TaskID: t.ID, Fence: t.Fence} }

// taskOf is what package handover goes by.
func taskOf(t *koogatev1.Task) store.Task {
	s := store.Task{
		ID: t.GetTaskId(), Seller: t.GetSeller(), Queue: t.GetQueue(), Kind: store.TaskKind(strings.TrimPrefix(t.GetKind().String(), "TASK_KIND_")),
		OrderID: t.GetOrderId(), InstanceID: t.GetInstanceId(), Attempt: t.GetAttempt(), Fence: t.GetFencingToken(), Traceparent: t.GetTraceparent(),
	}
	if t.GetRetryUntilTime() != nil {
		s.RetryUntil = t.GetRetryUntilTime().AsTime()
	}
	return s
}

// keep prolongs a lease until ctx ends or the lease is lost.
func (q *Tasks) keep(ctx context.Context, l taskanswer.Lease) {
	for clock.Wait(ctx, q.Clock, q.Length/often, nil) {
		limited, cancel := context.WithTimeout(ctx, min(beatLimit, q.Length/often))
		_, err := q.API.HeartbeatTask(limited, &koogatev1.HeartbeatTaskRequest{TaskId: l.TaskID, FencingToken: l.Fence, LeaseDuration: durationpb.New(q.Length)})
		cancel()
		if e, ok := client.AsError(err); ok && ctx.Err() == nil && e.Code != codes.DeadlineExceeded && !e.Retryable {
			q.Screen.Tell("task %s is not leased here any more (%s): what your program makes of it counts only if nobody else has it", l.TaskID, e.ReasonName)
			return
		}
	}
}

// drop forgets a task, and with it its heartbeats.
func (q *Tasks) drop(l taskanswer.Lease) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if h := q.held[l]; h != nil {
		h.stop()
		delete(q.held, l)
	}
}

// Heartbeat implements handover.Queue: the task stays with the program, which has answered 202.
func (q *Tasks) Heartbeat(ctx context.Context, _, id string, fence int64, length time.Duration) (t store.Task, err error) {
	l := taskanswer.Lease{TaskID: id, Fence: fence}
	q.mu.Lock()
	if h := q.held[l]; h != nil {
		h.stop() // or a heartbeat of a shorter lease would come after this one
	}
	q.mu.Unlock()
	err = q.report(ctx, func() error {
		resp, err := q.API.HeartbeatTask(ctx, &koogatev1.HeartbeatTaskRequest{TaskId: id, FencingToken: fence, LeaseDuration: durationpb.New(length)})
		if err == nil {
			t = taskOf(resp.GetTask())
			q.mu.Lock()
			q.accepted[id] = q.Clock.Now().Add(length)
			q.mu.Unlock()
		}
		return err
	})
	return t, err
}

// Under implements handover.Queue.
func (q *Tasks) Under(ctx context.Context, t store.Task) context.Context {
	return telemetry.FromTraceparent(ctx, t.Traceparent)
}

// Show implements handover.Tasks.
func (q *Tasks) Show(_ context.Context, t store.Task) ([]byte, error) {
	q.mu.Lock()
	h := q.held[leaseOf(t)]
	q.mu.Unlock()
	return rest.Show(h.task)
}

// Complete implements handover.Tasks.
func (q *Tasks) Complete(ctx context.Context, t store.Task, answer []byte) error {
	r, err := leaseOf(t).Complete(q.valid, answer)
	if err != nil {
		return err
	}
	return q.report(ctx, func() error { _, err := q.API.CompleteTask(ctx, r); return err })
}

// Refuse implements handover.Tasks.
func (q *Tasks) Refuse(ctx context.Context, t store.Task, why string, answer []byte) error {
	return q.fail(ctx, leaseOf(t).Refuse(q.valid, t.Kind, why, answer))
}

// Return implements handover.Tasks. At the end of the command the task is there for others at once.
func (q *Tasks) Return(ctx context.Context, t store.Task, why string, pause time.Duration) error {
	q.mu.Lock()
	stopping := q.stopping
	q.mu.Unlock()
	if stopping {
		why, pause = "koogate listen has ended: "+why, atOnceBack
	}
	return q.fail(ctx, leaseOf(t).Return(why, pause))
}

func (q *Tasks) fail(ctx context.Context, r *koogatev1.FailTaskRequest) error {
	return q.report(ctx, func() error { _, err := q.API.FailTask(ctx, r); return err })
}

// report writes what has come of a task, again while the service is away, as long as ctx goes on.
func (q *Tasks) report(ctx context.Context, write func() error) error {
	for {
		err := write()
		e, ok := client.AsError(err)
		switch {
		case err == nil:
			return nil
		case !ok:
			return err
		case e.Retryable && clock.Wait(ctx, q.Clock, max(reportPause, e.RetryAfter), nil):
			continue
		}
		return &errs.Error{Kind: kindOf(e.Code), Reason: errs.Reason(e.ReasonName), Msg: e.Message, Cause: e}
	}
}

// kindOf is the kind that a code was made of.
func kindOf(c codes.Code) errs.Kind {
	for _, k := range []errs.Kind{errs.Invalid, errs.NotFound, errs.Conflict, errs.Precondition, errs.Unauthorized, errs.Unavailable, errs.Forbidden, errs.Exhausted, errs.TooSlow, errs.Unserved} {
		if k.Code() == c {
			return k
		}
	}
	return errs.Internal
}

// seen shows what has come of an attempt.
func (q *Tasks) seen(t store.Task, outcome string, status int, took time.Duration) {
	h := q.taken(leaseOf(t))
	c := Call{
		Time: q.Clock.Now(), What: whatTask, Kind: string(t.Kind), MessageID: handover.MessageID(t.ID), OrderID: t.OrderID, TaskID: t.ID, Fence: t.Fence, Attempt: int(t.Attempt),
		Status: status, Outcome: outcome, Took: took.Seconds(), Good: outcome == handover.OutcomeDone || outcome == handover.OutcomeAccepted,
	}
	_ = q.Screen.Show(c) // who does not read it any more is handed tasks all the same
	switch {
	case outcome == handover.OutcomeAccepted && h != nil:
		q.mu.Lock()
		until, held := q.accepted[t.ID]
		q.mu.Unlock()
		if held {
			q.Screen.Tell("  your program completes it: POST /v1/tasks/%s:complete at the REST listener, with its token, before %s, when it is sent again:\n  %s", t.ID,
				until.Local().Format(time.TimeOnly), completion(h))
		}
	case outcome == outbound.Unreachable:
		q.mu.Lock()
		first := !q.away
		q.away = true
		q.mu.Unlock()
		if first {
			q.Screen.Tell("nobody answers at %s: start your program there. Its tasks come again, as long as the marketplace waits", q.Target.URL)
		}
	default:
		q.mu.Lock()
		q.away = false
		if outcome != handover.OutcomeAccepted {
			delete(q.accepted, t.ID)
		}
		q.mu.Unlock()
	}
}

// taken is a task that is not in hand any more.
func (q *Tasks) taken(l taskanswer.Lease) *held {
	q.mu.Lock()
	h := q.held[l]
	q.mu.Unlock()
	q.drop(l)
	return h
}

// completion is the body that completes a task.
func completion(h *held) string {
	result := ""
	switch h.task.GetKind() {
	case koogatev1.TaskKind_TASK_KIND_CREATE:
		result = `,"accessInfo":{"frontEndUrl":"https://…"}`
	case koogatev1.TaskKind_TASK_KIND_CHECK_CHANGE:
		result = `,"changeVerdict":{"allowed":true}`
	case koogatev1.TaskKind_TASK_KIND_IDENTIFY:
		result = `,"instance":{"orderId":"…","orderLineId":"…","productId":"…","state":"IMPORT_STATE_ACTIVE","access":{"frontEndUrl":"https://…"}}`
	default:
	}
	return fmt.Sprintf(`{"fencingToken":"%d"%s}`, h.task.GetFencingToken(), result)
}

// Accepted are the tasks that were answered 202 and are the program's still.
func (q *Tasks) Accepted() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, until := range q.accepted {
		if q.Clock.Now().Before(until) {
			n++
		}
	}
	return n
}

// Remedy is what else can be done about an error of [Tasks.Run] at a developer's machine; empty for nothing.
func (q *Tasks) Remedy(err error) string {
	var e *client.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Reason {
	case koogatev1.ErrorReason_ERROR_REASON_QUEUE_NOT_FOUND:
		return fmt.Sprintf("koogate provisioners create %s --set type=worker makes one; products name it as their provisioner", q.Queue)
	case koogatev1.ErrorReason_ERROR_REASON_QUEUE_NOT_FOR_WORKERS:
		return fmt.Sprintf("only queues of type worker are leased from. If %s is a webhook, koogate provisioners update %s --set type=worker hands its tasks to this command; set type=webhook again afterwards",
			q.Queue, q.Queue)
	default:
		return ""
	}
}
