// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

const (
	licensePath   = "/api/mkp-openapi-public/global/"
	activatePath  = licensePath + "v1/license/activate"
	activate2Path = licensePath + "v2/license/activate"
	beatPath      = licensePath + "v1/license/heartbeat"
	beat2Path     = licensePath + "v2/license/heartbeat"
	softwarePath  = licensePath + "v2/license/software-usage-info"
)

type doc = map[string]any

// One code from its order to its release (saas-v1 §5).
func TestLicenseLife(t *testing.T) {
	p := simtest.NewPartner(t, nil)
	sim := simtest.Rehearsal(t, p, nil)
	s := &simtest.Stall{T: t, Sim: sim, Server: p.Market, Clock: p.Clock}
	ctx := context.Background()
	o, err := sim.PlaceIn(judge.FamilyLicenseCode, catalogue.Period)
	if err != nil {
		t.Fatal(err)
	}
	code := doc{"license": o.InstanceID}
	s.Want("early", activatePath, code, 200, "92020004")
	s.Want("early", beatPath, code, 200, "92020011")
	if err := sim.ReceiveLicense(o.InstanceID); err != nil {
		t.Fatal(err)
	}
	s.Want("before the order", activatePath, doc{"license": o.InstanceID, "real_effect_time": "20260130115959"}, 200, "92020002")
	a := s.Want("activate", activatePath, doc{"license": o.InstanceID, "real_effect_time": "20260130120000"}, 200, "92020000")
	info, _ := a["data"].(doc)["license_code_info"].(string)
	want := `{"status":"ALIVE","expire_time":"20270130155959","product_id":"OFFI758576000000000001","amount":10,"order_id":"` + o.ID + `"}`
	if info != want {
		t.Errorf("info %s", info)
	}
	s.Want("twice", activatePath, code, 200, "92020003")

	state := func(status, expire string) {
		t.Helper()
		data, _ := s.Want("query", beatPath, code, 200, "92020000")["data"].(doc)
		if data["status"] != status || data["expire_time"] != expire || data["activate_time"] != "20260130120000" ||
			data["license_code"] != o.InstanceID || data["product_id"] != o.Product.ProductID || data["product_name"] != o.Product.Name {
			t.Errorf("%v", data)
		}
	}
	state("ALIVE", "20270130155959")
	if _, err := sim.Renew(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	state("ALIVE", "20280130155959")
	if _, err := sim.CancelRenewal(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	state("ALIVE", "20270130155959")
	if err := sim.Freeze(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	state("EXPIRED", "20270130155959")
	if err := sim.Unfreeze(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(366 * 24 * time.Hour)
	state("EXPIRED", "20270130155959")
	if _, err := sim.Renew(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	state("ALIVE", "20280130155959")
	if err := sim.Release(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	state("RELEASED", "20280130155959")
	l, err := sim.License(o.InstanceID)
	if err != nil || l.Heartbeats != 7 || l.Status != market.LicenseReleased || l.EffectAt.IsZero() || l.OrderID != o.ID {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := sim.License("nobody"); !errors.Is(err, market.ErrOrder) || !errors.Is(sim.ReceiveLicense("nobody"), market.ErrOrder) {
		t.Error(err)
	}
}

// A renewal and a release hold for the marketplace whether the seller is told or
// not.
func TestLicenseWithoutCallbacks(t *testing.T) {
	s := simtest.NewStall(t, func(c *simulator.Config) { c.FacadeURL = "http://127.0.0.1:1/" })
	ctx := context.Background()
	o, err := s.Sim.IssueLicense(market.LicenseOptions{Received: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sim.Renew(ctx, o.ID); !errors.Is(err, market.ErrCall) {
		t.Fatal(err)
	}
	if l, _ := s.Sim.License(o.InstanceID); l.ExpireTime.Format(time.DateOnly) != "2028-01-30" {
		t.Errorf("%+v", l)
	}
	if _, err := s.Sim.Unsubscribe(ctx, o.ID); !errors.Is(err, market.ErrCall) {
		t.Fatal(err)
	}
	if l, _ := s.Sim.License(o.InstanceID); l.Status != market.LicenseReleased {
		t.Errorf("%+v", l)
	}
	s.Want("released", activatePath, doc{"license": o.InstanceID}, 200, "92020003")
}

func TestIssueLicense(t *testing.T) {
	s := simtest.NewStall(t, nil)
	end := simtest.Start().Add(time.Hour)
	product := catalogue.Product{ProductID: "P", SKUCode: "S", Name: "N", LinearValue: 2, PeriodType: "month", PeriodNumber: 1}
	code := s.Issue(market.LicenseOptions{Code: "PL1", Product: product, ExpireTime: end, Received: true})
	l, err := s.Sim.License("PL1")
	if err != nil || code != "PL1" || l.Amount != 2 || l.ProductID != "P" || !l.ExpireTime.Equal(end) || l.ReceivedAt.IsZero() {
		t.Errorf("%+v, %v", l, err)
	}
	for _, bad := range []string{"PL1", strings.Repeat("x", 65)} {
		if _, err := s.Sim.IssueLicense(market.LicenseOptions{Code: bad}); !errors.Is(err, market.ErrOrderState) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	s.Clock.Advance(time.Hour + time.Second)
	s.Want("expired", activatePath, doc{"license": "PL1"}, 200, "92020003")
	if other := s.Issue(market.LicenseOptions{}); !strings.HasPrefix(other, "PL") || len(other) > 64 || other == "PL1" {
		t.Errorf("code %s", other)
	}
}

// What every API about codes refuses before it looks at the code.
func TestLicenseRequests(t *testing.T) {
	s := simtest.NewStall(t, nil)
	code := s.Issue(market.LicenseOptions{Received: true})
	for _, path := range []string{activatePath, activate2Path, beatPath, beat2Path, softwarePath} {
		for _, tc := range []struct {
			name, method, contentType, body string
			status                          int
			code                            string
		}{
			{"GET", "GET", "application/json", "{}", 405, "95000002"},
			{"PUT", "PUT", "application/json", "{}", 405, "95000002"},
			{"text", "POST", "text/plain", "{}", 415, "95000003"},
			{"no type", "POST", "", "{}", 415, "95000003"},
			{"no JSON", "POST", "application/json", "{", 400, "95000004"},
			{"no object", "POST", "application/json;charset=utf8", "[]", 400, "95000004"},
			{"empty", "POST", "application/json", "{}", 400, "95000001"},
		} {
			if status, a := s.Signed(tc.method, path, tc.contentType, []byte(tc.body)); status != tc.status || a["error_code"] != tc.code {
				t.Errorf("%s %s: %d %v", path, tc.name, status, a)
			}
		}
		if status, _, body := simtest.Browse(t, s.Server, "POST", path, "application/json", "{}", nil); status != 401 || !strings.Contains(body, "APIGW.0301") {
			t.Errorf("%s unsigned: %d %s", path, status, body)
		}
		s.Sim.SetFaults(fault.Plan{Fail: 1, Status: 200})
		s.Want("internal", path, doc{"license": code}, 200, "92020001")
	}
	for name, body := range map[string]doc{
		"no license": {}, "empty": {"license": ""}, "number": {"license": 1}, "long": {"license": strings.Repeat("x", 65)},
		"effect": {"license": code, "real_effect_time": "2026-01-30"}, "long effect": {"license": code, "real_effect_time": "20260130120000000"},
		"effect a number": {"license": code, "real_effect_time": 20260130120000},
	} {
		s.Want(name, activatePath, body, 400, "95000001")
	}
	s.Want("unknown", activatePath, doc{"license": "nobody"}, 200, "92020005")
	s.Want("unknown", beatPath, doc{"license": "nobody"}, 200, "92020005")
	for name, info := range map[string]any{
		"no object": "x", "no account": doc{}, "long account": doc{"thirdPartyAccount": strings.Repeat("x", 257)},
		"long ip": doc{"thirdPartyAccount": "a", "ip": strings.Repeat("1", 33)},
	} {
		s.Want(name, beatPath, doc{"license": code, "heartbeatInfo": info}, 400, "95000001")
	}
	s.Want("activate", activatePath, doc{"license": code}, 200, "92020000")
	s.Want("query with account", beatPath, doc{"license": code, "heartbeatInfo": doc{"thirdPartyAccount": "a", "ip": "192.168.1.51"}}, 200, "92020000")
	if l, _ := s.Sim.License(code); l.Clients != 1 || l.Heartbeats != 1 {
		t.Errorf("%+v", l)
	}
}

func TestLicenseBatch(t *testing.T) {
	s := simtest.NewStall(t, nil)
	many := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = "PL" + strconv.Itoa(i)
		}
		return list
	}
	for _, code := range many(100) {
		s.Issue(market.LicenseOptions{Code: code, Received: true})
	}
	s.Issue(market.LicenseOptions{Code: "waiting"})
	for _, path := range []string{activate2Path, beat2Path} {
		for name, list := range map[string]any{"none": nil, "empty": []string{}, "a text": "PL1", "numbers": []int{1}, "empty code": []string{""}, "101": many(101)} {
			s.Want(name, path, doc{"license_list": list}, 400, "95000001")
		}
		s.Want("twice", path, doc{"license_list": []string{"PL1", "PL1"}}, 200, "92020002")
		s.Want("unknown", path, doc{"license_list": []string{"PL1", "nobody"}}, 200, "92020020")
		s.Want("not received", path, doc{"license_list": []string{"PL1", "waiting"}}, 200, "92020020")
	}
	s.Want("early", activate2Path, doc{"license_list": []string{"PL1"}, "real_effect_time": "20250130120000"}, 200, "92020002")
	if l, _ := s.Sim.License("PL1"); !l.ActivatedAt.IsZero() {
		t.Error("a batch was carried out in part")
	}
	if answer := s.Want("activate", activate2Path, doc{"license_list": many(100)}, 200, "92020000"); len(answer) != 2 { // T24
		t.Errorf("%v", answer)
	}
	s.Want("again", activate2Path, doc{"license_list": []string{"PL1"}}, 200, "92020020")
	list, _ := s.Want("query", beat2Path, doc{"license_list": many(100)}, 200, "92020000")["data"].([]any)
	if len(list) != 100 || list[99].(doc)["license_code"] != "PL99" || list[99].(doc)["status"] != "ALIVE" {
		t.Errorf("%v", list)
	}
}

// The batch's answer with data is the older reading.
func TestLicenseBatchWithData(t *testing.T) {
	s := simtest.NewStall(t, func(cfg *simulator.Config) { cfg.Readings.BatchData = true })
	s.Issue(market.LicenseOptions{Code: "PL7", Received: true})
	data, _ := s.Want("activate", activate2Path, doc{"license_list": []string{"PL7"}}, 200, "92020000")["data"].(doc)
	if list, _ := data["license_list"].([]any); len(list) != 1 || list[0].(doc)["license"] != "PL7" {
		t.Errorf("%v", data)
	}
}

func TestSoftwareUsage(t *testing.T) {
	s := simtest.NewStall(t, nil)
	code := s.Issue(market.LicenseOptions{Received: true})
	sleeping := s.Issue(market.LicenseOptions{Received: true})
	usage := func(license string, elements ...doc) doc {
		return doc{"license": license, "software_usage_Info": elements}
	}
	many := make([]doc, 101)
	for i := range many {
		many[i] = doc{"id": "account" + strconv.Itoa(i)}
	}
	for name, info := range map[string]any{
		"none": nil, "empty": []doc{}, "no license": []doc{usage("", doc{"id": "a"})}, "no elements": []doc{usage(code)},
		"101 elements": []doc{usage(code, many...)}, "neither": []doc{usage(code, doc{})},
		"both":    []doc{usage(code, doc{"id": "a", "active_num": 1})},
		"long id": []doc{usage(code, doc{"id": strings.Repeat("x", 257)})}, "id a number": []doc{usage(code, doc{"id": 1})},
		"ten digits": []doc{usage(code, doc{"active_num": 1_000_000_000})}, "negative": []doc{usage(code, doc{"active_num": -1})},
		"fraction": []doc{usage(code, doc{"active_num": 1.5})},
	} {
		s.Want(name, softwarePath, doc{"usage_info": info}, 400, "95000001")
	}
	long := make([]doc, 101)
	for i := range long {
		long[i] = usage(code, doc{"id": "a"})
	}
	s.Want("101 codes", softwarePath, doc{"usage_info": long}, 400, "95000001")

	a := s.Want("two asleep", softwarePath, doc{"usage_info": []doc{usage(sleeping, doc{"id": "a"}), usage("nobody", doc{"id": "a"})}}, 200, "92020020")
	var got []string
	for _, f := range a["data"].(doc)["check_fail_list"].([]any) {
		got = append(got, fmt.Sprint(f.(doc)["license"], " ", f.(doc)["error_code"]))
	}
	simtest.Equal(t, "failures", got, []string{sleeping + " 92020011", "nobody 92020005"})

	s.Want("activate", activatePath, doc{"license": code}, 200, "92020000")
	s.Want("one of two", softwarePath, doc{"usage_info": []doc{usage(code, many[:100]...), usage("nobody", doc{"id": "a"})}}, 200, "92020020")
	s.Want("again", softwarePath, doc{"usage_info": []doc{usage(code, doc{"id": "account1"}, doc{"id": "another"}), usage(code, doc{"active_num": 250}, doc{"active_num": 90})}}, 200, "92020000")
	if l, _ := s.Sim.License(code); l.Clients != 101 || l.ActiveNum != 250 || l.Day != "2026-01-30" {
		t.Errorf("%+v", l)
	}
	s.Clock.Advance(4 * time.Hour) // midnight in Beijing
	s.Want("next day", softwarePath, doc{"usage_info": []doc{usage(code, doc{"id": "account1"})}}, 200, "92020000")
	if l, _ := s.Sim.License(code); l.Clients != 1 || l.ActiveNum != 0 || l.Day != "2026-01-31" {
		t.Errorf("%+v", l)
	}
}

func TestAssets(t *testing.T) {
	s := simtest.NewStall(t, nil)
	const path = "/api/mkp-openapi-public/v1/asset/deployed-object?"
	for query, want := range map[string][]string{
		"asset_id=asset-software-demo&deployed_type=software_package":                                      {"V1.1"},
		"asset_id=asset-software-demo&deployed_type=software_package&asset_version=V1.0&region=cn-north-4": {"V1.0"},
		"asset_id=asset-software-demo&deployed_type=software_package&query_all=true":                       {"V1.0", "V1.1"},
		"asset_id=asset-software-demo&deployed_type=image":                                                 nil,
		"asset_id=asset-image-demo&deployed_type=image":                                                    {"V1.0"},
		"asset_id=asset-image-demo&deployed_type=image&region=eu-west-101":                                 nil,
	} {
		status, a := s.Signed("GET", path+query, "application/json", nil)
		list, ok := a["data"].([]any)
		var got []string
		for _, object := range list {
			o := object.(doc)
			got = append(got, o["version"].(string))
			software, _ := o["software_pkg_deployed_object"].(doc)
			image, _ := o["image_deployed_object"].(doc)
			if path, _ := software["internal_path"].(string); (software == nil) == (image == nil) || (software != nil && !strings.Contains(path, `\u0026`)) {
				t.Errorf("%v", o)
			}
		}
		if status != 200 || a["error_code"] != "MKT.0000" || !ok {
			t.Errorf("%s: %d %v", query, status, a)
		}
		simtest.Equal(t, query, got, want)
	}
	for _, query := range []string{"", "asset_id=a", "asset_id=a&deployed_type=x", "deployed_type=image"} {
		if status, a := s.Signed("GET", path+query, "application/json", nil); status != 400 || a["error_code"] != "CBC.0101" {
			t.Errorf("%s: %d %v", query, status, a)
		}
	}
	r := request(t, s.Server.URL, nil)
	r.URL.Path = strings.TrimSuffix(path, "?")
	if err := sign.SignRequest(r, nil, sign.Credentials{AccessKey: "x", SecretKey: simtest.OpenSK}, s.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if status, a := simtest.Do(t, s.Server, r); status != 401 || a["error_code"] != "CBC.0154" {
		t.Errorf("other key: %d %v", status, a)
	}
}
