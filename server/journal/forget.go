// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

const (
	every      = time.Hour
	again      = time.Minute // after a failure
	mostAtOnce = 1000        // rows that are removed in one transaction
)

// Register adds the standing job that removes records when they are older than keep, for which 0 means for ever, and what was said in calls
// when it is older than bodies. It belongs to nobody, as the rows of all sellers are in one order.
func (j *Journal) Register(w *work.Service, keep, bodies time.Duration) {
	w.Register(work.Kind{
		Name: "FORGET_CALLS", Queue: work.Prefix + "forget-calls", Nobody: true, Standing: true, Trace: work.TraceRun,
		Do: func(ctx context.Context, _ store.Task) work.Outcome { return j.forget(ctx, keep, bodies) },
	})
}

func (j *Journal) forget(ctx context.Context, keep, bodies time.Duration) work.Outcome {
	now := j.Clock.Now()
	type removal struct {
		what   string
		keep   time.Duration
		forget func(context.Context, time.Duration, int) (int, error)
	}
	due := []removal{{"what was said in calls", bodies, j.Store.ForgetCallBodies}} // first: no body outlives its record
	if keep != 0 {
		due = append(due, removal{"records of calls", keep, j.Store.ForgetCalls})
	}
	full := false
	for _, of := range due {
		n, err := of.forget(ctx, of.keep, mostAtOnce)
		if err != nil {
			j.Log.WarnContext(ctx, "rows that have had their time were not removed; it is tried again", "rows", of.what, "error", err)
			return work.Rest(now.Add(again))
		}
		if n > 0 {
			j.Log.InfoContext(ctx, "rows that have had their time were removed", "rows", of.what, "removed", n, "keep", of.keep)
		}
		full = full || n >= mostAtOnce
	}
	if full {
		return work.Rest(now)
	}
	return work.Rest(now.Add(every))
}
