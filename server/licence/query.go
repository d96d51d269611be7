// SPDX-License-Identifier: Apache-2.0

package licence

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/store"
)

// Query tells status and expiry. The row answers when it was checked on this Beijing day, since the marketplace wants to be
// asked at the first use of each (saas-v1 §5.2), and its expiry still lies ahead; fresh asks in any case. While the
// marketplace is away the row answers for 72 hours after the last check; Info.CheckedAt tells its age. Errors:
// LICENCE_UNKNOWN, LICENCE_STATE, MARKETPLACE_UNAVAILABLE, STORE_UNAVAILABLE.
func (s *Service) Query(ctx context.Context, seller, code string, fresh bool) (Info, error) {
	c, err := s.row(ctx, seller, code)
	if err != nil {
		return Info{}, err
	}
	if !fresh && s.current(c) {
		return infoOf(c), nil
	}
	// When several callers query a code at once, they share one call to the marketplace. The call runs on a context of its own,
	// so a caller that gives up does not cancel it for the others.
	result := s.asking.DoChan(seller+"\x00"+c.Hash, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime+finishTime)
		defer cancel()
		return s.ask(ctx, seller, code)
	})
	select {
	case <-ctx.Done():
		return Info{}, refusalError(&CallError{Code: "IN_PROGRESS", Cause: ctx.Err()})
	case r := <-result:
		if r.Err != nil {
			return Info{}, r.Err
		}
		return r.Val.(Info), nil
	}
}

// current reports whether a row may be answered without a query.
func (s *Service) current(c store.LicenceCode) bool {
	now := s.now()
	if !activated(c) || c.CheckedAt.IsZero() || dayOf(c.CheckedAt) != dayOf(now) {
		return false
	}
	// A licence that has ended since may have been renewed.
	return c.Status != Alive || c.ExpireAt.IsZero() || c.ExpireAt.After(now)
}

// ask asks the marketplace and writes down what it says.
func (s *Service) ask(ctx context.Context, seller, code string) (Info, error) {
	call, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	facts, err := s.Codes.QueryCode(call, seller, code)
	checked := s.now()
	if err == nil {
		return s.learn(ctx, seller, code, func(c *store.LicenceCode) {
			take(c, facts)
			c.CheckedAt = checked
		})
	}
	e := callError(err)
	switch e.Refusal {
	case Away:
		c, rerr := s.row(ctx, seller, code)
		if rerr == nil && activated(c) && checked.Sub(knownAt(c)) <= MaxAge {
			return infoOf(c), nil
		}
	case Unknown, NotActivated: // nothing that was known before holds; a mistyped code leaves no row
		if c, rerr := s.row(ctx, seller, code); rerr != nil || c.UpdatedAt.IsZero() {
			break
		}
		if _, err := s.learn(ctx, seller, code, func(c *store.LicenceCode) {
			c.Status, c.CheckedAt = idle, time.Time{}
		}); err != nil {
			return Info{}, err
		}
	}
	return Info{}, refusalError(e)
}

// knownAt returns when the marketplace said what a row says.
func knownAt(c store.LicenceCode) time.Time {
	if c.CheckedAt.IsZero() { // the answer to an activation told it
		return c.UpdatedAt
	}
	return c.CheckedAt
}

// learn changes a row, unless an activation has claimed it, which will write down what it finds, or a later check has
// changed it already.
func (s *Service) learn(ctx context.Context, seller, code string, change func(c *store.LicenceCode)) (Info, error) {
	for {
		c, err := s.row(ctx, seller, code)
		if err != nil {
			return Info{}, err
		}
		was := c
		change(&c)
		if was.Status == activating && s.now().Before(was.UpdatedAt.Add(claim)) {
			return infoOf(c), nil
		}
		if was.CheckedAt.After(c.CheckedAt) && !c.CheckedAt.IsZero() {
			return infoOf(was), nil
		}
		err = s.put(ctx, &c)
		if errors.Is(err, store.ErrStale) {
			continue
		}
		if err != nil {
			return Info{}, err
		}
		return infoOf(c), nil
	}
}
