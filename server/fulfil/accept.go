// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// actionAccept is the action of the second newInstance, which tells that the buyer accepted (saas-v1 §1.1).
const actionAccept = ActionNew + "/accept"

func (c NewInstance) acceptKey() store.LineKey {
	k := c.key()
	k.Action = actionAccept
	return k
}

func (c NewInstance) acceptParams() map[string]string {
	return map[string]string{"acceptanceTime": wiretime.Format17(c.AcceptedAt)}
}

// accept records the acceptance of a line that was admitted before, once. What was released stays as it is.
func (s *Service) accept(ctx context.Context, c NewInstance, line store.Line) error {
	return s.decide(ctx, line.Seller, line.RootOrderID, func(d *draft) error {
		i := d.instance(line.InstanceID)
		if i == nil {
			return errs.New(errs.NotFound, errs.InstanceNotFound, "instance %s does not exist", line.InstanceID)
		}
		// The line is the purchase's with another action, so it cannot be another instance's.
		if old, _ := d.repeat(ctx, i, c.acceptKey(), c.acceptParams()); old == nil && i.State != store.InstanceReleased {
			d.accepted(i, c)
		}
		return nil
	})
}

// accepted drafts the claim of the acceptance.
func (d *draft) accepted(i *store.Instance, c NewInstance) {
	l := d.newLine(i, c.acceptKey(), c.acceptParams())
	l.AnswerCode = string(resultcode.Success)
	d.addLine(l)
	d.event(EventAccepted, i.InstanceID, fields{
		"orderLineId": c.OrderLineID, "acceptanceTime": wiretime.Format17(c.AcceptedAt),
	})
}

// hold answers the newInstance of a family that knows no asynchronous answer: it waits for the end of the creation as long
// as the marketplace does, and shows how the customer gets in. When the creation is not done in time the call is answered
// with 000004, which is not committed: the next call waits again. Once provisioned every repeat is a success that shows the
// present access information, also after the release (saas-v1 §1.2, second-reading C1).
func (s *Service) hold(ctx context.Context, c NewInstance, line store.Line) (Answer, error) {
	ctx, span := s.Tracer.Start(ctx, "await completion")
	defer span.End()
	answer, ok, err := s.waitFor(ctx, line.Seller, line.InstanceID, c.Arrived.Add(c.Endpoint.HoldBudget), func() (Answer, bool, error) {
		is, err := s.Store.Instances(ctx, line.Seller, []string{line.InstanceID})
		if err != nil || len(is) == 0 {
			return Answer{}, false, s.storeError(ctx, err, errs.InstanceNotFound, "the instance is gone")
		}
		answer, ok := s.held(ctx, &is[0])
		return answer, ok, nil
	})
	if err != nil || ok {
		return answer, err
	}
	return Answer{Code: resultcode.Processing, InstanceID: line.InstanceID, Message: "still being provisioned; call again"}, nil
}

// held returns the answer that an instance's state gives; ok is false while the instance is being created.
func (s *Service) held(ctx context.Context, i *store.Instance) (a Answer, ok bool) {
	switch {
	case len(i.Access) > 0:
		access, err := s.openAccess(i)
		if err != nil {
			s.Log.ErrorContext(ctx, "access information cannot be decrypted; is the keyset complete?", "instance_id", i.InstanceID,
				"error", err)
			return Answer{
				Code: resultcode.Internal, InstanceID: i.InstanceID, Message: "access information cannot be read",
			}, true
		}
		return Answer{Code: resultcode.Success, InstanceID: i.InstanceID, Access: access}, true
	case i.State == store.InstanceFailed:
		return failed(*i), true
	case i.State == store.InstanceReleased:
		return Answer{
			Code: resultcode.Internal, InstanceID: i.InstanceID, Message: "the instance was released before it was provisioned",
		}, true
	}
	return Answer{}, false
}
