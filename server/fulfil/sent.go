// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"context"
	"time"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// sent hands a call that a task has made to the marketplace to the journal. err is its failure, as the task will end by it.
func (s *Service) sent(ctx context.Context, t store.Task, op call.Operation, began time.Time, heard call.Heard, err error) {
	if s.Calls == nil {
		return
	}
	now := s.Clock.Now()
	out := call.Sent{
		Seller: t.Seller, Operation: op, OrderID: cmp.Or(t.LineOrderID, t.OrderID), InstanceID: t.InstanceID, TaskID: t.ID,
		TraceID: telemetry.TraceOf(ctx), Attempt: int(t.Attempt), At: began, Took: now.Sub(began), Heard: heard,
	}
	if err != nil {
		q := queryError(err)
		out.Reason = q.Code
		if q.Retryable && !now.After(t.RetryUntil) {
			out.Until = t.RetryUntil
		}
	}
	s.Calls.Sent(out)
}
