// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
)

const (
	// Sweep is the longest pause between two runs of Expire.
	Sweep = 30 * time.Second
	// expireBatch is how many reservations one transaction frees.
	expireBatch = 500
)

// Expire frees the reservations whose time is over, ends packages whose time is over and grants the content of those that
// have come to a new cycle, and returns when to come again. Nothing depends on how late it comes: a
// Reserve that would be refused frees them itself. Errors: STORE_UNAVAILABLE.
func (s *Service) Expire(ctx context.Context, seller string) (next time.Time, err error) {
	_, err = s.expire(ctx, seller)
	s.catchUpAll(ctx, seller)
	if err == nil {
		err = s.turn(ctx, seller)
	}
	return s.now().Add(Sweep), err
}

// turn brings about what follows from the calendar: an instance whose last package has expired stops, one whose package has
// come to a new cycle goes on. What is due is computed from the packages, so a run that was missed heals itself, and a
// package is noted as settled only after that. One that fails waits for the next run and does not hold up the others.
func (s *Service) turn(ctx context.Context, seller string) error {
	now := s.now()
	due, err := s.Quotas.QuotasDue(ctx, seller, now, expireBatch)
	if err != nil {
		return storefault.Told(err)
	}
	var failed error
	for _, q := range due {
		err := s.settle(ctx, seller, q.InstanceID)
		if err != nil && errs.As(err).Reason != errs.InstanceNotFound { // a released one needs no settling
			failed = err
			continue
		}
		if err := s.Quotas.QuotaSettled(ctx, q.Key(), now); err != nil {
			failed = storefault.Told(err)
		}
	}
	return failed
}

// expire frees all that is due and catches up with what follows for their instances.
func (s *Service) expire(ctx context.Context, seller string) (freed int, err error) {
	touched := map[string]bool{}
	for {
		list, err := s.Quotas.ExpireQuota(ctx, seller, s.now(), expireBatch)
		if err != nil {
			return freed, storefault.Told(err)
		}
		freed += len(list)
		for _, r := range list {
			touched[r.InstanceID] = true
		}
		if len(list) < expireBatch {
			break
		}
	}
	for id := range touched {
		s.catchUp(ctx, seller, id)
	}
	return freed, nil
}
