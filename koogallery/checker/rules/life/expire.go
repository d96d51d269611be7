// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
)

// expiring are the families in which an expiry is a call of its own.
var expiring = []judge.Family{judge.FamilySaasV1, judge.FamilyLicenseV1}

// expire tells that an instance has expired.
func (s subject) expire(ctx context.Context, p *probe.Probe) probe.Seen {
	return p.Do(ctx, probe.Act{Activity: judge.ActivityExpire, About: s.Purchase, Instance: s.id})
}

var expireAgain = rule.Rule{
	ID: "expiry-again", Families: expiring, Severity: rule.Breaks,
	Sentence: rule.Say(
		"过期调用（expireInstance、expireLicense）返回 000000，重复时也是。",
		"The call that something has expired (expireInstance, expireLicense) is answered with 000000, also when it comes again."),
	Cost: rule.Say(
		"过期的实例冻结不了，或者重试得到错误，直到人工处理为止都由商家承担损失。",
		"What has expired is not frozen, or the repetition ends in an error, at the seller's loss until a person looks."),
	Remedy: rule.Say(
		"按 instanceId 判断：已冻结的不再冻结，直接返回 000000；示例里没有 orderId，不要强求它。",
		"Go by instanceId: what is frozen is not frozen again, answer 000000; the examples have no orderId, so do not insist on it."),
	Source: []string{"v1-expire-key", "v1-missing-order"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		if seen := s.expire(ctx, p); !seen.OK() {
			return rule.Broken("过期调用被拒绝：%s", "the expiry was refused: %s", seen.Why())
		}
		if seen := s.expire(ctx, p); !seen.OK() {
			return rule.Broken("重复的过期调用被拒绝：%s", "the expiry was refused when it came again: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var renewalThaws = rule.Rule{
	ID: "renewal-thaws-what-expired", Families: expiring, Deep: true, Hooks: []probe.Hook{probe.HookState}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"过期调用冻结实例，之后的续费使它恢复可用。",
		"The call that an instance has expired freezes it, and a renewal that follows makes it usable again."),
	Cost: rule.Say(
		"V1 续费后没有单独的解冻调用：客户付了钱仍然不能使用。",
		"V1 sends no thaw after a renewal: a customer who has paid stays locked out."),
	Remedy: rule.Say(
		"过期时冻结；续费的到期时间晚于当前时间时，解除因过期而来的冻结。",
		"Freeze at the expiry; when a renewal goes beyond now, end the freeze that came from the expiry."),
	Source: []string{"v1-thaw"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		if seen := s.expire(ctx, p); !seen.OK() {
			return rule.Unknown("过期调用没有成功：%s", "the expiry did not succeed: %s", seen.Why())
		}
		held, ok, stop := await(ctx, p, s.id, is(stateFrozen))
		if stop != nil {
			return *stop
		}
		if !ok {
			return rule.Broken("过期之后实例是 %s", "after the expiry the instance is %s", held.State)
		}
		if seen := s.renew(ctx, p, p.Later(s.Purchase, openapi.MockRenew)); !seen.OK() {
			return rule.Unknown("续费没有成功：%s", "the renewal did not succeed: %s", seen.Why())
		}
		held, ok, stop = await(ctx, p, s.id, is(stateActive))
		switch {
		case stop != nil:
			return *stop
		case !ok:
			return rule.Broken("续费之后实例仍是 %s", "after the renewal the instance is still %s", held.State)
		}
		return rule.Holds()
	},
}
