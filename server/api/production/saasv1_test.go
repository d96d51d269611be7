// SPDX-License-Identifier: Apache-2.0

package production_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// The documented saasExtendParams (saas-v1 §11, T4).
const extendParams = "W3sibmFtZSI6ImlkTnVtIiwidmFsdWUiOiIzNTIyNTU1NTU1NTU2NTYifSx7Im5hbWUiOiJ1c2VyTmFtZSIsInZhbHVlIjoiaHVhd2VpMTIzIn0seyJuYW1lIjoiY3VzdEVtYWlsIiwidmFsdWUiOiIxMjNAaHVhd2VpLmNvbSJ9XQ=="

// The encrypted fields of the synthetic call (saas-v1 §11, T3 and T5).
const (
	mobile256 = "0123456789abcdefSkBJHEyx0zU+XkC19dbxxw=="
	mobile128 = "0123456789abcdefoEwLB7ZgYPjGq5lU3gk6hw=="
	email256  = "0123456789abcdefBG1wC8uIsXDrnETo2Bz+WFDyyMzZUKppohguZKUSJpc="
)

// v1Purchase is the synthetic call of saas-v1 §11, T5, without testFlag.
func v1Purchase() *productionv1.NewInstanceV1Request {
	return &productionv1.NewInstanceV1Request{
		Endpoint: "demo", Activity: "newInstance", BusinessId: "03pf80c2bae96vc49b80b917bea776d7",
		CustomerId: "68cbc86abc2018ab880d92f36422fa0e", CustomerName: "张三", OrderId: "CS1906666666ABCDE",
		SkuCode: "d0abcd12-1234-5678-ab90-11ab012aaaa1", ProductId: "00301-666666-0--0", TrialFlag: "0", ExpireTime: "20300727153156",
		ChargingMode: "1", PeriodType: "year", PeriodNumber: "1", ProvisionType: "1", OrderAmount: "100.5", Amount: "10",
		MobilePhone: mobile256, Email: email256, SaasExtendParams: extendParams, TimeStamp: "20200727073711903", ExtraJson: `{"x":"y"}`,
	}
}

