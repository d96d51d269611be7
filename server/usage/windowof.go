// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// WindowOf returns the template of a raw record of an instance that ends at end: its meter and its window. Reservations of
// packages are booked by it. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT for a product without a meter, STORE_UNAVAILABLE.
func (s *Service) WindowOf(ctx context.Context, seller, instanceID string, end time.Time) (store.UsageRaw, error) {
	facts, err := s.facts(ctx, seller, map[string]time.Time{instanceID: end})
	if err != nil {
		return store.UsageRaw{}, storeError(err)
	}
	f := facts[instanceID]
	meter, ok := s.meter(f.endpoint, f.productID)
	switch {
	case !f.found:
		return store.UsageRaw{}, s.Gaps.Unknown(ctx, seller, "ReserveQuota", instanceID)
	case !ok:
		return store.UsageRaw{}, errs.New(errs.Precondition, errs.StateConflict, "the product of instance %s has no meter", instanceID)
	}
	end = end.UTC().Truncate(time.Microsecond)
	return store.UsageRaw{
		Seller: seller, InstanceID: instanceID, Meter: meter.Name, Mode: meter.Mode, BeginAt: end, EndAt: end,
		Window: meter.window(end, end, f.openedAt),
	}, nil
}
