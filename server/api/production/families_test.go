// SPDX-License-Identifier: Apache-2.0

package production_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// The bodies of a success as the pages print them.
const (
	doneV1  = `{"resultCode":"000000","resultMsg":"success."}`
	doneKit = `{"resultCode":"000000","resultMsg":"Success"}`
	doneV2  = `{"resultCode":"000000","resultMsg":"success"}`
)

// expiry is "20300727153156" in UTC+8.
var expiry = time.Date(2030, 7, 27, 7, 31, 56, 0, time.UTC)

// sent is "20220413093539534" in UTC+8.
var sent = time.Date(2022, 4, 13, 1, 35, 39, 534e6, time.UTC)

// rpcs are one good call for each rpc but the creations and the query of V1, which have tests of their own.
func rpcs() []rpc {
	scope := directory.Scope{Seller: "demo-seller", InstanceID: "huaiweitest123456", TenantID: "68cb", At: sent}
	const extra = `{"x":"y"}`
	return []rpc{
		method("refreshInstance", &productionv1.RefreshInstanceV1Request{
			Endpoint: "demo", OrderId: "o", InstanceId: "i", ProductId: "p", ExpireTime: "20300727153156", ExtraJson: extra,
		}, func(d production.Deps) func(context.Context, *productionv1.RefreshInstanceV1Request) (*productionv1.RefreshInstanceV1Response, error) {
			return production.NewSaasV1(d).RefreshInstanceV1
		}, doneV1, fulfil.Refresh{
			Endpoint: demo(), Scene: fulfil.SceneRenewal, OrderID: "o", InstanceID: "i", ProductID: "p", ExpireAt: expiry, Extra: extra,
			Told: true, Arrived: arrived, Activity: "refreshInstance", Hold: true,
		}),
		method("expireInstance", &productionv1.ExpireInstanceRequest{Endpoint: "demo", InstanceId: "i", ExtraJson: extra},
			func(d production.Deps) func(context.Context, *productionv1.ExpireInstanceRequest) (*productionv1.ExpireInstanceResponse, error) {
				return production.NewSaasV1(d).ExpireInstance
			}, doneV1, fulfil.UpdateStatus{Endpoint: demo(), InstanceID: "i", Freeze: true, Expired: true, Extra: extra, Arrived: arrived, Activity: "expireInstance", Hold: true}),
		method("releaseInstance", &productionv1.ReleaseInstanceV1Request{Endpoint: "demo", OrderId: "o", InstanceId: "i", ExtraJson: extra},
			func(d production.Deps) func(context.Context, *productionv1.ReleaseInstanceV1Request) (*productionv1.ReleaseInstanceV1Response, error) {
				return production.NewSaasV1(d).ReleaseInstanceV1
			}, doneV1, fulfil.Release{Endpoint: demo(), OrderID: "o", InstanceID: "i", Extra: extra, Arrived: arrived, Activity: "releaseInstance", Hold: true}),
		method("upgrade", &productionv1.UpgradeRequest{
			Endpoint: "demo", OrderId: "o", InstanceId: "i", ProductId: "p", SkuCode: "s", Amount: "6456", SaasExtendParams: extendParams,
			ExtraJson: extra,
		}, func(d production.Deps) func(context.Context, *productionv1.UpgradeRequest) (*productionv1.UpgradeResponse, error) {
			return production.NewSaasV1(d).Upgrade
		}, doneV1, fulfil.Upgrade{
			Endpoint: demo(), OrderID: "o", InstanceID: "i", Told: &store.Product{ProductID: "p", SKUCode: "s", LinearValue: 6456},
			Input:      fulfil.Input{ExtendParams: map[string]string{"idNum": "352255555555656", "userName": "huawei123", "custEmail": "123@huawei.com"}},
			Quantified: true, Extra: extra, Arrived: arrived, Activity: "upgrade", Hold: true,
		}),
		method("instanceStatus", &productionv1.InstanceStatusRequest{Endpoint: "demo", InstanceId: "i", InstanceStatus: "FREEZE", ExtraJson: extra},
			func(d production.Deps) func(context.Context, *productionv1.InstanceStatusRequest) (*productionv1.InstanceStatusResponse, error) {
				return production.NewSaasV1(d).InstanceStatus
			}, doneV1, fulfil.UpdateStatus{Endpoint: demo(), InstanceID: "i", Freeze: true, Extra: extra, Arrived: arrived, Activity: "instanceStatus", Hold: true}),
		method("refreshLicense", &productionv1.RefreshLicenseRequest{
			Endpoint: "demo", OrderId: "o", InstanceId: "i", ExpireTime: "20300727153156", ExtraJson: extra,
		}, func(d production.Deps) func(context.Context, *productionv1.RefreshLicenseRequest) (*productionv1.RefreshLicenseResponse, error) {
			return production.NewLicenseV1(d).RefreshLicense
		}, doneV1, fulfil.Refresh{
			Endpoint: demo(), Scene: fulfil.SceneRenewal, OrderID: "o", InstanceID: "i", ExpireAt: expiry, Extra: extra, Told: true,
			Arrived: arrived, Activity: "refreshLicense", Hold: true,
		}),
		method("expireLicense", &productionv1.ExpireLicenseRequest{Endpoint: "demo", InstanceId: "i", ExtraJson: extra},
			func(d production.Deps) func(context.Context, *productionv1.ExpireLicenseRequest) (*productionv1.ExpireLicenseResponse, error) {
				return production.NewLicenseV1(d).ExpireLicense
			}, doneV1, fulfil.UpdateStatus{Endpoint: demo(), InstanceID: "i", Freeze: true, Expired: true, Extra: extra, Arrived: arrived, Activity: "expireLicense", Hold: true}),
		method("releaseLicense", &productionv1.ReleaseLicenseRequest{Endpoint: "demo", OrderId: "o", InstanceId: "i", ExtraJson: extra},
			func(d production.Deps) func(context.Context, *productionv1.ReleaseLicenseRequest) (*productionv1.ReleaseLicenseResponse, error) {
				return production.NewLicenseV1(d).ReleaseLicense
			}, doneV1, fulfil.Release{Endpoint: demo(), OrderID: "o", InstanceID: "i", Extra: extra, Arrived: arrived, Activity: "releaseLicense", Hold: true}),
		method("refreshLicenseCode", &productionv1.RefreshLicenseCodeRequest{
			Endpoint: "demo", Scene: "RENEWAL", OrderId: "o", OrderLineId: "l", License: "PL-1", ProductId: "p", ExpireTime: "20300727073156",
			ExtraJson: extra,
		}, func(d production.Deps) func(context.Context, *productionv1.RefreshLicenseCodeRequest) (*productionv1.RefreshLicenseCodeResponse, error) {
			return production.NewLicenseCode(d).RefreshLicenseCode
		}, doneV1, fulfil.Refresh{
			Endpoint: demo(), Scene: "RENEWAL", OrderID: "o", OrderLineID: "l", InstanceID: "lc-1", ProductID: "p", ExpireAt: expiry,
			Extra: extra, Told: true, Arrived: arrived, Activity: "refreshLicenseCode",
		}),
		method("updateLicenseCodeStatus", &productionv1.UpdateLicenseCodeStatusRequest{
			Endpoint: "demo", License: "PL-1", Status: "FREEZE", ExtraJson: extra,
		}, func(d production.Deps) func(context.Context, *productionv1.UpdateLicenseCodeStatusRequest) (*productionv1.UpdateLicenseCodeStatusResponse, error) {
			return production.NewLicenseCode(d).UpdateLicenseCodeStatus
		}, doneV1, fulfil.UpdateStatus{Endpoint: demo(), InstanceID: "lc-1", Freeze: true, Extra: extra, Arrived: arrived, Activity: "updateLicenseCodeStatus"}),
		method("releaseLicenseCode", &productionv1.ReleaseLicenseCodeRequest{
			Endpoint: "demo", License: "PL-1", OrderId: "o", OrderLineId: "l", ExtraJson: extra,
		}, func(d production.Deps) func(context.Context, *productionv1.ReleaseLicenseCodeRequest) (*productionv1.ReleaseLicenseCodeResponse, error) {
			return production.NewLicenseCode(d).ReleaseLicenseCode
		}, doneV1, fulfil.Release{Endpoint: demo(), InstanceID: "lc-1", OrderID: "o", OrderLineID: "l", Extra: extra, Arrived: arrived, Activity: "releaseLicenseCode"}),
		method("getLicenseAsync", &productionv1.GetLicenseAsyncRequest{
			Endpoint: "demo", InstanceId: "i", EffectiveTime: "2023-10-27 10:30:15 z", EventId: "e", DeviceFingerprint: "fp", ExtraJson: extra,
		}, func(d production.Deps) func(context.Context, *productionv1.GetLicenseAsyncRequest) (*productionv1.GetLicenseAsyncResponse, error) {
			return production.NewLicenseOnline(d).GetLicenseAsync
		}, doneV2, fulfil.IssueLicence{
			Endpoint: demo(), InstanceID: "i", EventID: "e", Extra: extra, Arrived: arrived,
			Input: fulfil.Input{DeviceFingerprint: "fp", EffectiveAt: time.Date(2023, 10, 27, 10, 30, 15, 0, time.UTC)},
		}),
		method("orderNotify", &productionv1.OrderNotifyRequest{
			Endpoint: "demo", OrderId: "CS2211181819B4LVS", OrderLineId: "CS2211181819B4LVS-000001", ExtraJson: extra,
		}, func(d production.Deps) func(context.Context, *productionv1.OrderNotifyRequest) (*productionv1.OrderNotifyResponse, error) {
			return production.NewOrderNotify(d).OrderNotify
		}, doneV2, fulfil.OrderNotify{
			Endpoint: demo(), OrderID: "CS2211181819B4LVS", OrderLineID: "CS2211181819B4LVS-000001", Extra: extra, Arrived: arrived,
		}),
		method("tenantSync", &productionv1.TenantSyncRequest{
			Endpoint: "demo", InstanceId: "huaiweitest123456", OrderId: "CS1906666666ABCDE", TenantId: "68cb", TenantCode: "huawei",
			Name: "huaiweitest", DomainName: "https://example.tenantaccount.com", Flag: "1", TestFlag: "0", TimeStamp: "20220413093539534",
		}, func(d production.Deps) func(context.Context, *productionv1.TenantSyncRequest) (*productionv1.TenantSyncResponse, error) {
			return production.NewKit(d).TenantSync
		}, doneKit, directory.Tenant{
			Scope: scope, Flag: directory.Add, OrderID: "CS1906666666ABCDE", TenantCode: "huawei", Name: "huaiweitest",
			DomainName: "https://example.tenantaccount.com",
		}),
		// A deletion needs no secret that can be read.
		method("applicationSync", &productionv1.ApplicationSyncRequest{
			Endpoint: "demo", InstanceId: "huaiweitest123456", TenantId: "68cb", AppId: "app", ClientId: "client", ClientSecret: "x", Flag: "0",
			TimeStamp: "20220413093539534",
		}, func(d production.Deps) func(context.Context, *productionv1.ApplicationSyncRequest) (*productionv1.ApplicationSyncResponse, error) {
			return production.NewKit(d).ApplicationSync
		}, doneKit, directory.Application{Scope: scope, Flag: directory.Delete, AppID: "app", ClientID: "client"}),
		method("authSync", &productionv1.AuthSyncRequest{
			Endpoint: "demo", InstanceId: "huaiweitest123456", TenantId: "68cb", AppId: "app", Flag: "3", TimeStamp: "20220413093539534",
			UserList: []*productionv1.KitUser{{UserName: "zhangsan01", Role: "admin", OrgCode: "1", Enable: "true"}},
		}, func(d production.Deps) func(context.Context, *productionv1.AuthSyncRequest) (*productionv1.AuthSyncResponse, error) {
			return production.NewKit(d).AuthSync
		}, doneKit, directory.Users{
			Scope: scope, Flag: directory.Withdraw, AppID: "app",
			Users: []directory.User{{UserName: "zhangsan01", Role: "admin", OrgCode: "1", Enabled: true}},
		}),
		method("singleOrgSync", &productionv1.SingleOrgSyncRequest{
			Endpoint: "demo", InstanceId: "huaiweitest123456", TenantId: "68cb", OrgCode: "10000", OrgName: "开发部", ParentCode: "1", Flag: "2",
			TimeStamp: "20220413093539534",
		}, func(d production.Deps) func(context.Context, *productionv1.SingleOrgSyncRequest) (*productionv1.SingleOrgSyncResponse, error) {
			return production.NewKit(d).SingleOrgSync
		}, doneKit, directory.Department{
			Scope: scope, Flag: directory.Modify, Unit: directory.Unit{OrgCode: "10000", Name: "开发部", ParentCode: "1"},
		}),
		method("allOrgSync", &productionv1.AllOrgSyncRequest{
			Endpoint: "demo", InstanceId: "huaiweitest123456", TenantId: "68cb", TimeStamp: "20220413093539534",
			OrgInfoList: []*productionv1.KitDepartment{{OrgCode: "00000001", OrgName: "产品部"}, {OrgCode: "00000002", Name: "测试部", ParentCode: "00000001"}},
		}, func(d production.Deps) func(context.Context, *productionv1.AllOrgSyncRequest) (*productionv1.AllOrgSyncResponse, error) {
			return production.NewKit(d).AllOrgSync
		}, doneKit, directory.Departments{Scope: scope, Units: []directory.Unit{
			{OrgCode: "00000001", Name: "产品部"}, {OrgCode: "00000002", Name: "测试部", ParentCode: "00000001"},
		}}),
	}
}