func TestNewInstanceV1(t *testing.T) {
	r := newRig(production.Settings{Keys: []string{keyB}})
	r.core.answer = fulfil.Answer{Code: resultcode.Success, InstanceID: "03pf", Access: fulfil.Access{
		FrontEndURL: "https://front.example", AdminURL: "https://admin.example", UserName: "admin", Password: "p4ss", Memo: "中文",
	}}
	ctx := called(t.Context(), &call.Call{Arrived: arrived, Key: keyA, Lock: store.Entry{Lock: store.LockHeld, Fence: 7}})
	m, err := production.NewSaasV1(r.deps).NewInstanceV1(ctx, v1Purchase())
	if err != nil {
		t.Fatal(err)
	}
	// The account is encrypted with the key that verified the call. A change of these bytes would change repeated answers.
	const want = `{"resultCode":"000000","resultMsg":"success.","encryptType":"1","instanceId":"03pf","appInfo":{` +
		`"frontEndUrl":"https://front.example","adminUrl":"https://admin.example","userName":"USER","password":"PASS","memo":"\u4e2d\u6587"}}`
	user, pass := m.GetAppInfo().GetUserName(), m.GetAppInfo().GetPassword()
	if got := wire(t, m); got != strings.NewReplacer("USER", user, "PASS", pass).Replace(want) {
		t.Errorf("body %s", got)
	}
	for text, plain := range map[string]string{user: "admin", pass: "p4ss"} {
		if got, err := seal.Decrypt(keyA, seal.AES256, text); err != nil || got != plain {
			t.Errorf("%s is %q, %v", text, got, err)
		}
	}
	again, err := production.NewSaasV1(r.deps).NewInstanceV1(verified(t, keyA), v1Purchase())
	if err != nil || !proto.Equal(again, m) {
		t.Errorf("again: %v, %v", again, err)
	}

	got := r.core.last.(fulfil.NewInstance)
	same(t, got.Input, fulfil.Input{
		CustomerID: "68cbc86abc2018ab880d92f36422fa0e", CustomerName: "张三", MobilePhone: "13800000000", Email: "test@example.com",
		ExtendParams: map[string]string{"idNum": "352255555555656", "userName": "huawei123", "custEmail": "123@huawei.com"},
	})
	const buyer = `{"mobilePhone":"13800000000","email":"test@example.com","customerId":"68cbc86abc2018ab880d92f36422fa0e",` +
		`"customerName":"张三","extendParams":[{"key":"idNum","value":"352255555555656"},{"key":"userName","value":"huawei123"},` +
		`{"key":"custEmail","value":"123@huawei.com"}],"amount":"10","periodType":"year","periodNumber":"1","orderAmount":"100.5",` +
		`"provisionType":"1"}`
	if string(got.Told.Buyer) != buyer {
		t.Errorf("buyer %s", got.Told.Buyer)
	}
	got.Input, got.Told.Buyer = fulfil.Input{}, nil
	same(t, *got.Told, fulfil.OrderFacts{
		Terms:     fulfil.Terms{PeriodType: "year", PeriodNumber: 1, DealAmount: "100.5"},
		OrderType: "NEW", ExpireAt: expiry, Product: store.Product{
			ProductID: "00301-666666-0--0", SKUCode: "d0abcd12-1234-5678-ab90-11ab012aaaa1", ChargingMode: "PERIOD", LinearValue: 10,
		},
	})
	got.Told = nil
	same(t, got, fulfil.NewInstance{
		Endpoint: demo(), OrderID: "CS1906666666ABCDE", BusinessID: "03pf80c2bae96vc49b80b917bea776d7", Extra: `{"x":"y"}`,
		Arrived: arrived, Family: fulfil.FamilySaasV1, Hold: true, Match: map[string]string{
			"productId": "00301-666666-0--0",
			"skuCode":   "d0abcd12-1234-5678-ab90-11ab012aaaa1", "chargingMode": "1",
		},
	})
	for _, plain := range []string{"13800000000", "test@example.com", "admin", "p4ss", keyA, keyB} {
		if strings.Contains(r.log.String(), plain) {
			t.Errorf("%q is in the log", plain)
		}
	}
}

func TestLockOfV1(t *testing.T) {
	r := newRig(production.Settings{Keys: []string{keyA}})
	known := &call.Call{Arrived: arrived, Lock: store.Entry{Lock: store.LockHeld, Fence: 7}}
	if _, err := production.NewSaasV1(r.deps).NewInstanceV1(called(t.Context(), known), v1Purchase()); err != nil {
		t.Fatal(err)
	}
	if got := r.core.last.(fulfil.NewInstance); got.Lock.Fence != 7 || known.TakeLock() != (store.Entry{}) {
		t.Errorf("%+v", got.Lock)
	}
}

