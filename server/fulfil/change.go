// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// What all calls about an existing instance share: find the instance, decide over its order, and replay or claim the line
// when the call names one.

// find returns the instance. Errors: INSTANCE_NOT_FOUND.
func (s *Service) find(ctx context.Context, seller, id string) (store.Instance, error) {
	is, err := s.Store.Instances(ctx, seller, []string{id})
	if err != nil {
		return store.Instance{}, s.storeError(ctx, err, errs.InstanceNotFound, "no instance %s", id)
	}
	if len(is) == 0 {
		return store.Instance{}, errs.New(errs.NotFound, errs.InstanceNotFound, "instance %s does not exist", id)
	}
	return is[0], nil
}

// known is find for the calls of others, which must not take what a restore has lost for what never was. Errors:
// INSTANCE_NOT_FOUND, or RESTORE_GAP while a gap is open.
func (s *Service) known(ctx context.Context, seller, activity, id string) (store.Instance, error) {
	i, err := s.find(ctx, seller, id)
	if err != nil && errs.As(err).Reason == errs.InstanceNotFound {
		err = s.Gaps.Unknown(ctx, seller, activity, id)
	}
	return i, err
}

// onInstance decides over the order of an instance that a call of an activity names; about one that nobody knows q is asked.
func (s *Service) onInstance(ctx context.Context, ep *Endpoint, q Question, id string, f func(d *draft, i *store.Instance) error) error {
	found, err := s.find(ctx, ep.Seller, id)
	if err != nil && errs.As(err).Reason == errs.InstanceNotFound {
		err = s.unknown(ctx, ep, q, id)
	}
	if err != nil {
		return err
	}
	addInstance(ctx, id)
	if err := s.reach(ctx, ep, &found); err != nil {
		return err
	}
	return s.decide(ctx, ep.Seller, found.OrderID, func(d *draft) error {
		i := d.instance(id)
		if i == nil {
			return errs.New(errs.NotFound, errs.InstanceNotFound, "instance %s does not exist", id)
		}
		return f(d, i)
	})
}

// live refuses released and failed instances. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT.
func live(i *store.Instance) error {
	switch i.State {
	case store.InstanceReleased:
		return errs.New(errs.NotFound, errs.InstanceNotFound, "instance %s is released", i.InstanceID)
	case store.InstanceFailed:
		return errs.New(errs.Precondition, errs.StateConflict, "instance %s could not be provisioned", i.InstanceID)
	}
	return nil
}

// claim drafts the admission of a line, or says that it was admitted before; old is then the line as it is.
func (d *draft) claim(ctx context.Context, i *store.Instance, k store.LineKey, c claimed) (l, old *store.Line, conflict, err error) {
	if old, conflict = d.repeat(ctx, i, k, c.want); old != nil {
		return nil, old, conflict, nil
	}
	line := d.newLine(i, k, c.want)
	line.AnswerCode = string(resultcode.Success)
	line.Purchase = c.terms.text()
	if err := d.s.sealExtra(&line, c.extra); err != nil {
		return nil, nil, nil, err
	}
	if err := d.s.sealInput(&line, c.input); err != nil {
		return nil, nil, nil, err
	}
	d.addLine(line)
	return d.line(k), nil, nil, nil
}

// newLine is a line about an instance, without an answer. The event that admits it is the next of the draft.
func (d *draft) newLine(i *store.Instance, k store.LineKey, want map[string]string) store.Line {
	return store.Line{
		LineKey: k, RootOrderID: d.agg.Order.OrderID, InstanceID: i.InstanceID, Params: params(want), Product: i.Product,
		Admitted: d.agg.Order.Head.Seq + 1, CreatedAt: d.now,
	}
}

// addLine drafts the admission of a line.
func (d *draft) addLine(l store.Line) {
	d.change.NewLines = append(d.change.NewLines, l)
	d.agg.Lines = append(d.agg.Lines, l)
}

// claimed is what a call that claims a line brings.
type claimed struct {
	key   func(i *store.Instance) store.LineKey
	want  map[string]string // what a repeat should bring again; no secrets
	extra string
	input Input
	terms Terms    // what the call told of the order behind it
	ask   Question // what the call told of its instance, apart from its activity
}

// overLine runs a decision that claims a line, and then answers as p says. A repeat is answered as the first call was. When
// the line belongs to another instance, the conflict is returned after its record is committed.
func (s *Service) overLine(ctx context.Context, p pending, c claimed, f func(d *draft, i *store.Instance, l *store.Line) error) (Answer, error) {
	var conflict error
	var key store.LineKey
	c.ask.Activity, c.ask.Family = p.activity, familyOf(p.ep, p.activity, p.hold)
	err := s.onInstance(ctx, p.ep, c.ask, p.instanceID, func(d *draft, i *store.Instance) error {
		key = c.key(i)
		var l, old *store.Line
		var err error
		if l, old, conflict, err = d.claim(ctx, i, key, c); old != nil || err != nil {
			return err
		}
		if err := live(i); err != nil {
			return err
		}
		return f(d, i, l)
	})
	if err == nil {
		err = conflict
	}
	if err != nil {
		return Answer{}, err
	}
	p.line = &key
	return s.accepted(ctx, p)
}

// deliver drafts a task for the instance's provisioner. Its queue is found when its turn comes: an instance that waits for
// its order query has no product yet.
func (d *draft) deliver(ctx context.Context, i *store.Instance, kind store.TaskKind, orderID, lineID string) {
	d.queue(ctx, i, store.Task{Kind: kind, LineOrderID: orderID, LineID: lineID})
}

// rule returns the rule of the instance's product.
func (d *draft) rule(i *store.Instance) (ProductRule, bool) {
	ep, ok := d.s.Endpoint(i.Endpoint)
	if !ok {
		return ProductRule{}, false
	}
	return ep.rule(i.Product.ProductID)
}
