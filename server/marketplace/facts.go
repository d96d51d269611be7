// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"encoding/json"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// maxLinear is the largest quantity that is accepted, because every JSON reader holds it exactly.
const maxLinear = 1<<53 - 1

// factsOf picks the line out of an order. Charging modes and order types are passed on as they are, unknown ones too.
func factsOf(o *openapi.OrderInfo, orderID, lineID string) (fulfil.OrderFacts, error) {
	if o.OrderID != orderID {
		return fulfil.OrderFacts{}, &fulfil.QueryError{Retryable: true, Code: CodeOrder}
	}
	line, ok := o.Line(lineID)
	if !ok && o.Unread > 0 { // ours may be among those that cannot be read
		return fulfil.OrderFacts{}, &fulfil.QueryError{Retryable: true, Code: CodeAnswer}
	}
	if !ok {
		return fulfil.OrderFacts{}, &fulfil.QueryError{Code: CodeLine}
	}
	if len(line.ProductInfo) == 0 {
		return fulfil.OrderFacts{}, &fulfil.QueryError{Retryable: true, Code: CodeProduct}
	}
	product := line.ProductInfo[0] // a list on the wire, one element in every published answer (open-apis §2.3)
	if product.LinearValue < 0 || product.LinearValue > maxLinear {
		return fulfil.OrderFacts{}, &fulfil.QueryError{Code: CodeLinear}
	}
	// A text that identifies or decides is taken as it is or refused; a text that only describes is mended (ADR 15).
	if err := store.CheckText(product.ProductID, product.SkuCode, string(line.ChargingMode), string(o.OrderType)); err != nil {
		return fulfil.OrderFacts{}, &fulfil.QueryError{Retryable: true, Code: CodeAnswer, Cause: err}
	}
	buyer, err := buyerOf(o, line)
	if err != nil {
		return fulfil.OrderFacts{}, &fulfil.QueryError{Retryable: true, Code: CodeAnswer} // the cause would quote personal data
	}
	return fulfil.OrderFacts{
		OrderType: string(o.OrderType),
		Product: store.Product{
			ProductID: product.ProductID, SKUCode: product.SkuCode, Name: store.Mend(product.ProductName),
			ChargingMode: string(line.ChargingMode), LinearValue: product.LinearValue,
		},
		ExpireAt: line.ExpireTime,
		Buyer:    buyer,
		Terms: fulfil.Terms{
			PeriodType: line.PeriodType, PeriodNumber: line.PeriodNumber, Amount: line.Currency, DealAmount: line.CurrencyAfterDiscount,
			OrderedAt: o.CreateTime,
		},
		Unread: o.Doubts,
	}, nil
}

// buyer is how the buyer's data are kept, sealed, with the order. Personal data: never print it.
type buyer struct {
	MobilePhone  string          `json:"mobilePhone,omitempty"`
	Email        string          `json:"email,omitempty"`
	CustomerID   string          `json:"customerId,omitempty"`
	CustomerName string          `json:"customerName,omitempty"`
	UserID       string          `json:"userId,omitempty"`
	UserName     string          `json:"userName,omitempty"`
	Params       []param         `json:"extendParams,omitempty"`
	Raw          json.RawMessage `json:"raw,omitempty"` // as received: newer names stay readable
}

type param struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// buyerOf returns the buyer as JSON, nil when the answer tells nothing of one.
func buyerOf(o *openapi.OrderInfo, line *openapi.OrderLine) ([]byte, error) {
	extend := o.AllExtendParams(line)
	if o.BuyerInfo == nil && len(extend) == 0 {
		return nil, nil
	}
	var b buyer
	if i := o.BuyerInfo; i != nil {
		b = buyer{
			MobilePhone: i.MobilePhone, Email: i.Email, CustomerID: i.CustomerID, CustomerName: i.CustomerName,
			UserID: i.UserID, UserName: i.UserName, Raw: i.Raw,
		}
	}
	for _, p := range extend {
		b.Params = append(b.Params, param{p.Key, p.Value})
	}
	return json.Marshal(b)
}
