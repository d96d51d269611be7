// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// savedCases makes debugging calls in a deep check too: it is about what they leave behind.
var savedCases = rule.Rule{
	ID: "saved-cases-repeat", Severity: rule.Refused,
	Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyLicenseCode, judge.FamilySaasV1, judge.FamilyLicenseV1},
	Sentence: rule.Say(
		"调试时保存的用例（开通、查询、续费、冻结、解冻、释放，testFlag=1，模拟订单）整套重复执行，每次都返回 000000。",
		"The debugger's saved cases (open, query, renew, freeze, thaw, release, with testFlag 1 and mock orders) succeed each time that all of them are run."),
	Cost: rule.Say(
		"商品上架后云商店每天上午和下午自动拨测同样的用例：连续 5 天失败，商品被冻结并隐藏。",
		"The marketplace runs the same cases every morning and afternoon while the product is on sale: after 5 days of failures it is frozen and hidden."),
	Remedy: rule.Say(
		"testFlag=1 的调用不落生产数据，应答只由调用本身算出（如 instanceId 由订单号散列得到），不要因为上次已释放而拒绝。",
		"Keep nothing of calls with testFlag 1 and compute their answers from the call alone (instanceId as a hash of the order number, say); never refuse one because the last run released it."),
	Source: []string{"dial-test", "query-mock-orders"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		of.ID, of.LineID = openapi.MockPeriodNew, openapi.MockPeriodNew+catalogue.FirstLine
		for run := range 2 {
			s := subject{Purchase: of}
			if p.Family() == judge.FamilyLicenseCode {
				if s.id = p.Config().Code; s.id == "" {
					s.id = catalogue.LicenseCode("debugging")
				}
			}
			for _, c := range cases(p, of) {
				act := c.act
				act.Instance = s.id
				seen := p.Do(ctx, act)
				if act.Activity == judge.ActivityNew && seen.OK() {
					s.id = seen.InstanceID
				}
				switch {
				case seen.OK():
				case run == 0:
					return rule.Unknown("用例 %s 第一次就没有成功：%s", "the case %s did not succeed the first time: %s", c.name, seen.Why())
				default:
					return rule.Broken("第 %d 轮的用例 %s 得到：%s", "in run %d the case %s was answered with: %s", run+1, c.name, seen.Why())
				}
			}
		}
		return rule.Holds()
	},
}

// savedCase is a call that was saved.
type savedCase struct {
	name string
	act  probe.Act
}

// cases are what a seller of a period product has to save in a family.
func cases(p *probe.Probe, of probe.Purchase) []savedCase {
	f := p.Family()
	mock := func(id string) probe.Purchase {
		order := p.Later(of, id)
		order.ID, order.LineID = id, id+catalogue.FirstLine
		return order
	}
	var all []savedCase
	add := func(name string, a probe.Act, params map[string]any) {
		if !f.Knows(a.Activity) || f == judge.FamilySaasV1 && (a.Activity == judge.ActivityQuery || a.Activity == judge.ActivityStatus) {
			return // V1.0 needs neither of a period product
		}
		if a.Root.ID == "" {
			a.Root = of
		}
		if a.Activity != judge.ActivityQuery && a.Activity != judge.ActivityStatus {
			params["orderId"], params["orderLineId"] = a.About.ID, a.About.LineID
		}
		params["testFlag"] = "1"
		a.Params = params
		all = append(all, savedCase{name, a})
	}
	add("newInstance", probe.Act{Activity: judge.ActivityNew, About: of}, map[string]any{})
	add("queryInstance", probe.Act{Activity: judge.ActivityQuery, About: of}, map[string]any{})
	renewing := mock(openapi.MockRenew)
	add("refreshInstance", probe.Act{Activity: judge.ActivityRefresh, Scene: judge.SceneRenewal, About: renewing},
		map[string]any{"scene": judge.SceneRenewal, "expireTime": wiretime.Format14(renewing.ExpireTime)})
	for _, status := range []string{judge.StatusFreeze, judge.StatusUnfreeze} {
		add(status, probe.Act{Activity: judge.ActivityStatus, Scene: status, About: of}, map[string]any{"status": status})
	}
	add("expireInstance", probe.Act{Activity: judge.ActivityExpire, About: of}, map[string]any{})
	add("releaseInstance", probe.Act{Activity: judge.ActivityRelease, About: mock(openapi.MockUnsubscribe)}, map[string]any{})
	return all
}
