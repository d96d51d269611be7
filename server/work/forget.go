// SPDX-License-Identifier: Apache-2.0

package work

import (
	"context"
	"time"

	"github.com/koogate/koogate/store"
)

const (
	// keepEnded is how long a job that belongs to no order is kept after its end, for operators to look at and to retry.
	keepEnded = 30 * 24 * time.Hour
	// forgetEvery is how often such jobs are looked for, forgetAgain how soon after a failure, forgetBatch how many are deleted at once.
	forgetEvery = time.Hour
	forgetAgain = time.Minute
	forgetBatch = 1000
)

// forgetting is the job that keeps the queue from growing for ever. The tasks of orders stay with their orders.
func (s *Service) forgetting() Kind {
	return Kind{Name: "FORGET_JOBS", Queue: Prefix + "forget-jobs", Do: s.forget, Nobody: true, Standing: true, Trace: TraceRun}
}

func (s *Service) forget(ctx context.Context, _ store.Task) Outcome {
	n, err := s.Store.ForgetTasks(ctx, keepEnded, forgetBatch)
	switch {
	case err != nil:
		s.Log.WarnContext(ctx, "jobs that have ended were not deleted; it is tried again", "error", err)
		return Rest(s.now().Add(forgetAgain))
	case n == forgetBatch:
		return Rest(s.now())
	}
	return Rest(s.now().Add(forgetEvery))
}
