// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"strconv"

	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// period adds what was bought for how long and for how much. The value of
// periodType for days was never seen, so it is not sent.
func (baseV1) period(m Message, p map[string]any) {
	product := m.Own.Product
	if product.PeriodType == "year" || product.PeriodType == "month" {
		p["periodType"], p["periodNumber"] = product.PeriodType, strconv.Itoa(product.PeriodNumber)
	}
	if m.Own.Deal != "" {
		p["orderAmount"] = m.Own.Deal
	}
}

// amount adds the linear attribute 数量, if the product has it.
func amount(p map[string]any, product catalogue.Product) {
	if product.LinearValue > 0 {
		p["amount"] = strconv.Itoa(product.LinearValue)
	}
}

// extension returns saasExtendParams (saas-v1 §2.5): what the buyer was asked
// for, always the same for the same order.
func (d baseV1) extension(m Message) string {
	if d.license {
		return seal.FormatExtendParams([]seal.Param{{Name: "identificationCode", Value: catalogue.Token("identification\x00" + m.Root.ID)[:32]}})
	}
	return seal.FormatExtendParams([]seal.Param{
		{Name: "idNum", Value: m.Root.Buyer.CustomerID[:15]},
		{Name: "userName", Value: m.Root.Buyer.UserName},
		{Name: "custEmail", Value: m.Root.Buyer.Email},
	})
}

// number returns the value of chargingMode in V1 (saas-v1 §1.1).
func number(k catalogue.Kind) string {
	switch k {
	case catalogue.OnDemand:
		return "0"
	case catalogue.Period, catalogue.Trial:
		return "1"
	case catalogue.OneTime:
		return "3"
	case catalogue.Package:
		return "5"
	default:
		return ""
	}
}
