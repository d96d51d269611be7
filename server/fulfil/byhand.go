// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// The causes of a freeze, beside CauseQuota and reasonExpired.
const (
	CauseOperator    = "operator"    // an operator, by hand; only by hand it is lifted
	CauseMarketplace = "marketplace" // a call of the marketplace that named no expiry
)

// releasedByHand is the Reason of an instance that an operator has released.
const releasedByHand = "released by hand"

// betweenCauses stands in the Reason of an instance that is frozen by hand and for another cause.
const betweenCauses = ", "

// FrozenBy says why an instance is frozen: by hand, and for which other cause, CauseMarketplace, CauseQuota or "expired"; empty
// for none. The instance is in use only when there is neither.
func FrozenBy(i *store.Instance) (hand bool, other string) {
	if !i.Frozen {
		return false, ""
	}
	first, rest, _ := strings.Cut(i.Reason, betweenCauses)
	if i.State == store.InstanceFrozen && first == CauseOperator { // nothing else is frozen by hand
		return true, rest
	}
	return false, cmp.Or(i.Reason, CauseMarketplace)
}

// freeze drafts why an instance is frozen from now on; without any cause it is in use again. A creation that is still going on
// ends in the right state by itself.
func (d *draft) freeze(i *store.Instance, hand bool, other string) {
	i.Frozen, i.Reason = hand || other != "", other
	switch {
	case hand && other != "":
		i.Reason = CauseOperator + betweenCauses + other
	case hand:
		i.Reason = CauseOperator
	case other == CauseMarketplace: // stored as an earlier release reads it
		i.Reason = ""
	}
	if i.State != store.InstanceProvisioning {
		i.State = store.InstanceActive
		if i.Frozen {
			i.State = store.InstanceFrozen
		}
	}
	d.putInstance(i)
}

// beside adds to the data of a freeze or its end that another cause is there, if it is: the instance was frozen for it, or still is.
func (f fields) beside(event string, there bool, cause string) {
	switch {
	case !there:
	case event == EventFrozen:
		f["was"] = cause
	default:
		f["still"] = cause
	}
}

// ByHand is what an operator does to an instance without a call of the marketplace.
type ByHand struct {
	Seller     string
	InstanceID string
	Reason     string // why, for the order's events; no secrets, no personal data
	Who        string // names the caller in the event
	Force      bool   // of a release: also while the buyer has paid for the instance
}

// act is the data of the event.
func (h ByHand) act() fields {
	data := fields{"reason": CauseOperator, "why": h.Reason}
	data.given("who", h.Who)
	return data
}

// task is what the provisioner is asked for. The marketplace waits for none of it.
func (h ByHand) task(kind store.TaskKind) store.Task {
	return store.Task{Kind: kind, Payload: Payload{Cause: CauseOperator}.text()}
}

// FreezeByHand freezes an instance until UnfreezeByHand, whatever the marketplace, a renewal or a package does meanwhile. A repeat
// changes nothing. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT for an instance that is not provisioned or is released,
// STORE_UNAVAILABLE.
func (s *Service) FreezeByHand(ctx context.Context, h ByHand) (store.Instance, error) {
	return s.byHand(ctx, "FreezeInstance", h, func(d *draft, i *store.Instance) error {
		hand, other := FrozenBy(i)
		if hand {
			return nil
		}
		if err := inUse(i); err != nil {
			return err
		}
		d.freeze(i, true, other)
		data := h.act()
		data.beside(EventFrozen, other != "", other)
		d.event(EventFrozen, i.InstanceID, data)
		if other == "" {
			d.queue(ctx, i, h.task(store.TaskFreeze))
		}
		return nil
	})
}

// UnfreezeByHand lifts what FreezeByHand did, and no other cause of a freeze. A repeat changes nothing. Errors: those of
// FreezeByHand.
func (s *Service) UnfreezeByHand(ctx context.Context, h ByHand) (store.Instance, error) {
	return s.byHand(ctx, "UnfreezeInstance", h, func(d *draft, i *store.Instance) error {
		if err := inUse(i); err != nil {
			return err
		}
		hand, other := FrozenBy(i)
		if !hand {
			return nil
		}
		d.freeze(i, false, other)
		data := h.act()
		data.beside(EventUnfrozen, other != "", other)
		d.event(EventUnfrozen, i.InstanceID, data)
		if other == "" {
			d.queue(ctx, i, h.task(store.TaskUnfreeze))
		}
		return nil
	})
}

// ReleaseByHand ends an instance for good, which the marketplace does not learn. While the buyer has paid for the instance it takes
// force. A repeat changes nothing. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *Service) ReleaseByHand(ctx context.Context, h ByHand) (store.Instance, error) {
	return s.byHand(ctx, "ReleaseInstance", h, func(d *draft, i *store.Instance) error {
		if i.State == store.InstanceReleased {
			return nil
		}
		if i.State == store.InstanceProvisioning {
			return errs.New(errs.Precondition, errs.StateConflict,
				"instance %s is being created; let its create task end, as FAILED where nothing is to be created", i.InstanceID)
		}
		data := h.act()
		if text := d.paid(i); text != "" {
			if !h.Force {
				return errs.New(errs.Precondition, errs.StateConflict,
					"instance %s is paid for: %s; refund the order in the seller centre, whose call releases it, or release it all the same by force",
					i.InstanceID, text)
			}
			data["forced"] = true
			s.Log.WarnContext(ctx, "an instance that is paid for is released by hand", "instance", i.InstanceID, "order_id", d.agg.Order.OrderID)
		}
		d.end(ctx, i, releasedByHand, data, h.task(store.TaskRelease))
		return nil
	})
}

// paid says in which way the marketplace holds an instance as paid; empty when it does not.
func (d *draft) paid(i *store.Instance) string {
	if i.State == store.InstanceFailed {
		l := d.creation(i.InstanceID)
		if l == nil {
			return ""
		}
		until := d.s.LineDeadline(i, l)
		if until.At.IsZero() || until.Passed(d.now) {
			return ""
		}
		return "the marketplace waits for its creation until " + until.At.Format(time.RFC3339)
	}
	switch {
	case i.ExpireAt.IsZero():
		return "it has no expiry"
	case i.ExpireAt.After(d.now):
		return "it is paid until " + i.ExpireAt.Format(time.RFC3339)
	}
	return ""
}

// inUse refuses what cannot be frozen by hand: what is not there yet, and what is there no more. Errors: STATE_CONFLICT.
func inUse(i *store.Instance) error {
	if i.State != store.InstanceActive && i.State != store.InstanceFrozen {
		return errs.New(errs.Precondition, errs.StateConflict, "instance %s is %s; only what is ACTIVE or FROZEN is frozen and unfrozen by hand",
			i.InstanceID, i.State)
	}
	return nil
}

// byHand decides over an instance that an operator names, and returns it as it is then.
func (s *Service) byHand(ctx context.Context, method string, h ByHand, f func(d *draft, i *store.Instance) error) (store.Instance, error) {
	found, err := s.known(ctx, h.Seller, method, h.InstanceID)
	if err != nil {
		return found, err
	}
	addInstance(ctx, h.InstanceID)
	err = s.decide(ctx, h.Seller, found.OrderID, func(d *draft) error {
		i := d.instance(h.InstanceID)
		if i == nil {
			return errs.New(errs.NotFound, errs.InstanceNotFound, "instance %s does not exist", h.InstanceID)
		}
		if err := f(d, i); err != nil {
			return err
		}
		found = *i
		return nil
	})
	return found, err
}
