// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// lease is a task with the fencing token under which it was leased.
type lease struct {
	task *koogatev1.Task
	over time.Time // when it ends unless it is prolonged, counted from before it was asked for
	lose context.CancelCauseFunc
}

// running is a task in hand. When its lease was lost and this worker leases it again while the handler still runs, the handler is not
// started a second time: what it returns counts under the new lease, and only when it has given up does the handler run again.
type running struct {
	*pool
	id string

	// Under pool.mu.
	held *lease // under which the handler runs
	next *lease // leased since; nil for none
}

// relet takes a later lease of the task. The caller holds pool.mu.
func (r *running) relet(t *koogatev1.Task, over time.Time) {
	r.next = &lease{task: t, over: over}
	if r.held != nil {
		r.held.lose(fmt.Errorf("%w: its time was over, and it is leased again", ErrLeaseLost))
	}
}

// run does the task until it has been reported or is lost.
func (r *running) run() {
	for dealt := int64(0); ; {
		ctx, l := r.hold(dealt)
		if l == nil {
			return
		}
		keep, stop := context.WithCancel(r.reports)
		kept := make(chan struct{})
		go func() { defer close(kept); r.keep(keep, l) }()
		result, err := r.handle(ctx, l.task)
		if err != nil {
			result = RetryLater(0, err.Error())
		}
		dealt = r.settle(ctx, l, result)
		stop()
		<-kept
		l.lose(nil)
	}
}

// hold makes the newest lease the one under which the handler runs, with the context of the handler; nil when there is none that counts
// and is later than that which was dealt with, and then the task is not in hand any more.
func (r *running) hold(dealt int64) (context.Context, *lease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.next
	r.held, r.next = l, nil
	fresh := l != nil && l.task.GetFencingToken() > dealt
	if !fresh || !now().Before(l.over) {
		if fresh {
			r.Log.Warn("a task's lease was over before its handler began; the task comes again", "task_id", r.id)
		}
		delete(r.inHand, r.id)
		return nil, nil
	}
	carrier := propagation.MapCarrier{"traceparent": l.task.GetTraceparent()}
	ctx, lose := context.WithCancelCause(propagation.TraceContext{}.Extract(r.handlers, carrier))
	l.lose = lose
	return ctx, l
}

// keep prolongs a lease until ctx ends, and ends the handler's context when that does not succeed in time.
func (r *running) keep(ctx context.Context, l *lease) {
	pause, last := r.Lease/often, errors.New("its time was over")
	for {
		left := l.over.Sub(now())
		if left <= 0 {
			l.lose(fmt.Errorf("%w: it was not prolonged in time: %w", ErrLeaseLost, last))
			return
		}
		if !sleep(ctx, min(pause, left)) {
			return
		}
		asked := now()
		limited, cancel := context.WithTimeout(ctx, min(callLimit, r.Lease/often))
		_, err := r.tasks.HeartbeatTask(limited, &koogatev1.HeartbeatTaskRequest{
			TaskId: r.id, FencingToken: l.task.GetFencingToken(), LeaseDuration: durationpb.New(r.Lease),
		})
		cancel()
		switch err := typed(err); {
		case err == nil:
			l.over, pause = asked.Add(r.Lease), r.Lease/often
		case ctx.Err() != nil:
			return
		case stale(err):
			l.lose(fmt.Errorf("%w: %w", ErrLeaseLost, err))
			return
		default: // sooner than a lease that was prolonged
			last, pause = err, max(r.Lease/(5*often), retryAfter(err))
		}
	}
}

// stale says that the task is not under this lease any more.
func stale(err error) bool {
	switch ReasonOf(err) {
	case koogatev1.ErrorReason_ERROR_REASON_FENCING_TOKEN_STALE, koogatev1.ErrorReason_ERROR_REASON_TASK_NOT_FOUND:
		return true
	default:
		return false
	}
}

// errPanic is told of a handler that panicked; what it said may be anything.
var errPanic = errors.New("the handler panicked")

func (r *running) handle(ctx context.Context, t *koogatev1.Task) (result Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			r.Log.ErrorContext(ctx, "a handler panicked; its task is given back", "task_id", t.GetTaskId(), "kind", t.GetKind().String(),
				"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return r.Handler(ctx, t)
}

// mostRefusals is how often a report is tried that Koogate has not taken and does not call retryable.
const mostRefusals = 5

// settle reports a result, as often as it takes, and returns the fencing token under which it was dealt with; 0 when it was not. A lease
// that is lost is no reason not to report: work that is done counts as long as nobody else has the task. What was not finished under a
// lost lease is left to whoever has the task now.
func (r *running) settle(ctx context.Context, l *lease, result Result) int64 {
	cause := context.Cause(ctx)
	log := r.Log.With("task_id", r.id, "kind", l.task.GetKind().String(), "instance_id", l.task.GetInstanceId(), "attempt", l.task.GetAttempt())
	switch {
	case result.final():
	case errors.Is(cause, ErrLeaseLost):
		log.WarnContext(ctx, "a task's lease was lost before it was finished", "error", cause)
		return 0
	case errors.Is(cause, ErrStopping):
		result = RetryLater(0, "the worker stopped")
	}
	pauses, refusals := newPauses(), 0
	for {
		token := r.token(l)
		err := r.report(result, token)
		e, answered := AsError(err)
		if answered && !e.Retryable {
			refusals++
		}
		switch {
		case err == nil:
			log.InfoContext(ctx, "task "+result.outcome())
			return token
		case stale(err) && r.token(l) != token: // leased again here, meanwhile
			continue
		case stale(err):
			log.WarnContext(ctx, "a task's result came too late: its lease was lost", "result", result.outcome(), "error", err)
			return token
		case invalid(err) && result.final(): // it would come again at once, and be refused again
			log.ErrorContext(ctx, "a task's result was refused, and the task is given back: the handler has to be put right", "result", result.outcome(), "error", err)
			result = RetryLater(0, "the handler's result was refused: "+err.Error())
			continue
		case invalid(err), refusals >= mostRefusals:
			log.ErrorContext(ctx, "a task's result is not taken; the task comes again when its lease ends", "result", result.outcome(), "error", err)
			return token
		}
		log.WarnContext(ctx, "a task's result is not reported yet; trying again", "result", result.outcome(), "error", err)
		if !sleep(r.reports, max(pauses.NextBackOff(), retryAfter(err))) {
			log.WarnContext(ctx, "a task's result was not reported before the worker stopped; the task comes again", "result", result.outcome())
			return token
		}
	}
}

// invalid says that what was reported can never be taken.
func invalid(err error) bool {
	switch ReasonOf(err) {
	case koogatev1.ErrorReason_ERROR_REASON_RESULT_INVALID, koogatev1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		koogatev1.ErrorReason_ERROR_REASON_UNKNOWN_ENUM_VALUE:
		return true
	default:
		return false
	}
}

// token is that of the newest lease of the task.
func (r *running) token(l *lease) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != nil {
		l = r.next
	}
	return l.task.GetFencingToken()
}

func (r *running) report(result Result, token int64) error {
	ctx, cancel := context.WithTimeout(r.reports, callLimit)
	defer cancel()
	var err error
	if result.back != nil {
		_, err = r.tasks.FailTask(ctx, result.back.fail(r.id, token))
	} else {
		_, err = r.tasks.CompleteTask(ctx, result.complete(r.id, token))
	}
	return typed(err)
}
