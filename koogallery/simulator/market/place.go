// SPDX-License-Identifier: Apache-2.0

package market

import (
	"fmt"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// Place records a paid order of a kind and calls nobody. Query order knows it
// from now on; Open delivers it. Errors: ErrKind, ErrFull.
func (s *Market) Place(kind catalogue.Kind) (Order, error) {
	return s.PlaceIn(judge.FamilySaasV2, kind)
}

func (s *Market) place(family judge.Family, kind catalogue.Kind) (*order, error) {
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

// PlaceIn is [Market.Place] for a product of another family: its order is
// opened, renewed and so on by that family's calls. A code of license_code is
// issued at once, with nothing to open. Kinds other than period are known to
// saas_v1, saas_v2 and order_notify only. Errors: ErrFamily, ErrKind, ErrFull.
func (s *Market) PlaceIn(family judge.Family, kind catalogue.Kind) (Order, error) {
	o, err := s.place(family, kind)
	if err != nil {
		return Order{}, err
	}
	return s.book.copyOf(o), nil
}

// SecondItem enters a further line of an order that has not been opened, about another
// product. It has an instance of its own (saas-v1 §1.2).
//
// Its key is the line's id. Errors: ErrOrder, ErrOrderState, ErrFull.
func (s *Market) SecondItem(orderID string, p catalogue.Product) (Order, error) {
	var first order
	if err := s.book.with(orderID, func(o *order) error { first = *o; return nil }); err != nil {
		return Order{}, err
	}
	o := &order{
		Order: first.Order, item: true, buyer: first.buyer, charge: p.Price, deal: p.Price,
	}
	o.LineID, o.Product, o.ExpireTime = o.ID+catalogue.SecondLine, p, p.EndAfter(o.CreateTime)
	o.Present = &Term{Product: p, ExpireTime: o.ExpireTime}
	added, err := s.book.add(o)
	if err == nil && !added {
		err = ErrOrderState
	}
	return o.Order, err
}

// enter creates an order under a new id. root is nil for an order that opens an
// instance; its expiry is computed, that of any other order is given.
func (s *Market) enter(root *order, family judge.Family, typ openapi.OrderType, kind catalogue.Kind, p catalogue.Product, expire time.Time) (*order, error) {
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
