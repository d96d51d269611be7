// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// Billing is how often usage is collected into a bill (open-apis §3.7).
type Billing string

// The billing modes.
const (
	Hourly Billing = "hourly" // 按小时计费: at minute 15 of every hour. The default.
	Daily  Billing = "daily"  // 按天计费: at 01:00 in Beijing
)

// collectHourly and collectDaily are when usage is collected, after the full
// hour and after midnight in Beijing.
const (
	collectHourly = 15 * time.Minute
	collectDaily  = time.Hour
)

// Adoption is what the marketplace knows of an instance that did not come from an
// order here. The zero value is a pay-per-use instance of this seller, billed
// hourly, in use since ever.
type Adoption struct {
	Kind      Kind      // default: OnDemand; a Package can only be deducted from
	Billing   Billing   // default: Hourly
	Owner     string    // another seller; "" is this one
	ProductID string    // checked by the old interface unless it is ""
	Delisted  bool      // the product was withdrawn (退市)
	Start     time.Time // no usage before it; zero: no limit
	Close     time.Time // no usage after it; zero: in use
	FrozenAt  time.Time // no usage after it as long as the instance is frozen; zero: not frozen
	Released  bool      // no usage that begins at or after Close
	Quota     Amount    // of a Package
}

// Adopt declares an instance, or declares it anew: its records stay, whatever
// changes. It takes precedence over an order with the same instance.
//
// Errors: ErrInstance for an id that is no id, an unknown kind or billing, or a
// negative quota; ErrFull beyond Config.MaxOrders.
func (s *Simulator) Adopt(instanceID string, a Adoption) error {
	if a.Kind == "" {
		a.Kind = OnDemand
	}
	if a.Billing == "" {
		a.Billing = Hourly
	}
	switch {
	case instanceID == "" || utf8.RuneCountInString(instanceID) > maxID:
		return fmt.Errorf("%w: want an id of 1 to %d characters", ErrInstance, maxID)
	case a.Kind.ChargingMode() == "" || (a.Billing != Hourly && a.Billing != Daily) || a.Quota < 0:
		return fmt.Errorf("%w: kind, billing or quota", ErrInstance)
	}
	l := &s.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.adopted[instanceID]; !known && len(l.adopted) >= s.cfg.MaxOrders {
		return ErrFull
	}
	l.adopted[instanceID] = a
	return nil
}

// Withdraw takes a product off the market for good (退市): usage of its instances
// is refused with 006. It is another thing than Shelf.Delisted, which only stops
// new sales. Errors: ErrFull beyond Config.MaxOrders products.
func (s *Simulator) Withdraw(productID string) error {
	l := &s.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.withdrawn[productID] && len(l.withdrawn) >= s.cfg.MaxOrders {
		return ErrFull
	}
	l.withdrawn[productID] = true
	return nil
}

// instance returns what is known of an instance. The ledger's lock is held.
func (s *Simulator) instance(id string) (Adoption, bool) {
	if a, ok := s.ledger.adopted[id]; ok {
		a.Delisted = a.Delisted || s.ledger.withdrawn[a.ProductID]
		return a, true
	}
	a, ok := s.book.adoption(id)
	a.Delisted = s.ledger.withdrawn[a.ProductID]
	return a, ok
}

// adoption describes the instance of an order.
func (b *book) adoption(id string) (Adoption, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
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
		a.Billing = Hourly
	}
	if o.Kind == Package && o.Present != nil {
		a.Quota = Amount(o.Present.Product.LinearValue) * unit
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

// dueAt returns when usage that ended at end is collected: with the hour or the
// day in Beijing in which it ended.
func (b Billing) dueAt(end time.Time) time.Time {
	if b == Daily {
		year, month, day := end.In(beijing).Date()
		midnight := time.Date(year, month, day, 0, 0, 0, 0, beijing)
		if midnight.Before(end) {
			midnight = time.Date(year, month, day+1, 0, 0, 0, 0, beijing)
		}
		return midnight.Add(collectDaily).UTC()
	}
	hour := end.Truncate(time.Hour)
	if hour.Before(end) {
		hour = hour.Add(time.Hour)
	}
	return hour.Add(collectHourly).UTC()
}

// next returns the first collection after t.
func (b Billing) next(t time.Time) time.Time {
	if b == Daily {
		year, month, day := t.In(beijing).Date()
		at := time.Date(year, month, day, 0, 0, 0, 0, beijing).Add(collectDaily)
		if !at.After(t) {
			at = time.Date(year, month, day+1, 0, 0, 0, 0, beijing).Add(collectDaily)
		}
		return at.UTC()
	}
	at := t.Truncate(time.Hour).Add(collectHourly)
	if !at.After(t) {
		at = at.Add(time.Hour)
	}
	return at.UTC()
}
