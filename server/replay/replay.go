// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/store"
)

// Deps are what the service works with; all are required.
type Deps struct {
	Calls Calls
	Door  func(context.Context, facade.Kept) (facade.Replayed, error) // lets a call in; [facade.Facade.Replay]
	Tasks Tasks
	Clock clock.Clock // that by which work is ordered
}

// Calls are the records of calls; *journal.Journal is one.
type Calls interface {
	Call(ctx context.Context, seller, id string) (store.Call, error)
	Body(ctx context.Context, c store.Call) (journal.Body, error)
	Calls(ctx context.Context, q store.ListQuery) ([]store.Call, error)
}

// Tasks retry the tasks that call the marketplace; *fulfil.Service is one.
type Tasks interface {
	RetryTask(ctx context.Context, r fulfil.Retry) (store.Task, error)
}

// Service replays calls. Safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Request names a call to be let in again.
type Request struct {
	Seller, CallID string
	Force          bool   // also when the marketplace waits no more, or a later call has overtaken it
	Look           bool   // changes nothing: the error is what would keep the call out, as far as that is known before
	Reason         string // why; no secrets, no personal data
	Who            string // names the caller in events
}

// Result is what came of a replay.
type Result struct {
	facade.Replayed        // of a call of the marketplace
	TaskID          string // the task that makes a call to the marketplace again
}

// Replay lets a call of the marketplace in again, in the name of the context's caller, or has a call to the marketplace made again by its
// task. Errors: CALL_NOT_FOUND, CALL_NOT_KEPT, REPLAY_NEEDS_FORCE, STATE_CONFLICT, STORE_UNAVAILABLE, those of lists, and for a call to the marketplace those of
// fulfil.RetryTask.
func (s *Service) Replay(ctx context.Context, r Request) (Result, error) {
	c, err := s.Deps.Calls.Call(ctx, r.Seller, r.CallID)
	if err != nil {
		return Result{}, err
	}
	if c.Direction == store.CallOutbound {
		return s.sendAgain(ctx, c, r)
	}
	body, err := s.Deps.Calls.Body(ctx, c)
	if err != nil {
		return Result{}, err
	}
	if !r.Force {
		if err := s.safe(ctx, c); err != nil {
			return Result{}, err
		}
	}
	if r.Look {
		return Result{}, nil
	}
	done, err := s.Door(ctx, facade.Kept{
		CallID: c.ID, Seller: c.Seller, Endpoint: c.Endpoint, Door: body.Door, Activity: body.Activity, Body: body.Request,
	})
	switch {
	case errors.Is(err, facade.ErrNoAddress):
		return Result{}, errs.New(errs.Precondition, errs.StateConflict, "endpoint %s does not take such calls any more", c.Endpoint)
	case err != nil:
		return Result{}, err
	}
	return Result{Replayed: done}, nil
}

// sendAgain has the task of a call to the marketplace retried.
func (s *Service) sendAgain(ctx context.Context, c store.Call, r Request) (Result, error) {
	if c.TaskID == "" {
		return Result{}, errs.New(errs.Precondition, errs.StateConflict,
			"call %s (%s) belongs to no task: usage that waits is sent again by itself, what the marketplace refused for good is reported anew", c.ID, c.Activity)
	}
	t, err := s.Tasks.RetryTask(ctx, fulfil.Retry{Seller: r.Seller, TaskID: c.TaskID, Force: r.Force, Reason: r.Reason, Who: r.Who, Look: r.Look})
	if err != nil || r.Look {
		return Result{}, err
	}
	return Result{TaskID: t.ID}, nil
}

// page is how many later calls are read at a time.
const page = 100

// safe says why a call must not be let in without force: the order may be refunded, or what the call asks for is not the last word any more.
// What the marketplace only stops to repeat is waited for by the buyer still. Debugging calls change nothing and are always safe.
func (s *Service) safe(ctx context.Context, c store.Call) error {
	if c.Probe {
		return nil
	}
	if o, ok := journal.OutlookOf(c); ok && o.End == deadline.Refund && s.Clock.Now().After(o.Until) {
		return errs.New(errs.Precondition, errs.ReplayNeedsForce,
			"the marketplace repeated call %s until %s and waits no more: it may have refunded the order", c.ID, o.Until.UTC().Format(time.RFC3339))
	}
	q := store.ListQuery{Seller: c.Seller, Limit: page, After: &store.Cursor{CreatedAt: c.CreatedAt, ID: c.ID}}
	switch {
	case c.InstanceID != "":
		q.Filter = []store.Term{{Field: "instance_id", Value: c.InstanceID}}
	case c.OrderID != "":
		q.Filter = []store.Term{{Field: "order_id", Value: c.OrderID}}
	default:
		return nil
	}
	for {
		later, err := s.Deps.Calls.Calls(ctx, q)
		if err != nil {
			return err
		}
		for _, l := range later {
			if l.CreatedAt.After(c.CreatedAt) && overtakes(l, c) { // of two that came at the same instant neither is the later
				return errs.New(errs.Precondition, errs.ReplayNeedsForce, "call %s was overtaken by %s of %s (call %s)", c.ID, l.Activity,
					l.CreatedAt.UTC().Format(time.RFC3339), l.ID)
			}
		}
		if len(later) < page {
			return nil
		}
		last := later[len(later)-1]
		q.After = &store.Cursor{CreatedAt: last.CreatedAt, ID: last.ID}
	}
}

// overtakes says whether a later call has had an effect that c, let in now, would come after. Repetitions of the same call have not, and looks
// have none.
func overtakes(l, c store.Call) bool {
	same := l.ReplayOf == c.ID || l.Activity == c.Activity && l.Subject == c.Subject && c.Subject != ""
	return l.Direction == store.CallInbound && l.Verdict == store.CallAnswered && l.Activity != "queryInstance" && !l.Probe && journal.Fine(l) && !same
}
