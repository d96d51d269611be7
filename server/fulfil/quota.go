package fulfil

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/koogate/koogate/server/errs"
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
	ep, ok := s.endpoints[i.Endpoint]
	if !ok || ep.Seller != seller {
		return errs.New(errs.Precondition, errs.EndpointNotFound, "endpoint %q of instance %s is not configured", i.Endpoint, instanceID)
	}
	_, err = s.UpdateInstanceStatus(ctx, UpdateStatus{
		Endpoint: ep, InstanceID: instanceID, Freeze: freeze, Cause: cause, Activity: activityQuota,
	})
	return err
}

// WarnQuota records on the package's order that a package of that quota is used up to each of the per cents, once for each
// of them, each quota and each cycle of it, however often and by however many processes it is called: the order's chain decides. Errors:
// INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) WarnQuota(ctx context.Context, seller, packageID, quota string, cycle int64, percents []int32) error {
	found, err := s.find(ctx, seller, packageID)
	if err != nil {
		return err
	}
	return s.decide(ctx, seller, found.OrderID, func(d *draft) error {
		told, err := d.toldOf(ctx, packageID)
		if err != nil {
			return s.storeError(ctx, err, errs.OrderNotFound, "no order %s", found.OrderID)
		}
		for _, p := range percents {
			w := quotaWarning{Percent: p, Quota: quota, Cycle: cycle}
			if !slices.Contains(told, w) {
				data := fields{"percent": w.Percent, "quota": w.Quota}
				if cycle > 0 {
					data["cycle"] = cycle
				}
				d.event(EventQuotaWarned, packageID, data)
			}
		}
		return nil
	})
}

// quotaWarning is the data of a warning.
type quotaWarning struct {
	Percent int32  `json:"percent"`
	Quota   string `json:"quota"`
	Cycle   int64  `json:"cycle"`
}

// toldOf returns the package's warnings. An event that another process adds meanwhile makes the decision stale.
func (d *draft) toldOf(ctx context.Context, packageID string) (told []quotaWarning, err error) {
	const page = 500
	o := &d.agg.Order
	for after := int64(0); ; {
		events, err := d.s.Store.Events(ctx, o.Seller, o.OrderID, after, page)
		if err != nil {
			return nil, fmt.Errorf("events of the order: %w", err)
		}
		for _, e := range events {
			if e.Kind == EventQuotaWarned && e.InstanceID == packageID {
				var w quotaWarning
				if err := json.Unmarshal([]byte(e.Data), &w); err != nil {
					return nil, fmt.Errorf("event %d: %w", e.Seq, err)
				}
				told = append(told, w)
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
