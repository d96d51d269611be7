// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"encoding/json"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// CheckChange is one changeInstanceCheck call (saas-v2 §5.7).
type CheckChange struct {
	Endpoint   *Endpoint
	InstanceID string
	Target     store.Product
}

// ChangeInstanceCheck asks the instance's provisioner whether it may be changed and waits within the endpoint's budget;
// without an answer the endpoint's policy decides. Nothing is changed, so calls are not deduplicated. The check comes before
// the change's order exists (third-reading T2): it claims no line and asks for no order, and it needs nothing of the
// instance's own order either, whose query may still be out. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *Service) ChangeInstanceCheck(ctx context.Context, c CheckChange) (Answer, error) {
	var task store.Task
	var refused bool // the change would be a reduction that no worker has compared with the use
	err := s.onInstance(ctx, c.Endpoint, Question{Activity: activityCheck, productID: c.Target.ProductID}, c.InstanceID, func(d *draft, i *store.Instance) error {
		if err := live(i); err != nil {
			return err
		}
		rule, ok := d.rule(i)
		if !ok {
			rule, ok = c.Endpoint.rule(c.Target.ProductID)
		}
		if !ok {
			return errs.New(errs.Precondition, errs.StateConflict, "instance %s has no product yet; try again later", i.InstanceID)
		}
		refused = !c.Endpoint.CheckReduction && reduces(i.Product, c.Target)
		task = store.Task{
			ID: s.NewID(), Seller: i.Seller, Queue: rule.Provisioner, Kind: store.TaskCheckChange, State: store.TaskReady,
			OrderID: i.OrderID, InstanceID: i.InstanceID, DueAt: d.now, Deadline: d.now.Add(c.Endpoint.CheckBudget),
			Payload: Payload{Reduces: refused}.of(i, c.Target), Traceparent: telemetry.Traceparent(ctx), CreatedAt: d.now, UpdatedAt: d.now,
		}
		d.change.NewTasks = append(d.change.NewTasks, task)
		return nil
	})
	if err != nil {
		return Answer{}, err
	}
	ctx, span := s.Tracer.Start(ctx, "await verdict")
	defer span.End()
	answer, ok, err := s.waitFor(ctx, task.Seller, c.InstanceID, task.Deadline, func() (Answer, bool, error) {
		t, err := s.Store.Task(ctx, task.ID)
		if err != nil {
			return Answer{}, false, s.storeError(ctx, err, errs.TaskNotFound, "the check is gone")
		}
		task = t
		switch {
		case t.State == store.TaskDone:
			a, err := verdict(t)
			return a, true, err
		case !open(t.State):
			a, err := s.checkByPolicy(ctx, c, t, c.Endpoint.CheckAllow && !refused)
			return a, true, err
		}
		return Answer{}, false, nil
	})
	if err != nil || ok {
		return answer, err
	}
	return s.checkByPolicy(ctx, c, task, c.Endpoint.CheckAllow && !refused)
}

// reduces says that the target has fewer units of the same specification than the instance has now. One specification has
// one SKU code; each of its period types has a product ID of its own, so another product ID may be the same specification
// (third-reading T5).
func reduces(now, target store.Product) bool {
	same := now.ProductID == target.ProductID
	if now.SKUCode != "" && target.SKUCode != "" {
		same = now.SKUCode == target.SKUCode
	}
	return same && target.LinearValue > 0 && target.LinearValue < now.LinearValue
}

// unlooked is the refusal of a reduction that no worker has compared with the present use.
const unlooked = "the quantity is below the present one, and nobody has compared it with the present use"

func verdict(t store.Task) (Answer, error) {
	var v Verdict
	if err := json.Unmarshal([]byte(t.Result), &v); err != nil {
		return Answer{}, errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	if v.Allowed {
		return Answer{Code: resultcode.Success}, nil
	}
	if v.Message == "" {
		v.Message = "the instance cannot be changed now"
	}
	return Answer{Code: resultcode.Internal, Message: v.Message}, nil
}

// checkByPolicy ends a check that the provisioner did not answer.
func (s *Service) checkByPolicy(ctx context.Context, c CheckChange, t store.Task, allow bool) (Answer, error) {
	var late *store.Task
	err := s.decide(ctx, t.Seller, t.OrderID, func(d *draft) error {
		late = d.task(t.ID)
		if late == nil { // the provisioner answered, or the task ended, at the last moment
			return nil
		}
		if open(late.State) {
			d.cancel(late, "no verdict within "+c.Endpoint.CheckBudget.String())
		}
		d.event(EventChecked, t.InstanceID, fields{"task": t.ID, "allowed": allow, "by": "policy"})
		return nil
	})
	if err != nil {
		return Answer{}, err
	}
	if late == nil {
		if t, err := s.Store.Task(ctx, t.ID); err == nil && t.State == store.TaskDone {
			return verdict(t)
		}
	}
	switch {
	case allow:
		return Answer{Code: resultcode.Success}, nil
	case c.Endpoint.CheckAllow:
		return Answer{Code: resultcode.Internal, Message: unlooked}, nil
	}
	return Answer{Code: resultcode.Internal, Message: "the product did not say in time whether it can be changed; try again later"}, nil
}
