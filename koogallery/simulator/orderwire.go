// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// wireAnswer is a successful answer of query order (open-apis §2.3). The shapes
// are written here a second time, apart from package openapi, so that client and
// simulator cannot share a mistake.
type wireAnswer struct {
	ResultCode string    `json:"resultCode"`
	ResultMsg  string    `json:"resultMsg"`
	OrderInfo  wireOrder `json:"orderInfo"`
}

type wireOrder struct {
	OrderID    string     `json:"orderId"`
	OrderType  string     `json:"orderType"`
	CreateTime string     `json:"createTime"`
	OrderLine  []wireLine `json:"orderLine"`
	BuyerInfo  wireBuyer  `json:"buyerInfo"`
}

type wireLine struct {
	OrderLineID           string        `json:"orderLineId"`
	ChargingMode          string        `json:"chargingMode"`
	PeriodType            string        `json:"periodType,omitempty"`
	PeriodNumber          int           `json:"periodNumber,omitempty"`
	ExpireTime            string        `json:"expireTime,omitempty"`
	ProductInfo           []wireProduct `json:"productInfo"`
	Currency              string        `json:"currency,omitempty"`
	CurrencyAfterDiscount string        `json:"currencyAfterDiscount,omitempty"`
}

type wireProduct struct {
	ProductID   string `json:"productId"`
	SKUCode     string `json:"skuCode"`
	LinearValue int    `json:"linearValue,omitempty"`
	ProductName string `json:"productName"`
}

type wireBuyer struct {
	MobilePhone  string `json:"mobilePhone"`
	Email        string `json:"email"`
	CustomerID   string `json:"customerId"`
	CustomerName string `json:"customerName"`
	UserID       string `json:"userId"`
	UserName     string `json:"userName"`
}

// wire returns the order as query order shows it.
func (o *order) wire() *wireAnswer {
	line := wireLine{
		OrderLineID:  o.LineID,
		ChargingMode: o.Kind.ChargingMode(),
		PeriodType:   o.Product.PeriodType,
		PeriodNumber: o.Product.PeriodNumber,
		ExpireTime:   optionalTime(o.ExpireTime),
		ProductInfo: []wireProduct{{
			ProductID: o.Product.ProductID, SKUCode: o.Product.SKUCode,
			LinearValue: o.Product.LinearValue, ProductName: o.Product.Name,
		}},
		Currency:              o.charge,
		CurrencyAfterDiscount: o.deal,
	}
	return &wireAnswer{
		ResultCode: "MKT.0000", // as the sample has it; the error table says CBC.0000
		ResultMsg:  "Success",
		OrderInfo: wireOrder{
			OrderID: o.ID, OrderType: string(o.Type), CreateTime: wiretime.Format14(o.CreateTime),
			OrderLine: []wireLine{line},
			BuyerInfo: wireBuyer{
				MobilePhone: o.buyer.MobilePhone, Email: o.buyer.Email,
				CustomerID: o.buyer.CustomerID, CustomerName: o.buyer.Customer,
				UserID: o.buyer.UserID, UserName: o.buyer.UserName,
			},
		},
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

func optionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return wiretime.Format14(t)
}

// writeJSON answers with a JSON document.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
