// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Lease asks for tasks of one seller.
type Lease struct {
	Seller string
	Queues []string
	Worker string
	Max    int           // 1 to 100
	Wait   time.Duration // how long to wait for the first task; 0 does not wait
	For    time.Duration // length of the lease
}

// lookAnyway is how often a waiting lease looks for tasks without a wake-up, because wake-ups are lost when a connection
// breaks.
const lookAnyway = 2 * time.Second

// LeaseTasks hands out tasks, waiting for the first. An empty list is a normal answer. Each task's Traceparent is that of
// its lease span. Errors: STORE_UNAVAILABLE.
func (s *Service) LeaseTasks(ctx context.Context, r Lease) ([]store.Task, error) {
	topics := make([]string, len(r.Queues))
	for i, q := range r.Queues {
		topics[i] = store.QueueTopic(r.Seller, q)
	}
	wake, stop := s.Store.Watch(topics...)
	defer stop()
	until := s.now().Add(r.Wait)
	for {
		tasks, err := s.Store.Lease(ctx, store.LeaseRequest{
			Seller: r.Seller, Queues: r.Queues, Worker: r.Worker, Max: r.Max, For: r.For,
		})
		if err != nil {
			if ctx.Err() != nil {
				return nil, nil // the caller went away; if a task was leased, its lease ends
			}
			return nil, s.storeError(ctx, err, errs.TaskNotFound, "")
		}
		s.note(ctx, r, tasks)
		now, live := s.now(), tasks[:0]
		for _, t := range tasks {
			if s.lapsed(ctx, t, now) {
				continue
			}
			live = append(live, s.leased(ctx, t))
		}
		left := until.Sub(s.now())
		if len(live) > 0 || left <= 0 {
			return live, nil
		}
		sleep := min(left, lookAnyway)
		if due, ok, err := s.Store.NextDue(ctx, r.Seller, r.Queues); err == nil && ok {
			sleep = max(0, min(sleep, due.Sub(s.now())))
		}
		if !clock.Wait(ctx, s.Clock, sleep, wake) {
			return nil, nil // the caller went away; nothing is leased
		}
	}
}

// leased records the lease in the order's trace.
func (s *Service) leased(ctx context.Context, t store.Task) store.Task {
	if t.OrderID == "" { // the standing task of usage pushes: its calls have spans of their own
		return t
	}
	ctx = telemetry.FromTraceparent(telemetry.UnderOrder(ctx, t.Seller, t.OrderID), t.Traceparent)
	ctx, span := s.Tracer.Start(ctx, "task lease "+string(t.Kind))
	telemetry.Set(span, taskAttributes(t)...)
	span.End()
	if t.Attempt > 1 && t.Reason == "" {
		s.Metrics.LeaseLost()
	}
	t.Traceparent = telemetry.Traceparent(ctx)
	return t
}

// lapsed cancels a task whose deadline has passed instead of handing it out.
func (s *Service) lapsed(ctx context.Context, t store.Task, now time.Time) bool {
	if t.Deadline.IsZero() || now.Before(t.Deadline) {
		return false
	}
	err := s.decide(ctx, t.Seller, t.OrderID, func(d *draft) error {
		open := d.task(t.ID)
		if open == nil || open.Fence != t.Fence {
			return nil
		}
		d.cancel(open, "its deadline passed before it was leased")
		return nil
	})
	if err != nil {
		s.Log.WarnContext(ctx, "a task past its deadline could not be cancelled; its lease will end", "task_id", t.ID, "error", err)
	}
	return true
}

// cancel ends a task that has become superfluous.
func (d *draft) cancel(t *store.Task, reason string) {
	d.putTask(t, func(t *store.Task) { t.State, t.Reason = store.TaskCancelled, reason })
	d.event(EventTaskCancelled, t.InstanceID, fields{"task": t.ID, "kind": string(t.Kind), "reason": reason})
}

// HeartbeatTask moves the end of a lease to now plus length. Errors: TASK_NOT_FOUND, FENCING_TOKEN_STALE.
func (s *Service) HeartbeatTask(ctx context.Context, seller, id string, fence int64, length time.Duration) (store.Task, error) {
	t, err := s.ownTask(ctx, seller, id)
	if err == nil && own(t.Kind) {
		err = errOwn(t.Kind)
	}
	if err != nil {
		return store.Task{}, err
	}
	t, err = s.Store.Heartbeat(ctx, id, fence, length)
	if err != nil {
		return store.Task{}, s.storeError(ctx, err, errs.TaskNotFound, "no task %s", id)
	}
	return t, nil
}

// ownTask reads a task and hides those of other sellers.
func (s *Service) ownTask(ctx context.Context, seller, id string) (store.Task, error) {
	t, err := s.Store.Task(ctx, id)
	if err == nil && t.Seller != seller {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Task{}, s.storeError(ctx, err, errs.TaskNotFound, "no task %s", id)
	}
	return t, nil
}
