// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Purchase is an order that a buyer has paid for, as far as the probe makes it up.
type Purchase struct {
	wire.Order
	LineID string
}

// mocks are the orders that debugging calls may be about, in the order in which they are taken.
var mocks = []struct {
	id   string
	kind catalogue.Kind
}{
	{openapi.MockPeriodNew, catalogue.Period}, {openapi.MockOneTimeNew, catalogue.OneTime}, {openapi.MockTrial, catalogue.Trial},
	{openapi.MockOnDemand, catalogue.OnDemand},
}

// Purchases is how many different purchases there can be: as many as there are mock orders, unless they are made up.
func (p *Probe) Purchases() int {
	if p.cfg.madeUp() {
		return 1 << 20
	}
	return len(mocks)
}

// Purchase is the next purchase: one that is made up, for a period, or the next mock order, from the first again after the last. The first
// is for a period.
func (p *Probe) Purchase() Purchase {
	p.mu.Lock()
	n := p.purchases
	p.purchases++
	p.mu.Unlock()
	var id string
	kind := catalogue.Period
	if p.cfg.madeUp() {
		id = catalogue.OrderID(p.Now(), p.NewID())
	} else {
		mock := mocks[n%len(mocks)]
		kind, id = mock.kind, mock.id
	}
	return p.purchase(id, kind, p.Now())
}

// Later is an order about an instance that a purchase has opened, such as a renewal: made up, or the mock order that is named.
func (p *Probe) Later(of Purchase, mock string) Purchase {
	id := mock
	if p.cfg.madeUp() {
		id = catalogue.OrderID(p.Now(), p.NewID())
	}
	next := p.purchase(id, of.Kind, of.ExpireTime)
	next.Buyer = of.Buyer
	return next
}

func (p *Probe) purchase(id string, kind catalogue.Kind, from time.Time) Purchase {
	product := catalogue.DemoProducts()[kind]
	return Purchase{
		Order: wire.Order{
			ID: id, Kind: kind, Product: product, Buyer: catalogue.NewBuyer(p.NewID()), Charge: product.Price, Deal: product.Price,
			ExpireTime: product.EndAfter(from),
		},
		LineID: id + catalogue.FirstLine,
	}
}
