// SPDX-License-Identifier: Apache-2.0

package work

import (
	"context"
	"time"

	"github.com/koogate/koogate/store"
)

// Outcome is how an attempt ended. The zero Outcome is [Settled].
type Outcome struct {
	state   store.TaskState // empty when the handler has written the end itself
	result  string
	failure Failure
	rest    time.Time
}

// Settled says that the handler has ended the job itself, in a transaction with what else it writes; see [Service.Finish]. A job
// that it has not ended is done again when its lease ends.
func Settled() Outcome { return Outcome{} }

// Done ends a job with a result, which is JSON without secrets or empty.
func Done(result string) Outcome { return Outcome{state: store.TaskDone, result: result} }

// Again gives a job back to be tried again, by the policy of its kind. When the time for that is over it ends as FAILED.
func Again(reason string) Outcome {
	return Outcome{state: store.TaskReady, failure: Failure{Reason: reason}}
}

// After is when a job that is given back is tried again, if not by the policy of its kind.
func (o Outcome) After(pause time.Duration) Outcome {
	o.failure.After = pause
	return o
}

// Failed ends a job for good.
func Failed(reason string) Outcome {
	return Outcome{state: store.TaskFailed, failure: Failure{Permanent: true, Reason: reason}}
}

// Rest puts a standing job back until its next turn, with its attempts counted anew.
func Rest(until time.Time) Outcome { return Outcome{rest: until} }

// Settle writes how an attempt ended. It does so only while the job is held under the token under which t was leased. Errors:
// FENCING_TOKEN_STALE, STORE_UNAVAILABLE; the job is done again when its lease ends.
func (s *Service) Settle(ctx context.Context, t store.Task, o Outcome) error {
	k, _ := s.Kind(t.Kind)
	switch {
	case !o.rest.IsZero():
		return s.put(ctx, t, s.armed(k, t, o.rest))
	case o.state == "":
		return nil
	}
	verb := "complete"
	if o.state != store.TaskDone {
		verb = "fail"
	}
	_, err := s.Finish(ctx, t, Finish{Fence: t.Fence, Verb: verb, Want: o.state, Write: func(ctx context.Context) (store.Task, string, error) {
		now, next := s.now(), t
		next.State, next.Result, next.Reason, next.UpdatedAt = o.state, o.result, "", now
		if o.state != store.TaskDone {
			v := k.Judge(t, now, o.failure)
			next.Reason, next.Result = v.Reason, ""
			if next.State, next.DueAt = store.TaskReady, v.DueAt; v.Final {
				next.State, next.DueAt = store.TaskFailed, t.DueAt
			}
		}
		return next, next.Reason, s.put(ctx, t, next)
	}})
	return err
}

// put replaces a job that is still held under the token under which it was leased.
func (s *Service) put(ctx context.Context, held, next store.Task) error {
	err := s.Store.Apply(ctx, &store.Change{PutTasks: []store.TaskPut{{Task: next, ExpectState: held.State, ExpectFence: held.Fence}}})
	if err != nil {
		return s.fault(ctx, err, held.ID)
	}
	return nil
}