// creations are a good call for each of the other rpcs.
func creations() []rpc {
	return []rpc{
		method("newInstance", v1Purchase(),
			func(d production.Deps) func(context.Context, *productionv1.NewInstanceV1Request) (*productionv1.NewInstanceV1Response, error) {
				return production.NewSaasV1(d).NewInstanceV1
			}, "", nil),
		method("queryInstance", &productionv1.QueryInstanceV1Request{Endpoint: "demo", InstanceId: "i"},
			func(d production.Deps) func(context.Context, *productionv1.QueryInstanceV1Request) (*productionv1.QueryInstanceV1Response, error) {
				return production.NewSaasV1(d).QueryInstanceV1
			}, "", nil),
		method("getLicense", &productionv1.GetLicenseRequest{Endpoint: "demo", OrderId: "o", BusinessId: "b", ProductId: "p"},
			func(d production.Deps) func(context.Context, *productionv1.GetLicenseRequest) (*productionv1.GetLicenseResponse, error) {
				return production.NewLicenseV1(d).GetLicense
			}, "", nil),
	}
}

func (r *rig) last() any {
	if r.core.last != nil {
		return r.core.last
	}
	return r.dir.last
}

func TestFamilies(t *testing.T) {
	for _, c := range rpcs() {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(production.Settings{Keys: []string{keyA}})
			m, err := c.do(verified(t, keyA), r.deps, c.req)
			if err != nil {
				t.Fatal(err)
			}
			if got := wire(t, m); got != c.done {
				t.Errorf("body %s", got)
			}
			same(t, r.last(), c.want)
		})
	}
}

