// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/work"
)

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
