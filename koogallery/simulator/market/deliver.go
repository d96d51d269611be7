// SPDX-License-Identifier: Apache-2.0

package market

import (
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/judge"
)

// Deliver makes the call of m until it succeeds or its window is over, as the
// marketplace does. It also returns when a restart by hand succeeded meanwhile.
//
// Errors: ErrCall when the window is over, ctx.Err().
func (s *Market) Deliver(ctx context.Context, m *Errand) (Call, error) {
	s.book.begin(m)
	first := s.cfg.Clock.Now()
	attempts := m.schedule.Attempts()
	for n := 1; ; n++ {
		c, err := s.try(ctx, m)
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case c.Outcome == judge.OutcomeOK:
			return c, nil
		case err != nil:
			s.book.interrupt(m, err)
			return c, err
		case n >= attempts:
			if last, succeeded := s.book.giveUp(m, s.cfg.Clock.Now()); succeeded {
				return last, nil
			}
			return c, CallError(c)
		}
		// Attempts keep the pace of the first one, however long answers take.
		next := first.Add(time.Duration(n) * m.schedule.Interval)
		if err := s.pause(ctx, m, next.Sub(s.cfg.Clock.Now())); err != nil {
			s.book.interrupt(m, err)
			return c, err
		}
	}
}

// try makes one attempt, unless m has succeeded meanwhile. Attempts of one
// message never overlap.
func (s *Market) try(ctx context.Context, m *Errand) (Call, error) {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return Call{}, ctx.Err()
	}
	c, attempt, done := s.book.next(m)
	if done {
		return c, nil
	}
	result, err := s.wire.Send(ctx, attempt)
	if err != nil {
		return c, err
	}
	c.take(result)
	s.book.note(m, &c)
	s.tell(ctx, c)
	return c, nil
}

// tell passes a finished call on to the log and to the owner.
func (s *Market) tell(ctx context.Context, c Call) {
	s.log(ctx, c)
	if s.cfg.OnCall != nil {
		s.cfg.OnCall(c)
	}
}

// pause waits for d, or until a restart by hand succeeds.
func (s *Market) pause(ctx context.Context, m *Errand, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	waiting, wake := context.WithCancel(ctx)
	defer wake()
	if !s.book.sleeping(m, wake) {
		return nil
	}
	err := clock.Sleep(waiting, s.cfg.Clock, d)
	s.book.sleeping(m, nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if waiting.Err() != nil { // woken, not interrupted
		return nil
	}
	return err
}

// log writes one line about a call. The seller's resultMsg is left out: it may
// hold anything.
func (s *Market) log(ctx context.Context, c Call) {
	attrs := []any{
		"activity", string(c.Activity), "order", c.OrderID, "attempt", c.Attempt,
		"outcome", string(c.Outcome), "status", c.HTTPStatus, "code", c.ResultCode, "took", c.Took,
	}
	if c.Scene != "" {
		attrs = append(attrs, "scene", c.Scene)
	}
	if c.Outcome == judge.OutcomeFailed || c.Problem != "" {
		s.cfg.Log.WarnContext(ctx, "marketplace call", append(attrs, "exception", c.Exception())...)
		return
	}
	s.cfg.Log.InfoContext(ctx, "marketplace call", attrs...)
}