// What a creation of V1 may bring, one parameter at a time.
func TestNewInstanceV1Parameters(t *testing.T) {
	for name, c := range map[string]struct {
		field, text string
		set         production.Settings
		check       func(fulfil.NewInstance) bool
		refusal     string // of the parameter; empty for a success
	}{
		"trial": {field: "trial_flag", text: "1", check: func(c fulfil.NewInstance) bool { return c.Told.OrderType == "TRIAL" }},
		"pay-per-use": {field: "charging_mode", text: "0", check: func(c fulfil.NewInstance) bool {
			return c.ProductID == "00301-666666-0--0" && c.Told.Product.LinearValue == 10 && c.Told.Product.ChargingMode == "ON_DEMAND"
		}},
		"one-time": {field: "charging_mode", text: "3", check: func(c fulfil.NewInstance) bool {
			return c.ProductID == "" && c.Told.Product.LinearValue == 10 && c.Told.Product.ChargingMode == "ONE_TIME"
		}},
		"package": {field: "charging_mode", text: "5", check: func(c fulfil.NewInstance) bool {
			return c.ProductID == "" && c.Told.Product.LinearValue == 10 && c.Told.Product.ChargingMode == "ON_DEMAND_PKG"
		}},
		"mode not told": {field: "charging_mode", check: func(c fulfil.NewInstance) bool {
			return c.ProductID == "" && c.Told.Product.LinearValue == 10 && c.Told.Product.ChargingMode == ""
		}},
		"no quantity": {field: "amount", check: func(c fulfil.NewInstance) bool { return c.Told.Product.LinearValue == 0 }},
		"amount goes first": {field: "disk_size", text: "40", check: func(c fulfil.NewInstance) bool {
			return c.Told.Product.LinearValue == 10 && strings.Contains(string(c.Told.Buyer), `"diskSize":"40"`)
		}},
		"no quantity at all":      {field: "band_width", text: "many", refusal: "bandWidth: not a quantity"},
		"no expiry":               {field: "expire_time", check: func(c fulfil.NewInstance) bool { return c.Told.ExpireAt.IsZero() }},
		"expiry in UTC":           {field: "expire_time", text: "20300727153156", set: production.Settings{Location: time.UTC}, check: func(c fulfil.NewInstance) bool { return c.Told.ExpireAt.Equal(expiry.Add(8 * time.Hour)) }},
		"bad expiry":              {field: "expire_time", text: "never", check: func(c fulfil.NewInstance) bool { return c.Told.ExpireAt.IsZero() && unread(c, "expireTime", "never") }},
		"expiry beyond all years": {field: "expire_time", text: "99991231235959", check: func(c fulfil.NewInstance) bool { return c.Told.ExpireAt.Year() == 2200 }},
		"expiry before all years": {field: "expire_time", text: "19700101000000", check: func(c fulfil.NewInstance) bool {
			return c.Told.ExpireAt.IsZero() && unread(c, "expireTime", "19700101000000")
		}},
		"acceptance out of range": {field: "acceptance_time", text: "99991231235959", refusal: "acceptanceTime: the year is not one of 2000 to 2200"},
		"acceptance":              {field: "acceptance_time", text: "20300727073156000", check: func(c fulfil.NewInstance) bool { return c.AcceptedAt.Equal(expiry) }},
		"bad acceptance":          {field: "acceptance_time", text: "x", refusal: "acceptanceTime: not a date and time of 14 or 17 digits"},
		"no parameters":           {field: "saas_extend_params", check: func(c fulfil.NewInstance) bool { return c.Input.ExtendParams == nil }},
		"bad parameters": {field: "saas_extend_params", text: "[]", check: func(c fulfil.NewInstance) bool {
			return c.Input.ExtendParams == nil && unread(c, "saasExtendParams", "[]")
		}},
		"parameters in GBK":        {field: "saas_extend_params", text: base64.StdEncoding.EncodeToString([]byte("[{\"name\":\"a\",\"value\":\"\xc4\xe3\"}]")), check: func(c fulfil.NewInstance) bool { return c.Input.ExtendParams["a"] == "\ufffd" }},
		"parameters with a mark":   {field: "saas_extend_params", text: base64.StdEncoding.EncodeToString([]byte("\ufeff[{\"name\":\"a\",\"value\":\"b\"}]")), check: func(c fulfil.NewInstance) bool { return c.Input.ExtendParams["a"] == "b" }},
		"parameters wrapped":       {field: "saas_extend_params", text: "W3sibmFtZSI6ImEi LCJ2YWx1ZSI6ImIifV0", check: func(c fulfil.NewInstance) bool { return c.Input.ExtendParams["a"] == "b" }},
		"half an emoji":            {field: "saas_extend_params", text: base64.StdEncoding.EncodeToString([]byte(`[{"name":"a","value":"\ud83d"}]`)), check: func(c fulfil.NewInstance) bool { return c.Input.ExtendParams["a"] == "\ufffd" }},
		"mobile of the other size": {field: "mobile_phone", text: mobile128, check: func(c fulfil.NewInstance) bool { return c.Input.MobilePhone == "13800000000" }},
		"mobile, 128 configured":   {field: "mobile_phone", text: mobile256, set: production.Settings{EncryptType: seal.AES128}, check: func(c fulfil.NewInstance) bool { return c.Input.MobilePhone == "13800000000" }},
		"mobile with a lost plus":  {field: "mobile_phone", text: strings.ReplaceAll(mobile256, "+", " "), check: func(c fulfil.NewInstance) bool { return c.Input.MobilePhone == "13800000000" }},
		"mobile of an older key":   {field: "mobile_phone", text: "0123456789abcdef0uVmOC7TCXBP3g2Hy/bvpg==", set: production.Settings{Keys: []string{keyA, keyB}}, check: func(c fulfil.NewInstance) bool { return c.Input.MobilePhone == "15905222222" }},
		"mobile of a foreign key": {field: "mobile_phone", text: "0123456789abcdef0uVmOC7TCXBP3g2Hy/bvpg==", check: func(c fulfil.NewInstance) bool {
			return c.Input.MobilePhone == "" && unread(c, "mobilePhone", "0123456789abcdef0uVmOC7TCXBP3g2Hy/bvpg==")
		}},
		"no email":  {field: "email", check: func(c fulfil.NewInstance) bool { return c.Input.Email == "" }},
		"bad email": {field: "email", text: "test@example.com", check: func(c fulfil.NewInstance) bool { return c.Input.Email == "" && unread(c, "email", "test@example.com") }},
	} {
		for _, flag := range []string{"", "1"} {
			t.Run(name+flag, func(t *testing.T) {
				r := newRig(c.set)
				m, err := production.NewSaasV1(r.deps).NewInstanceV1(verified(t, keyA), set(set(v1Purchase(), c.field, c.text), "test_flag", flag).(*productionv1.NewInstanceV1Request))
				if err != nil {
					t.Fatal(err)
				}
				got, reached := r.core.last.(fulfil.NewInstance)
				switch {
				case c.refusal != "":
					if body := wire(t, m); body != `{"resultCode":"000002","resultMsg":"invalid request parameters: `+c.refusal+`"}` || reached {
						t.Errorf("body %s", body)
					}
				case flag == "1":
					if m.GetResultCode() != "000000" || reached {
						t.Errorf("%v; the core was reached: %v", m, reached)
					}
				case !c.check(got):
					t.Errorf("the core got %+v, %+v", got, got.Told)
				}
			})
		}
	}
}

