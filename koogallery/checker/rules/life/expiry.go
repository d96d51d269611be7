// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
)

var expirySet = rule.Rule{
	ID: "expiry-is-the-calls", Families: renewed, Deep: true, Hooks: []probe.Hook{probe.HookState}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"续费后实例的到期时间等于调用中的 expireTime；退续费时也可以变早。",
		"After a renewal the instance expires at the call's expireTime, also when a cancelled renewal makes it earlier."),
	Cost: rule.Say(
		"实例的到期时间与买家付的钱不一致：提前冻结，或者白白多用。",
		"The instance ends at another time than was paid for: too early for the buyer, or too late for the seller."),
	Remedy: rule.Say(
		"把 expireTime 当作绝对时间直接保存；不要自己按周期累加，也不要取两者中较晚的。",
		"Store expireTime as the absolute time that it is; add no periods of your own, and do not keep the later of two."),
	Source: []string{"expiry-is-absolute"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, order, stop := beginRenewed(ctx, p)
		if stop != nil {
			return *stop
		}
		held, ok, stop := await(ctx, p, s.id, expires(p, order.ExpireTime))
		if stop != nil {
			return *stop
		}
		if !ok {
			return rule.Broken("续费到 %s，实例的到期时间却是 %s", "renewed until %s, but the instance expires at %s", shown(order.ExpireTime), shown(held.ExpiresAt))
		}
		cancelled := p.Later(s.Purchase, openapi.MockUnsubscribe)
		cancelled.ExpireTime, cancelled.Deal = s.ExpireTime, "-"+cancelled.Deal
		scene := judge.SceneCancelRenewal
		if p.Family() == judge.FamilyLicenseV1 { // which has no scene of it
			return rule.Holds()
		}
		if seen := p.Refresh(ctx, scene, s.Purchase, cancelled, s.id, nil); !seen.OK() {
			return rule.Holds() // a matter of another rule
		}
		held, ok, stop = await(ctx, p, s.id, expires(p, cancelled.ExpireTime))
		switch {
		case stop != nil:
			return *stop
		case !ok:
			return rule.Broken("退续费到 %s，实例的到期时间却是 %s", "a renewal was cancelled back to %s, but the instance expires at %s", shown(cancelled.ExpireTime), shown(held.ExpiresAt))
		}
		return rule.Holds()
	},
}

// keepsExpiry looks whether the expiry is still the one of the last renewal after something that must not move it.
func keepsExpiry(ctx context.Context, p *probe.Probe, s subject, want time.Time, act func() probe.Seen, zh, en string) rule.Outcome {
	if _, ok, stop := await(ctx, p, s.id, expires(p, want)); stop != nil {
		return *stop
	} else if !ok {
		return rule.Unknown("续费没有生效", "renewals have no effect")
	}
	act() // what it is answered is a matter of other rules
	held, stop := look(ctx, p, s.id)
	if stop != nil {
		return *stop
	}
	if !expires(p, want)(held) {
		return rule.Broken(zh, en, shown(want), shown(held.ExpiresAt))
	}
	return rule.Holds()
}

var expiryKept = rule.Rule{
	ID: "renewal-never-back", Families: renewed, Deep: true, Hooks: []probe.Hook{probe.HookState}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"两次续费之后，前一个订单的续费再次到达时，到期时间保持后一次的。",
		"When the first of two renewals is told again after the second, the expiry stays the second's."),
	Cost: rule.Say(
		"前一次续费的迟到重试把到期时间改回去，买家丢掉已付款的一个周期。",
		"A late repetition of the first takes the expiry back, and the buyer loses a period that is paid for."),
	Remedy: rule.Say(
		"按订单号记住每次续费；已处理过的订单只返回 000000，不再写到期时间。",
		"Remember each renewal by its order number; for an order that was dealt with answer 000000 and write nothing."),
	Source: []string{"conflicting-repeat", "late-answers"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, first, stop := beginRenewed(ctx, p)
		if stop != nil {
			return *stop
		}
		second := p.Later(first, openapi.MockRenew)
		if seen := s.renew(ctx, p, second); !seen.OK() {
			return rule.Unknown("第二次续费没有成功：%s", "the second renewal did not succeed: %s", seen.Why())
		}
		return keepsExpiry(ctx, p, s, second.ExpireTime, func() probe.Seen { return s.renew(ctx, p, first) },
			"第二次续费到 %s，前一次续费重复后变成 %s", "the second renewal was until %s, after a repetition of the first the instance expires at %s")
	},
}

var openingKeepsExpiry = rule.Rule{
	ID: "opening-again-keeps-renewal", Deep: true, Hooks: []probe.Hook{probe.HookState}, Severity: rule.Breaks,
	Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilySaasV1, judge.FamilyLicenseV1},
	Sentence: rule.Say(
		"续费之后重复开通同一订单，续费后的到期时间不变。",
		"When an order is opened again after its instance was renewed, the renewed expiry stays."),
	Cost: rule.Say(
		"重复的开通覆盖了整行记录，续费丢失，客户被提前冻结。",
		"The repeated opening overwrites the row, the renewal is lost and the customer is frozen too early."),
	Remedy: rule.Say(
		"重复开通只读取已有的记录并返回 instanceId，不要重新写入（INSERT … ON CONFLICT DO NOTHING）。",
		"Read the row that is there and return its instanceId at a repeated opening; write nothing (INSERT … ON CONFLICT DO NOTHING)."),
	Source: []string{"first-answer-wins", "late-answers"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, order, stop := beginRenewed(ctx, p)
		if stop != nil {
			return *stop
		}
		return keepsExpiry(ctx, p, s, order.ExpireTime, func() probe.Seen { return p.Open(ctx, s.Purchase) },
			"续费到 %s，重复开通后变成 %s", "renewed until %s, after opening again the instance expires at %s")
	},
}
