// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"encoding/json"
	"time"
)

// OrderType is the kind of an order. Unknown values are kept as received.
type OrderType string

// Order types (open-apis §2.4).
const (
	OrderNew           OrderType = "NEW"
	OrderTrial         OrderType = "TRIAL"
	OrderTrialToFormal OrderType = "TRIAL_TO_FORMAL"
	OrderUnsubscribe   OrderType = "UNSUBSCRIBE"
	OrderRenew         OrderType = "RENEW"
	OrderChange        OrderType = "CHANGE"
)

// Known reports whether t is a documented value.
func (t OrderType) Known() bool {
	switch t {
	case OrderNew, OrderTrial, OrderTrialToFormal, OrderUnsubscribe, OrderRenew, OrderChange:
		return true
	default:
		return false
	}
}

// ChargingMode tells how a line is charged. Unknown values are kept as received.
type ChargingMode string

// Charging modes (open-apis §2.4).
const (
	ChargeOnDemand        ChargingMode = "ON_DEMAND"
	ChargeOneTime         ChargingMode = "ONE_TIME"
	ChargePeriod          ChargingMode = "PERIOD"
	ChargeOnDemandPackage ChargingMode = "ON_DEMAND_PKG"
)

// Known reports whether m is a documented value.
func (m ChargingMode) Known() bool {
	switch m {
	case ChargeOnDemand, ChargeOneTime, ChargePeriod, ChargeOnDemandPackage:
		return true
	default:
		return false
	}
}

// OrderInfo is an order as the marketplace tells it (open-apis §2.3). Formatting
// and logging show its identity and shape but no buyer data.
//
// Lengths are the documented ones and are not enforced; Config.MaxResponse
// bounds everything.
type OrderInfo struct {
	// OrderID is the marketplace's order number, 64 characters.
	OrderID string `json:"orderId"`

	// OrderType may be a value that is not Known.
	OrderType OrderType `json:"orderType"`

	// CreateTime is when the buyer placed the order, in UTC; not the effective
	// time. Zero if absent or unreadable.
	CreateTime time.Time `json:"createTime,omitzero"`

	// OrderLines are the lines that can be read, at least one. The wire name is orderLine.
	OrderLines []OrderLine `json:"orderLine"`

	// BuyerInfo is the buyer, nil if absent.
	BuyerInfo *BuyerInfo `json:"buyerInfo,omitempty"`

	// ExtendParams are the parameters found on the order. Some documents place
	// them on the line: see AllExtendParams.
	ExtendParams []ExtendParam `json:"extendParams,omitempty"`

	// Doubts names the optional fields that were present but unreadable and so
	// have their zero value, for instance "orderLine[0].expireTime", and the lines
	// and further products that were left out, by their place in the answer.
	Doubts []string `json:"doubts,omitempty"`

	// Unread counts the lines that were left out because they could not be read. If
	// it is not zero, a line that is not among OrderLines may be one of them.
	Unread int `json:"unread,omitempty"`

	// Raw is the orderInfo object as received, unknown fields and buyer data
	// included. It is not printed and not encoded: treat it as personal data.
	Raw json.RawMessage `json:"-"`
}

// Line returns the line with the given id.
func (o *OrderInfo) Line(orderLineID string) (*OrderLine, bool) {
	if o == nil {
		return nil, false
	}
	for i := range o.OrderLines {
		if o.OrderLines[i].OrderLineID == orderLineID {
			return &o.OrderLines[i], true
		}
	}
	return nil, false
}

// AllExtendParams returns the parameters of the order followed by those of the
// line, wherever this version of the interface puts them. line may be nil.
func (o *OrderInfo) AllExtendParams(line *OrderLine) []ExtendParam {
	var all []ExtendParam
	if o != nil {
		all = append(all, o.ExtendParams...)
	}
	if line != nil {
		all = append(all, line.ExtendParams...)
	}
	return all
}

// OrderLine is one line of an order.
type OrderLine struct {
	// OrderLineID is the marketplace's number of the line, 64 characters.
	OrderLineID string `json:"orderLineId"`

	// ChargingMode may be a value that is not Known.
	ChargingMode ChargingMode `json:"chargingMode"`

	// ExpireTime is computed by the marketplace from order creation and period,
	// in UTC, "for reference only": act on the expiry and freeze calls instead.
	// Zero for pay-per-use and one-time lines, if absent or unreadable.
	ExpireTime time.Time `json:"expireTime,omitzero"`

	// PeriodType is for instance "year", "month" or "day". May be "".
	PeriodType string `json:"periodType,omitempty"`

	// PeriodNumber counts periods. Zero if absent.
	PeriodNumber int64 `json:"periodNumber,omitempty"`

	// ProductInfo are the products of the line, usually one. May be empty.
	ProductInfo []ProductInfo `json:"productInfo,omitempty"`

	// Currency is the amount of the order as received. Empty for refunds.
	Currency string `json:"currency,omitempty"`

	// CurrencyAfterDiscount is the amount of the deal as received, negative for refunds.
	CurrencyAfterDiscount string `json:"currencyAfterDiscount,omitempty"`

	// ExtendParams are the parameters found on the line.
	ExtendParams []ExtendParam `json:"extendParams,omitempty"`

	// Raw is the line as received. It is not printed and not encoded.
	Raw json.RawMessage `json:"-"`
}

// ProductInfo is one product of a line.
type ProductInfo struct {
	// ProductID names specification and period type together, 64 characters.
	ProductID string `json:"productId"`

	// SkuCode names the specification and stays the same when the period type
	// changes at renewal, 64 characters.
	SkuCode string `json:"skuCode"`

	// LinearValue is the quantity the buyer chose. Zero if the product has no
	// quantity.
	LinearValue int64 `json:"linearValue,omitempty"`

	// ProductName is for display, 64 characters.
	ProductName string `json:"productName"`

	// Raw is the product as received. It is not encoded.
	Raw json.RawMessage `json:"-"`
}
