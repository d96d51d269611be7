// SPDX-License-Identifier: Apache-2.0

package market

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// Sale is an order with what query order tells of it beyond.
type Sale struct {
	Order
	Buyer        catalogue.Buyer
	Charge, Deal string // amounts on the order line, as decimals
}

// Format implements fmt.Formatter with the order id only.
func (o Sale) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "order "+o.ID) }

// LogValue implements slog.LogValuer with the order id only.
func (o Sale) LogValue() slog.Value { return slog.StringValue(o.ID) }

func (o *order) sale() Sale {
	return Sale{Order: o.Order, Buyer: o.buyer, Charge: o.charge, Deal: o.deal}
}

// Sale returns an order that was placed here. Errors: ErrOrder.
func (s *Market) Sale(orderID string) (Sale, error) {
	var found Sale
	err := s.book.with(orderID, func(o *order) error {
		found = o.sale()
		return nil
	})
	return found, err
}

// CountQuery counts a query order about an order that was placed here; of others
// nothing is counted.
func (s *Market) CountQuery(orderID string) {
	_ = s.book.with(orderID, func(o *order) error {
		o.Queries++
		return nil
	})
}

// Mock returns what the real service answers for debugging (open-apis
// §2.2). Its content is not documented; it is the same all day.
func (s *Market) Mock(mock openapi.MockOrder) Sale {
	kind := catalogue.Period
	for _, k := range catalogue.Kinds() {
		if k.ChargingMode() == string(mock.ChargingMode) && (k == catalogue.Trial) == (mock.OrderType == openapi.OrderTrial) {
			kind = k
		}
	}
	year, month, day := s.cfg.Clock.Now().In(wiretime.Beijing()).Date()
	o := s.demoOrder(mock.OrderID, kind, time.Date(year, month, day, 0, 0, 0, 0, wiretime.Beijing()))
	o.LineID, o.Type = mock.OrderLineID, mock.OrderType
	if o.Type == openapi.OrderUnsubscribe {
		o.refund()
	}
	return o.sale()
}

// Invented returns a one-year order for an id that nobody placed, the same
// for the same id: it was created in the minute that the id names.
func (s *Market) Invented(orderID, lineID string) Sale {
	created, err := catalogue.MinuteOf(orderID)
	if err != nil {
		created = time.Date(2026, 1, 1, 0, 0, 0, 0, wiretime.Beijing())
	}
	o := s.demoOrder(orderID, catalogue.Period, created)
	if catalogue.IsLineOf(lineID, orderID) {
		o.LineID = lineID
	}
	return o.sale()
}

func (s *Market) demoOrder(id string, kind catalogue.Kind, created time.Time) *order {
	p := s.cfg.Products[kind]
	return &order{
		Order: Order{
			ID: id, LineID: id + catalogue.FirstLine, RootID: id, Kind: kind, Type: openapi.OrderNew, State: Completed,
			Product: p, CreateTime: created.UTC(), ExpireTime: p.EndAfter(created),
		},
		buyer: catalogue.NewBuyer(id), charge: p.Price, deal: p.Price,
	}
}

// refund sets the amounts of a refund order (open-apis §2.3): no order amount, a
// negative deal.
func (o *order) refund() {
	o.charge, o.deal = "", "-"+strings.TrimPrefix(o.Product.Price, "-")
	if o.Product.Price == "" {
		o.deal = ""
	}
}
