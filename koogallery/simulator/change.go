// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
)

// Renew renews a period order for one more period (refreshInstance, RENEWAL)
// and returns the renewal order. orderID is the order that opened the instance,
// here and in the other methods of this file.
//
// Errors of all of them: ErrOrder, ErrOrderState, ErrFull, ErrCall when the
// window is over, ctx.Err().
func (s *Simulator) Renew(ctx context.Context, orderID string) (Order, error) {
	m, err := s.renewal(orderID)
	return s.carryOut(ctx, m, err)
}

// CancelRenewal takes the last renewal back (UNSUBSCRIBE_RENEWAL_PERIOD) and
// returns the refund order.
func (s *Simulator) CancelRenewal(ctx context.Context, orderID string) (Order, error) {
	m, err := s.renewalCancel(orderID)
	return s.carryOut(ctx, m, err)
}

// RenewWithChange renews and changes the quantity at once (RENEWAL_CHANGE). The
// marketplace asks CheckChange first.
func (s *Simulator) RenewWithChange(ctx context.Context, orderID string, linearValue int) (Order, error) {
	m, err := s.renewalChange(orderID, linearValue)
	return s.carryOut(ctx, m, err)
}

// ConvertTrial turns a trial into a period order (TRIAL_TO_FORMAL) and returns
// the conversion order.
func (s *Simulator) ConvertTrial(ctx context.Context, orderID string) (Order, error) {
	m, err := s.conversion(orderID)
	return s.carryOut(ctx, m, err)
}

// Upgrade changes the quantity during the period (upgradeInstance) and returns
// the change order.
func (s *Simulator) Upgrade(ctx context.Context, orderID string, linearValue int) (Order, error) {
	m, err := s.upgrade(orderID, linearValue)
	return s.carryOut(ctx, m, err)
}

// Unsubscribe gives an instance back (releaseInstance) and returns the refund
// order.
func (s *Simulator) Unsubscribe(ctx context.Context, orderID string) (Order, error) {
	m, err := s.unsubscription(orderID)
	return s.carryOut(ctx, m, err)
}

// carryOut delivers m and returns its order as it is then.
func (s *Simulator) carryOut(ctx context.Context, m *message, err error) (Order, error) {
	if err != nil {
		return Order{}, err
	}
	_, err = s.deliver(ctx, m)
	return s.book.copyOf(m.own), err
}

// follow places an order about an existing instance.
func (s *Simulator) follow(orderID string, a judge.Activity, typ openapi.OrderType, p catalogue.Product, expire time.Time) (own, root *order, err error) {
	err = s.book.with(orderID, func(o *order) error {
		if root = o; !o.Family.Knows(a) {
			return ErrOrderState
		}
		return o.usable()
	})
	if err != nil {
		return nil, nil, err
	}
	own, err = s.enter(root, root.Family, typ, root.Kind, p, expire)
	return own, root, err
}

// usable tells whether calls about the instance make sense.
func (o *order) usable() error {
	if o.RootID != o.ID || o.InstanceID == "" || o.State != Completed || o.Released {
		return ErrOrderState
	}
	return nil
}

// term returns the present term of an order that has a period, and the one that
// cancelling its last renewal goes back to.
func (s *Simulator) term(orderID string) (present Term, back *Term, err error) {
	err = s.book.with(orderID, func(o *order) error {
		if !o.Kind.Timed() {
			return ErrOrderState
		}
		present = *o.Present
		if n := len(o.renewals); n > 0 {
			last := o.renewals[n-1]
			back = &last
		}
		return o.usable()
	})
	return present, back, err
}

// refresh builds a refreshInstance from one term to another. productId is sent
// when the period type changed (saas-v2 §5.3).
func (s *Simulator) refresh(orderID, scene string, typ openapi.OrderType, from, to Term) (*message, error) {
	own, root, err := s.follow(orderID, judge.ActivityRefresh, typ, to.Product, to.ExpireTime)
	if err != nil {
		return nil, err
	}
	s.book.renewed(root, to.ExpireTime)
	m := newMessage(judge.ActivityRefresh, own, root, &change{term: to}).withOrder()
	m.schedule, m.Scene = s.cfg.Retry.Of(root.Family).Refresh, scene
	m.params["scene"] = scene
	m.params["expireTime"] = s.wire.ExpireTime(to.ExpireTime)
	if from.Product.PeriodType != to.Product.PeriodType {
		m.params["productId"] = to.Product.ProductID
	}
	return m, nil
}

func (s *Simulator) renewal(orderID string) (*message, error) {
	t, _, err := s.term(orderID)
	if err != nil {
		return nil, err
	}
	return s.extension(orderID, judge.SceneRenewal, t, t.Product)
}

func (s *Simulator) renewalChange(orderID string, linearValue int) (*message, error) {
	t, _, err := s.term(orderID)
	if err != nil {
		return nil, err
	}
	p := t.Product
	p.LinearValue = linearValue
	if o, err := s.book.find(orderID); err != nil || !o.Family.Polls() {
		return nil, ErrOrderState // no other family knows the scene
	}
	return s.extension(orderID, judge.SceneRenewalChange, t, p)
}

// extension is a renewal for one more period with product p. A trial that was
// not converted cannot be renewed.
func (s *Simulator) extension(orderID, scene string, t Term, p catalogue.Product) (*message, error) {
	if t.Product.ProductID == s.cfg.Products[catalogue.Trial].ProductID {
		return nil, ErrOrderState
	}
	m, err := s.refresh(orderID, scene, openapi.OrderRenew, t, Term{Product: p, ExpireTime: p.EndAfter(t.ExpireTime)})
	if err == nil {
		m.target.renewal = true
	}
	return m, err
}

func (s *Simulator) renewalCancel(orderID string) (*message, error) {
	t, back, err := s.term(orderID)
	if err != nil {
		return nil, err
	}
	if back == nil {
		return nil, ErrOrderState
	}
	return s.refresh(orderID, judge.SceneCancelRenewal, openapi.OrderUnsubscribe, t, *back)
}

func (s *Simulator) conversion(orderID string) (*message, error) {
	t, _, err := s.term(orderID)
	if err != nil {
		return nil, err
	}
	if t.Product.ProductID != s.cfg.Products[catalogue.Trial].ProductID {
		return nil, ErrOrderState
	}
	p := s.cfg.Products[catalogue.Period]
	formal := Term{Product: p, ExpireTime: p.EndAfter(s.cfg.Clock.Now())}
	return s.refresh(orderID, judge.SceneTrialToFormal, openapi.OrderTrialToFormal, t, formal)
}
