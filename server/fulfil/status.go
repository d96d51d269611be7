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
	Freeze     bool      // FREEZE; otherwise UNFREEZE
	Extra      string    // unknown members of the body as JSON; empty when none
	Expired    bool      // the instance is frozen because it expired: a renewal thaws it
	Arrived    time.Time // when the call's first byte was read
	Activity   string    // the wire name, for the endpoint's OnCompletion; empty means updateInstanceStatus
	Hold       bool      // a family that knows no asynchronous answer: wait as long as HoldBudget
}

// reasonExpired is the Reason of an instance that is frozen because it expired, and for no other reason.
const reasonExpired = "expired"

// UpdateInstanceStatus freezes or unfreezes. The call names no order, so the instance's own wish decides: what it is
// already is answered with success and changes nothing. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *Service) UpdateInstanceStatus(ctx context.Context, c UpdateStatus) (Answer, error) {
	err := s.onInstance(ctx, c.Endpoint, c.InstanceID, func(d *draft, i *store.Instance) error {
		if err := live(i); err != nil {
			return err
		}
		if i.Frozen == c.Freeze {
			return d.frozenAnew(i, c)
		}
		i.Frozen = c.Freeze
		switch {
		case c.Freeze && c.Expired:
			i.Reason = reasonExpired
		case i.Reason == reasonExpired:
			i.Reason = ""
		}
		kind, event := store.TaskUnfreeze, EventUnfrozen
		if c.Freeze {
			kind, event = store.TaskFreeze, EventFrozen
		}
		if i.State != store.InstanceProvisioning { // a creation that is still going on ends in the right state by itself
			i.State = store.InstanceActive
			if c.Freeze {
				i.State = store.InstanceFrozen
			}
		}
		d.putInstance(i)
		var data fields
		if c.Expired {
			data = fields{"reason": reasonExpired}
		}
		data, err := d.withExtra(data, c.Extra)
		if err != nil {
			return err
		}
		d.event(event, i.InstanceID, data)
		d.deliver(ctx, i, kind, "", "")
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
		ep: c.Endpoint, activity: cmp.Or(c.Activity, activityStatus), hold: c.Hold, arrived: c.Arrived, instanceID: c.InstanceID,
		kind: kind,
	})
}

// frozenAnew is what a call does to an instance that is already as it wants. Only one thing: what expired and is then
// frozen for another reason is no longer thawed by a renewal. The provisioner has nothing to do.
func (d *draft) frozenAnew(i *store.Instance, c UpdateStatus) error {
	if !c.Freeze || c.Expired || i.Reason != reasonExpired {
		return nil
	}
	i.Reason = ""
	d.putInstance(i)
	data, err := d.withExtra(fields{"was": reasonExpired}, c.Extra)
	if err != nil {
		return err
	}
	d.event(EventFrozen, i.InstanceID, data)
	return nil
}
