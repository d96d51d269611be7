// SPDX-License-Identifier: Apache-2.0

// Package audit shows audit rows and ends their life (ADR 33). It writes none: the stores do, in the transaction of what is changed, for the caller
// that the interceptor Audit or a command puts into the context.
package audit

import (
	"context"
	"log/slog"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// Deps are what the job works with; all but Keep are required.
type Deps struct {
	Rows  store.AuditRows
	Work  *work.Service
	Keep  time.Duration // how long a row lives; 0 for ever
	Clock clock.Clock
	Log   *slog.Logger
}

const (
	// every is how often rows are looked for, again how soon after a failure, batch how many are removed at once.
	every = time.Hour
	again = time.Minute
	batch = 1000
)

// Register adds the standing job that removes the rows that have had their time. It belongs to nobody, as the rows of all sellers are
// in one order.
func Register(d Deps) {
	d.Work.Register(work.Kind{
		Name: "FORGET_AUDIT", Queue: work.Prefix + "forget-audit", Do: d.forget, Nobody: true, Standing: true, Trace: work.TraceRun,
	})
}

func (d Deps) forget(ctx context.Context, _ store.Task) work.Outcome {
	now := d.Clock.Now()
	if d.Keep == 0 {
		return work.Rest(now.Add(every))
	}
	n, err := d.Rows.ForgetAudit(ctx, d.Keep, batch)
	if err != nil {
		d.Log.WarnContext(ctx, "audit rows that have had their time were not removed; it is tried again", "error", err)
		return work.Rest(now.Add(again))
	}
	if n > 0 {
		d.Log.InfoContext(ctx, "audit rows that have had their time were removed", "rows", n, "keep", d.Keep)
	}
	if n == batch {
		return work.Rest(now)
	}
	return work.Rest(now.Add(every))
}
