// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"fmt"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
)

// Place records a paid order of a kind and calls nobody. Query order knows it
// from now on; Open delivers it. Errors: ErrKind, ErrFull.
func (s *Simulator) Place(kind catalogue.Kind) (Order, error) {
	return s.PlaceIn(judge.FamilySaasV2, kind)
}

func (s *Simulator) place(family judge.Family, kind catalogue.Kind) (*order, error) {
	product, ok := s.cfg.Products[kind]
	if !ok {
		return nil, fmt.Errorf("%w: want one of %v", catalogue.ErrKind, catalogue.Kinds())
	}
	switch family {
	case judge.FamilySaasV2, judge.FamilySaasV1, judge.FamilyOrderNotify:
	case judge.FamilyLicenseV1, judge.FamilyLicenseCode, judge.FamilyLicenseOnline, judge.FamilyKitV1, judge.FamilyKitV2:
		if kind != catalogue.Period {
			return nil, fmt.Errorf("%w: %s knows %s orders only", catalogue.ErrKind, family, catalogue.Period)
		}
	default:
		return nil, fmt.Errorf("%w: want one of %v", judge.ErrFamily, judge.Families())
	}
	typ := openapi.OrderNew
	if kind == catalogue.Trial {
		typ = openapi.OrderTrial
	}
	return s.enter(nil, family, typ, kind, product, time.Time{})
}

// item enters a further line of an order that has not been opened, about another
// product. It has an instance of its own (saas-v1 §1.2).
func (s *Simulator) item(first *order, p catalogue.Product) (*order, error) {
	o := &order{
		Order: first.Order, item: true, buyer: first.buyer, charge: p.Price, deal: p.Price,
	}
	o.LineID, o.Product, o.ExpireTime = o.ID+catalogue.SecondLine, p, p.EndAfter(o.CreateTime)
	o.Present = &Term{Product: p, ExpireTime: o.ExpireTime}
	added, err := s.book.add(o)
	if err == nil && !added {
		err = ErrOrderState
	}
	return o, err
}

// enter creates an order under a new id. root is nil for an order that opens an
// instance; its expiry is computed, that of any other order is given.
func (s *Simulator) enter(root *order, family judge.Family, typ openapi.OrderType, kind catalogue.Kind, p catalogue.Product, expire time.Time) (*order, error) {
	const tries = 16
	for range tries {
		now := s.cfg.Clock.Now().UTC()
		o := &order{Order: Order{
			ID: catalogue.OrderID(now, s.cfg.NewID()), Family: family, Kind: kind, Type: typ, State: Processing,
			Product: p, CreateTime: now, ExpireTime: expire,
		}}
		o.LineID = o.ID + catalogue.FirstLine
		o.charge, o.deal = p.Price, p.Price
		if typ == openapi.OrderUnsubscribe {
			o.refund()
		}
		if root == nil {
			o.RootID, o.buyer = o.ID, catalogue.NewBuyer(o.ID)
			o.ExpireTime = p.EndAfter(now)
			o.Present = &Term{Product: p, ExpireTime: o.ExpireTime}
			if family == judge.FamilyLicenseCode { // the marketplace issues the code, there is nothing to open
				o.InstanceID, o.State, o.opened = catalogue.LicenseCode(s.cfg.NewID()), Completed, true
			}
		} else {
			o.RootID, o.buyer, o.InstanceID = root.ID, root.buyer, root.InstanceID
		}
		added, err := s.book.add(o)
		if err != nil {
			return nil, err
		}
		if added {
			return o, nil
		}
	}
	return nil, fmt.Errorf("%w: NewID repeats itself", ErrConfig)
}

// Open delivers a placed order: newInstance until it is accepted or the window
// is over, then queryInstance until the instance is shown, where the family has
// such polling. The order is returned as it is then.
//
// Errors: ErrOrder, ErrOrderState if it was opened before, ErrCall, ctx.Err().
// A synchronous order whose instance is never shown is completed and ErrCall.
func (s *Simulator) Open(ctx context.Context, orderID string) (Order, error) {
	m, err := s.opening(orderID)
	if err != nil {
		return Order{}, err
	}
	if _, err = s.deliver(ctx, m); err == nil && m.root.Family.Polls() {
		_, err = s.await(ctx, m.root)
	}
	return s.book.copyOf(m.root), err
}

// opening returns the first newInstance of an order.
func (s *Simulator) opening(key string) (*message, error) {
	var m *message
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

// await polls queryInstance until the instance is shown (saas-v2 §5.1).
func (s *Simulator) await(ctx context.Context, root *order) (Call, error) {
	m := newMessage(judge.ActivityQuery, root, root, &change{})
	m.schedule = s.cfg.Poll
	return s.deliver(ctx, m)
}

// Duplicate sends newInstance for an opened order once more, with a new
// businessId, as the marketplace may do at any time. The record says in Problem
// if the seller answers with another instance id.
//
// Errors: ErrOrder, ErrOrderState, ErrCall, ctx.Err().
func (s *Simulator) Duplicate(ctx context.Context, orderID string) (Call, error) {
	return s.once(ctx, orderID, func(o *order) *message {
		return newMessage(judge.ActivityNew, o, o, nil).withOrder()
	})
}

// Query asks for the instance once, as the marketplace does when a customer
// opens the page of the service. Errors: ErrOrder, ErrOrderState, ErrCall,
// ctx.Err().
func (s *Simulator) Query(ctx context.Context, orderID string) (Call, error) {
	return s.once(ctx, orderID, func(o *order) *message {
		return newMessage(judge.ActivityQuery, o, o, nil)
	})
}

// once makes a call about an opened instance a single time.
func (s *Simulator) once(ctx context.Context, orderID string, build func(*order) *message) (Call, error) {
	var m *message
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
	return s.deliver(ctx, m)
}
