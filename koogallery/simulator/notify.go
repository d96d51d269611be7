// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"

	"github.com/koogate/koogate/koogallery/judge"
)

// Notify tells the seller of an order that was placed, of any family (orderNotify,
// saas-v1 §9). The call carries ids only: a seller queries the order, see
// [Order.Queries]. Errors: ErrOrder, ErrCall when the window is over, ctx.Err().
func (s *Simulator) Notify(ctx context.Context, orderID string) (Call, error) {
	var m *message
	err := s.book.with(orderID, func(o *order) error {
		m = s.notification(o)
		return nil
	})
	if err != nil {
		return Call{}, err
	}
	return s.deliver(ctx, m)
}

func (s *Simulator) notification(o *order) *message {
	m := newMessage(judge.ActivityNotify, o, o, nil).withOrder()
	m.schedule = s.cfg.Retry.Notify
	return m
}
