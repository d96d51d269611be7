// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/explain"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// An account is written from at most this many events: the first of a longer chain, which say what was bought, and the last.
const (
	firstEvents = 50
	lastEvents  = 450
)

// Situation reads everything from which an account of an order is written, except where its trace is shown. The parts are read
// one after the other, so a change that is committed meanwhile may show in some of them only. Errors: ORDER_NOT_FOUND,
// STORE_UNAVAILABLE.
func (s *Service) Situation(ctx context.Context, seller, orderID string) (explain.Situation, error) {
	a, err := s.Order(ctx, seller, orderID)
	if err != nil {
		return explain.Situation{}, err
	}
	told := explain.Situation{
		Order: a, Waiting: make(map[store.LineKey]explain.Deadline), Awaited: make(map[string]explain.Deadline),
		OnCompletion: make(map[deadline.Step]bool), Now: s.now(), TraceID: telemetry.TraceID(seller, orderID).String(),
	}
	if told.Events, err = s.someEvents(ctx, seller, a.Order); err != nil {
		return explain.Situation{}, err
	}
	for k := range a.Instances {
		a.Instances[k] = s.Shown(a.Instances[k])
	}
	waiting := s.WaitingLines(a)
	for k, until := range waiting {
		told.Waiting[k] = explain.Deadline(until)
	}
	for k := range a.Tasks {
		if until := awaitedOf(a, &a.Tasks[k], waiting); !until.At.IsZero() {
			told.Awaited[a.Tasks[k].ID] = explain.Deadline(until)
		}
	}
	for _, step := range []deadline.Step{deadline.Refresh, deadline.Status, deadline.Release, deadline.Upgrade} {
		told.OnCompletion[step] = s.onCompletion(a.Order.Endpoint, step)
	}
	if told.Queues, err = s.queuesOf(ctx, seller, a.Tasks); err != nil {
		return explain.Situation{}, err
	}
	told.GapSince, _, err = s.Gaps.Since(ctx, seller)
	return told, err
}

// someEvents reads the first and the last events of an order.
func (s *Service) someEvents(ctx context.Context, seller string, o store.Order) ([]store.Event, error) {
	if o.Head.Seq <= firstEvents+lastEvents {
		return s.Events(ctx, seller, o.OrderID, 0, firstEvents+lastEvents)
	}
	first, err := s.Events(ctx, seller, o.OrderID, 0, firstEvents)
	if err != nil {
		return nil, err
	}
	last, err := s.Events(ctx, seller, o.OrderID, o.Head.Seq-lastEvents, lastEvents)
	return append(first, last...), err
}

// awaitedOf is until when the marketplace waits for what a task does: for its line, or, where its call named none, what was
// written on it when it was queued.
func awaitedOf(a *store.Aggregate, t *store.Task, waiting map[store.LineKey]Deadline) Deadline {
	if t.LineOrderID == "" {
		return PayloadOf(*t).Until
	}
	for k := range a.Lines {
		l := &a.Lines[k]
		if until, ok := waiting[l.LineKey]; ok && l.InstanceID == t.InstanceID && l.OrderID == t.LineOrderID && l.OrderLineID == t.LineID {
			return until
		}
	}
	return Deadline{}
}

// queuesOf says who works off the queues of tasks. When workers came is read only where a task waits for some.
func (s *Service) queuesOf(ctx context.Context, seller string, tasks []store.Task) (map[string]explain.Queue, error) {
	queues := make(map[string]explain.Queue)
	forWorkers := false
	for k := range tasks {
		name := tasks[k].Queue
		if workers, known := s.Work.Serves(name); known {
			queues[name] = explain.Queue{Koogate: !workers}
			forWorkers = forWorkers || workers && open(tasks[k].State)
		}
	}
	if !forWorkers {
		return queues, nil
	}
	states, err := s.Work.Queues(ctx, seller)
	for k := range states {
		if q, asked := queues[states[k].Name]; asked {
			q.AskedAt, q.Worker = states[k].AskedAt, states[k].Worker
			queues[states[k].Name] = q
		}
	}
	return queues, err
}
