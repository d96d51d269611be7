// SPDX-License-Identifier: Apache-2.0

package market

import (
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// follow places an order about an existing instance.
func (s *Market) follow(orderID string, a judge.Activity, typ openapi.OrderType, p catalogue.Product, expire time.Time) (own, root *order, err error) {
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
func (s *Market) term(orderID string) (present Term, back *Term, err error) {
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
func (s *Market) refresh(orderID, scene string, typ openapi.OrderType, from, to Term) (*Errand, error) {
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

// Renewal returns the call of [Market.Renew]. Errors as there.
func (s *Market) Renewal(orderID string) (*Errand, error) {
	t, _, err := s.term(orderID)
	if err != nil {
		return nil, err
	}
	return s.extension(orderID, judge.SceneRenewal, t, t.Product)
}

// RenewalChange returns the call of [Market.RenewWithChange]. Errors as there.
func (s *Market) RenewalChange(orderID string, linearValue int) (*Errand, error) {
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
func (s *Market) extension(orderID, scene string, t Term, p catalogue.Product) (*Errand, error) {
	if t.Product.ProductID == s.cfg.Products[catalogue.Trial].ProductID {
		return nil, ErrOrderState
	}
	m, err := s.refresh(orderID, scene, openapi.OrderRenew, t, Term{Product: p, ExpireTime: p.EndAfter(t.ExpireTime)})
	if err == nil {
		m.target.renewal = true
	}
	return m, err
}

// RenewalCancel returns the call of [Market.CancelRenewal]. Errors as there.
func (s *Market) RenewalCancel(orderID string) (*Errand, error) {
	t, back, err := s.term(orderID)
	if err != nil {
		return nil, err
	}
	if back == nil {
		return nil, ErrOrderState
	}
	return s.refresh(orderID, judge.SceneCancelRenewal, openapi.OrderUnsubscribe, t, *back)
}

// Conversion returns the call of [Market.ConvertTrial]. Errors as there.
func (s *Market) Conversion(orderID string) (*Errand, error) {
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

// Upgrading returns the call of [Market.Upgrade]. Errors as there.
func (s *Market) Upgrading(orderID string, linearValue int) (*Errand, error) {
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

// Unsubscription returns the call of [Market.Unsubscribe]. Errors as there.
func (s *Market) Unsubscription(orderID string) (*Errand, error) {
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
