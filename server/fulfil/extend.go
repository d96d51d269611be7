// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// longestRetry is how far from now an operator may move the end of a task's retries.
const longestRetry = 90 * 24 * time.Hour

// Extension moves the end of an open task's retries later.
type Extension struct {
	Seller string
	TaskID string
	Until  time.Time // when failures of the task become final
	Reason string    // why, for the order's events; no secrets, no personal data
	Who    string    // names the caller in the event
}

// ExtendTask has an open task tried again for longer, though never for longer than the marketplace waits for it. What is set already
// is a success and changes nothing. Errors: TASK_NOT_FOUND, STATE_CONFLICT, DEADLINE_PASSED, INVALID_FIELD, STORE_UNAVAILABLE.
func (s *Service) ExtendTask(ctx context.Context, x Extension) (store.Task, error) {
	t, err := s.Work.Task(ctx, x.Seller, x.TaskID)
	if err != nil {
		return t, err
	}
	until := x.Until.UTC().Truncate(time.Microsecond)
	if t.OrderID == "" {
		return t, errs.New(errs.Precondition, errs.StateConflict, "task %s belongs to no order; its retries have an end of their own", x.TaskID)
	}
	err = s.decide(ctx, x.Seller, t.OrderID, func(d *draft) error {
		f := d.task(x.TaskID)
		if f == nil || !open(f.State) {
			return errs.New(errs.Precondition, errs.StateConflict, "task %s is not open; a failed task is retried", x.TaskID)
		}
		if f.RetryUntil.Equal(until) {
			t = *f
			return nil
		}
		if err := d.extensible(f, until); err != nil {
			return err
		}
		data := fields{
			"task": f.ID, "kind": string(f.Kind), "was": f.RetryUntil.Format(time.RFC3339), "until": until.Format(time.RFC3339), "reason": x.Reason,
		}
		data.given("who", x.Who)
		d.event(EventTaskExtended, f.InstanceID, data)
		d.putTask(f, func(t *store.Task) { t.RetryUntil = until })
		t = *f
		return nil
	})
	return t, err
}

// extensible says why a task's retries cannot end at a time.
func (d *draft) extensible(t *store.Task, until time.Time) error {
	limit := d.deadline(t)
	switch {
	case t.RetryUntil.IsZero():
		return errs.New(errs.Precondition, errs.StateConflict, "task %s is retried for ever", t.ID)
	case limit.Passed(d.now):
		return errs.New(errs.Precondition, errs.DeadlinePassed, "the marketplace waited for task %s until %s, and then: %s",
			t.ID, limit.At.Format(time.RFC3339), limit.End.Text())
	case !until.After(t.RetryUntil):
		return errs.BadField("retry_until_time", "task %s is retried until %s already, and an extension is later",
			t.ID, t.RetryUntil.Format(time.RFC3339))
	case !limit.At.IsZero() && until.After(limit.At):
		return errs.BadField("retry_until_time", "the marketplace waits for task %s until %s, and then: %s; no retry is later",
			t.ID, limit.At.Format(time.RFC3339), limit.End.Text())
	case until.After(d.now.Add(longestRetry)):
		return errs.BadField("retry_until_time", "at most 90 days from now")
	}
	return nil
}