// A debugging call is answered like a real one and reaches nothing.
func TestProbes(t *testing.T) {
	for _, c := range rpcs() {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(production.Settings{})
			m, err := c.do(verified(t, keyA), r.deps, set(c.req, "test_flag", "1"))
			if err != nil {
				t.Fatal(err)
			}
			if got := wire(t, m); got != c.done {
				t.Errorf("body %s", got)
			}
			if r.last() != nil || r.core.code != (codeCall{}) {
				t.Errorf("got through: %+v, %+v", r.last(), r.core.code)
			}
		})
	}
}

// code reads the result code of any answer.
func code(m proto.Message) string { return m.(interface{ GetResultCode() string }).GetResultCode() }

func TestWhoMayCallTheFamilies(t *testing.T) {
	for _, c := range append(rpcs(), creations()...) {
		for name, who := range map[string]struct {
			ctx      context.Context
			endpoint string
			code     string
		}{
			"nobody":              {t.Context(), "demo", "000001"},
			"another seller":      {asSeller(t.Context(), "other"), "demo", "000002"},
			"an unknown endpoint": {verified(t, keyA), "nope", "000002"},
		} {
			for _, flag := range []string{"", "1"} {
				r := newRig(production.Settings{Keys: []string{keyA}})
				m, err := c.do(who.ctx, r.deps, set(set(c.req, "endpoint", who.endpoint), "test_flag", flag))
				if err != nil || code(m) != who.code || r.last() != nil {
					t.Errorf("%s, %s: %v, %v; got through: %v", c.name, name, m, err, r.last())
				}
			}
		}
	}
}

