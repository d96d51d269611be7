// SPDX-License-Identifier: Apache-2.0

package simulator

import "context"

// Order returns an order that was placed here. Errors: ErrOrder.
func (s *Simulator) Order(orderID string) (Order, error) { return s.book.find(orderID) }

// Orders returns at most limit orders, newest first; a limit of zero or less
// means all that are remembered.
func (s *Simulator) Orders(limit int) []Order {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return newest(s.book.sequence, limit, func(o *order) (Order, bool) { return o.Order, true })
}

// Calls returns the remembered calls of an order, oldest first; an empty order
// id means all. Calls about an instance, such as a freeze, belong to the order
// that opened it.
func (s *Simulator) Calls(orderID string) []Call {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	out := make([]Call, 0, 16)
	for _, c := range s.book.calls {
		if orderID == "" || c.OrderID == orderID {
			out = append(out, c)
		}
	}
	return out
}

// recentCalls returns at most limit calls, newest first.
func (s *Simulator) recentCalls(orderID string, limit int) []Call {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return newest(s.book.calls, limit, func(c Call) (Call, bool) {
		return c, orderID == "" || c.OrderID == orderID
	})
}

// Messages returns at most limit rows of 生产接口消息, newest first; a limit of
// zero or less means all that are remembered.
func (s *Simulator) Messages(limit int) []Message {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return newest(s.book.messages, limit, func(m *message) (Message, bool) { return m.Message, true })
}

// FailedOrders returns how many orders failed in the present calendar month in
// Beijing because the seller's interface did not answer with success in time.
// A later restart does not take an order out of the count.
func (s *Simulator) FailedOrders() int {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return s.book.failed.in(s.cfg.Clock.Now())
}

// Shelf returns the standing of the product.
func (s *Simulator) Shelf() Shelf {
	now := s.cfg.Clock.Now()
	days := s.dial.failedDays()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	return Shelf{
		Month:          monthOf(now),
		FailedOrders:   s.book.failed.in(now),
		Delisted:       s.book.delisted,
		FailedDialDays: days,
		Hidden:         days >= MaxFailedDialDays,
	}
}

// Note remembers a call that belongs to no order, and tells of it.
func (s *Simulator) Note(ctx context.Context, c *Call) {
	s.book.mu.Lock()
	s.book.record(c)
	s.book.mu.Unlock()
	s.tell(ctx, *c)
}