// The debugging console insists on access information, and keeps calling for as long as the product is on sale.
func TestNewInstanceV1Probe(t *testing.T) {
	r := newRig(production.Settings{EncryptType: seal.AES128})
	req := v1Purchase()
	req.TestFlag = "1"
	svc := production.NewSaasV1(r.deps)
	m, err := svc.NewInstanceV1(verified(t, keyA), req)
	if err != nil {
		t.Fatal(err)
	}
	again, err := svc.NewInstanceV1(verified(t, keyA), req)
	if err != nil || !proto.Equal(m, again) {
		t.Errorf("again %v, %v", again, err)
	}
	if m.GetResultMsg() != "success." || m.GetEncryptType() != "2" || m.GetInstanceId() == "" || m.GetAppInfo().GetFrontEndUrl() == "" {
		t.Errorf("%v", m)
	}
	if got, err := seal.Decrypt(keyA, seal.AES128, m.GetAppInfo().GetPassword()); err != nil || got != "debug" {
		t.Errorf("%q, %v", got, err)
	}
	q, err := svc.QueryInstanceV1(verified(t, keyA), &productionv1.QueryInstanceV1Request{Endpoint: "demo", InstanceId: m.GetInstanceId(), TestFlag: "1"})
	if err != nil || len(q.GetInfo()) != 1 || !proto.Equal(q.GetInfo()[0].GetAppInfo(), m.GetAppInfo()) {
		t.Errorf("query %v, %v", q, err)
	}
	if r.core.last != nil {
		t.Errorf("the core got %+v", r.core.last)
	}
}