// Every reason has its code in every family, and a failure shows nothing but that and a message.
func TestReasonsOfTheFamilies(t *testing.T) {
	for _, c := range append(rpcs(), creations()...) {
		for _, name := range koogatev1.ErrorReason_name {
			reason := strings.TrimPrefix(name, "ERROR_REASON_")
			if reason == "UNSPECIFIED" {
				continue
			}
			fault := errs.Wrap(errors.New("cause"), errs.Internal, errs.Reason(reason), "a detail")
			r := newRig(production.Settings{Keys: []string{keyA}})
			r.core.err, r.dir.err = fault, fault
			r.core.answer.InstanceID = "i" // an error counts more than what came with it
			m, err := c.do(verified(t, keyA), r.deps, c.req)
			if err != nil {
				t.Fatal(err)
			}
			want, msg := production.CodeOf(fault)
			if got := wire(t, m); got != `{"resultCode":"`+string(want)+`","resultMsg":"`+msg+`"}` {
				t.Errorf("%s, %s: %s", c.name, reason, got)
			}
		}
	}
}

func TestRefusalsOfTheCore(t *testing.T) {
	for _, c := range append(rpcs()[:13], creations()...) {
		for _, refusal := range []resultcode.Code{resultcode.Processing, resultcode.SoldOut, resultcode.LicenseNeedsExpiry} {
			r := newRig(production.Settings{Keys: []string{keyA}})
			r.core.answer = fulfil.Answer{Code: refusal, InstanceID: "i", Access: fulfil.Access{FrontEndURL: "u", Licence: "l"}}
			m, err := c.do(verified(t, keyA), r.deps, c.req)
			if err != nil {
				t.Fatal(err)
			}
			if got := wire(t, m); got != `{"resultCode":"`+string(refusal)+`","resultMsg":"`+resultcode.Meaning(refusal)+`"}` {
				t.Errorf("%s: %s", c.name, got)
			}
		}
	}
}

