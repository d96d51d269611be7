// SPDX-License-Identifier: Apache-2.0

package work

import (
	"context"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Finish is how a holder takes a job back.
type Finish struct {
	Fence int64
	Verb  string          // "complete" or "fail": it names the span
	Want  store.TaskState // a job that has this state under the same token already is left as it is
	// Write writes the job's new state, which is not LEASED, together with all that follows from it. It looks at the job again in its
	// transaction, with [Held]. why is the reason of a failure for the span: a code, never a text from outside.
	Write func(ctx context.Context) (done store.Task, why string, err error)
}

// Finish takes a leased job back. A span records it in the job's trace. Errors: FENCING_TOKEN_STALE, and those of Write.
func (s *Service) Finish(ctx context.Context, t store.Task, f Finish) (store.Task, error) {
	ctx, span := s.Tracer.Start(s.Under(ctx, t), "task "+f.Verb+" "+string(t.Kind))
	defer span.End()
	telemetry.Set(span, attributes(t)...)
	if t.State == f.Want && t.Fence == f.Fence {
		return t, nil
	}
	if err := Held(t, f.Fence); err != nil {
		s.Metrics.Task(t.Queue, string(t.Kind), "fenced", s.now().Sub(t.CreatedAt))
		telemetry.Set(span, telemetry.Outcome(string(errs.FencingTokenStale)))
		return t, err
	}
	done, why, err := f.Write(ctx)
	if err != nil {
		telemetry.Set(span, telemetry.Outcome(string(errs.As(err).Reason)))
		return t, err
	}
	telemetry.Set(span, telemetry.Outcome(string(done.State)))
	if why != "" {
		telemetry.Set(span, telemetry.Reason(why))
	}
	if done.State == store.TaskFailed { // for good; a job that is tried again is no fault of its order
		if why == "" {
			why = "given up"
		}
		telemetry.Fail(span, why)
	}
	s.Metrics.Task(t.Queue, string(t.Kind), string(done.State), s.now().Sub(t.CreatedAt))
	return done, nil
}

// Held refuses a job that is not leased under a token. Errors: FENCING_TOKEN_STALE.
func Held(t store.Task, fence int64) error {
	if t.State == store.TaskLeased && t.Fence == fence {
		return nil
	}
	return errs.New(errs.Conflict, errs.FencingTokenStale, "task %s is not leased under token %d; lease it again", t.ID, fence)
}

// Under returns a context whose spans belong to a job's trace.
func (s *Service) Under(ctx context.Context, t store.Task) context.Context {
	k, _ := s.Kind(t.Kind)
	return k.under(ctx, t)
}

func attributes(t store.Task) []telemetry.Attr {
	return []telemetry.Attr{
		telemetry.Seller(t.Seller), telemetry.OrderID(t.OrderID), telemetry.OrderLineID(t.LineID), telemetry.InstanceID(t.InstanceID),
		telemetry.TaskID(t.ID), telemetry.TaskKind(string(t.Kind)), telemetry.TaskQueue(t.Queue), telemetry.Attempt(int(t.Attempt)),
		telemetry.Worker(t.Worker), telemetry.Fence(t.Fence),
	}
}
