// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"maps"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// begin places the order that a life is about and reports it.
func (l *life) begin(family judge.Family) (*order, error) {
	o, err := l.s.place(family, catalogue.Period)
	if err == nil {
		l.report.OrderID, l.report.InstanceID = o.ID, o.InstanceID
	}
	return o, err
}

// opened opens an order, twice, and returns its first message.
func (l *life) opened(ctx context.Context, name string, root *order) (*message, error) {
	m, err := l.s.opening(root.key())
	if err != nil {
		return nil, err
	}
	l.call(ctx, name, true, func() (*message, error) { return m, nil })
	if l.report.InstanceID == "" {
		l.report.InstanceID = l.s.book.copyOf(root).InstanceID
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
	l.call(ctx, "create with acceptance", false, func() (*message, error) {
		m := first.repetition()
		m.params = maps.Clone(m.params)
		m.params["acceptanceTime"] = wiretime.Format17(l.s.cfg.Clock.Now())
		return m, nil
	})
	l.lookAt(ctx, "query", root)
	l.call(ctx, "renew", true, l.building(l.s.renewal, root.ID))
	l.rise(ctx, root)
	l.freezing(ctx, l.s.book.copyOf(root))
	l.call(ctx, "expire", true, l.about(root.ID, l.s.expiry))
	l.call(ctx, "renew after expiry", true, l.building(l.s.renewal, root.ID))
	l.release(ctx, root, "")
	l.call(ctx, "create after release", false, func() (*message, error) { return first.repetition(), nil })
	return l.payPerUse(ctx)
}

// rise upgrades to a larger quantity.
func (l *life) rise(ctx context.Context, root *order) {
	const step = 10
	more := l.s.book.copyOf(root).Present.Product.LinearValue + step
	l.call(ctx, "upgrade", true, func() (*message, error) { return l.s.upgrade(root.ID, more) })
}

// payPerUse opens an order with two billing items: one order id, two products,
// two instances (saas-v1 §1.2).
func (l *life) payPerUse(ctx context.Context) error {
	if l.stopped || ctx.Err() != nil {
		return nil
	}
	first, err := l.s.place(judge.FamilySaasV1, catalogue.OnDemand)
	if err != nil {
		return err
	}
	product := first.Product
	product.ProductID = judge.Shorten(product.ProductID, catalogue.MaxID-1) + "B"
	second, err := l.s.item(first, product)
	if err != nil {
		return err
	}
	for _, o := range []*order{first, second} {
		name := "pay-per-use "
		if o == second {
			name = "second item "
		}
		defer l.release(ctx, o, name)
		if _, err := l.opened(ctx, name+"create", o); err != nil {
			return err
		}
	}
	l.lookAt(ctx, "pay-per-use query", first, second)
	return nil
}

// lookAt asks for the instances of orders in one call. V1 wants the usage of
// metered ones (saas-v1 §1.8).
func (l *life) lookAt(ctx context.Context, name string, orders ...*order) {
	l.step(ctx, name, func() (Call, error) {
		m := newMessage(judge.ActivityQuery, orders[0], orders[0], nil)
		for _, o := range orders {
			if m.ids != "" {
				m.ids += ","
			}
			m.ids += l.s.book.copyOf(o).InstanceID
		}
		return l.s.deliver(ctx, m)
	}, func(c Call) error {
		if l.s.cfg.Strict && orders[0].Kind.Metered() && !c.shows.Usage {
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
	l.call(ctx, "renew", true, l.building(l.s.renewal, root.ID))
	l.call(ctx, "expire", true, l.about(root.ID, l.s.expiry))
	l.release(ctx, root, "")
	return nil
}

// licenseCode is the life of an authorisation code.
func (l *life) licenseCode(ctx context.Context) error {
	root, err := l.begin(judge.FamilyLicenseCode)
	if err != nil {
		return err
	}
	l.renewals(ctx, l.s.book.copyOf(root))
	l.freezing(ctx, l.s.book.copyOf(root))
	l.release(ctx, root, "")
	return nil
}
