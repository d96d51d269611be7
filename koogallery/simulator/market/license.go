// SPDX-License-Identifier: Apache-2.0

package market

import (
	"crypto/sha256"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// LicenseStatus is what the marketplace says of an authorisation code (saas-v1
// §5.2).
type LicenseStatus string

// The states of a code.
const (
	LicenseAlive    LicenseStatus = "ALIVE"
	LicenseExpired  LicenseStatus = "EXPIRED" // also while it is frozen
	LicenseReleased LicenseStatus = "RELEASED"
)

// maxClients bounds the clients of a code that are told apart on one day.
const maxClients = 10_000

// licenseState is what an order of license_code has beyond other orders.
type licenseState struct {
	received, activated, effect time.Time
	expire                      time.Time // after renewals; zero: that of the order
	released                    bool      // by the marketplace, whether the seller was told or not
	heartbeats                  int
	day                         string // in Beijing
	clients                     map[[sha256.Size]byte]bool
	active                      int
}

// License is what the marketplace knows of an authorisation code.
type License struct {
	Code        string        `json:"code"`
	OrderID     string        `json:"orderId"`
	ProductID   string        `json:"productId"`
	ProductName string        `json:"productName"`
	Amount      int           `json:"amount"`
	Status      LicenseStatus `json:"status"`
	ReceivedAt  time.Time     `json:"receivedAt,omitzero"`
	ActivatedAt time.Time     `json:"activatedAt,omitzero"`
	EffectAt    time.Time     `json:"effectAt,omitzero"` // real_effect_time
	ExpireTime  time.Time     `json:"expireTime"`
	Heartbeats  int           `json:"heartbeats"` // queries that were answered

	// Of the last day for which software usage was reported:
	Day       string `json:"day,omitempty"` // yyyy-MM-dd in Beijing
	Clients   int    `json:"clients"`       // distinct ids, at most 10,000
	ActiveNum int    `json:"activeNum"`     // the largest number reported
}

// LicenseOptions describe a code to be issued. The zero value is one of the
// product of PlaceIn, that the buyer has not collected.
type LicenseOptions struct {
	Code       string            // default: a new one
	Product    catalogue.Product // default: that of Period orders
	ExpireTime time.Time         // default: the end of the product's period
	Received   bool              // the buyer has collected it
}

// IssueLicense places an order of license_code and issues its code, which is
// Order.InstanceID. Errors: ErrFull, and ErrOrderState if the code is taken or
// longer than 64 characters.
func (s *Market) IssueLicense(opts LicenseOptions) (Order, error) {
	p := opts.Product
	if p.ProductID == "" {
		p = s.cfg.Products[catalogue.Period]
	}
	taken := func() bool { return s.book.licenses[opts.Code] != nil || len(opts.Code) > catalogue.MaxID }
	s.book.mu.Lock()
	refused := taken()
	s.book.mu.Unlock()
	if refused {
		return Order{}, ErrOrderState
	}
	o, err := s.enter(nil, judge.FamilyLicenseCode, openapi.OrderNew, catalogue.Period, p, time.Time{})
	if err != nil {
		return Order{}, err
	}
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	if opts.Code != "" {
		if taken() {
			return Order{}, ErrOrderState
		}
		delete(s.book.licenses, o.InstanceID)
		o.InstanceID = opts.Code
		s.book.licenses[o.InstanceID] = o
	}
	if !opts.ExpireTime.IsZero() {
		o.ExpireTime = opts.ExpireTime.UTC()
		o.Present.ExpireTime = o.ExpireTime
	}
	if opts.Received {
		o.license.received = s.cfg.Clock.Now().UTC()
	}
	return o.Order, nil
}

// ReceiveLicense is the buyer who collects a code; before that it cannot be
// activated (saas-v1 §8). Once more changes nothing. Errors: ErrOrder.
func (s *Market) ReceiveLicense(code string) error {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	o := s.book.licenses[code]
	if o == nil {
		return ErrOrder
	}
	if o.license.received.IsZero() {
		o.license.received = s.cfg.Clock.Now().UTC()
	}
	return nil
}

// License returns what is known of a code. Errors: ErrOrder.
func (s *Market) License(code string) (License, error) {
	now := s.MarketNow()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	o := s.book.licenses[code]
	if o == nil {
		return License{}, ErrOrder
	}
	return o.licenseAt(now), nil
}

// licenseAt describes the code of an order. The book's lock is held.
func (o *order) licenseAt(now time.Time) License {
	st := &o.license
	l := License{
		Code: o.InstanceID, OrderID: o.ID, ProductID: o.Present.Product.ProductID, ProductName: o.Present.Product.Name, Amount: o.Present.Product.LinearValue,
		Status: LicenseAlive, ReceivedAt: st.received, ActivatedAt: st.activated, EffectAt: st.effect, ExpireTime: o.Present.ExpireTime,
		Heartbeats: st.heartbeats, Day: st.day, Clients: len(st.clients), ActiveNum: st.active,
	}
	if !st.expire.IsZero() {
		l.ExpireTime = st.expire
	}
	switch {
	case st.released || o.Released:
		l.Status = LicenseReleased
	case o.Frozen || now.After(l.ExpireTime):
		l.Status = LicenseExpired
	}
	return l
}

// use counts clients of a day.
func (st *licenseState) use(day string, ids []string, active int) {
	if st.day != day {
		st.day, st.clients, st.active = day, make(map[[sha256.Size]byte]bool), 0
	}
	for _, id := range ids {
		if key := sha256.Sum256([]byte(id)); st.clients[key] || len(st.clients) < maxClients {
			st.clients[key] = true
		}
	}
	st.active = max(st.active, active)
}

// ended notes that the marketplace has taken a code back, and renewed that it
// lasts longer: both hold whether the seller is told or not, as a seller need not
// implement the calls about codes (saas-v1 §5). They do nothing to other orders.
func (b *book) ended(o *order) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o.license.released = o.Family == judge.FamilyLicenseCode
}

func (b *book) renewed(o *order, expire time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o.Family == judge.FamilyLicenseCode {
		o.license.expire = expire
	}
}