func TestKeysOfAnswers(t *testing.T) {
	access := fulfil.Access{FrontEndURL: "u", UserName: "admin"}
	svc := func(r *rig, key string) *productionv1.NewInstanceV1Response {
		r.core.answer = fulfil.Answer{Code: resultcode.Success, InstanceID: "i", Access: access}
		ctx := asSeller(t.Context(), "demo-seller")
		if key != "" {
			ctx = verified(t, key)
		}
		req := v1Purchase()
		req.MobilePhone, req.Email = "", ""
		m, err := production.NewSaasV1(r.deps).NewInstanceV1(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for name, c := range map[string]struct {
		keys      []string
		call, key string
	}{
		"the call's":        {[]string{keyA}, keyB, keyB},
		"a gRPC caller's":   {[]string{keyA, keyB}, "", keyA},
		"none for a caller": {nil, "", ""},
	} {
		m := svc(newRig(production.Settings{Keys: c.keys}), c.call)
		if c.key == "" {
			if got := wire(t, m); got != `{"resultCode":"000005","resultMsg":"other internal service error"}` {
				t.Errorf("%s: %s", name, got)
			}
			continue
		}
		if got, err := seal.Decrypt(c.key, seal.AES256, m.GetAppInfo().GetUserName()); err != nil || got != "admin" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}

	access = fulfil.Access{FrontEndURL: "u"}
	if got := wire(t, svc(newRig(production.Settings{}), "")); got != `{"resultCode":"000000","resultMsg":"success.","encryptType":"1","instanceId":"i","appInfo":{"frontEndUrl":"u"}}` {
		t.Errorf("without an account: %s", got)
	}
	access = fulfil.Access{}
	if got := wire(t, svc(newRig(production.Settings{}), keyA)); got != `{"resultCode":"000000","resultMsg":"success.","instanceId":"i"}` {
		t.Errorf("without access: %s", got)
	}
	r := newRig(production.Settings{})
	access = fulfil.Access{FrontEndURL: "u", UserName: strings.Repeat("canary", 14)}
	if m := svc(r, keyA); m.GetResultCode() != "000000" || !strings.Contains(r.log.String(), "field=userName") || strings.Contains(r.log.String(), "canary") {
		t.Errorf("too long: %v\n%s", m, r.log)
	}
}

func TestQueryInstanceV1(t *testing.T) {
	r := newRig(production.Settings{Keys: []string{keyA}})
	r.core.shown = []fulfil.Shown{
		{InstanceID: "a", Access: fulfil.Access{FrontEndURL: "u", UserName: "admin"}}, {InstanceID: "b"},
	}
	svc := production.NewSaasV1(r.deps)
	m, err := svc.QueryInstanceV1(verified(t, keyA), &productionv1.QueryInstanceV1Request{Endpoint: "demo", InstanceId: "a,b"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"resultCode":"000000","resultMsg":"success.","encryptType":"1","info":[{"instanceId":"a","appInfo":{"frontEndUrl":"u","userName":"` +
		m.GetInfo()[0].GetAppInfo().GetUserName() + `"}},{"instanceId":"b"}]}`
	if got := wire(t, m); got != want {
		t.Errorf("body %s", got)
	}
	if got, err := seal.Decrypt(keyA, seal.AES256, m.GetInfo()[0].GetAppInfo().GetUserName()); err != nil || got != "admin" {
		t.Errorf("%q, %v", got, err)
	}
	same(t, r.core.last, fulfil.Query{Endpoint: demo(), InstanceIDs: "a,b", Family: fulfil.FamilySaasV1})
	r.core.shown = nil
	r.core.answer.Code = resultcode.Processing
	m, err = svc.QueryInstanceV1(verified(t, keyA), &productionv1.QueryInstanceV1Request{Endpoint: "demo", InstanceId: "a"})
	if got := wire(t, m); err != nil || got != `{"resultCode":"000004","resultMsg":"request is being processed"}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestScenesOfV1(t *testing.T) {
	for _, c := range []struct{ formal, amount, scene string }{
		{"", "", fulfil.SceneRenewal}, {"0", "0", fulfil.SceneRenewal}, {"", "100", fulfil.SceneRenewal},
		{"", "-0.5", fulfil.SceneUnsubscribe}, {"1", "100", fulfil.SceneTrialToFormal},
	} {
		r := newRig(production.Settings{})
		if _, err := production.NewSaasV1(r.deps).RefreshInstanceV1(verified(t, keyA), &productionv1.RefreshInstanceV1Request{
			Endpoint: "demo", ExpireTime: "20300727153156", TrialToFormal: c.formal, OrderAmount: c.amount,
		}); err != nil {
			t.Fatal(err)
		}
		if got := r.core.last.(fulfil.Refresh).Scene; got != c.scene {
			t.Errorf("%+v: %s", c, got)
		}
		if c.formal != "" {
			continue
		}
		if _, err := production.NewLicenseV1(r.deps).RefreshLicense(verified(t, keyA), &productionv1.RefreshLicenseRequest{
			Endpoint: "demo", ExpireTime: "20300727153156", OrderAmount: c.amount,
		}); err != nil {
			t.Fatal(err)
		}
		if got := r.core.last.(fulfil.Refresh).Scene; got != c.scene {
			t.Errorf("licence, %+v: %s", c, got)
		}
	}
}

func TestStatusWords(t *testing.T) {
	for word, freeze := range map[string]bool{"FREEZE": true, "NORMAL": false, "UNFREEZE": false} {
		r := newRig(production.Settings{})
		if _, err := production.NewSaasV1(r.deps).InstanceStatus(verified(t, keyA), &productionv1.InstanceStatusRequest{Endpoint: "demo", InstanceStatus: word}); err != nil {
			t.Fatal(err)
		}
		if got := r.core.last.(fulfil.UpdateStatus); got.Freeze != freeze || got.Expired {
			t.Errorf("%s: %+v", word, got)
		}
	}
}

// Calls with a parameter that cannot be read are refused, debugging or not.
func TestBadParametersOfV1(t *testing.T) {
	for _, c := range rpcs() {
		for field, text := range map[string]string{
			"expire_time": "tomorrow", "effective_time": "tomorrow", "amount": "many", "disk_size": "x", "time_stamp": "x",
		} {
			if c.req.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(field)) == nil || (field == "time_stamp") != (c.done == doneKit) {
				continue // of V1, the time stamp is the facade's affair
			}
			for _, flag := range []string{"", "1"} {
				r := newRig(production.Settings{})
				m, err := c.do(verified(t, keyA), r.deps, set(set(c.req, field, text), "test_flag", flag))
				if err != nil || code(m) != "000002" || r.last() != nil || !strings.Contains(wire(t, m), production.WireName(field)) {
					t.Errorf("%s, %s: %v, %v", c.name, field, m, err)
				}
			}
		}
	}
}

// The settings hold keys.
func TestSettingsAreNotPrinted(t *testing.T) {
	s := production.Settings{Keys: []string{"canary"}}
	if text := fmt.Sprintf("%v %+v %#v %v", s, s, s, map[string]production.Settings{"demo": s}); strings.Contains(text, "canary") {
		t.Error(text)
	}
}

// unread says that a parameter that could not be read is kept with the buyer, who is sealed.
func unread(c fulfil.NewInstance, name, text string) bool {
	var b struct{ Unread map[string]string }
	return json.Unmarshal(c.Told.Buyer, &b) == nil && b.Unread[name] == text
}

// A reason in Chinese is for V2; V1 and endpoints that say so get what the code means in English.
func TestAnswersOfV1AreASCII(t *testing.T) {
	r := newRig(production.Settings{})
	r.core.answer = fulfil.Answer{Code: resultcode.SoldOut, Message: "已售罄"}
	v1, err := production.NewSaasV1(r.deps).NewInstanceV1(verified(t, keyA), v1Purchase())
	if err != nil || v1.GetResultMsg() != resultcode.Meaning(resultcode.SoldOut) || v1.GetResultCode() != "000106" {
		t.Errorf("V1: %v %v", v1, err)
	}
	release := &productionv1.ReleaseInstanceRequest{Endpoint: "demo", Activity: "releaseInstance", InstanceId: "i", OrderId: "o"}
	v2, err := production.NewSaasV2(r.deps).ReleaseInstance(verified(t, keyA), release)
	if err != nil || !strings.Contains(v2.GetResultMsg(), "已售罄") {
		t.Errorf("V2: %v %v", v2, err)
	}
	r.core.ascii = true
	v2, err = production.NewSaasV2(r.deps).ReleaseInstance(verified(t, keyA), release)
	if err != nil || v2.GetResultMsg() != resultcode.Meaning(resultcode.SoldOut) {
		t.Errorf("V2, ascii: %v %v", v2, err)
	}
}
