// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// begin places the order that a life is about and reports it.
func (l *life) begin(family judge.Family) (key string, err error) {
	o, err := l.s.market.PlaceIn(family, catalogue.Period)
	if err == nil {
		l.report.OrderID, l.report.InstanceID = o.ID, o.InstanceID
	}
	return o.ID, err
}

// opened opens an order, twice, and returns its first message.
func (l *life) opened(ctx context.Context, name string, root string) (*market.Errand, error) {
	m, err := l.s.market.Opening(root)
	if err != nil {
		return nil, err
	}
	l.call(ctx, name, true, func() (*market.Errand, error) { return m, nil })
	if l.report.InstanceID == "" {
		l.report.InstanceID = l.order(root).InstanceID
	}
	return m, nil
}

// saasV1 is the life of a V1 period order and of a pay-per-use one.
func (l *life) saasV1(ctx context.Context) error {
	root, err := l.begin(judge.FamilySaasV1)
	if err != nil {
		return err
	}
	first, err := l.opened(ctx, "create", root)
	if err != nil {
		return err
	}
	// The second call, when the buyer has accepted (saas-v1 §1.1).
	l.call(ctx, "create with acceptance", false, func() (*market.Errand, error) {
		return first.With("acceptanceTime", wiretime.Format17(l.s.cfg.Clock.Now())), nil
	})
	l.lookAt(ctx, "query", root)
	l.call(ctx, "renew", true, l.building(l.s.market.Renewal, root))
	l.rise(ctx, root)
	l.freezing(ctx, l.order(root))
	l.call(ctx, "expire", true, l.building(l.s.market.Expiry, root))
	l.call(ctx, "renew after expiry", true, l.building(l.s.market.Renewal, root))
	l.release(ctx, root, "")
	l.call(ctx, "create after release", false, func() (*market.Errand, error) { return first.Again(), nil })
	return l.payPerUse(ctx)
}

// rise upgrades to a larger quantity.
func (l *life) rise(ctx context.Context, root string) {
	const step = 10
	more := l.order(root).Present.Product.LinearValue + step
	l.call(ctx, "upgrade", true, func() (*market.Errand, error) { return l.s.market.Upgrading(root, more) })
}

// payPerUse opens an order with two billing items: one order id, two products,
// two instances (saas-v1 §1.2).
func (l *life) payPerUse(ctx context.Context) error {
	if l.stopped || ctx.Err() != nil {
		return nil
	}
	first, err := l.s.market.PlaceIn(judge.FamilySaasV1, catalogue.OnDemand)
	if err != nil {
		return err
	}
	product := first.Product
	product.ProductID = judge.Shorten(product.ProductID, catalogue.MaxID-1) + "B"
	second, err := l.s.market.SecondItem(first.ID, product)
	if err != nil {
		return err
	}
	for _, o := range []string{first.ID, second.LineID} {
		name := "pay-per-use "
		if o == second.LineID {
			name = "second item "
		}
		defer l.release(ctx, o, name)
		if _, err := l.opened(ctx, name+"create", o); err != nil {
			return err
		}
	}
	l.lookAt(ctx, "pay-per-use query", first.ID, second.LineID)
	return nil
}

// lookAt asks for the instances of orders in one call. V1 wants the usage of
// metered ones (saas-v1 §1.8).
func (l *life) lookAt(ctx context.Context, name string, orders ...string) {
	l.step(ctx, name, func() (market.Call, error) {
		m, err := l.s.market.Lookup(orders...)
		if err != nil {
			return market.Call{}, err
		}
		return l.s.market.Deliver(ctx, m)
	}, func(c market.Call) error {
		if l.s.cfg.Strict && l.order(orders[0]).Kind.Metered() && !c.Shown().Usage {
			return errNoUsage
		}
		return nil
	})
}

// licenseV1 is the life of a V1 licence.
func (l *life) licenseV1(ctx context.Context) error {
	root, err := l.begin(judge.FamilyLicenseV1)
	if err != nil {
		return err
	}
	if _, err := l.opened(ctx, "get licence", root); err != nil {
		return err
	}
	l.call(ctx, "renew", true, l.building(l.s.market.Renewal, root))
	l.call(ctx, "expire", true, l.building(l.s.market.Expiry, root))
	l.release(ctx, root, "")
	return nil
}

// licenseCode is the life of an authorisation code.
func (l *life) licenseCode(ctx context.Context) error {
	root, err := l.begin(judge.FamilyLicenseCode)
	if err != nil {
		return err
	}
	l.renewals(ctx, l.order(root))
	l.freezing(ctx, l.order(root))
	l.release(ctx, root, "")
	return nil
}
