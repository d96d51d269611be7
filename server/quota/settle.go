// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// steps are the per cents of a package that are announced.
var steps = []int32{80, 95, 100}

// standing is a fee item of a package, of one size and in one cycle, that is used up to a per cent. Each is announced once: the
// order's chain makes sure of that over all processes and restarts, and the Service remembers it only to save the look-up.
// store.Quota.Told is not written, because only PutQuota writes it, which would also put back the expiry and priority that another
// process may have changed.
type standing struct {
	store.QuotaKey

	quota   store.Units
	cycle   int64
	percent int32
}

// reached are the steps that a package has come to.
func reached(q store.Quota) []int32 {
	n := 0
	for n < len(steps) && q.Quota > 0 && q.Used*100 >= q.Quota*store.Units(steps[n]) {
		n++
	}
	return steps[:n]
}

// settle brings warnings and the freeze of an instance to where its packages stand now. It may be called at any time, by
// any number at once, and again after a failure.
func (s *Service) settle(ctx context.Context, seller, instanceID string) error {
	// The instance is read before its packages. So when it was frozen and its packages hold something, they were given more since,
	// and it can be thawed. In the other order the packages may have been read before they were used up and the instance frozen.
	i, err := s.instance(ctx, seller, instanceID)
	if err != nil {
		return err
	}
	quotas, err := s.quotas(ctx, seller, instanceID)
	if err != nil {
		return err
	}
	for _, q := range quotas {
		if err := s.warn(ctx, q); err != nil {
			return storefault.Told(err)
		}
	}
	_, other := fulfil.FrozenBy(&i)
	switch empty := usedUp(quotas, s.now()); {
	case empty && other == "":
		if err := s.Stopper.FreezeInstance(ctx, seller, instanceID, fulfil.CauseQuota); err != nil {
			return storefault.Told(err)
		}
		// A package may have come after the quotas were read and before the freeze; it found nothing to thaw.
		if quotas, err = s.quotas(ctx, seller, instanceID); err != nil {
			return err
		}
		if usedUp(quotas, s.now()) {
			return nil
		}
	case empty || other != fulfil.CauseQuota:
		return nil
	}
	if err := s.Stopper.ThawInstance(ctx, seller, instanceID, fulfil.CauseQuota); err != nil {
		return storefault.Told(err)
	}
	return nil
}

// place is an instance of a seller.
type place struct{ seller, instanceID string }

// catchUp settles an instance after a change that is committed. When it fails, the job tries again; after the end of this process
// the next call about the instance's packages does.
func (s *Service) catchUp(ctx context.Context, seller, instanceID string) {
	if err := s.settle(ctx, seller, instanceID); err != nil {
		s.behind.Store(place{seller, instanceID}, struct{}{})
	}
}

// catchUpAll settles the seller's instances for which catchUp has failed. One that fails again is tried next time, unless it no longer
// exists.
func (s *Service) catchUpAll(ctx context.Context, seller string) {
	s.behind.Range(func(key, _ any) bool {
		p := key.(place)
		if p.seller != seller {
			return true
		}
		err := s.settle(ctx, seller, p.instanceID)
		if err == nil || errs.As(err).Reason == errs.InstanceNotFound {
			s.behind.Delete(p)
		}
		return ctx.Err() == nil
	})
}

// usedUp says that an instance is to stop: it has packages, all of them stop it, and of none is anything left, not even
// reserved.
func usedUp(quotas []store.Quota, now time.Time) bool {
	for _, q := range quotas {
		if !q.Stop || q.Reserved > 0 || q.Left() > 0 && !ended(q, now) {
			return false
		}
	}
	return len(quotas) > 0
}

// warn announces what a package has come to.
func (s *Service) warn(ctx context.Context, q store.Quota) error {
	percents := reached(q)
	if len(percents) == 0 {
		return nil
	}
	now := standing{q.Key(), q.Quota, q.Cycle, percents[len(percents)-1]}
	if _, done := s.told.Load(now); done {
		return nil
	}
	w := fulfil.QuotaWarning{
		Seller: q.Seller, PackageID: q.PackageID, InstanceID: q.InstanceID, Quota: decimal.Format(q.Quota), Cycle: q.Cycle,
	}
	if err := s.Stopper.WarnQuota(ctx, w, percents); err != nil {
		return err
	}
	s.told.Store(now, struct{}{})
	return nil
}
