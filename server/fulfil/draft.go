// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// draft is a decision in the making: the rows that were read, and the change that the decision makes.
type draft struct {
	s      *Service
	actor  string // who acts, for the events
	now    time.Time
	agg    *store.Aggregate      // what was read, with the draft's own changes applied to it
	was    []store.InstanceState // of the instances that were read, in their order
	failed string                // the code of the failure that is drafted, for the span of who reported it
	change store.Change
}

func (s *Service) newDraft(ctx context.Context, now time.Time, agg *store.Aggregate) *draft {
	d := &draft{s: s, actor: access.Actor(ctx), now: now, agg: agg}
	for i := range agg.Instances {
		d.was = append(d.was, agg.Instances[i].State)
	}
	return d
}

// decide reads, lets f draft a change and commits it; when the order changed meanwhile it starts over. f returns without
// drafting anything when there is nothing to do. Errors of f pass through; store errors become *errs.Error.
func (s *Service) decide(ctx context.Context, seller, orderID string, f func(d *draft) error) error {
	for try := 0; ; try++ {
		agg, err := s.Store.Aggregate(ctx, seller, orderID)
		if err != nil {
			return s.storeError(ctx, err, errs.OrderNotFound, "no order %s", orderID)
		}
		d := s.newDraft(ctx, s.now(), agg)
		if err := f(d); err != nil {
			return err
		}
		switch err := d.commit(ctx); {
		case err == nil:
			return nil
		case errors.Is(err, store.ErrNoChange):
			return err
		case !retryable(err) || try >= 100:
			return s.storeError(ctx, err, errs.OrderNotFound, "no order %s", orderID)
		}
		if err := clock.Sleep(ctx, s.Clock, time.Duration(rand.Int64N(int64(min(try+1, 20))))*time.Millisecond); err != nil { //nolint:gosec // jitter
			return s.storeError(ctx, err, errs.OrderNotFound, "")
		}
	}
}

// retryable reports whether a decision lost a race, so that it must be made again.
func retryable(err error) bool {
	return errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrLineExists) ||
		errors.Is(err, store.ErrInstanceExists)
}

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// storeError turns a store's error into the domain's.
func (s *Service) storeError(ctx context.Context, err error, missing errs.Reason, format string, args ...any) error {
	var known *errs.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, store.ErrNotFound):
		return errs.New(errs.NotFound, missing, format, args...)
	case errors.Is(err, store.ErrFenced):
		return errs.Wrap(err, errs.Conflict, errs.FencingTokenStale, "the lease is over; lease the task again")
	case errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrTooLong), errors.Is(err, store.ErrOtherSide): // no failure of the store
		return storefault.Of(err)
	}
	if ctx.Err() == nil {
		s.Log.ErrorContext(ctx, "store failed", "error", err)
	}
	return storefault.Of(err)
}

// event appends an event to the order's chain.
func (d *draft) event(kind, instanceID string, data fields) {
	o := &d.agg.Order
	e := link(o.Head, o.Seller, o.OrderID, kind, instanceID, d.now, data.by(d.actor))
	if extra, ok := data[evidence.FieldExtra].(evidence.Sealed); ok {
		e.Sealed = extra.Text
	}
	o.Head = store.Head{Seq: e.Seq, Hash: e.Hash}
	o.UpdatedAt = d.now
	d.change.Events = append(d.change.Events, e)
}

// instance returns the instance as read or drafted.
func (d *draft) instance(id string) *store.Instance {
	for i := range d.agg.Instances {
		if d.agg.Instances[i].InstanceID == id {
			return &d.agg.Instances[i]
		}
	}
	return nil
}

// endpoint is the endpoint of an instance, or of the order when there is none.
func (d *draft) endpoint(instanceID string) string {
	if i := d.instance(instanceID); i != nil {
		return i.Endpoint
	}
	return d.agg.Order.Endpoint
}

// putInstance drafts the instance's new row.
func (d *draft) putInstance(i *store.Instance) {
	i.UpdatedAt = d.now
	for k := range d.change.NewInstances {
		if d.change.NewInstances[k].InstanceID == i.InstanceID {
			d.change.NewInstances[k] = *i
			return
		}
	}
	for k := range d.change.PutInstances {
		if d.change.PutInstances[k].InstanceID == i.InstanceID {
			d.change.PutInstances[k] = *i
			return
		}
	}
	d.change.PutInstances = append(d.change.PutInstances, *i)
}

// line returns an admitted line of this order's aggregate.
func (d *draft) line(k store.LineKey) *store.Line {
	for i := range d.agg.Lines {
		if d.agg.Lines[i].LineKey == k {
			return &d.agg.Lines[i]
		}
	}
	return nil
}

// creation returns the line that created the instance.
func (d *draft) creation(instanceID string) *store.Line {
	for i := range d.agg.Lines {
		if l := &d.agg.Lines[i]; l.InstanceID == instanceID && l.Action == ActionNew {
			return l
		}
	}
	return nil
}

func (d *draft) putLine(l *store.Line) {
	for k := range d.change.PutLines {
		if d.change.PutLines[k].LineKey == l.LineKey {
			d.change.PutLines[k] = *l
			return
		}
	}
	d.change.PutLines = append(d.change.PutLines, *l)
}

