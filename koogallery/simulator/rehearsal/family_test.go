// SPDX-License-Identifier: Apache-2.0

package rehearsal_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// twice repeats every call once.
func twice(calls ...string) []string {
	out := make([]string, 0, 2*len(calls))
	for _, c := range calls {
		out = append(out, c, c)
	}
	return out
}

// kitOrder is the order of the Kit's calls in a joint purchase.
func kitOrder() []string {
	return []string{"tenantSync 1", "applicationSync 1", "allOrgSync", "authSync 1", "singleOrgSync 1", "authSync 2", "tenantSync 0"}
}

func TestLifeOfEveryFamily(t *testing.T) {
	credential := kitOrder()[:5]
	for family, want := range map[judge.Family][]string{
		judge.FamilySaasV1: slices.Concat(
			[]string{"newInstance", "newInstance", "newInstance", "queryInstance"},
			twice("refreshInstance", "upgrade", "instanceStatus FREEZE", "instanceStatus NORMAL", "expireInstance", "refreshInstance", "releaseInstance"),
			[]string{"newInstance"},
			twice("newInstance", "newInstance"), []string{"queryInstance"}, twice("releaseInstance", "releaseInstance"),
		),
		judge.FamilyLicenseV1: twice("getLicense", "refreshLicense", "expireLicense", "releaseLicense"),
		judge.FamilyLicenseCode: twice("refreshLicenseCode RENEWAL", "refreshLicenseCode UNSUBSCRIBE_RENEWAL_PERIOD",
			"updateLicenseCodeStatus FREEZE", "updateLicenseCodeStatus UNFREEZE", "releaseLicenseCode"),
		judge.FamilyLicenseOnline: twice("newInstance", "getLicenseAsync", "refreshInstance RENEWAL",
			"updateInstanceStatus FREEZE", "updateInstanceStatus UNFREEZE", "releaseInstance"),
		judge.FamilyOrderNotify: twice("orderNotify"),
		judge.FamilyKitV1:       slices.Concat(credential, []string{"newInstance"}, kitOrder()),
		judge.FamilyKitV2:       slices.Concat(credential, []string{"newInstance", "queryInstance"}, kitOrder()),
	} {
		t.Run(string(family), func(t *testing.T) {
			p := simtest.NewPartner(t, nil)
			sim := simtest.Rehearsal(t, p, nil)
			report, err := sim.LifeOf(context.Background(), family)
			if err != nil || report.Result != rehearsal.Passed || report.Family != family {
				t.Fatalf("LifeOf = %+v, %v", report, err)
			}
			simtest.Equal(t, "calls", p.Sequence(), want)
			if n := len(sim.Calls("")); n != len(want) {
				t.Errorf("%d calls recorded", n)
			}
			for _, c := range sim.Calls("") {
				if c.Outcome != judge.OutcomeOK || c.Problem != "" {
					t.Errorf("call %+v", c)
				}
			}
			o, err := sim.Order(report.OrderID)
			if err != nil || o.Family != family || o.InstanceID != report.InstanceID || o.Frozen != (family == judge.FamilyLicenseV1) {
				t.Errorf("order = %+v, %v", o, err)
			}
			if family != judge.FamilyOrderNotify && (o.InstanceID == "" || o.State != market.Completed) {
				t.Errorf("order = %+v", o)
			}
			for _, h := range p.Heard {
				if flag, ok := h["testFlag"]; ok && h["instanceId"] != "" && flag != "0" {
					t.Errorf("a production call with testFlag %s", flag)
				}
			}
		})
	}
}

func TestLifeOfSaasV2(t *testing.T) {
	sim, s, _ := simtest.Fixture(t, nil)
	report, err := sim.LifeOf(context.Background(), judge.FamilySaasV2)
	if err != nil || report.Result != rehearsal.Passed || report.Kind != catalogue.Period || len(s.Sequence()) != 19 {
		t.Errorf("LifeOf = %+v, %v, %d calls", report, err, len(s.Sequence()))
	}
}

