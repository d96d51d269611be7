// SPDX-License-Identifier: Apache-2.0

package market

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// Adoption is what the marketplace knows of an instance that did not come from an
// order here. The zero value is a pay-per-use instance of this seller, billed
// hourly, in use since ever.
type Adoption struct {
	Kind      catalogue.Kind // default: OnDemand; a Package can only be deducted from
	Billing   billing.Mode   // default: Hourly
	Owner     string         // another seller; "" is this one
	ProductID string         // checked by the old interface unless it is ""
	Delisted  bool           // the product was withdrawn (退市)
	Start     time.Time      // no usage before it; zero: no limit
	Close     time.Time      // no usage after it; zero: in use
	FrozenAt  time.Time      // no usage after it as long as the instance is frozen; zero: not frozen
	Released  bool           // no usage that begins at or after Close
	Quota     billing.Amount // of a Package
}

// Adopt declares an instance, or declares it anew: its records stay, whatever
// changes. It takes precedence over an order with the same instance.
//
// Errors: ErrInstance for an id that is no id, an unknown kind or billing, or a
// negative quota; ErrFull beyond Config.MaxOrders.
func (s *Market) Adopt(instanceID string, a Adoption) error {
	if a.Kind == "" {
		a.Kind = catalogue.OnDemand
	}
	if a.Billing == "" {
		a.Billing = billing.Hourly
	}
	switch {
	case instanceID == "" || utf8.RuneCountInString(instanceID) > catalogue.MaxID:
		return fmt.Errorf("%w: want an id of 1 to %d characters", ErrInstance, catalogue.MaxID)
	case a.Kind.ChargingMode() == "" || (a.Billing != billing.Hourly && a.Billing != billing.Daily) || a.Quota < 0:
		return fmt.Errorf("%w: kind, billing or quota", ErrInstance)
	}
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	if _, known := s.book.adopted[instanceID]; !known && len(s.book.adopted) >= s.cfg.MaxOrders {
		return ErrFull
	}
	s.book.adopted[instanceID] = a
	return nil
}

// Withdraw takes a product off the market for good (退市): usage of its instances
// is refused with 006. It is another thing than Shelf.Delisted, which only stops
// new sales. Errors: ErrFull beyond Config.MaxOrders products.
func (s *Market) Withdraw(productID string) error {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	if !s.book.withdrawn[productID] && len(s.book.withdrawn) >= s.cfg.MaxOrders {
		return ErrFull
	}
	s.book.withdrawn[productID] = true
	return nil
}

// instance returns what is known of an instance. The lock is held.
func (s *Market) instance(id string) (Adoption, bool) {
	if a, ok := s.book.adopted[id]; ok {
		a.Delisted = a.Delisted || s.book.withdrawn[a.ProductID]
		return a, true
	}
	a, ok := s.book.adoption(id)
	a.Delisted = s.book.withdrawn[a.ProductID]
	return a, ok
}

// adoption describes the instance of an order. The lock is held.
func (b *book) adoption(id string) (Adoption, bool) {
	o := b.orders[b.instances[id]]
	if o == nil || o.InstanceID != id {
		return Adoption{}, false
	}
	a := Adoption{
		Kind: o.Kind, Billing: o.Product.Billing, ProductID: o.Product.ProductID,
		Start: o.started.Truncate(time.Second), Close: ceil(o.closed), FrozenAt: ceil(o.frozenAt), Released: o.Released,
	}
	if o.State == Cancelled { // it was never the customer's
		a.Released = true
	}
	if a.Billing == "" {
		a.Billing = billing.Hourly
	}
	if o.Kind == catalogue.Package && o.Present != nil {
		a.Quota = billing.Amount(o.Present.Product.LinearValue) * billing.Unit
	}
	return a, true
}

// ceil rounds up to full seconds: usage knows no others.
func ceil(t time.Time) time.Time {
	if whole := t.Truncate(time.Second); !whole.Equal(t) {
		return whole.Add(time.Second)
	}
	return t
}
