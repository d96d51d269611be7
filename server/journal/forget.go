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

// Register adds the standing job that removes records when they are older than keep; 0 keeps them for ever. It belongs to nobody, as the
// rows of all sellers are in one order.
func (j *Journal) Register(w *work.Service, keep time.Duration) {
	w.Register(work.Kind{
		Name: "FORGET_CALLS", Queue: work.Prefix + "forget-calls", Nobody: true, Standing: true, Trace: work.TraceRun,
		Do: func(ctx context.Context, _ store.Task) work.Outcome { return j.forget(ctx, keep) },
	})
}

func (j *Journal) forget(ctx context.Context, keep time.Duration) work.Outcome {
	now := j.Clock.Now()
	if keep == 0 {
		return work.Rest(now.Add(every))
	}
	n, err := j.Store.ForgetCalls(ctx, keep, mostAtOnce)
	if err != nil {
		j.Log.WarnContext(ctx, "records of calls that have had their time were not removed; it is tried again", "error", err)
		return work.Rest(now.Add(again))
	}
	if n > 0 {
		j.Log.InfoContext(ctx, "records of calls that have had their time were removed", "rows", n, "keep", keep)
	}
	if n >= mostAtOnce {
		return work.Rest(now)
	}
	return work.Rest(now.Add(every))
}
