// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// baseV1 is the base interface of SaaS V1.0 and the one of License V1: GET, the
// parameters in the query with an authToken, the answer with a Body-Sign (saas-v1
// §1, §2, §4).
type baseV1 struct{ license bool }

func (d baseV1) name(a judge.Activity) judge.Activity {
	switch {
	case d.license:
		return licenseName(a)
	case a == judge.ActivityStatus:
		return judge.ActivityStatus1
	case a == judge.ActivityUpgrade:
		return judge.ActivityRise
	default:
		return a
	}
}

func licenseName(a judge.Activity) judge.Activity {
	switch a {
	case judge.ActivityNew:
		return judge.ActivityGetLicense
	case judge.ActivityRefresh:
		return judge.ActivityRefreshLicense
	case judge.ActivityExpire:
		return judge.ActivityExpireLicense
	case judge.ActivityRelease:
		return judge.ActivityReleaseLicense
	default:
		return a
	}
}

// params translates the parameters of SaaS V2.0. What a V1 call says of the
// product and the customer, a V2.0 seller has to query.
func (d baseV1) params(s *Simulator, m *message, instanceID string) (map[string]any, error) {
	p := maps.Clone(m.params)
	for _, name := range []string{"orderLineId", "scene", "status"} {
		delete(p, name)
	}
	p["activity"] = string(m.Activity)
	if m.act != judge.ActivityNew {
		p["instanceId"] = instanceID
	}
	switch m.act {
	case judge.ActivityNew:
		return p, d.opening(s, m, p)
	case judge.ActivityRefresh:
		p["expireTime"] = local14(m.own.ExpireTime)
		d.period(m, p)
		if d.license {
			delete(p, "orderAmount")
		} else if m.Scene == judge.SceneTrialToFormal {
			p["trialToFormal"] = "1"
		}
	case judge.ActivityUpgrade:
		p["skuCode"], p["productId"] = m.own.Product.SKUCode, m.own.Product.ProductID
		p["saasExtendParams"] = d.extension(m)
		amount(p, m.own.Product)
	case judge.ActivityStatus:
		p["instanceStatus"] = m.Scene
	case judge.ActivityExpire:
		p["orderId"] = m.root.ID
	case judge.ActivityRelease:
		p["orderId"] = m.root.ID // the new-purchase order, also after a refund
		if !d.license {
			p["orderAmount"] = m.root.charge
		}
	default:
	}
	return p, nil
}

// opening adds the parameters of newInstance and getLicense (saas-v1 §1.1, §4.1).
// The ciphertexts differ from call to call, the plaintexts do not.
func (d baseV1) opening(s *Simulator, m *message, p map[string]any) error {
	o := m.own
	p["businessId"] = catalogue.UUID(s.cfg.NewID())
	p["customerId"], p["customerName"] = o.buyer.CustomerID, o.buyer.Customer
	p["skuCode"], p["productId"] = o.Product.SKUCode, o.Product.ProductID
	p["saasExtendParams"] = d.extension(m)
	p["chargingMode"], p["provisionType"] = number(o.Kind), "1"
	if !o.ExpireTime.IsZero() {
		p["expireTime"] = local14(o.ExpireTime)
	}
	d.period(m, p)
	amount(p, o.Product)
	if d.license {
		delete(p, "orderAmount")
		return nil
	}
	p["trialFlag"] = "0"
	if o.Kind == catalogue.Trial {
		p["trialFlag"] = "1"
	}
	for name, plain := range map[string]string{"mobilePhone": o.buyer.MobilePhone, "email": o.buyer.Email} {
		sealed, err := seal.Encrypt(s.cfg.AccessKey, s.cfg.EncryptType, catalogue.Token(s.cfg.NewID())[:16], plain)
		if err != nil {
			return err
		}
		p[name] = sealed
	}
	return nil
}

// period adds what was bought for how long and for how much. The value of
// periodType for days was never seen, so it is not sent.
func (baseV1) period(m *message, p map[string]any) {
	product := m.own.Product
	if product.PeriodType == "year" || product.PeriodType == "month" {
		p["periodType"], p["periodNumber"] = product.PeriodType, strconv.Itoa(product.PeriodNumber)
	}
	if m.own.deal != "" {
		p["orderAmount"] = m.own.deal
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
func (d baseV1) extension(m *message) string {
	if d.license {
		return seal.FormatExtendParams([]seal.Param{{Name: "identificationCode", Value: catalogue.Token("identification\x00" + m.root.ID)[:32]}})
	}
	return seal.FormatExtendParams([]seal.Param{
		{Name: "idNum", Value: m.root.buyer.CustomerID[:15]},
		{Name: "userName", Value: m.root.buyer.UserName},
		{Name: "custEmail", Value: m.root.buyer.Email},
	})
}

func (baseV1) pack(s *Simulator, _ *Call, params map[string]any) (parcel, error) {
	query := url.Values{sign.ParamTimeStamp: {wiretime.Format17(s.stamp())}}
	for name, value := range params {
		if text, ok := value.(string); ok {
			query.Set(name, text)
		}
	}
	signed, err := sign.SignQuery(s.cfg.FacadeURL, s.cfg.AccessKey, query)
	if err != nil {
		return parcel{}, err
	}
	return parcel{http.MethodGet, signed, http.Header{"Accept": {"application/json"}}, nil, s.cfg.V1Timeout}, nil
}

func (d baseV1) rules(s *Simulator) (judge.Family, string) {
	if d.license {
		return judge.FamilyLicenseV1, s.cfg.AccessKey
	}
	return judge.FamilySaasV1, s.cfg.AccessKey
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

// local14 and local17 print a time in Beijing.
func local14(t time.Time) string { return wiretime.Format14(localDigits(t)) }
func local17(t time.Time) string { return wiretime.Format17(localDigits(t)) }

// localDigits returns the time whose digits in UTC are those of t in Beijing.
func localDigits(t time.Time) time.Time {
	_, offset := t.In(wiretime.Beijing()).Zone()
	return t.Add(time.Duration(offset) * time.Second)
}
