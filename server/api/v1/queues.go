// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/work"
)

// metaQueue is the metadata of a refusal that names the queue.
const metaQueue = "queue"

// leases refuses a queue from which no worker, or not this one, may lease. Errors: QUEUE_NOT_FOUND, QUEUE_NOT_FOR_WORKERS,
// SCOPE_MISSING.
func (s *tasks) leases(ctx context.Context, queue string) error {
	workers, known := s.work.Serves(queue)
	switch {
	case known && !workers:
		return about(queue, errs.New(errs.Precondition, errs.QueueNotForWorkers, "queue: %s is served by Koogate itself and by no worker", queue))
	case s.work.Sent(queue):
		return about(queue, errs.New(errs.Precondition, errs.QueueNotForWorkers, "queue: the tasks of %s are sent to its webhook, and no worker leases them", queue))
	case !known:
		return about(queue, errs.New(errs.NotFound, errs.QueueNotFound, "queue: no provisioner of type worker is named %s", queue))
	}
	return serves(ctx, queue)
}

// held refuses to take a task of a queue from a caller who cannot have leased it. A queue that is no longer configured is not
// refused: a worker may be about to end what it has leased before. Errors: TASK_NOT_FOUND, SCOPE_MISSING.
func (s *tasks) held(ctx context.Context, queue string) error {
	if workers, known := s.work.Serves(queue); known && !workers {
		return about(queue, errs.New(errs.NotFound, errs.TaskNotFound, "the tasks of %s are Koogate's own", queue))
	}
	if queue == "" { // the task waits, so nobody holds it
		return nil
	}
	return serves(ctx, queue)
}

func serves(ctx context.Context, queue string) error {
	if p, _ := access.From(ctx); !p.Serves(queue) {
		e := about(queue, errs.New(errs.Forbidden, errs.ScopeMissing, "the token's queues do not include %s", queue))
		e.Meta[errs.MetaScope] = string(access.Worker)
		return e
	}
	return nil
}

func about(queue string, e *errs.Error) *errs.Error {
	e.Meta = map[string]string{metaQueue: queue}
	return e
}

// ListQueues implements TaskService.
func (s *tasks) ListQueues(ctx context.Context, _ *koogatev1.ListQueuesRequest) (*koogatev1.ListQueuesResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	queues, err := s.work.Queues(ctx, seller)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListQueuesResponse{Queues: each(queues, func(q work.QueueState) *koogatev1.Queue { return queueOf(seller, q) })}, nil
}

func queueOf(seller string, q work.QueueState) *koogatev1.Queue {
	m := &koogatev1.Queue{
		Queue: q.Name, Seller: seller, Truncated: q.More, WaitingSinceTime: timestamp(q.WaitingSince), LastAskTime: timestamp(q.AskedAt),
		LastLeaseTime: timestamp(q.LeasedAt), LastWorkerId: q.Worker, MarketplaceDeadlineTime: timestamp(q.Until),
		Kinds: each(q.Kinds, func(k work.KindState) *koogatev1.QueueKind {
			return &koogatev1.QueueKind{
				Kind: taskKind(k.Kind), DueCount: int32(k.Due), LaterCount: int32(k.Later), LeasedCount: int32(k.Leased),
				OldestTime: timestamp(k.Oldest),
			}
		}),
	}
	for _, left := range q.Left {
		if left < 0 {
			m.OverdueCount++
		}
	}
	return m
}