// task returns an open task of the aggregate.
func (d *draft) task(id string) *store.Task {
	for i := range d.agg.Tasks {
		if d.agg.Tasks[i].ID == id {
			return &d.agg.Tasks[i]
		}
	}
	return nil
}

// queue drafts a new task of an instance, ordered behind those it has.
func (d *draft) queue(ctx context.Context, i *store.Instance, t store.Task) {
	i.TaskSeq++
	t.ID = d.s.NewID()
	t.Seller, t.OrderID, t.InstanceID, t.Seq = i.Seller, d.agg.Order.OrderID, i.InstanceID, i.TaskSeq
	t.State, t.DueAt, t.RetryUntil = store.TaskWaiting, d.now, d.now.Add(d.s.window(t.Kind, i.Endpoint))
	t.Traceparent = telemetry.Traceparent(ctx)
	t.CreatedAt, t.UpdatedAt = d.now, d.now
	d.limit(&t)
	d.agg.Tasks = append(d.agg.Tasks, t)
	d.change.NewTasks = append(d.change.NewTasks, t)
	d.putInstance(i)
	d.promote(i.InstanceID)
}

// queueOwn drafts a task that Koogate itself does. The task has no place in the order of the instance's tasks, so no other
// task waits for it.
func (d *draft) queueOwn(ctx context.Context, t store.Task) {
	o := &d.agg.Order
	t.ID, t.Seller, t.OrderID, t.State, t.DueAt = d.s.NewID(), o.Seller, o.OrderID, store.TaskReady, d.now
	t.RetryUntil = d.now.Add(d.s.window(t.Kind, d.endpoint(t.InstanceID)))
	t.Traceparent = telemetry.Traceparent(ctx)
	t.CreatedAt, t.UpdatedAt = d.now, d.now
	d.agg.Tasks = append(d.agg.Tasks, t)
	d.change.NewTasks = append(d.change.NewTasks, t)
}

// open reports whether a task still has to be finished.
func open(st store.TaskState) bool {
	return st == store.TaskWaiting || st == store.TaskReady || st == store.TaskLeased
}

// putTask drafts a task's new row, held to the state and fencing token in which it was read.
func (d *draft) putTask(t *store.Task, mutate func(t *store.Task)) {
	was := *t
	mutate(t)
	t.UpdatedAt = d.now
	if t.State == store.TaskCancelled {
		d.unasked(t)
	}
	for k := range d.change.PutTasks {
		if d.change.PutTasks[k].ID == t.ID {
			d.change.PutTasks[k].Task = *t
			return
		}
	}
	for k := range d.change.NewTasks {
		if d.change.NewTasks[k].ID == t.ID {
			d.change.NewTasks[k] = *t
			return
		}
	}
	d.change.PutTasks = append(d.change.PutTasks, store.TaskPut{Task: *t, ExpectState: was.State, ExpectFence: was.Fence})
}

// promote makes the instance's next waiting task READY when nothing before it is open, and gives it its provisioner.
func (d *draft) promote(instanceID string) {
	if instanceID == "" {
		return
	}
	var next *store.Task
	for i := range d.agg.Tasks {
		t := &d.agg.Tasks[i]
		if t.InstanceID != instanceID || t.Seq == 0 || !open(t.State) {
			continue
		}
		if next == nil || t.Seq < next.Seq {
			next = t
		}
	}
	if next == nil || next.State != store.TaskWaiting {
		return
	}
	if !d.s.own(next.Kind) && !d.assign(next) { // also for a task that was retried: the state that it has to reach may have changed
		return
	}
	d.putTask(next, func(t *store.Task) { t.State, t.DueAt = store.TaskReady, d.now })
}

// commit applies the draft in a span of its own.
func (d *draft) commit(ctx context.Context) error {
	if len(d.change.Events) == 0 && len(d.change.NewTasks) == 0 && len(d.change.PutTasks) == 0 && d.change.Directory == nil {
		return nil
	}
	d.close()
	if err := d.s.apply(ctx, &d.change); err != nil {
		return err
	}
	d.showStates(ctx)
	return nil
}

// close completes the change: its last event answers for it, and the order has the chain's new head.
func (d *draft) close() {
	d.attest()
	if d.change.NewOrder == nil && len(d.change.Events) > 0 {
		d.change.PutOrder = &d.agg.Order
	}
}

func (s *Service) apply(ctx context.Context, changes ...*store.Change) error {
	ctx, span := s.Tracer.Start(ctx, "transaction")
	defer span.End()
	var err error
	if len(changes) == 1 {
		err = s.Store.Apply(ctx, changes[0])
	} else {
		err = s.Store.ApplyAll(ctx, changes)
	}
	switch {
	case err == nil:
	case retryable(err), errors.Is(err, store.ErrOrderExists), errors.Is(err, store.ErrNoChange): // the caller decides again, or has nothing to decide
		telemetry.Set(span, telemetry.Outcome(sentinel(err)))
	default:
		telemetry.Fail(span, sentinel(err))
	}
	return err
}

// sentinel names a store error for a span, without the driver's text.
func sentinel(err error) string {
	if refusal := store.Refusal(err); refusal != nil {
		return refusal.Error()
	}
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ended) {
			return ended.Error()
		}
	}
	return fmt.Sprintf("store failed (%T)", err)
}
