// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
)

// released opens a purchase and releases it. A licence code that the seller knows is not given up: it may be the only one.
func released(ctx context.Context, p *probe.Probe) (s subject, order probe.Purchase, stop *rule.Outcome) {
	if p.Family() == judge.FamilyLicenseCode && p.Config().Code != "" {
		return s, order, unknown("不释放 --code 给出的授权码", "the licence code of --code is not released")
	}
	s, stop = begin(ctx, p)
	if stop != nil {
		return s, order, stop
	}
	order = p.Later(s.Purchase, openapi.MockUnsubscribe)
	if seen := p.Release(ctx, s.Purchase, order, s.id); !seen.OK() {
		return s, order, unknown("释放没有成功：%s", "the release did not succeed: %s", seen.Why())
	}
	return s, order, nil
}

// releaseAgain releases what is released.
func releaseAgain(ctx context.Context, p *probe.Probe) rule.Outcome {
	s, order, stop := released(ctx, p)
	if stop != nil {
		return *stop
	}
	for n := range repetitions {
		if seen := p.Release(ctx, s.Purchase, order, s.id); !seen.OK() {
			return rule.Broken("第 %d 次重复释放得到：%s", "repetition %d of the release was answered with: %s", n+1, seen.Why())
		}
	}
	return rule.Holds()
}

var (
	releaseAgainSentence = rule.Say("重复释放已释放的实例返回 000000。", "A release of what is released is answered with 000000.")
	releaseAgainCost     = rule.Say(
		"云商店没收到应答就会重试：重试报错，退订一直处于失败状态，需要人工处理。",
		"The marketplace repeats what it got no answer to: the repetition fails, and the refund hangs until a person looks.")
	releaseAgainRemedy = rule.Say(
		"保留已释放实例的记录并标记为 RELEASED；重复释放直接返回 000000。",
		"Keep the row of a released instance, marked as released, and answer 000000 when it is released again.")
)

var releaseAgainV1 = rule.Rule{
	ID: "release-again", Families: []judge.Family{judge.FamilySaasV1, judge.FamilyLicenseV1}, Deep: true, Severity: rule.Breaks,
	Sentence: releaseAgainSentence, Cost: releaseAgainCost, Remedy: releaseAgainRemedy, Source: []string{"release-repeat"}, Find: releaseAgain,
}

// releaseAgainV2 is a risk only: the pages of V2.0 do not repeat what those of V1.0 say.
var releaseAgainV2 = rule.Rule{
	ID: "release-again-v2", Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyLicenseCode}, Deep: true, Severity: rule.Risks,
	Sentence: releaseAgainSentence, Cost: releaseAgainCost, Remedy: releaseAgainRemedy, Source: []string{"release-repeat", "v2-release-order"}, Find: releaseAgain,
}

var releasedIsFinal = rule.Rule{
	ID: "released-is-final", Families: renewed, Deep: true, Hooks: []probe.Hook{probe.HookState}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"释放之后，迟到的续费、状态变更、升级和重复开通都不会使实例复活（返回 000003 或无效果的 000000 均可）。",
		"After the release no late renewal, change of the status, upgrade or repeated opening brings the instance back, be it answered with 000003 or with a success without effect."),
	Cost: rule.Say(
		"已退款的实例重新可用：客户免费使用，资源没有人释放。",
		"An instance whose price was refunded is usable again: the customer has it for nothing, and nobody will ever release it."),
	Remedy: rule.Say(
		"RELEASED 是终态：每个修改都带条件（WHERE state <> 'RELEASED'），没有命中时返回 000003。",
		"RELEASED is terminal: make every change conditional (WHERE state <> 'RELEASED') and answer 000003 when nothing matches."),
	Source: []string{"after-release", "late-answers"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, _, stop := released(ctx, p)
		if stop != nil {
			return *stop
		}
		if held, ok, stop := await(ctx, p, s.id, is(stateReleased)); stop != nil {
			return *stop
		} else if !ok {
			return rule.Broken("释放返回 000000，实例却是 %s", "the release was answered with 000000, but the instance is %s", held.State)
		}
		late := []struct {
			name     string
			activity judge.Activity
			call     func() probe.Seen
		}{
			{"refreshInstance", judge.ActivityRefresh, func() probe.Seen { return s.renew(ctx, p, p.Later(s.Purchase, openapi.MockRenew)) }},
			{"FREEZE", judge.ActivityStatus, func() probe.Seen { return p.Status(ctx, judge.StatusFreeze, s.Purchase, s.id) }},
			{thaw(p.Family()), judge.ActivityStatus, func() probe.Seen { return p.Status(ctx, thaw(p.Family()), s.Purchase, s.id) }},
			{"expireInstance", judge.ActivityExpire, func() probe.Seen { return s.expire(ctx, p) }},
			{"upgradeInstance", judge.ActivityUpgrade, func() probe.Seen { return s.upgrade(ctx, p, enlarged(p, s.Purchase)) }},
			{"newInstance", judge.ActivityNew, func() probe.Seen { return p.Open(ctx, s.Purchase) }},
		}
		for _, l := range late {
			if !p.Family().Knows(l.activity) {
				continue
			}
			seen := l.call()
			held, stop := look(ctx, p, s.id)
			if stop != nil {
				return *stop
			}
			if held.State != stateReleased {
				return rule.Broken("释放之后的 %s 得到 %s，实例变为 %s", "%s after the release was answered with %s and left the instance %s", l.name, seen.ResultCode, held.State)
			}
		}
		return rule.Holds()
	},
}

var boughtAgain = rule.Rule{
	ID: "bought-again-after-release", Deep: true, Severity: rule.Breaks,
	Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilySaasV1, judge.FamilyLicenseV1},
	Sentence: rule.Say(
		"实例释放之后，同一买家的新订单得到一个新的、可用的实例。",
		"After the release a new order of the same buyer gets an instance of its own that works."),
	Cost: rule.Say(
		"接口返回成功，客户却被关联到已归档的旧实例：付了钱无法使用。",
		"The answer is a success, but the customer is linked to the old archived instance and cannot use what was paid for."),
	Remedy: rule.Say(
		"以订单行而不是买家为实例的键；旧实例的归档标记不影响新订单。",
		"Key instances by the order line and not by the buyer; what is archived of an old one must not touch a new order."),
	Source: []string{"instance-id", "new-instance-key", "v1-new-instance-key", "get-license-key"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, _, stop := released(ctx, p)
		if stop != nil {
			return *stop
		}
		id, seen := p.Opened(ctx, p.Later(s.Purchase, openapi.MockPeriodNew))
		switch {
		case !seen.OK():
			return rule.Broken("同一买家的新订单：%s", "the new order of the same buyer: %s", seen.Why())
		case id == s.id:
			return rule.Broken("新订单得到已释放的实例 %q", "the new order got the released instance %q", id)
		case p.Config().Hooks.State == nil:
			return rule.Holds()
		}
		held, ok, stop := await(ctx, p, id, is(stateActive))
		switch {
		case stop != nil:
			return *stop
		case !ok:
			return rule.Broken("新订单的实例是 %s", "the new order's instance is %s", held.State)
		}
		return rule.Holds()
	},
}
