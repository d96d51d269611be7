// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"time"

	"github.com/koogate/koogate/koogallery/simulator/market"
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

// wireSale returns an order as query order shows it.
func wireSale(o market.Sale) *wireAnswer {
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
		Currency:              o.Charge,
		CurrencyAfterDiscount: o.Deal,
	}
	return &wireAnswer{
		ResultCode: "MKT.0000", // as the sample has it; the error table says CBC.0000
		ResultMsg:  "Success",
		OrderInfo: wireOrder{
			OrderID: o.ID, OrderType: string(o.Type), CreateTime: wiretime.Format14(o.CreateTime),
			OrderLine: []wireLine{line},
			BuyerInfo: wireBuyer{
				MobilePhone: o.Buyer.MobilePhone, Email: o.Buyer.Email,
				CustomerID: o.Buyer.CustomerID, CustomerName: o.Buyer.Customer,
				UserID: o.Buyer.UserID, UserName: o.Buyer.UserName,
			},
		},
	}
}

func optionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return wiretime.Format14(t)
}
