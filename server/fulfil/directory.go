// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"errors"
	"maps"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
)

// RecordDirectory merges a directory change and, when it alters something and the instance is known, appends an event to
// the order's chain in the same transaction. changed is false when everything was there already. data holds strings and
// numbers, no secrets and no personal data. Errors: STORE_UNAVAILABLE.
func (s *Service) RecordDirectory(ctx context.Context, seller, instanceID string, data map[string]any, c *store.DirectoryChange) (changed bool, err error) {
	i, err := s.find(ctx, seller, instanceID)
	var e *errs.Error
	var differed store.Difference
	switch {
	case err == nil:
		err = s.decide(ctx, seller, i.OrderID, func(d *draft) error {
			head := d.agg.Order.Head
			d.event(EventDirectory, instanceID, fields(data))
			d.change.Directory = c
			if c.Full {
				c.Compared = func(diff store.Difference) {
					differed = diff
					d.agg.Order.Head, d.change.Events = head, nil
					d.event(EventDirectory, instanceID, differs(data, diff))
					d.attest()
				}
			}
			return nil
		})
	case errors.As(err, &e) && e.Reason == errs.InstanceNotFound: // the enterprise bound an instance that was not bought through this Koogate
		activity, _ := data["activity"].(string)
		if err := s.Gaps.Unknown(ctx, seller, activity, instanceID); errs.As(err).Reason == errs.StoreUnavailable {
			return false, err
		}
		err = s.apply(ctx, &store.Change{Directory: c})
	default:
		return false, err
	}
	changed = err == nil
	if errors.Is(err, store.ErrNoChange) {
		err = nil
	}
	if err != nil {
		return false, s.storeError(ctx, err, errs.OrderNotFound, "")
	}
	if changed && len(differed.Absent) > 0 {
		activity, _ := data["activity"].(string)
		s.Metrics.Directory(activity, "absent")
		s.Log.WarnContext(ctx, "a full list of departments does not name some that are there; see the event on the order", "activity", activity,
			"instance_id", instanceID, "absent", len(differed.Absent))
	}
	s.tellIgnored(ctx, seller, i, data, c)
	return changed, nil
}

// maxCodes is how many departments of a kind an event names; it counts all.
const maxCodes = 20

// differs is the data of an event with what a full list differed by. What is absent is said also when it is nothing, since that is
// the answer to a question.
func differs(data fields, diff store.Difference) fields {
	told := maps.Clone(data)
	for name, codes := range map[string][]string{"added": diff.Added, "changed": diff.Changed, "absent": diff.Absent} {
		told[name] = len(codes)
		if len(codes) > 0 {
			told[name+"Codes"] = codes[:min(len(codes), maxCodes)]
		}
	}
	return told
}

// tellIgnored records what a directory call asked for without effect, because a later call has said otherwise, and that a
// call named a time in the future. When the same call follows immediately it leaves no second event.
func (s *Service) tellIgnored(ctx context.Context, seller string, i store.Instance, data map[string]any, c *store.DirectoryChange) {
	activity, _ := data["activity"].(string)
	if c.Ahead {
		s.Metrics.Directory(activity, "ahead")
		s.Log.WarnContext(ctx, "a directory call names a time from the future and counts as of its arrival; is the caller's clock right?",
			"activity", activity, "instance_id", c.Key.InstanceID, "ahead", data["ahead"])
	}
	if c.Ignored == 0 {
		return
	}
	s.Metrics.Directory(activity, "ignored")
	s.Log.WarnContext(ctx, "a directory call came too late and had no effect on what later calls have said", "activity", activity,
		"instance_id", c.Key.InstanceID, "rows", c.Ignored)
	if i.OrderID == "" {
		return
	}
	told := fields{"rows": c.Ignored}
	for name, v := range data {
		if name != evidence.FieldExtra {
			told[name] = v
		}
	}
	err := s.decide(ctx, seller, i.OrderID, func(d *draft) error {
		head := d.agg.Order.Head
		last, err := s.Store.Events(ctx, seller, i.OrderID, head.Seq-1, 1)
		if err != nil {
			return s.storeError(ctx, err, errs.OrderNotFound, "")
		}
		if len(last) == 1 && last[0].Kind == EventDirectoryIgnored && told.tell(last[0].Data) {
			return nil
		}
		d.event(EventDirectoryIgnored, i.InstanceID, told)
		return nil
	})
	if err != nil {
		s.Log.WarnContext(ctx, "an ignored directory call could not be recorded on its order", "order_id", i.OrderID, "error", err)
	}
}
