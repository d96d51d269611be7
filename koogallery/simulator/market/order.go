// SPDX-License-Identifier: Apache-2.0

package market

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// State is the state of an order as the seller centre shows it (open-apis
// §9.6). The unpaid state does not occur here: every order is paid at once.
type State string

// The order states.
const (
	Processing State = "PROCESSING" // 处理中: paid, not yet carried out
	Completed  State = "COMPLETED"  // 已完成
	Cancelled  State = "CANCELLED"  // 已取消: failed; see Order.Refunded
)

// Order is one order as the seller centre shows it. It holds no personal data.
type Order struct {
	ID         string            `json:"orderId"`
	LineID     string            `json:"orderLineId"`
	RootID     string            `json:"rootOrderId"` // the order that opened the instance; ID itself for that one
	Family     judge.Family      `json:"family"`      // whose calls the order is about
	Kind       catalogue.Kind    `json:"kind"`
	Type       openapi.OrderType `json:"orderType"`
	State      State             `json:"state"`
	Refunded   bool              `json:"refunded"`
	Reason     string            `json:"reason,omitempty"` // why it failed
	Product    catalogue.Product `json:"product"`
	CreateTime time.Time         `json:"createTime"`
	ExpireTime time.Time         `json:"expireTime,omitzero"` // period kinds only; UTC
	InstanceID string            `json:"instanceId,omitempty"`

	// Of the order that opened the instance:
	Present      *Term `json:"present,omitempty"`
	Asynchronous bool  `json:"asynchronous,omitempty"` // newInstance answered 000004
	Informed     bool  `json:"informed,omitempty"`     // queryInstance showed the instance
	Frozen       bool  `json:"frozen,omitempty"`
	Released     bool  `json:"released,omitempty"`
	Queries      int   `json:"queries,omitempty"` // successful query order calls
}

// Format implements fmt.Formatter with the order id only: fmt would print the
// buyer in its unexported field.
func (o order) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "order "+o.ID) }

// LogValue implements slog.LogValuer with the order id only.
func (o order) LogValue() slog.Value { return slog.StringValue(o.ID) }

// Term is what an instance is entitled to at present; renewals, conversions and
// upgrades change it, while an order stays what it was.
type Term struct {
	Product    catalogue.Product `json:"product"`
	ExpireTime time.Time         `json:"expireTime,omitzero"` // period kinds only; UTC
}

// order is an Order with what is kept to itself. The book's mutex guards it.
type order struct {
	Order
	buyer      catalogue.Buyer
	charge     string // amounts on the order line
	deal       string
	seenDigest string // of the first access information or licence
	seenID     string // first instance id in any answer, even in a failed one
	item       bool   // a further line of an order
	pending    int    // messages not yet settled
	opened     bool   // Open was called
	renewals   []Term // what cancelling renewals goes back to, latest last

	// The life of the instance: no usage before, after and while.
	started, closed, frozenAt time.Time

	license licenseState // of license_code
}

// key names the order in the book: its id or, for a further line, the line's.
func (o *order) key() string {
	if o.item {
		return o.LineID
	}
	return o.ID
}

// Shelf is the standing of the product: failed orders of the calendar month
// (in Beijing) and failing dial tests (saas-v2 §8.1, §8.2; open-apis §9.4).
type Shelf struct {
	Month          string `json:"month"` // yyyy-MM
	FailedOrders   int    `json:"failedOrders"`
	Delisted       bool   `json:"delisted"` // more than MaxFailedOrders in this or an earlier month
	FailedDialDays int    `json:"failedDialDays"`
	Hidden         bool   `json:"hidden"` // MaxFailedDialDays in a row
}

// Limits after which a product is taken off the shelf or hidden.
const (
	// MaxFailedOrders failed orders in a calendar month are tolerated; one more
	// and the product is delisted.
	MaxFailedOrders = 5

	// MaxFailedDialDays consecutive days with a failed dial test freeze trading
	// and hide the product.
	MaxFailedDialDays = 5
)
