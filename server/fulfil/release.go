// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/store"
)

// Release is one releaseInstance call (saas-v2 §5.5).
type Release struct {
	Endpoint             *Endpoint
	InstanceID           string
	OrderID, OrderLineID string    // the unsubscription; empty when the instance expired
	Extra                string    // unknown members of the body as JSON; empty when none
	Arrived              time.Time // when the call's first byte was read
	Activity             string    // the wire name, for the endpoint's OnCompletion; empty means releaseInstance
	Hold                 bool      // set for a family without asynchronous answers: the call waits up to HoldBudget
}

// ReleaseInstance ends an instance for good; a repeat is a success. Tasks that no provisioner has begun are cancelled. The
// release task runs after a task that a provisioner holds. An instance that no provisioner ever saw needs no release task.
// Errors: INSTANCE_NOT_FOUND (never known), STORE_UNAVAILABLE.
func (s *Service) ReleaseInstance(ctx context.Context, c Release) (Answer, error) {
	activity := cmp.Or(c.Activity, activityRelease)
	ask := Question{Activity: activity, Family: familyOf(c.Endpoint, activity, c.Hold), orderID: c.OrderID, lineID: c.OrderLineID}
	err := s.onInstance(ctx, c.Endpoint, ask, c.InstanceID, func(d *draft, i *store.Instance) error {
		if i.State == store.InstanceReleased {
			return nil
		}
		return d.release(ctx, i, c)
	})
	if err != nil {
		return Answer{}, err
	}
	return s.accepted(ctx, pending{
		ep: c.Endpoint, activity: activity, hold: c.Hold, arrived: c.Arrived, instanceID: c.InstanceID,
		kind: store.TaskRelease,
	})
}

func (d *draft) release(ctx context.Context, i *store.Instance, c Release) error {
	data, err := d.withExtra(fields{"orderId": c.OrderID, "orderLineId": c.OrderLineID}, c.Extra)
	if err != nil {
		return err
	}
	d.end(ctx, i, "released by the marketplace", data, store.Task{Kind: store.TaskRelease, LineOrderID: c.OrderID, LineID: c.OrderLineID})
	return nil
}

// end drafts the end of an instance: its event, with the data, and for a provisioner that has seen it the release task.
func (d *draft) end(ctx context.Context, i *store.Instance, reason string, data fields, task store.Task) {
	i.State, i.Reason = store.InstanceReleased, reason
	d.putInstance(i)
	d.event(EventReleased, i.InstanceID, data)
	seen := true // did a provisioner ever get to see the instance?
	for k := range d.agg.Tasks {
		t := &d.agg.Tasks[k]
		if t.InstanceID != i.InstanceID {
			continue
		}
		if creates(*t) && t.Attempt == 0 {
			seen = false
		}
		if t.State == store.TaskWaiting || t.State == store.TaskReady || t.State == store.TaskFailed {
			d.cancel(t, "overtaken by the release")
		}
	}
	if l := d.creation(i.InstanceID); l != nil {
		code := resultcode.Processing
		if i.Family == FamilySaasV1 || i.Family == FamilyLicenseV1 { // these families have no success without access information
			code = resultcode.Internal
		}
		d.answer(l, code)
	}
	if seen {
		d.queue(ctx, i, task)
	}
}
