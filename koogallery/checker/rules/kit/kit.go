// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"context"
	"maps"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Rules returns the rules of this room.
func Rules() []rule.Rule {
	return []rule.Rule{
		calls, signatureDemanded, staleRefused, futureRefused, sortedForm, tokenInQuotes, blanksSkipped, answersSigned,
		repeats, deletes, flags, unknownFlag, late, lists, listAsText, unquotedNames, badElement, credential,
	}
}

var (
	both = []judge.Family{judge.FamilyKitV1, judge.FamilyKitV2}
	v1   = []judge.Family{judge.FamilyKitV1}
	v2   = []judge.Family{judge.FamilyKitV2}
)

// enterprise is a buyer's enterprise that is made up, with an instance that nobody has opened.
type enterprise struct {
	p                       *probe.Probe
	instance, order, tenant string
}

func newEnterprise(p *probe.Probe) enterprise {
	token := strings.ToLower(catalogue.Token(p.NewID()))
	return enterprise{p, catalogue.UUID(p.NewID()), p.Purchase().ID, token[:32]}
}

// of is a call about a tenant.
func (e enterprise) of(a judge.Activity, params map[string]any) probe.Act {
	all := map[string]any{"tenantId": e.tenant}
	maps.Copy(all, params)
	return e.p.Sync(a, e.instance, all)
}

// enrol adds or changes the enterprise itself.
func (e enterprise) enrol(flag int) probe.Act {
	return e.of(judge.ActivityTenant, map[string]any{
		"orderId": e.order, "tenantCode": "kg" + e.tenant[:8], "name": "示例科技有限公司", "domainName": "https://" + e.tenant[:8] + ".example.com", "flag": flag,
	})
}

// department adds or changes one department.
func (e enterprise) department(flag int, parent string) probe.Act {
	return e.of(judge.ActivitySingleOrg, map[string]any{"orgCode": "10000", "orgName": "开发部", "parentCode": parent, "flag": flag})
}

// users adds or changes users. list is in the form of the generation.
func (e enterprise) users(flag int, list any) probe.Act {
	return e.of(judge.ActivityAuth, map[string]any{"appId": "KOOGATECHECK", "userList": list, "flag": flag})
}

// two are two users.
func (e enterprise) two() any {
	return wire.UserList(e.p.Family(), []wire.User{
		{UserName: "zhangsan01", Name: "张三", OrgCode: "00000001", Role: "admin", Enabled: true},
		{UserName: "lisi02", Name: "李四", OrgCode: "00000002", Role: "user", Enabled: true},
	})
}

// departments tells of all departments.
func (e enterprise) departments() probe.Act {
	member, list := wire.DepartmentList(e.p.Family(), []wire.Department{{Code: "00000001", Name: "产品部"}, {Code: "00000002", Name: "测试部", ParentCode: "00000001"}})
	return e.of(judge.ActivityAllOrg, map[string]any{member: list})
}

// acts are the calls of an enterprise that is taken into use, as far as they need no key of the seller.
func (e enterprise) acts() []probe.Act {
	return []probe.Act{e.enrol(1), e.departments(), e.users(1, e.two()), e.department(1, "00000001")}
}

// plainly makes a plain call, which has to succeed before anything else can be asked.
func plainly(ctx context.Context, p *probe.Probe) (e enterprise, stop *rule.Outcome) {
	e = newEnterprise(p)
	return e, succeeds(ctx, p, e.enrol(1))
}

func succeeds(ctx context.Context, p *probe.Probe, act probe.Act) *rule.Outcome {
	if seen := p.Do(ctx, act); !seen.OK() {
		o := rule.Unknown("普通的 %s 没有成功：%s", "a plain %s did not succeed: %s", act.Activity, seen.Why())
		return &o
	}
	return nil
}

var calls = rule.Rule{
	ID: "kit-calls-succeed", Families: both, Severity: rule.Breaks,
	Sentence: rule.Say(
		"企业、部门（全量和增量）、用户授权的新增同步都返回 000000，路径为生产地址加 /produceAPI/（V2.0 为 /produceAPI/v2/）。",
		"Adding an enterprise, departments (all or one) and users is answered with 000000, below the production address at /produceAPI/ (V2.0: /produceAPI/v2/)."),
	Cost: rule.Say(
		"买家付款后无法绑定企业、成员无法登录；五个接口调试不通过，申请不到应用凭证。",
		"A buyer who has paid cannot bind the enterprise, and its members cannot log in; without five interfaces that pass there is no credential."),
	Remedy: rule.Say(
		"实现文档列出的五个路径；V1.0 的列表是 JSON 字符串，V2.0 是数组；flag 和 testFlag 是整数。",
		"Serve the five documented paths; lists are JSON in a text in V1.0 and arrays in V2.0; flag and testFlag are integers."),
	Source: []string{"kit-paths", "kit-list-forms", "kit-tenant-flags", "kit-auth-flags"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		for _, act := range newEnterprise(p).acts() {
			if seen := p.Do(ctx, act); !seen.OK() && seen.Succeeded() {
				continue // the form of the answer is a matter of other rules
			} else if !seen.OK() {
				return rule.Broken("%s 得到：%s", "%s was answered with: %s", act.Activity, seen.Why())
			}
		}
		return rule.Holds()
	},
}
