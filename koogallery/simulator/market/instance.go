// SPDX-License-Identifier: Apache-2.0

package market

import (
	"context"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// Freeze freezes an instance, as on expiry, arrears or violation
// (updateInstanceStatus, saas-v2 §5.4). Errors as Renew.
func (s *Market) Freeze(ctx context.Context, orderID string) error {
	m, err := s.StatusChange(orderID, judge.StatusFreeze)
	return s.carry(ctx, m, err)
}

// Unfreeze makes a frozen instance usable again. Errors as Renew.
func (s *Market) Unfreeze(ctx context.Context, orderID string) error {
	m, err := s.StatusChange(orderID, judge.StatusUnfreeze)
	return s.carry(ctx, m, err)
}

// Release releases an instance whose period and retention are over: without an
// order (saas-v2 §5.5). Errors as Renew.
func (s *Market) Release(ctx context.Context, orderID string) error {
	m, err := s.Releasing(orderID)
	return s.carry(ctx, m, err)
}

// Expire tells a V1 seller that the period of an instance is over
// (expireInstance, saas-v1 §1.4; expireLicense, §4.3). Errors as Renew.
func (s *Market) Expire(ctx context.Context, orderID string) error {
	m, err := s.Expiry(orderID)
	return s.carry(ctx, m, err)
}

// CheckChange asks whether an instance may get another quantity
// (changeInstanceCheck, saas-v2 §5.7). ErrCall means no, or no answer. Other
// errors as Renew.
func (s *Market) CheckChange(ctx context.Context, orderID string, linearValue int) error {
	m, err := s.ChangeCheck(orderID, linearValue)
	return s.carry(ctx, m, err)
}

// carry delivers a call that has no order of its own.
func (s *Market) carry(ctx context.Context, m *Errand, err error) error {
	if err != nil {
		return err
	}
	_, err = s.Deliver(ctx, m)
	return err
}

// about builds a call about a usable instance. build returns nil if the order is
// of the wrong kind.
func (s *Market) about(orderID string, build func(*order) *Errand) (m *Errand, err error) {
	err = s.book.with(orderID, func(o *order) error {
		if m = build(o); m == nil || !o.Family.Knows(m.act) {
			return ErrOrderState
		}
		return o.usable()
	})
	return m, err
}

// StatusChange returns the call of [Market.Freeze] or [Market.Unfreeze]. Errors as
// there.
func (s *Market) StatusChange(key, status string) (*Errand, error) {
	return s.about(key, func(o *order) *Errand {
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
	})
}

// Releasing returns the call of [Market.Release]. Errors as there.
func (s *Market) Releasing(key string) (*Errand, error) {
	return s.about(key, func(o *order) *Errand {
		o.license.released = o.Family == judge.FamilyLicenseCode
		m := newMessage(judge.ActivityRelease, o, o, &change{})
		m.schedule = s.cfg.Retry.Of(o.Family).Release
		return m
	})
}

// Expiry returns the call of [Market.Expire]. Errors as there.
func (s *Market) Expiry(key string) (*Errand, error) {
	return s.about(key, func(o *order) *Errand {
		m := newMessage(judge.ActivityExpire, o, o, &change{})
		m.schedule = s.cfg.Retry.Of(o.Family).Status
		return m
	})
}

// ChangeCheck returns the call of [Market.CheckChange]. Errors as there.
func (s *Market) ChangeCheck(key string, linearValue int) (*Errand, error) {
	return s.about(key, func(o *order) *Errand {
		if !o.Kind.Timed() { // for period orders only (saas-v2 §4)
			return nil
		}
		p := o.Present.Product
		p.LinearValue = linearValue
		m := newMessage(judge.ActivityCheck, o, o, &change{})
		m.schedule = s.cfg.Retry.Check
		m.params["productInfo"] = s.wire.ProductInfo(p)
		return m
	})
}

// Errand returns a call about a usable instance that changes no order: one of the
// Kit, or getLicenseAsync, which is repeated as an opening is. Errors as Renew.
func (s *Market) Errand(key string, a judge.Activity, scene string, params map[string]any) (*Errand, error) {
	return s.about(key, func(o *order) *Errand {
		m := newMessage(a, o, o, nil)
		m.Scene, m.params = scene, params
		if a == judge.ActivityLicenseAsync {
			m.schedule = s.cfg.Retry.Of(o.Family).Open
		}
		return m
	})
}
