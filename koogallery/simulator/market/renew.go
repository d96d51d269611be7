// SPDX-License-Identifier: Apache-2.0

package market

import (
	"context"
)

// Renew renews a period order for one more period (refreshInstance, RENEWAL)
// and returns the renewal order. orderID is the order that opened the instance,
// here and in the other methods of this file.
//
// Errors of all of them: ErrOrder, ErrOrderState, ErrFull, ErrCall when the
// window is over, ctx.Err().
func (s *Market) Renew(ctx context.Context, orderID string) (Order, error) {
	m, err := s.Renewal(orderID)
	return s.carryOut(ctx, m, err)
}

// CancelRenewal takes the last renewal back (UNSUBSCRIBE_RENEWAL_PERIOD) and
// returns the refund order.
func (s *Market) CancelRenewal(ctx context.Context, orderID string) (Order, error) {
	m, err := s.RenewalCancel(orderID)
	return s.carryOut(ctx, m, err)
}

// RenewWithChange renews and changes the quantity at once (RENEWAL_CHANGE). The
// marketplace asks CheckChange first.
func (s *Market) RenewWithChange(ctx context.Context, orderID string, linearValue int) (Order, error) {
	m, err := s.RenewalChange(orderID, linearValue)
	return s.carryOut(ctx, m, err)
}

// ConvertTrial turns a trial into a period order (TRIAL_TO_FORMAL) and returns
// the conversion order.
func (s *Market) ConvertTrial(ctx context.Context, orderID string) (Order, error) {
	m, err := s.Conversion(orderID)
	return s.carryOut(ctx, m, err)
}

// Upgrade changes the quantity during the period (upgradeInstance) and returns
// the change order.
func (s *Market) Upgrade(ctx context.Context, orderID string, linearValue int) (Order, error) {
	m, err := s.Upgrading(orderID, linearValue)
	return s.carryOut(ctx, m, err)
}

// Unsubscribe gives an instance back (releaseInstance) and returns the refund
// order.
func (s *Market) Unsubscribe(ctx context.Context, orderID string) (Order, error) {
	m, err := s.Unsubscription(orderID)
	return s.carryOut(ctx, m, err)
}

// carryOut delivers m and returns its order as it is then.
func (s *Market) carryOut(ctx context.Context, m *Errand, err error) (Order, error) {
	if err != nil {
		return Order{}, err
	}
	_, err = s.Deliver(ctx, m)
	return s.book.copyOf(m.own), err
}
