// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// BuyerInfo is the buyer of an order: personal data. Formatting with any verb,
// logging with slog and encoding as JSON show "[redacted]"; read the fields to
// use them. All fields may be empty.
//
// The documents show only userName; the other names follow the V1 create call
// and are unconfirmed (open-apis §2.3). Newer versions are said to carry the
// buyer's name and type under names that were not seen: look into Raw.
type BuyerInfo struct {
	MobilePhone  string
	Email        string
	CustomerID   string // up to 100 characters
	CustomerName string // up to 64 characters
	UserID       string // up to 64 characters
	UserName     string // up to 64 characters

	// Raw is the buyerInfo object as received, unknown fields included.
	Raw json.RawMessage
}

// Format implements fmt.Formatter and prints nothing of the content.
func (BuyerInfo) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, buyerText) }

// String returns a constant text.
func (BuyerInfo) String() string { return buyerText }

// GoString returns a constant text.
func (BuyerInfo) GoString() string { return buyerText }

// LogValue implements slog.LogValuer with a constant text.
func (BuyerInfo) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalJSON returns a constant text.
func (BuyerInfo) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

const buyerText = "openapi.BuyerInfo" + mask

// ExtendParam is a parameter that the seller asked the buyer to fill in. Its
// value may be personal data and is not printed, logged or encoded.
type ExtendParam struct {
	// Key is the name of the parameter; on the wire "key" or "name".
	Key string

	// Value is a JSON string's content, or the JSON text of any other value.
	Value string
}

// Format implements fmt.Formatter and prints the key only.
func (p ExtendParam) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// String returns the key and a mask.
func (p ExtendParam) String() string { return fmt.Sprintf("%.64q=%s", p.Key, mask) }

// GoString returns what String returns.
func (p ExtendParam) GoString() string { return p.String() }

// LogValue implements slog.LogValuer and logs the key only.
func (p ExtendParam) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON encodes the key and a mask.
func (p ExtendParam) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"key": p.Key, "value": mask})
}

// Format implements fmt.Formatter; every verb prints what String returns.
func (o OrderInfo) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

// String tells identity, type and shape of the order, and no buyer data.
func (o OrderInfo) String() string {
	return fmt.Sprintf("openapi.OrderInfo{orderId: %.64q, orderType: %.32q, lines: %d, doubts: %d}",
		o.OrderID, string(o.OrderType), len(o.OrderLines), len(o.Doubts))
}

// GoString returns what String returns.
func (o OrderInfo) GoString() string { return o.String() }

// LogValue implements slog.LogValuer with identity, type and shape of the order.
func (o OrderInfo) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("orderId", o.OrderID),
		slog.String("orderType", string(o.OrderType)),
		slog.Int("lines", len(o.OrderLines)),
		slog.Int("doubts", len(o.Doubts)),
	)
}

// Format implements fmt.Formatter; every verb prints what String returns.
func (l OrderLine) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// String tells identity and charging mode of the line.
func (l OrderLine) String() string {
	return fmt.Sprintf("openapi.OrderLine{orderLineId: %.64q, chargingMode: %.25q, products: %d}",
		l.OrderLineID, string(l.ChargingMode), len(l.ProductInfo))
}

// GoString returns what String returns.
func (l OrderLine) GoString() string { return l.String() }

// LogValue implements slog.LogValuer with identity and charging mode of the line.
func (l OrderLine) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("orderLineId", l.OrderLineID),
		slog.String("chargingMode", string(l.ChargingMode)),
		slog.Int("products", len(l.ProductInfo)),
	)
}
