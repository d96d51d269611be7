// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"errors"
	"fmt"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// Product is what an order is about (open-apis §2.3). One product id stands for
// one specification with one period type.
type Product struct {
	ProductID    string `json:"productId"`   // OFFI and 18 digits, at most 64 characters
	SKUCode      string `json:"skuCode"`     // a UUID, at most 64 characters
	Name         string `json:"productName"` // at most 64 characters
	LinearValue  int    `json:"linearValue"` // quantity bought; 0 if the product has none
	PeriodType   string `json:"periodType,omitempty"`
	PeriodNumber int    `json:"periodNumber,omitempty"`
	Price        string `json:"price,omitempty"` // decimal text, for currency

	// Billing is how often usage of an on-demand instance is billed. Default: Hourly.
	Billing billing.Mode `json:"billing,omitempty"`
}

// Length of a trial, in days (third-reading T55).
const (
	minTrialDays = 3
	maxTrialDays = 180
)

// demoSKU is the specification of all demo products of the period kinds: it
// stays the same when a trial becomes formal (open-apis §2.3).
const demoSKU = "da9b4d34-ee8a-4355-a823-13e034e49986"

// DemoProducts returns the products that are sold unless others are
// named. The names are invented, the ids have the documented shape.
func DemoProducts() map[Kind]Product {
	return map[Kind]Product{
		Period: {
			ProductID: "OFFI758576000000000001", SKUCode: demoSKU, Name: "SaaS测试商品,测试规格,基础版",
			LinearValue: 10, PeriodType: "year", PeriodNumber: 1, Price: "1200.00",
		},
		Trial: {
			ProductID: "OFFI758576000000000002", SKUCode: demoSKU, Name: "SaaS测试商品,测试规格,试用版",
			LinearValue: 10, PeriodType: "day", PeriodNumber: 7, Price: "0.00",
		},
		OneTime: {
			ProductID: "OFFI758576000000000003", SKUCode: "3f2c9a70-51f4-4b8e-9f0e-6a1d6c1e7a01",
			Name: "SaaS测试商品,一次性规格", LinearValue: 1, Price: "300.00",
		},
		OnDemand: {
			ProductID: "OFFI758576000000000004", SKUCode: "3f2c9a70-51f4-4b8e-9f0e-6a1d6c1e7a02",
			Name: "SaaS测试商品,按需规格", Price: "0.00",
		},
		Package: {
			ProductID: "OFFI758576000000000005", SKUCode: "3f2c9a70-51f4-4b8e-9f0e-6a1d6c1e7a03",
			Name: "SaaS测试商品,按需套餐包规格", LinearValue: 1, Price: "100.00",
		},
	}
}

// Sold returns DemoProducts with single entries replaced, which have to be whole.
func Sold(replaced map[Kind]Product, now time.Time) (map[Kind]Product, error) {
	sold := DemoProducts()
	for kind, p := range replaced {
		if kind.ChargingMode() == "" || p.ProductID == "" || p.SKUCode == "" {
			return nil, errors.New("products need known kinds with productId and skuCode")
		}
		if p.Billing != "" && p.Billing != billing.Hourly && p.Billing != billing.Daily {
			return nil, errors.New("products need a known billing")
		}
		if kind == Trial && (p.PeriodType != "day" || p.PeriodNumber < minTrialDays || p.PeriodNumber > maxTrialDays) {
			return nil, fmt.Errorf("products need a trial of %d to %d days", minTrialDays, maxTrialDays)
		}
		if kind.Timed() && (p.PeriodNumber < 1 || p.EndAfter(now).IsZero()) {
			return nil, fmt.Errorf("products need a period of years, months or days for %s", kind)
		}
		sold[kind] = p
	}
	return sold, nil
}

// beijing is the zone in which periods and calendar months are counted.
var beijing = wiretime.Beijing()

// EndAfter returns the end of the period bought that begins at start: the last
// second of the day in Beijing, in UTC (open-apis §2.5). The zero time means that
// the product has no period.
func (p Product) EndAfter(start time.Time) time.Time {
	year, month, day := start.In(beijing).Date()
	switch p.PeriodType {
	case "year":
		year += p.PeriodNumber
	case "month":
		month += time.Month(p.PeriodNumber)
	case "day":
		year, month, day = time.Date(year, month, day+p.PeriodNumber, 0, 0, 0, 0, beijing).Date()
	default:
		return time.Time{}
	}
	// The 31st of a shorter month is its last day, not a day of the next one.
	if last := time.Date(year, month+1, 0, 0, 0, 0, 0, beijing).Day(); day > last {
		day = last
	}
	return time.Date(year, month, day, 23, 59, 59, 0, beijing).UTC()
}
