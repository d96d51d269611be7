// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
)

var readyStays = rule.Rule{
	ID: "ready-stays-ready", Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline}, Deep: true, Severity: rule.Breaks,
	Sentence: rule.Say(
		"实例一旦开通完成，之后的查询和重复开通都不再返回 000004。",
		"Once an instance is there, neither a query nor a repeated opening says 000004 again."),
	Cost: rule.Say(
		"买家查看已开通的资源时看到“处理中”，或者云商店重新等待，订单可能超时失败。",
		"The buyer sees a finished resource as being processed, or the marketplace begins to wait again and the order may time out."),
	Remedy: rule.Say(
		"应答取自实例保存的状态；状态只能从开通中变为已开通，不能退回。",
		"Answer from the instance's stored state, which goes from provisioning to ready and never back."),
	Source: []string{"first-answer-wins", "query-poll", "new-instance-sync"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		if p.Family().Polls() && withoutAddress(p.Query(ctx, s.Purchase, s.id)) {
			return rule.Unknown("查询返回 000000，访问信息却不完整", "the query says 000000, but its access information is not complete")
		}
		for range repetitions {
			if !p.Family().Polls() { // newInstance itself is repeated
				if seen := p.Open(ctx, s.Purchase); !seen.OK() {
					return rule.Broken("开通完成之后，重复开通得到：%s", "after the instance was there, opening again was answered with: %s", seen.Why())
				}
				continue
			}
			if seen := p.Query(ctx, s.Purchase, s.id); !seen.OK() {
				return rule.Broken("开通完成之后，查询得到：%s", "after the instance was there, the query was answered with: %s", seen.Why())
			}
			if seen := p.Open(ctx, s.Purchase); seen.Processing() && seen.InstanceID == s.id {
				return rule.Broken("开通完成之后，重复开通得到 000004", "after the instance was there, opening again was answered with 000004")
			}
			if p.Sleep(ctx, 20*time.Millisecond) != nil {
				break
			}
		}
		return rule.Holds()
	},
}

// withoutAddress tells whether a query succeeded and shows access information that has no address. None at all is allowed: a seller may
// tell the buyer in another way.
func withoutAddress(seen probe.Seen) bool {
	answer, ok := judge.Object(seen.Answer.Body)
	if !ok || !seen.OK() {
		return false
	}
	info, _ := answer.List("info")
	for _, element := range info {
		app, ok := judge.Object(element["appInfo"])
		if address, _ := app.Text("frontEndUrl"); ok && address == "" {
			return true
		}
	}
	return false
}

var unfinishedHidden = rule.Rule{
	ID: "unfinished-is-not-a-success", Families: []judge.Family{judge.FamilySaasV2}, Deep: true, Severity: rule.Risks,
	Sentence: rule.Say(
		"newInstance 返回 000004 之后、开通完成之前，queryInstance 返回 000004，而不是 000000 加空的 info 或空的访问地址。",
		"While newInstance has said 000004 and the instance is not there yet, queryInstance says 000004, and not 000000 with an empty info or without an address."),
	Cost: rule.Say(
		"云商店把 000000 当作开通结束而停止轮询，买家拿不到访问地址。",
		"The marketplace takes 000000 for the end of the provisioning, stops asking, and the buyer never sees an address."),
	Remedy: rule.Say(
		"开通未完成时返回 000004 且不带 info；appInfo 完整之后才返回 000000。",
		"Answer 000004 without info while you provision, and 000000 only when appInfo is complete."),
	Source: []string{"query-poll"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		first := p.Open(ctx, of)
		if !first.OK() {
			return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", first.Why())
		}
		if !first.Processing() {
			return rule.Holds() // it was there at once
		}
		end := p.Now().Add(p.Config().Patience)
		for wait := 10 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
			seen := p.Query(ctx, of, first.InstanceID)
			switch {
			case seen.Outcome == judge.OutcomePending && resultcode.Code(seen.ResultCode) == resultcode.Success:
				return rule.Broken("开通完成之前，查询返回 000000 而没有该实例的 info", "before the instance was there the query said 000000 without its info")
			case withoutAddress(seen):
				return rule.Broken("开通完成之前，查询返回 000000 而没有 frontEndUrl", "before the instance was there the query said 000000 without a frontEndUrl")
			case seen.OK():
				return rule.Holds()
			case !p.Now().Add(wait).Before(end) || p.Sleep(ctx, wait) != nil:
				return rule.Unknown("在等待的时间内没有开通完成：%s", "the instance was not there in the time that was waited: %s", seen.Why())
			}
		}
	},
}
