// SPDX-License-Identifier: Apache-2.0

package work

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Ask asks for jobs of one seller, or of nobody.
type Ask struct {
	Seller string // empty for jobs that belong to nobody
	Queues []string
	Worker string
	Max    int           // 1 to 100
	Wait   time.Duration // how long to wait for the first job; 0 does not wait
	For    time.Duration // length of the lease
}

// lookAnyway is how often a waiting lease looks for jobs without a wake-up, because wake-ups are lost when a connection
// breaks.
const lookAnyway = 2 * time.Second

// reasonLate is the reason of a job that was cancelled by its deadline.
const reasonLate = "its deadline passed before it was leased"

// Lease hands out jobs, waiting for the first. An empty list is a normal answer. Each job's Traceparent is that of its lease
// span. Errors: STORE_UNAVAILABLE.
func (s *Service) Lease(ctx context.Context, r Ask) ([]store.Task, error) {
	topics := make([]string, len(r.Queues))
	for i, q := range r.Queues {
		topics[i] = store.QueueTopic(r.Seller, q)
	}
	turn := s.Store.Turn(topics...)
	defer turn.Stop()
	until := s.now().Add(r.Wait)
	for {
		tasks, err := s.Store.Lease(ctx, store.LeaseRequest{
			Seller: r.Seller, Queues: r.Queues, Worker: r.Worker, Max: r.Max, For: r.For,
		})
		if len(tasks) == r.Max {
			turn.Pass() // there may be more, for those who wait beside this one
		}
		if err != nil {
			turn.GiveBack()
			if ctx.Err() != nil {
				return nil, nil // the caller went away; if a job was leased, its lease ends
			}
			return nil, s.fault(ctx, err, "")
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
		if !clock.Wait(ctx, s.Clock, sleep, turn.C()) {
			return nil, nil // the caller went away; nothing is leased
		}
	}
}

// leased records the lease in the job's trace.
func (s *Service) leased(ctx context.Context, t store.Task) store.Task {
	k, known := s.Kind(t.Kind)
	if !known || k.Trace == TraceRun {
		return t
	}
	ctx, span := s.Tracer.Start(k.under(ctx, t), "task lease "+string(t.Kind))
	telemetry.Set(span, attributes(t)...)
	span.End()
	if t.Attempt > 1 && t.Reason == "" {
		s.Metrics.LeaseLost()
	}
	t.Traceparent = telemetry.Traceparent(ctx)
	return t
}

// lapsed cancels a job whose deadline has passed instead of handing it out.
func (s *Service) lapsed(ctx context.Context, t store.Task, now time.Time) bool {
	if t.Deadline.IsZero() || now.Before(t.Deadline) {
		return false
	}
	lapse := s.lapse
	if k, _ := s.Kind(t.Kind); k.Lapse != nil {
		lapse = k.Lapse
	}
	if err := lapse(ctx, t, reasonLate); err != nil {
		s.Log.WarnContext(ctx, "a task past its deadline could not be cancelled; its lease will end", "task_id", t.ID, "error", err)
	}
	return true
}

// lapse cancels the row of a job.
func (s *Service) lapse(ctx context.Context, t store.Task, reason string) error {
	next := t
	next.State, next.Reason, next.UpdatedAt = store.TaskCancelled, reason, s.now()
	if err := s.put(ctx, t, next); err != nil {
		return err
	}
	s.Metrics.Task(t.Queue, string(t.Kind), string(next.State), s.now().Sub(t.CreatedAt))
	return nil
}

// Heartbeat moves the end of a worker's lease to now plus length. Errors: TASK_NOT_FOUND, FENCING_TOKEN_STALE,
// STORE_UNAVAILABLE.
func (s *Service) Heartbeat(ctx context.Context, seller, id string, fence int64, length time.Duration) (store.Task, error) {
	t, err := s.Task(ctx, seller, id)
	if err == nil {
		err = s.CheckForWorkers(t)
	}
	if err != nil {
		return store.Task{}, err
	}
	return s.heartbeat(ctx, id, fence, length)
}

func (s *Service) heartbeat(ctx context.Context, id string, fence int64, length time.Duration) (store.Task, error) {
	t, err := s.Store.Heartbeat(ctx, id, fence, length)
	if err != nil {
		return store.Task{}, s.fault(ctx, err, id)
	}
	return t, nil
}

// CheckForWorkers hides the jobs of Koogate's own from workers. Errors: TASK_NOT_FOUND.
func (s *Service) CheckForWorkers(t store.Task) error {
	if s.ForWorkers(t.Kind) {
		return nil
	}
	return errs.New(errs.NotFound, errs.TaskNotFound, "%s tasks are Koogate's own", t.Kind)
}
