package fulfil

import (
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
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
}

// UpdateInstanceStatus freezes or unfreezes. The call names no order, so the instance's own wish decides: what it is
// already is answered with success and changes nothing. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *Service) UpdateInstanceStatus(ctx context.Context, c UpdateStatus) (Answer, error) {
	err := s.onInstance(ctx, c.Endpoint, c.InstanceID, func(d *draft, i *store.Instance) error {
		if err := live(i); err != nil {
			return err
		}
		if i.Frozen == c.Freeze {
			return nil
		}
		i.Frozen = c.Freeze
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
		data, err := d.withExtra(nil, c.Extra)
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
	return Answer{Code: resultcode.Success}, nil
}
