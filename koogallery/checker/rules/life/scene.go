// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

var renewalScenes = rule.Rule{
	ID: "renewal-scenes", Severity: rule.Breaks,
	Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyLicenseCode, judge.FamilySaasV1},
	Sentence: rule.Say(
		"试用转正（TRIAL_TO_FORMAL）和退续费（UNSUBSCRIBE_RENEWAL_PERIOD）与续费一样返回 000000；V1.0 中分别是 trialToFormal=1 和负的 orderAmount。",
		"The conversion of a trial (TRIAL_TO_FORMAL) and a cancelled renewal (UNSUBSCRIBE_RENEWAL_PERIOD) are answered with 000000 as a renewal is; V1.0 has trialToFormal=1 and a negative orderAmount for them."),
	Cost: rule.Say(
		"买家转正或退续费后订单失败；实例的到期时间与买家付的钱不再一致。",
		"An order fails after the buyer converted a trial or took a renewal back, and the expiry is no longer what was paid for."),
	Remedy: rule.Say(
		"三种场景都按 expireTime 设置到期时间（可以比原来早），不要只处理 RENEWAL。",
		"Set the expiry to expireTime in all of these scenes, also when it is earlier than before, and not for RENEWAL alone."),
	Source: []string{"expiry-is-absolute", "trial-to-formal", "cancelled-renewal-order", "v1-trial-to-formal", "v1-cancelled-renewal"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, _, stop := beginRenewed(ctx, p)
		if stop != nil {
			return *stop
		}
		cancelled := p.Later(s.Purchase, openapi.MockUnsubscribe)
		cancelled.ExpireTime, cancelled.Deal = s.ExpireTime, "-"+cancelled.Deal
		if seen := p.Refresh(ctx, judge.SceneCancelRenewal, s.Purchase, cancelled, s.id, nil); !seen.OK() {
			return rule.Broken("退续费被拒绝：%s", "the cancelled renewal was refused: %s", seen.Why())
		}
		trial, ok := trialOf(p)
		if !ok {
			return rule.Holds()
		}
		t, stop := beginWith(ctx, p, trial)
		if stop != nil {
			return rule.Holds() // no trials are sold
		}
		formal := p.Later(s.Purchase, openapi.MockTrialToFormal)
		if seen := p.Refresh(ctx, judge.SceneTrialToFormal, t.Purchase, formal, t.id, nil); !seen.OK() {
			return rule.Broken("试用转正被拒绝：%s", "the conversion of a trial was refused: %s", seen.Why())
		}
		return rule.Holds()
	},
}

// trialOf is a purchase of a trial. Licence codes have no conversion in their table; and of a production order that is made up only a call
// of V1 can say that it is a trial.
func trialOf(p *probe.Probe) (of probe.Purchase, ok bool) {
	switch p.Family() {
	case judge.FamilyLicenseCode:
		return of, false
	case judge.FamilySaasV1:
		of = p.Purchase()
		of.Kind, of.Product = catalogue.Trial, catalogue.DemoProducts()[catalogue.Trial]
		of.ExpireTime = of.Product.EndAfter(p.Now())
		return of, true
	default:
		return purchaseOf(p, catalogue.Trial)
	}
}

// purchaseOf is the debugger's mock order of a kind.
func purchaseOf(p *probe.Probe, kind catalogue.Kind) (of probe.Purchase, ok bool) {
	if p.Config().Deep || p.Config().MadeUp {
		return of, false
	}
	for range p.Purchases() {
		if of = p.Purchase(); of.Kind == kind {
			return of, true
		}
	}
	return of, false
}

var renewalChange = rule.Rule{
	ID: "renewal-change-scene", Families: []judge.Family{judge.FamilySaasV2}, Severity: rule.Risks,
	Sentence: rule.Say(
		"续费变更（scene=RENEWAL_CHANGE）返回 000000。",
		"A change upon renewal (scene RENEWAL_CHANGE) is answered with 000000."),
	Cost: rule.Say(
		"2025 年新增的场景：商品开放续费变更后，拒绝它的接口会让每个变更订单失败。",
		"The scene was added in 2025: once the product offers changes upon renewal, an endpoint that refuses it fails every such order."),
	Remedy: rule.Say(
		"与 RENEWAL 一样设置到期时间，再用“查询订单”取得新的规格并生效。",
		"Set the expiry as for RENEWAL, then query the order for the new specification and apply it."),
	Source: []string{"renewal-change"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, order, stop := beginRenewed(ctx, p)
		if stop != nil {
			return *stop
		}
		if seen := p.Refresh(ctx, judge.SceneRenewalChange, s.Purchase, p.Later(order, openapi.MockChange), s.id, nil); !seen.OK() {
			return rule.Broken("续费变更被拒绝：%s", "the change upon renewal was refused: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var unknownScene = rule.Rule{
	ID: "unknown-scene-refused", Deep: true, Severity: rule.Risks,
	Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyLicenseCode},
	Sentence: rule.Say(
		"文档没有的 scene 被拒绝（如 000002），而不是返回 000000。",
		"A scene that no page names is refused, with 000002 for example, and not answered with 000000."),
	Cost: rule.Say(
		"云商店以为新场景已经处理，而实例上什么也没发生，没有人会发现。",
		"The marketplace takes a scene of the future as done while nothing happened to the instance, and nobody notices."),
	Remedy: rule.Say(
		"switch 的 default 分支返回 000002，记录原始请求并告警。",
		"Answer 000002 in the default branch, keep the call as it came and raise an alarm."),
	Source: []string{"unknown-values"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, order, stop := beginRenewed(ctx, p)
		if stop != nil {
			return *stop
		}
		if seen := p.Refresh(ctx, unheardOf, s.Purchase, p.Later(order, openapi.MockRenew), s.id, nil); seen.OK() {
			return rule.Broken("scene=%s 返回 000000", "scene %s was answered with 000000", unheardOf)
		}
		return rule.Holds()
	},
}

// unheardOf is a value that is in no list.
const unheardOf = "KOOGATE_CHECK_UNHEARD_OF"
