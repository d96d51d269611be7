// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// actionNotify is the action of a notified line.
const actionNotify = "orderNotify"

// OrderNotify is one orderNotify call (saas-v1 §9).
type OrderNotify struct {
	Endpoint             *Endpoint
	OrderID, OrderLineID string
	Extra                string
	Arrived              time.Time
}

func (c OrderNotify) key() store.LineKey {
	return store.LineKey{Seller: c.Endpoint.Seller, OrderID: c.OrderID, OrderLineID: c.OrderLineID, Action: actionNotify}
}

// OrderNotify records the notification once per order line and queues the query of the order. Errors: STORE_UNAVAILABLE.
func (s *Service) OrderNotify(ctx context.Context, c OrderNotify) (Answer, error) {
	err := s.begin(ctx, c.Endpoint, c.OrderID, c.Arrived, func(d *draft) error { return d.notified(ctx, c) })
	if errors.Is(err, store.ErrOrderExists) || err != nil && retryable(err) {
		err = s.decide(ctx, c.Endpoint.Seller, c.OrderID, func(d *draft) error {
			if d.line(c.key()) != nil {
				return nil
			}
			return d.notified(ctx, c)
		})
	}
	if err != nil {
		// The commit may have happened although its answer was lost: what the database says now decides.
		if _, lerr := s.Store.Line(ctx, c.key()); lerr != nil {
			return Answer{}, s.storeError(ctx, err, errs.OrderNotFound, "")
		}
	}
	return Answer{Code: resultcode.Success}, nil
}

// notified drafts the line and the order query. The query belongs to no instance: newInstance decides whether there will be
// one.
func (d *draft) notified(ctx context.Context, c OrderNotify) error {
	l := d.newLine(&store.Instance{}, c.key(), nil)
	l.AnswerCode = string(resultcode.Success)
	if err := d.s.sealExtra(&l, c.Extra); err != nil {
		return err
	}
	d.addLine(l)
	d.event(EventNotified, "", fields{"endpoint": c.Endpoint.Name, "orderLineId": c.OrderLineID})
	d.queueOwn(ctx, queryOf(&l))
	return nil
}
