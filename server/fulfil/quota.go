// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// CauseQuota is the cause of a freeze that a used up package makes; a new package lifts it.
const CauseQuota = "quota_used_up"

// activityQuota keeps the answers of FreezeInstance and ThawInstance from waiting for their tasks: nobody asks for them.
const activityQuota = "quota"

// FreezeInstance freezes an instance for a cause of ours, as updateInstanceStatus does for the marketplace. What is frozen
// already stays as it is. Errors: those of UpdateInstanceStatus, ENDPOINT_NOT_FOUND.
func (s *Service) FreezeInstance(ctx context.Context, seller, instanceID, cause string) error {
	return s.setFrozen(ctx, seller, instanceID, cause, true)
}

// ThawInstance lifts what FreezeInstance did. An instance that is not frozen, or was also frozen for another reason, stays
// as it is. Errors: those of UpdateInstanceStatus, ENDPOINT_NOT_FOUND.
func (s *Service) ThawInstance(ctx context.Context, seller, instanceID, cause string) error {
	return s.setFrozen(ctx, seller, instanceID, cause, false)
}

func (s *Service) setFrozen(ctx context.Context, seller, instanceID, cause string, freeze bool) error {
	i, err := s.find(ctx, seller, instanceID)
	if err != nil {
		return err
	}
	ep, ok := s.Endpoint(i.Endpoint)
	if !ok || ep.Seller != seller {
		return errs.New(errs.Precondition, errs.EndpointNotFound, "endpoint %q of instance %s is not configured", i.Endpoint, instanceID)
	}
	_, err = s.UpdateInstanceStatus(ctx, UpdateStatus{
		Endpoint: ep, InstanceID: instanceID, Freeze: freeze, Cause: cause, Activity: activityQuota,
	})
	return err
}

// QuotaWarning is what is announced of a package.
type QuotaWarning struct {
	Seller, PackageID string
	InstanceID        string // the pay-per-use instance of the fee item
	Quota             string // what was bought of it, as a decimal
	Cycle             int64
}

// WarnQuota records on the package's order that a package is used up to each of the per cents, once for each of them, each
// fee item, each quota and each cycle of it, however often and by however many processes it is called: the order's chain
// decides. Errors: INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) WarnQuota(ctx context.Context, w QuotaWarning, percents []int32) error {
	return s.tellAfter(ctx, w.Seller, w.PackageID, []string{EventQuotaWarned}, func(d *draft, told []store.Event) error {
		for _, p := range percents {
			if !slices.ContainsFunc(told, func(e store.Event) bool { return w.warns(e.Data, p) }) {
				data := fields{"percent": p, "quota": w.Quota, "relatedInstanceId": w.InstanceID}
				if w.Cycle > 0 {
					data["cycle"] = w.Cycle
				}
				d.event(EventQuotaWarned, w.PackageID, data)
			}
		}
		return nil
	})
}

// tellAfter adds to an instance's order what f drafts, which is told the instance's events of some kinds that the order has.
func (s *Service) tellAfter(ctx context.Context, seller, instanceID string, kinds []string, f func(d *draft, told []store.Event) error) error {
	found, err := s.find(ctx, seller, instanceID)
	if err != nil {
		return err
	}
	return s.decide(ctx, seller, found.OrderID, func(d *draft) error {
		told, err := d.toldOf(ctx, kinds, instanceID)
		if err != nil {
			return s.storeError(ctx, err, errs.OrderNotFound, "no order %s", found.OrderID)
		}
		return f(d, told)
	})
}

// warns says whether an event's data tells the warning with a per cent. An earlier release named no instance, as its packages
// had one each.
func (w QuotaWarning) warns(data string, percent int32) bool {
	var e struct {
		Percent    int32  `json:"percent"`
		Quota      string `json:"quota"`
		Cycle      int64  `json:"cycle"`
		InstanceID string `json:"relatedInstanceId"`
	}
	if json.Unmarshal([]byte(data), &e) != nil {
		return false
	}
	return e.Percent == percent && e.Quota == w.Quota && e.Cycle == w.Cycle && (e.InstanceID == w.InstanceID || e.InstanceID == "")
}

// toldOf returns an instance's events of some kinds. An event that another process adds meanwhile makes the decision stale.
func (d *draft) toldOf(ctx context.Context, kinds []string, instanceID string) (told []store.Event, err error) {
	const page = 500
	o := &d.agg.Order
	for after := int64(0); ; {
		events, err := d.s.Store.Events(ctx, o.Seller, o.OrderID, after, page)
		if err != nil {
			return nil, fmt.Errorf("events of the order: %w", err)
		}
		for _, e := range events {
			if slices.Contains(kinds, e.Kind) && e.InstanceID == instanceID {
				told = append(told, e)
			}
			after = e.Seq
		}
		if len(events) < page {
			return told, nil
		}
	}
}

// RecordUsageRetry records on the instance's order that an operator has refused usage sent again beyond the marketplace's window.
// Errors: INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) RecordUsageRetry(ctx context.Context, seller, instanceID string, data map[string]any) error {
	found, err := s.find(ctx, seller, instanceID)
	if err != nil {
		return err
	}
	return s.decide(ctx, seller, found.OrderID, func(d *draft) error {
		d.event(EventUsageRetried, instanceID, fields(data))
		return nil
	})
}
