// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// Failure gives a leased task back.
type Failure struct {
	Seller     string
	TaskID     string
	Fence      int64
	Permanent  bool
	Code       resultcode.Code // what the marketplace is told about a failed creation or licence; empty means 000104 or 000005
	Message    string          // for operators: it never leaves Koogate; no secrets
	Customer   string          // for the customer, in resultMsg: printable ASCII, at most 200 characters; empty means the code's own text
	RetryAfter time.Duration   // 0 means the queue's backoff
}

// maxCustomer bounds what a provisioner tells the customer: resultMsg holds 255 characters, the code's own text among them.
const maxCustomer = 200

// plainText says whether a text is printable ASCII of at most a number of characters: nothing else may stand in an answer but
// in memo (second-reading C4).
func plainText(text string, most int) bool {
	return len(text) <= most && strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// FailTask gives a task back: to be tried again after a pause, or, when the failure is permanent or the retry window is
// over, to end as FAILED. Errors: TASK_NOT_FOUND, FENCING_TOKEN_STALE.
func (s *Service) FailTask(ctx context.Context, f Failure) (store.Task, error) {
	t, err := s.Work.Task(ctx, f.Seller, f.TaskID)
	if err != nil {
		return t, err
	}
	if err := s.Work.CheckForWorkers(t); err != nil {
		return t, err
	}
	if !plainText(f.Customer, maxCustomer) {
		return t, errs.BadField("customer_message", "at most %d printable ASCII characters", maxCustomer)
	}
	want := store.TaskReady
	if f.Permanent {
		want = store.TaskFailed
	}
	if t.Kind == store.TaskIdentify {
		return s.unidentified(ctx, t, f, want)
	}
	if f.Code == resultcode.InstanceNotFound { // it answers a question; of other tasks the marketplace is never told so
		f.Code = ""
	}
	return s.finish(ctx, t, f.Fence, "fail", want, func(d *draft, t *store.Task) error {
		d.failTask(t, f)
		return nil
	})
}

// failTask drafts what a failure does to its task, to the tasks behind it and to the instance.
func (d *draft) failTask(t *store.Task, f Failure) {
	i := d.instance(t.InstanceID)
	k, _ := d.s.Work.Kind(t.Kind)
	v := k.Judge(*t, d.now, work.Failure{Permanent: f.Permanent, Reason: f.Message, After: f.RetryAfter})
	final, reason := v.Final, v.Reason
	if d.failed = string(f.Code); d.s.own(t.Kind) {
		d.failed = f.Message // Koogate's own work gives a code; what a worker writes may be anything
	}
	kind := EventTaskFailed
	if t.Kind == store.TaskOrderQuery {
		kind = EventQueryFailed
	}
	d.event(kind, t.InstanceID, fields{
		"task": t.ID, "kind": string(t.Kind), "attempt": t.Attempt, "permanent": final, "reason": reason,
	})
	switch {
	case i != nil && i.State == store.InstanceReleased && t.Kind != store.TaskRelease:
		d.promoteAfter(t, func() {
			d.putTask(t, func(t *store.Task) { t.State, t.Reason = store.TaskCancelled, "released: "+reason })
		})
	case !final:
		d.putTask(t, func(t *store.Task) { t.State, t.Reason, t.DueAt = store.TaskReady, reason, v.DueAt })
	default:
		d.failFinally(t, i, reason, f.Code, f.Customer)
	}
}

// failFinally ends a task as FAILED. The tasks that need its result fail with it: the creation or change that waits for an
// order query. The instance fails when it cannot be created. All other tasks behind it run. i is nil for a task without an
// instance.
func (d *draft) failFinally(t *store.Task, i *store.Instance, reason string, code resultcode.Code, customer string) {
	d.promoteAfter(t, func() {
		d.putTask(t, func(t *store.Task) {
			t.State, t.Reason, t.Result = store.TaskFailed, reason, failureResult(code, customer)
		})
		if t.Kind == store.TaskOrderQuery {
			if dep := d.dependent(t); dep != nil && dep.State == store.TaskWaiting {
				d.putTask(dep, func(dep *store.Task) { dep.State, dep.Reason = store.TaskFailed, "order query failed: "+reason })
				d.event(EventTaskFailed, t.InstanceID, fields{
					"task": dep.ID, "kind": string(dep.Kind), "attempt": dep.Attempt, "permanent": true, "reason": dep.Reason,
				})
			}
		}
	})
	if i == nil {
		return
	}
	if t.Kind == store.TaskIssueLicence {
		d.putInstance(i) // wakes the call that waits for the licence
	}
	d.touch(i)
	l := d.creation(i.InstanceID)
	creating := creates(*t) ||
		t.Kind == store.TaskOrderQuery && l != nil && l.OrderID == t.LineOrderID && l.OrderLineID == t.LineID
	if !creating || i.State != store.InstanceProvisioning {
		return
	}
	if code == "" {
		code = resultcode.ProductInternal
	}
	i.State, i.Reason, i.FailureCode, i.FailureText = store.InstanceFailed, reason, string(code), customer
	d.putInstance(i)
}

// dependent is the task that waits for what the order query t finds out: the next of the same line.
func (d *draft) dependent(t *store.Task) *store.Task {
	if t.Seq == 0 {
		return nil
	}
	for i := range d.agg.Tasks {
		n := &d.agg.Tasks[i]
		if n.InstanceID == t.InstanceID && n.Seq == t.Seq+1 && n.LineOrderID == t.LineOrderID && n.LineID == t.LineID {
			return n
		}
	}
	return nil
}

// Retry asks for a FAILED task to be tried again.
type Retry struct {
	Seller string
	TaskID string
	Force  bool   // also when the marketplace's deadline is over; needs a Reason
	Reason string // why, for the order's events; no secrets, no personal data
	Who    string // names the caller in the event
	Look   bool   // changes nothing: the answer is the task as it is, or why it would not be retried
}

// RetryTask puts a FAILED task back, for an operator who has removed the cause. After the marketplace's deadline it does so
// only by force: the order is refunded then, and nobody pays for what the task provides. Errors: TASK_NOT_FOUND,
// STATE_CONFLICT, DEADLINE_PASSED, INVALID_FIELD for force without a reason.
func (s *Service) RetryTask(ctx context.Context, r Retry) (store.Task, error) {
	if r.Force && strings.TrimSpace(r.Reason) == "" {
		return store.Task{}, errs.BadField("reason", "say why the task is retried by force")
	}
	t, err := s.Work.Task(ctx, r.Seller, r.TaskID)
	if err != nil {
		return t, err
	}
	if t.OrderID == "" {
		if r.Look {
			return t, notFailed(t)
		}
		s.Log.WarnContext(ctx, "a job of no order is retried", "task_id", t.ID, "kind", t.Kind, "who", r.Who, "reason", r.Reason)
		return s.Work.Retry(ctx, t)
	}
	err = s.decide(ctx, r.Seller, t.OrderID, func(d *draft) error {
		f := d.task(r.TaskID)
		if f == nil {
			return notFailed(store.Task{ID: r.TaskID})
		}
		if err := notFailed(*f); err != nil {
			return err
		}
		if f.Kind == store.TaskCheckChange {
			return errs.New(errs.Precondition, errs.StateConflict,
				"task %s is a check: the buyer has its answer, and nobody waits for another", r.TaskID)
		}
		until := d.deadline(f)
		if until.Passed(d.now) && !r.Force {
			return errs.New(errs.Precondition, errs.DeadlinePassed, "the marketplace waited until %s, and then: %s; to retry task %s all the same use force with a reason",
				until.At.Format(time.RFC3339), until.End.Text(), r.TaskID)
		}
		switch i := d.instance(f.InstanceID); {
		case i == nil:
		case i.State == store.InstanceReleased && f.Kind != store.TaskRelease:
			return errs.New(errs.Precondition, errs.StateConflict, "instance %s is released; there is nothing to retry", f.InstanceID)
		case r.Look:
		case i.State == store.InstanceFailed:
			i.State, i.Reason, i.FailureCode, i.FailureText = store.InstanceProvisioning, "", "", ""
			d.putInstance(i)
		}
		if t = *f; r.Look {
			return nil
		}
		act := fields{}
		act.given("reason", r.Reason)
		act.given("who", r.Who)
		if until.Passed(d.now) {
			act["forced"], act["deadline"], act["end"] = true, until.At.Format(time.RFC3339), string(until.End)
			s.Log.WarnContext(ctx, "a task is retried beyond the marketplace's deadline", "task_id", f.ID, "order_id", f.OrderID,
				"deadline", until.At, "end", string(until.End))
		}
		d.retry(f, until, act)
		t = *f
		return nil
	})
	return t, err
}

// notFailed refuses to retry a task that has not failed. Errors: STATE_CONFLICT.
func notFailed(t store.Task) error {
	if t.State != store.TaskFailed {
		return errs.New(errs.Precondition, errs.StateConflict, "task %s is not FAILED; only a failed task can be retried", t.ID)
	}
	return nil
}

// retry puts a failed task, and with an order query the task that rests on it, back into their queues.
func (d *draft) retry(f *store.Task, until Deadline, act fields) {
	if f.Queue == "" { // the task failed together with its order query, which must run again
		for k := range d.agg.Tasks {
			if q := &d.agg.Tasks[k]; q.Kind == store.TaskOrderQuery && q.State == store.TaskFailed && d.dependent(q) == f {
				d.retry(q, until, act)
				return
			}
		}
	}
	act["task"], act["kind"] = f.ID, string(f.Kind)
	d.event(EventTaskRetried, f.InstanceID, act)
	wait := func(t *store.Task) {
		t.State, t.DueAt, t.RetryUntil, t.Result = store.TaskWaiting, d.now, d.now.Add(d.s.window(t.Kind, d.endpoint(t.InstanceID))), ""
		if until.End == deadline.Refund && !until.Passed(d.now) && until.At.Before(t.RetryUntil) {
			t.RetryUntil = until.At
		}
		if t.Seq == 0 { // the task is not one of the ordered tasks, so it waits for none
			t.State = store.TaskReady
		}
	}
	d.putTask(f, wait)
	if f.Seq == 0 {
		return
	}
	if dep := d.dependent(f); f.Kind == store.TaskOrderQuery && dep != nil && dep.State == store.TaskFailed {
		d.putTask(dep, wait)
	}
	if !d.running(f.InstanceID) {
		d.promote(f.InstanceID)
	}
}

// running reports whether a provisioner holds an ordered task of the instance, or can lease one now.
func (d *draft) running(instanceID string) bool {
	for _, t := range d.agg.Tasks {
		if t.InstanceID == instanceID && t.Seq > 0 && (t.State == store.TaskLeased || t.State == store.TaskReady) {
			return true
		}
	}
	return false
}
