// SPDX-License-Identifier: Apache-2.0

package work

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// Retry says how a job is tried again after failures. Zero values mean the defaults.
type Retry struct {
	// Base is the pause after the first failure; it doubles with every further one. Default 1 s.
	Base time.Duration
	// Max is the longest pause. Default 5 min.
	Max time.Duration
	// Window is for how long after its creation a job is tried again. Default: for ever.
	Window time.Duration
}

// Pause is the pause after an attempt, of which the first is 1.
func (r Retry) Pause(attempt int32) time.Duration {
	most := cmp.Or(r.Max, 5*time.Minute)
	b := backoff.ExponentialBackOff{InitialInterval: min(cmp.Or(r.Base, time.Second), most), Multiplier: 2, MaxInterval: most}
	pause := b.NextBackOff()
	for n := int32(1); n < attempt && pause < most; n++ {
		pause = b.NextBackOff()
	}
	return pause
}

// Until is when the failures of a job that is made now become final; zero for never.
func (r Retry) Until(now time.Time) time.Time {
	if r.Window <= 0 {
		return time.Time{}
	}
	return now.Add(r.Window)
}

// Failure is what a holder says of an attempt that failed.
type Failure struct {
	Permanent bool
	Reason    string        // for operators; no secrets and no personal data
	After     time.Duration // when to try again; 0 leaves it to the kind's policy
}

// Verdict is what a failure makes of its job.
type Verdict struct {
	Final  bool
	Reason string
	DueAt  time.Time // of the next attempt, unless it is final
}

// Judge says what a failed attempt makes of a job of this kind.
func (k Kind) Judge(t store.Task, now time.Time, f Failure) Verdict {
	v := Verdict{Final: f.Permanent || !t.RetryUntil.IsZero() && now.After(t.RetryUntil), Reason: cmp.Or(store.Mend(f.Reason), "no reason given")}
	if v.Final && !f.Permanent {
		v.Reason = "retry window over: " + v.Reason
	}
	pause := f.After
	if pause <= 0 {
		pause = k.Retry.Pause(t.Attempt)
	}
	v.DueAt = now.Add(pause)
	return v
}

// Retry has a job that FAILED and belongs to no order done again, for an operator who has removed the cause. Errors: STATE_CONFLICT,
// STORE_UNAVAILABLE.
func (s *Service) Retry(ctx context.Context, t store.Task) (store.Task, error) {
	conflict := errs.New(errs.Precondition, errs.StateConflict, "task %s is not FAILED; only a failed task can be retried", t.ID)
	if t.State != store.TaskFailed || t.OrderID != "" {
		return t, conflict
	}
	k, _ := s.Kind(t.Kind)
	now, next := s.now(), t
	next.State, next.DueAt, next.Deadline, next.RetryUntil, next.UpdatedAt = store.TaskReady, now, k.deadline(now), k.Retry.Until(now), now
	err := s.Store.Apply(ctx, &store.Change{PutTasks: []store.TaskPut{{Task: next, ExpectState: t.State, ExpectFence: t.Fence}}})
	if errors.Is(err, store.ErrFenced) {
		return t, conflict
	}
	if err != nil {
		return t, s.fault(ctx, err, t.ID)
	}
	return next, nil
}
