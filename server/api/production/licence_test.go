// SPDX-License-Identifier: Apache-2.0

package production_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

func v1License() *productionv1.GetLicenseRequest {
	return &productionv1.GetLicenseRequest{
		Endpoint: "demo", OrderId: "o", BusinessId: "b", ProductId: "p", CustomerId: "c", CustomerName: "n", UserId: "u", UserName: "un",
		SkuCode: "s", ExpireTime: "20300727153156", ChargingMode: "0", Amount: "2", PeriodType: "month", PeriodNumber: "3",
		ProvisionType: "1", OrderAmount: "9.5", ExtraJson: `{"x":"y"}`,
		SaasExtendParams: seal.FormatExtendParams([]seal.Param{{Name: "identificationCode", Value: "HW-1"}}),
	}
}

func TestGetLicense(t *testing.T) {
	r := newRig(production.Settings{})
	r.core.answer = fulfil.Answer{Code: resultcode.Success, InstanceID: "4ef28f-312d3d-gad335f-3132hkf", Access: fulfil.Access{Licence: "canary-text"}}
	m, err := production.NewLicenseV1(r.deps).GetLicense(verified(t, keyA), v1License())
	if err != nil {
		t.Fatal(err)
	}
	if got := wire(t, m); got != `{"resultCode":"000000","resultMsg":"success.","license":"canary-text","instanceId":"4ef28f-312d3d-gad335f-3132hkf"}` {
		t.Errorf("body %s", got)
	}
	same(t, r.core.last, fulfil.NewInstance{
		Endpoint: demo(), OrderID: "o", BusinessID: "b", Extra: `{"x":"y"}`, Arrived: arrived, Family: fulfil.FamilyLicenseV1, Hold: true,
		Told: &fulfil.OrderFacts{
			OrderType: "NEW", ExpireAt: expiry, Terms: fulfil.Terms{PeriodType: "month", PeriodNumber: 3, DealAmount: "9.5"},
			Product: store.Product{ProductID: "p", SKUCode: "s", ChargingMode: "ON_DEMAND", LinearValue: 2},
			Buyer: []byte(`{"customerId":"c","customerName":"n","userId":"u","userName":"un","extendParams":[{"key":"identificationCode","value":"HW-1"}],` +
				`"amount":"2","periodType":"month","periodNumber":"3","orderAmount":"9.5","provisionType":"1"}`),
		},
		Input: fulfil.Input{
			CustomerID: "c", CustomerName: "n", UserID: "u", UserName: "un", ExtendParams: map[string]string{"identificationCode": "HW-1"},
		},
		Match: map[string]string{"productId": "p", "skuCode": "s", "chargingMode": "0"},
	})

	// An instance without a licence is no answer.
	r.core.answer.Access.Licence = ""
	m, err = production.NewLicenseV1(r.deps).GetLicense(verified(t, keyA), v1License())
	if err != nil || m.GetResultCode() != "000005" || m.GetInstanceId() != "" {
		t.Errorf("%v, %v", m, err)
	}
	if strings.Contains(r.log.String(), "canary") {
		t.Errorf("log: %s", r.log)
	}
}

func TestGetLicenseProbe(t *testing.T) {
	r := newRig(production.Settings{})
	req := v1License()
	req.TestFlag = "1"
	m, err := production.NewLicenseV1(r.deps).GetLicense(verified(t, keyA), req)
	if err != nil || m.GetResultCode() != "000000" || m.GetInstanceId() == "" || m.GetLicense() != "DEBUG-LICENCE-"+m.GetInstanceId() {
		t.Errorf("%v, %v", m, err)
	}
	again, err := production.NewLicenseV1(r.deps).GetLicense(verified(t, keyA), req)
	if err != nil || !proto.Equal(m, again) || r.core.last != nil {
		t.Errorf("%v, %v, %v", again, err, r.core.last)
	}
}

func TestLicenceCodes(t *testing.T) {
	for _, c := range rpcs() {
		if !strings.Contains(c.name, "LicenseCode") {
			continue
		}
		r := newRig(production.Settings{})
		if _, err := c.do(verified(t, keyA), r.deps, c.req); err != nil {
			t.Fatal(err)
		}
		want := codeCall{"demo", "PL-1", "", arrived}
		if c.name == "refreshLicenseCode" {
			want.productID = "p"
		}
		if r.core.code != want {
			t.Errorf("%s: %+v", c.name, r.core.code)
		}
		r = newRig(production.Settings{})
		r.core.codeErr = errs.New(errs.NotFound, errs.InstanceNotFound, "never seen")
		m, err := c.do(verified(t, keyA), r.deps, c.req)
		if got := wire(t, m); err != nil || r.core.last != nil || got != `{"resultCode":"000003","resultMsg":"instance ID does not exist: never seen"}` {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}

func TestTimesOfGetLicenseAsync(t *testing.T) {
	at := time.Date(2023, 10, 27, 10, 30, 15, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2023-10-27 10:30:15 z": at, "2023-10-27 10:30:15 Z": at, "2023-10-27 10:30:15z": at, "2023-10-27 10:30:15": at,
		" 2023-10-27 10:30:15 ": at, "2023-10-27T10:30:15": at, "2023-10-27T10:30:15Z": at, "2023-10-27T10:30:15z": at,
		"2023-10-27T18:30:15+08:00": at, "20231027103015": at, "20231027103015250": at.Add(250 * time.Millisecond),
		"2023-10-27 10:30:15.25 z": at.Add(250 * time.Millisecond),
		"2023-10-27":               {}, "2023-10-27 10:30 z": {}, "2023-02-30 10:30:15 z": {}, "1999-10-27 10:30:15": {}, "2201-01-01 00:00:00": {},
		"1698402615": {}, "tomorrow": {}, "z": {}, "2023-10-27 10:30:15 zz": {},
	} {
		r := newRig(production.Settings{})
		m, err := production.NewLicenseOnline(r.deps).GetLicenseAsync(verified(t, keyA), &productionv1.GetLicenseAsyncRequest{
			Endpoint: "demo", InstanceId: "i", EventId: "e", EffectiveTime: "20231027103015", ExpireTime: text,
		})
		if err != nil {
			t.Fatal(err)
		}
		got, reached := r.core.last.(fulfil.IssueLicence)
		switch {
		case want.IsZero():
			if reached || m.GetResultCode() != "000002" || !strings.Contains(m.GetResultMsg(), "expireTime: not a date and time") {
				t.Errorf("%q: %v", text, m)
			}
		case !got.Input.LicenceExpireAt.Equal(want) || !got.Input.EffectiveAt.Equal(at):
			t.Errorf("%q: %+v, %v", text, m, got.Input.LicenceExpireAt)
		}
	}
}
