// SPDX-License-Identifier: Apache-2.0

package market

import (
	"context"
	"slices"

	"github.com/koogate/koogate/koogallery/judge"
)

// Restart is the button 重新启动: it repeats the latest failed call of an order
// once, during the window or after it (open-apis §9.1). If that opens the
// instance asynchronously, it also waits for queryInstance to show it.
//
// Errors: ErrOrder, ErrRestart if nothing failed, ErrCall if it failed again,
// ctx.Err().
func (s *Market) Restart(ctx context.Context, orderID string) (Call, error) {
	if _, err := s.book.find(orderID); err != nil {
		return Call{}, err
	}
	m := s.book.message(func(m *Errand) bool { return m.OrderID == orderID && m.Restartable() })
	return s.restart(ctx, m)
}

// RestartMessage is Restart for one row of 生产接口消息. Errors as Restart.
func (s *Market) RestartMessage(ctx context.Context, id int64) (Call, error) {
	m := s.book.message(func(m *Errand) bool { return m.ID == id && m.Restartable() })
	return s.restart(ctx, m)
}

func (s *Market) restart(ctx context.Context, m *Errand) (Call, error) {
	if m == nil {
		return Call{}, ErrRestart
	}
	c, err := s.try(ctx, m)
	switch {
	case err != nil:
		return c, err
	case c.Outcome != judge.OutcomeOK:
		return c, CallError(c)
	}
	if s.book.needsAwait(m) {
		_, err = s.await(ctx, m.root)
	}
	return c, err
}

// message returns the newest message that fits, or nil.
func (b *book) message(fits func(*Errand) bool) *Errand {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range slices.Backward(b.messages) {
		if fits(m) {
			return m
		}
	}
	return nil
}

// needsAwait tells whether nobody else goes on to poll after a newInstance that
// was restarted.
func (b *book) needsAwait(m *Errand) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return m.act == judge.ActivityNew && m.target != nil && !m.handedOver && !m.root.Informed && m.root.Family.Polls()
}
