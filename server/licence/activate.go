// SPDX-License-Identifier: Apache-2.0

package licence

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
)

// pollPause is how often a caller that waits for another caller's activation looks for its outcome.
const pollPause = 50 * time.Millisecond

// Activate activates a code, once: repeats are answered from the row. When several callers activate a code at once, one of
// them calls the marketplace and the others wait for its outcome. effect is when the service began; zero leaves it out.
// Errors: LICENCE_UNKNOWN, LICENCE_STATE, MARKETPLACE_UNAVAILABLE, STORE_UNAVAILABLE.
func (s *Service) Activate(ctx context.Context, seller, code string, effect time.Time) (Info, error) {
	for {
		c, err := s.row(ctx, seller, code)
		if err != nil {
			return Info{}, err
		}
		if activated(c) {
			return infoOf(c), nil
		}
		unsure := c.Status == uncertain
		if c.Status == activating {
			if s.now().Before(c.UpdatedAt.Add(claim)) {
				if err := clock.Sleep(ctx, s.Clock, pollPause); err != nil {
					return Info{}, refusalError(&CallError{Code: "IN_PROGRESS", Cause: err})
				}
				continue
			}
			unsure = true // the caller that claimed it never wrote an outcome
		}
		c.Status = activating
		switch err := s.put(ctx, &c); { // the claim
		case errors.Is(err, store.ErrStale):
			continue
		case err != nil:
			return Info{}, err
		}
		info, err := s.activate(ctx, c, code, effect, unsure)
		if errors.Is(err, store.ErrStale) { // the claim ran out and another caller has it now
			continue
		}
		return info, err
	}
}

// activate makes the call for which c was claimed and stores its outcome.
func (s *Service) activate(ctx context.Context, c store.LicenceCode, code string, effect time.Time, unsure bool) (Info, error) {
	call, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var failed *CallError
	c.Status = idle
	if unsure {
		failed = s.resolve(call, &c, code)
	}
	if !activated(c) && (failed == nil || failed.Refusal == NotActivated) {
		failed = s.call(call, &c, code, effect)
	}
	// The outcome is stored even when the caller has gone.
	finish, cancelFinish := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancelFinish()
	switch err := s.put(finish, &c); {
	case err != nil && !errors.Is(err, store.ErrStale):
		return Info{}, err
	case err != nil && failed == nil && activated(c): // the call has its effect, whether or not this caller can store it
		return infoOf(c), nil
	case err != nil:
		return Info{}, err
	case failed != nil:
		return Info{}, refusalError(failed)
	}
	return infoOf(c), nil
}

// call activates; a refusal that says it was activated before is resolved by a query.
func (s *Service) call(ctx context.Context, c *store.LicenceCode, code string, effect time.Time) *CallError {
	facts, err := s.Codes.ActivateCode(ctx, c.Seller, code, effect)
	if err == nil {
		if facts.Status == "" {
			facts.Status = Alive
		}
		take(c, facts)
		if c.ActivateAt.IsZero() {
			if c.ActivateAt = effect.UTC().Truncate(time.Microsecond); effect.IsZero() {
				c.ActivateAt = s.now()
			}
		}
		// CheckedAt stays: the expiry of an activation is an estimate, the first query asks for the binding one (saas-v1 §5.1).
		return nil
	}
	e := callError(err)
	switch {
	case e.Refusal == WrongState:
		return s.resolve(ctx, c, code)
	case e.Refusal == Away && e.Sent:
		c.Status = uncertain
	}
	return e
}

// resolve asks what became of an activation.
func (s *Service) resolve(ctx context.Context, c *store.LicenceCode, code string) *CallError {
	facts, err := s.Codes.QueryCode(ctx, c.Seller, code)
	if err == nil {
		take(c, facts)
		c.CheckedAt = s.now()
		return nil
	}
	e := callError(err)
	if e.Refusal == Away {
		c.Status = uncertain
	}
	return e
}