func TestFamilies(t *testing.T) {
	sim := simtest.Rehearsal(t, simtest.NewPartner(t, nil), func(cfg *simulator.Config) { cfg.PublicKey = nil })
	for _, family := range []judge.Family{"", "soap"} {
		if _, err := sim.LifeOf(context.Background(), family); !errors.Is(err, judge.ErrFamily) {
			t.Errorf("LifeOf(%q) = %v", family, err)
		}
	}
	for _, family := range []judge.Family{judge.FamilyKitV1, judge.FamilyKitV2} {
		if _, err := sim.LifeOf(context.Background(), family); !errors.Is(err, market.ErrConfig) {
			t.Errorf("LifeOf(%s) without a public key = %v", family, err)
		}
		if _, err := sim.Joint(context.Background(), family, nil); !errors.Is(err, market.ErrConfig) {
			t.Errorf("Joint(%s) without a public key = %v", family, err)
		}
	}
	if _, err := sim.Joint(context.Background(), judge.FamilySaasV1, nil); !errors.Is(err, judge.ErrFamily) {
		t.Errorf("Joint = %v", err)
	}
	if len(sim.Orders(0)) != 0 {
		t.Error("an order was placed")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := sim.LifeOf(ctx, judge.FamilySaasV1); !errors.Is(err, context.Canceled) {
		t.Errorf("LifeOf = %v", err)
	}
	cfg := simtest.Config(simtest.NewSeller(t, simtest.NewClock(), nil))
	cfg.EncryptType = "3"
	if _, err := simulator.New(cfg); !errors.Is(err, market.ErrConfig) {
		t.Errorf("New = %v", err)
	}
}

// What the calls of V1 say, against the reference.
func TestParametersOfV1(t *testing.T) {
	p := simtest.NewPartner(t, nil)
	sim := simtest.Rehearsal(t, p, func(cfg *simulator.Config) { cfg.Strict = true })
	report, err := sim.LifeOf(context.Background(), judge.FamilySaasV1)
	if err != nil || report.Result != rehearsal.Passed {
		t.Fatalf("LifeOf = %+v, %v", report, err)
	}
	want := func(n int, members map[string]string) {
		t.Helper()
		h := p.Heard[n]
		for name, value := range members {
			if got, ok := h[name]; got != value || ok != (value != "") {
				t.Errorf("%s: %s is %q, want %q", h["activity"], name, got, value)
			}
		}
	}
	product := catalogue.DemoProducts()[catalogue.Period]
	opening := map[string]string{
		"orderId": report.OrderID, "productId": product.ProductID, "skuCode": product.SKUCode, "chargingMode": "1", "periodType": "year",
		"periodNumber": "1", "amount": "10", "orderAmount": "1200.00", "trialFlag": "0", "expireTime": "20270130235959",
		"acceptanceTime": "", "testFlag": "", "orderLineId": "", "instanceId": "", "userId": "",
	}
	want(0, opening)
	opening["acceptanceTime"] = "20260130120000000"
	want(2, opening)
	want(3, map[string]string{"instanceId": report.InstanceID, "orderId": ""})
	want(4, map[string]string{
		"instanceId": report.InstanceID, "expireTime": "20280130235959", "periodType": "year", "orderAmount": "1200.00", "scene": "", "productId": "",
	})
	if p.Heard[4]["orderId"] == report.OrderID {
		t.Error("a renewal has no order of its own")
	}
	want(6, map[string]string{"amount": "20", "skuCode": product.SKUCode, "productId": product.ProductID, "instanceId": report.InstanceID})
	want(8, map[string]string{"instanceStatus": "FREEZE", "status": "", "orderId": "", "instanceId": report.InstanceID})
	want(12, map[string]string{"orderId": report.OrderID, "instanceId": report.InstanceID})
	want(16, map[string]string{"orderId": report.OrderID, "orderAmount": "1200.00", "instanceId": report.InstanceID})
	metered := map[string]string{"chargingMode": "0", "periodType": "", "expireTime": "", "amount": ""}
	want(19, metered)
	want(21, metered)
	first, second := p.Heard[19], p.Heard[21]
	if first["orderId"] != second["orderId"] || first["productId"] == second["productId"] || first["mobilePhone"] == second["mobilePhone"] {
		t.Errorf("first item %v\nsecond item %v", first, second)
	}
	if ids := strings.Split(p.Heard[23]["instanceId"], ","); len(ids) != 2 || ids[0] == ids[1] {
		t.Errorf("query of two = %v", ids)
	}
}

func TestCallsOfOtherFamiliesOneByOne(t *testing.T) {
	p := simtest.NewPartner(t, nil)
	sim := simtest.Rehearsal(t, p, func(cfg *simulator.Config) { cfg.EncryptType = seal.AES128 })
	ctx := context.Background()
	o, err := sim.PlaceIn(judge.FamilySaasV1, catalogue.Trial)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Open(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.ConvertTrial(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	if h := p.Heard[1]; h["trialToFormal"] != "1" || h["productId"] == o.Product.ProductID || p.Heard[0]["trialFlag"] != "1" || p.Heard[0]["periodType"] != "" {
		t.Errorf("%v\n%v", p.Heard[0], h)
	}
	for name, call := range map[string]func() error{
		"check":             func() error { return sim.CheckChange(ctx, o.ID, 20) },
		"renew with change": func() error { _, err := sim.RenewWithChange(ctx, o.ID, 20); return err },
	} {
		if err := call(); !errors.Is(err, market.ErrOrderState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := sim.Query(ctx, o.ID); err != nil {
		t.Error(err)
	}
	if err := sim.Expire(ctx, o.ID); err != nil {
		t.Error(err)
	}
	if now, _ := sim.Order(o.ID); !now.Frozen {
		t.Error("expired, but not frozen")
	}

	licence, err := sim.PlaceIn(judge.FamilyLicenseV1, catalogue.Period)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Open(ctx, licence.ID); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"query":   func() error { _, err := sim.Query(ctx, licence.ID); return err },
		"freeze":  func() error { return sim.Freeze(ctx, licence.ID) },
		"upgrade": func() error { _, err := sim.Upgrade(ctx, licence.ID, 20); return err },
	} {
		if err := call(); !errors.Is(err, market.ErrOrderState) {
			t.Errorf("licence: %s: %v", name, err)
		}
	}
	code, err := sim.PlaceIn(judge.FamilyLicenseCode, catalogue.Period)
	if err != nil || !strings.HasPrefix(code.InstanceID, "PL") || code.State != market.Completed {
		t.Fatalf("%+v, %v", code, err)
	}
	for name, call := range map[string]func() error{
		"open":      func() error { _, err := sim.Open(ctx, code.ID); return err },
		"duplicate": func() error { _, err := sim.Duplicate(ctx, code.ID); return err },
		"expire":    func() error { return sim.Expire(ctx, code.ID) },
	} {
		if err := call(); !errors.Is(err, market.ErrOrderState) {
			t.Errorf("code: %s: %v", name, err)
		}
	}
	if _, err := sim.PlaceIn(judge.FamilyLicenseCode, catalogue.OneTime); !errors.Is(err, catalogue.ErrKind) {
		t.Errorf("PlaceIn = %v", err)
	}
	if _, err := sim.PlaceIn("soap", catalogue.Period); !errors.Is(err, judge.ErrFamily) {
		t.Errorf("PlaceIn = %v", err)
	}
}