// Whatever the contract marks as secret gets neither into the log nor into the answer.
func TestSecretsStayInside(t *testing.T) {
	for _, c := range append(rpcs(), creations()...) {
		for _, flag := range []string{"", "1"} {
			for _, fault := range []error{nil, errs.Wrap(errors.New("cause"), errs.Internal, errs.InternalFault, "internal error")} {
				r := newRig(production.Settings{Keys: []string{keyA}, Secrets: nil})
				r.core.err, r.dir.err = fault, fault
				m := set(c.req, "test_flag", flag)
				poison(m.ProtoReflect())
				if f := m.ProtoReflect().Descriptor().Fields().ByName("flag"); f != nil {
					m = set(m, "flag", "1")
				}
				answer, err := c.do(verified(t, keyA), r.deps, m)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(r.log.String()+wire(t, answer), "canary") {
					t.Errorf("%s: %s\n%s", c.name, wire(t, answer), r.log)
				}
			}
		}
	}
}

// poison puts canaries into all secret texts.
func poison(m protoreflect.Message) {
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		switch {
		case f.IsList():
			for k := range m.Get(f).List().Len() {
				poison(m.Get(f).List().Get(k).Message())
			}
		case f.Options().(*descriptorpb.FieldOptions).GetDebugRedact():
			m.Set(f, protoreflect.ValueOfString("canary"))
		}
	}
}
