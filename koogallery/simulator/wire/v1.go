// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
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
func (d baseV1) params(c *Caller, m Message) (map[string]any, error) {
	p := maps.Clone(m.Params)
	for _, name := range []string{"orderLineId", "scene", "status"} {
		delete(p, name)
	}
	p["activity"] = string(d.name(m.Activity))
	if m.Activity != judge.ActivityNew {
		p["instanceId"] = m.Instance
	}
	switch m.Activity {
	case judge.ActivityNew:
		return p, d.opening(c, m, p)
	case judge.ActivityRefresh:
		p["expireTime"] = Local14(m.Own.ExpireTime)
		d.period(m, p)
		if d.license {
			delete(p, "orderAmount")
		} else if m.Scene == judge.SceneTrialToFormal {
			p["trialToFormal"] = "1"
		}
	case judge.ActivityUpgrade:
		p["skuCode"], p["productId"] = m.Own.Product.SKUCode, m.Own.Product.ProductID
		p["saasExtendParams"] = d.extension(m)
		amount(p, m.Own.Product)
	case judge.ActivityStatus:
		p["instanceStatus"] = m.Scene
	case judge.ActivityExpire:
		p["orderId"] = m.Root.ID
	case judge.ActivityRelease:
		p["orderId"] = m.Root.ID // the new-purchase order, also after a refund
		if !d.license {
			p["orderAmount"] = m.Root.Charge
		}
	default:
	}
	return p, nil
}

// opening adds the parameters of newInstance and getLicense (saas-v1 §1.1, §4.1).
// The ciphertexts differ from call to call, the plaintexts do not.
func (d baseV1) opening(c *Caller, m Message, p map[string]any) error {
	o := m.Own
	p["businessId"] = catalogue.UUID(c.cfg.NewID())
	p["customerId"], p["customerName"] = o.Buyer.CustomerID, o.Buyer.Customer
	p["skuCode"], p["productId"] = o.Product.SKUCode, o.Product.ProductID
	p["saasExtendParams"] = d.extension(m)
	p["chargingMode"], p["provisionType"] = number(o.Kind), "1"
	if !o.ExpireTime.IsZero() {
		p["expireTime"] = Local14(o.ExpireTime)
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
	for name, plain := range map[string]string{"mobilePhone": o.Buyer.MobilePhone, "email": o.Buyer.Email} {
		sealed, err := seal.Encrypt(c.cfg.AccessKey, c.cfg.EncryptType, catalogue.Token(c.cfg.NewID())[:16], plain)
		if err != nil {
			return err
		}
		p[name] = sealed
	}
	return nil
}

func (baseV1) pack(c *Caller, _ judge.Activity, _ time.Time, params map[string]any) (Call, error) {
	query := url.Values{sign.ParamTimeStamp: {wiretime.Format17(c.Stamp())}}
	for name, value := range params {
		if text, ok := value.(string); ok {
			query.Set(name, text)
		}
	}
	signed, err := sign.SignQuery(c.cfg.FacadeURL, c.cfg.AccessKey, query)
	if err != nil {
		return Call{}, err
	}
	return Call{
		Method: http.MethodGet, URL: signed, Header: http.Header{"Accept": {"application/json"}}, Asked: judge.Request{Timeout: c.cfg.V1Timeout},
	}, nil
}

func (d baseV1) rules(c *Caller) (judge.Family, string) {
	if d.license {
		return judge.FamilyLicenseV1, c.cfg.AccessKey
	}
	return judge.FamilySaasV1, c.cfg.AccessKey
}
