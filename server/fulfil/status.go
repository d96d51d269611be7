// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"context"
	"time"

	"github.com/koogate/koogate/store"
)

// UpdateStatus is one updateInstanceStatus call (saas-v2 §5.4).
type UpdateStatus struct {
	Endpoint   *Endpoint
	InstanceID string
	Freeze     bool   // FREEZE; otherwise UNFREEZE
	Extra      string // unknown members of the body as JSON; empty when none
	Expired    bool   // the instance is frozen because it expired: a renewal thaws it
	// Cause is why Koogate itself freezes or thaws, without a call of the marketplace; empty for the marketplace's calls.
	// Koogate thaws only an instance that it froze itself and that the marketplace has not frozen since.
	Cause    string
	Arrived  time.Time // when the call's first byte was read
	Activity string    // the wire name, for the endpoint's OnCompletion; empty means updateInstanceStatus
	Hold     bool      // set for a family without asynchronous answers: the call waits up to HoldBudget
}

// reasonExpired is the Reason of an instance that is frozen because it expired, and for no other reason.
const reasonExpired = "expired"

// UpdateInstanceStatus freezes or unfreezes. The call names no order, so the instance's wanted state decides: a call that
// asks for the state that is already wanted is a success and changes nothing. What an operator has frozen by hand stays frozen.
// Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *Service) UpdateInstanceStatus(ctx context.Context, c UpdateStatus) (Answer, error) {
	activity := cmp.Or(c.Activity, activityStatus)
	ask := Question{Activity: activity, Family: familyOf(c.Endpoint, activity, c.Hold), inside: c.Cause != ""}
	err := s.onInstance(ctx, c.Endpoint, ask, c.InstanceID, func(d *draft, i *store.Instance) error {
		if err := live(i); err != nil {
			return err
		}
		hand, other := FrozenBy(i)
		if (other != "") == c.Freeze {
			return d.frozenAnew(i, c)
		}
		if !c.Freeze && c.Cause != "" && other != c.Cause {
			return nil
		}
		kind, event := store.TaskUnfreeze, EventUnfrozen
		other = ""
		if c.Freeze {
			kind, event = store.TaskFreeze, EventFrozen
			other = cmp.Or(c.cause(), CauseMarketplace)
		}
		d.freeze(i, hand, other)
		data := fields{}
		data.given("reason", c.cause())
		data.beside(event, hand, CauseOperator)
		data, err := d.withExtra(data, c.Extra)
		if err != nil {
			return err
		}
		d.event(event, i.InstanceID, data)
		if !hand { // else the provisioner has nothing to do
			d.deliver(ctx, i, kind, "", "")
		}
		return nil
	})
	if err != nil {
		return Answer{}, err
	}
	kind := store.TaskUnfreeze
	if c.Freeze {
		kind = store.TaskFreeze
	}
	return s.accepted(ctx, pending{
		ep: c.Endpoint, activity: activity, hold: c.Hold, arrived: c.Arrived, instanceID: c.InstanceID,
		kind: kind,
	})
}

// cause returns the reason that the instance keeps while it is frozen; empty for reasons that only a call of the marketplace
// lifts.
func (c UpdateStatus) cause() string {
	if c.Expired {
		return reasonExpired
	}
	return c.Cause
}

// frozenFor is the reason for which alone an instance is frozen and which something but the marketplace's call can lift.
func frozenFor(i *store.Instance) string {
	if i.Frozen && (i.Reason == reasonExpired || i.Reason == CauseQuota) {
		return i.Reason
	}
	return ""
}

// frozenAnew drafts what a call changes on an instance that already has the wanted state. It changes one thing: after the
// marketplace freezes an expired or used up instance for another reason, a renewal or a package no longer thaws it. The
// provisioner has nothing to do.
func (d *draft) frozenAnew(i *store.Instance, c UpdateStatus) error {
	hand, was := FrozenBy(i)
	if !c.Freeze || was != reasonExpired && was != CauseQuota || c.Cause != "" || was == c.cause() {
		return nil
	}
	d.freeze(i, hand, cmp.Or(c.cause(), CauseMarketplace))
	data := fields{"was": was}
	data.given("reason", c.cause())
	data, err := d.withExtra(data, c.Extra)
	if err != nil {
		return err
	}
	d.event(EventFrozen, i.InstanceID, data)
	return nil
}
