// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
)

// Freeze freezes an instance, as on expiry, arrears or violation
// (updateInstanceStatus, saas-v2 §5.4). Errors as Renew.
func (s *Simulator) Freeze(ctx context.Context, orderID string) error {
	return s.instanceCall(ctx, orderID, s.status(judge.StatusFreeze))
}

// Unfreeze makes a frozen instance usable again. Errors as Renew.
func (s *Simulator) Unfreeze(ctx context.Context, orderID string) error {
	return s.instanceCall(ctx, orderID, s.status(judge.StatusUnfreeze))
}

// Release releases an instance whose period and retention are over: without an
// order (saas-v2 §5.5). Errors as Renew.
func (s *Simulator) Release(ctx context.Context, orderID string) error {
	return s.instanceCall(ctx, orderID, s.expiryRelease)
}

// Expire tells a V1 seller that the period of an instance is over
// (expireInstance, saas-v1 §1.4; expireLicense, §4.3). Errors as Renew.
func (s *Simulator) Expire(ctx context.Context, orderID string) error {
	return s.instanceCall(ctx, orderID, s.expiry)
}

// CheckChange asks whether an instance may get another quantity
// (changeInstanceCheck, saas-v2 §5.7). ErrCall means no, or no answer. Other
// errors as Renew.
func (s *Simulator) CheckChange(ctx context.Context, orderID string, linearValue int) error {
	return s.instanceCall(ctx, orderID, s.changeCheck(linearValue))
}

// instanceCall delivers a call that has no order of its own.
func (s *Simulator) instanceCall(ctx context.Context, orderID string, build func(*order) *message) error {
	m, err := s.about(orderID, build)
	if err != nil {
		return err
	}
	_, err = s.deliver(ctx, m)
	return err
}

// about builds a call about a usable instance. build returns nil if the order is
// of the wrong kind.
func (s *Simulator) about(orderID string, build func(*order) *message) (m *message, err error) {
	err = s.book.with(orderID, func(o *order) error {
		if m = build(o); m == nil || !o.Family.Knows(m.act) {
			return ErrOrderState
		}
		return o.usable()
	})
	return m, err
}

func (s *Simulator) status(status string) func(*order) *message {
	return func(o *order) *message {
		if o.Kind == catalogue.OneTime { // neither expires nor runs into arrears (saas-v2 §4)
			return nil
		}
		m := newMessage(judge.ActivityStatus, o, o, &change{})
		m.schedule, m.Scene = s.cfg.Retry.Of(o.Family).Status, status
		m.params["status"] = status
		if m.Activity == judge.ActivityStatus1 && status == judge.StatusUnfreeze {
			m.Scene = judge.StatusNormal
		}
		return m
	}
}

func (s *Simulator) expiryRelease(o *order) *message {
	o.license.released = o.Family == judge.FamilyLicenseCode
	m := newMessage(judge.ActivityRelease, o, o, &change{})
	m.schedule = s.cfg.Retry.Of(o.Family).Release
	return m
}

// expiry is the V1 call that a period is over.
func (s *Simulator) expiry(o *order) *message {
	m := newMessage(judge.ActivityExpire, o, o, &change{})
	m.schedule = s.cfg.Retry.Of(o.Family).Status
	return m
}

func (s *Simulator) changeCheck(linearValue int) func(*order) *message {
	return func(o *order) *message {
		if !o.Kind.Timed() { // for period orders only (saas-v2 §4)
			return nil
		}
		p := o.Present.Product
		p.LinearValue = linearValue
		m := newMessage(judge.ActivityCheck, o, o, &change{})
		m.schedule = s.cfg.Retry.Check
		m.params["productInfo"] = s.wire.ProductInfo(p)
		return m
	}
}

func (s *Simulator) upgrade(orderID string, linearValue int) (*message, error) {
	t, _, err := s.term(orderID)
	if err != nil {
		return nil, err
	}
	t.Product.LinearValue = linearValue
	own, root, err := s.follow(orderID, judge.ActivityUpgrade, openapi.OrderChange, t.Product, t.ExpireTime)
	if err != nil {
		return nil, err
	}
	m := newMessage(judge.ActivityUpgrade, own, root, &change{term: t}).withOrder()
	m.schedule = s.cfg.Retry.Of(root.Family).Upgrade
	return m, nil
}

func (s *Simulator) unsubscription(orderID string) (*message, error) {
	o, err := s.book.find(orderID)
	if err != nil {
		return nil, err
	}
	if o.Present == nil {
		return nil, ErrOrderState
	}
	own, root, err := s.follow(orderID, judge.ActivityRelease, openapi.OrderUnsubscribe, o.Present.Product, time.Time{})
	if err != nil {
		return nil, err
	}
	s.book.ended(root)
	m := newMessage(judge.ActivityRelease, own, root, &change{}).withOrder()
	m.schedule = s.cfg.Retry.Of(root.Family).Release
	return m, nil
}
