// SPDX-License-Identifier: Apache-2.0

package market

import (
	"context"

	"github.com/koogate/koogate/koogallery/judge"
)

// Open delivers a placed order: newInstance until it is accepted or the window
// is over, then queryInstance until the instance is shown, where the family has
// such polling. The order is returned as it is then.
//
// Errors: ErrOrder, ErrOrderState if it was opened before, ErrCall, ctx.Err().
// A synchronous order whose instance is never shown is completed and ErrCall.
func (s *Market) Open(ctx context.Context, orderID string) (Order, error) {
	m, err := s.Opening(orderID)
	if err != nil {
		return Order{}, err
	}
	if _, err = s.Deliver(ctx, m); err == nil && m.root.Family.Polls() {
		_, err = s.await(ctx, m.root)
	}
	return s.book.copyOf(m.root), err
}

// Opening returns the first newInstance of an order.
func (s *Market) Opening(key string) (*Errand, error) {
	var m *Errand
	err := s.book.with(key, func(o *order) error {
		if o.RootID != o.ID || o.opened {
			return ErrOrderState
		}
		o.opened = true
		m = newMessage(judge.ActivityNew, o, o, &change{}).withOrder()
		m.schedule = s.cfg.Retry.Of(o.Family).Open
		return nil
	})
	return m, err
}

// Await polls queryInstance until the instance of an order is shown (saas-v2 §5.1).
// Errors: ErrOrder, ErrCall, ctx.Err().
func (s *Market) Await(ctx context.Context, key string) (Call, error) {
	var root *order
	if err := s.book.with(key, func(o *order) error { root = o; return nil }); err != nil {
		return Call{}, err
	}
	return s.await(ctx, root)
}

// await polls queryInstance until the instance is shown (saas-v2 §5.1).
func (s *Market) await(ctx context.Context, root *order) (Call, error) {
	m := newMessage(judge.ActivityQuery, root, root, &change{})
	m.schedule = s.cfg.Poll
	return s.Deliver(ctx, m)
}

// Duplicate sends newInstance for an opened order once more, with a new
// businessId, as the marketplace may do at any time. The record says in Problem
// if the seller answers with another instance id.
//
// Errors: ErrOrder, ErrOrderState, ErrCall, ctx.Err().
func (s *Market) Duplicate(ctx context.Context, orderID string) (Call, error) {
	return s.once(ctx, orderID, func(o *order) *Errand {
		return newMessage(judge.ActivityNew, o, o, nil).withOrder()
	})
}

// Query asks for the instance once, as the marketplace does when a customer
// opens the page of the service. Errors: ErrOrder, ErrOrderState, ErrCall,
// ctx.Err().
func (s *Market) Query(ctx context.Context, orderID string) (Call, error) {
	return s.once(ctx, orderID, func(o *order) *Errand {
		return newMessage(judge.ActivityQuery, o, o, nil)
	})
}

// once makes a call about an opened instance a single time.
func (s *Market) once(ctx context.Context, orderID string, build func(*order) *Errand) (Call, error) {
	var m *Errand
	err := s.book.with(orderID, func(o *order) error {
		if o.InstanceID == "" || o.RootID != o.ID {
			return ErrOrderState
		}
		if m = build(o); !o.Family.Knows(m.act) {
			return ErrOrderState
		}
		return nil
	})
	if err != nil {
		return Call{}, err
	}
	return s.Deliver(ctx, m)
}

// Lookup returns a query about the instances of several orders at once, by their
// keys. Errors: ErrOrder.
func (s *Market) Lookup(keys ...string) (*Errand, error) {
	var m *Errand
	for _, key := range keys {
		err := s.book.with(key, func(o *order) error {
			if m == nil {
				m = newMessage(judge.ActivityQuery, o, o, nil)
				m.ids = o.InstanceID
				return nil
			}
			m.ids += "," + o.InstanceID
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Notify tells the seller of an order that was placed, of any family (orderNotify,
// saas-v1 §9). The call carries ids only: a seller queries the order, see
// [Order.Queries]. Errors: ErrOrder, ErrCall when the window is over, ctx.Err().
func (s *Market) Notify(ctx context.Context, orderID string) (Call, error) {
	m, err := s.Notification(orderID)
	if err != nil {
		return Call{}, err
	}
	return s.Deliver(ctx, m)
}

// Notification returns the call of [Market.Notify]. Errors: ErrOrder.
func (s *Market) Notification(orderID string) (*Errand, error) {
	var m *Errand
	err := s.book.with(orderID, func(o *order) error {
		m = newMessage(judge.ActivityNotify, o, o, nil).withOrder()
		m.schedule = s.cfg.Retry.Notify
		return nil
	})
	return m, err
}
