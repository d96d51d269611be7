// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
)

var told = []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilySaasV1, judge.FamilyLicenseV1}

// outage is what was answered while the seller could store nothing, and after that.
type outage struct {
	opening, renewal probe.Seen
	again            probe.Seen
}

// without makes calls while the seller's store fails, and opens the purchase again when it works.
func without(ctx context.Context, p *probe.Probe) (o outage, stop *rule.Outcome) {
	s, order, stop := beginRenewed(ctx, p)
	if stop != nil {
		return o, stop
	}
	of, store := p.Purchase(), p.Config().Hooks.Store
	if err := store(ctx, false); err != nil {
		return o, unknown("存储钩子失败：%v", "the hook of the store failed: %v", err)
	}
	o.opening, o.renewal = p.Open(ctx, of), s.renew(ctx, p, p.Later(order, openapi.MockRenew))
	// A check that was stopped leaves no seller without a store.
	if err := store(context.WithoutCancel(ctx), true); err != nil {
		return o, unknown("存储钩子失败：%v", "the hook of the store failed: %v", err)
	}
	_, o.again = p.Opened(ctx, of)
	return o, nil
}

var failureTold = rule.Rule{
	ID: "store-failure-is-told", Families: told, Deep: true, Hooks: []probe.Hook{probe.HookStore}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"数据库写不进去时，开通和续费不返回 000000 或 000004。",
		"While the database takes nothing, openings and renewals are answered with neither 000000 nor 000004."),
	Cost: rule.Say(
		"云商店以为已经办妥而不再重试：买家付了钱，商家这里什么都没有。",
		"The marketplace takes it as done and does not repeat it: the buyer has paid, and the seller has nothing of it."),
	Remedy: rule.Say(
		"提交成功之后才返回 000000；不要在 catch 里返回成功，异常时返回 000005。",
		"Answer 000000 after the commit alone; never answer success from a catch block, and answer 000005 when something fails."),
	Source: []string{"result-codes", "retry-table"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		o, stop := without(ctx, p)
		if stop != nil {
			return *stop
		}
		for _, seen := range []probe.Seen{o.opening, o.renewal} {
			if seen.Succeeded() || seen.Processing() {
				return rule.Broken("存储失败时，%s 得到 %s", "while the store failed, %s was answered with %s", seen.Call.Asked.Activity, seen.ResultCode)
			}
		}
		return rule.Holds()
	},
}

var repeatedAfterFailure = rule.Rule{
	ID: "repeat-after-store-failure", Families: told, Deep: true, Hooks: []probe.Hook{probe.HookStore}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"存储恢复之后，失败过的开通重复调用时成功。",
		"An opening that failed with the store succeeds when it is repeated after the store works again."),
	Cost: rule.Say(
		"第一次失败占用了去重标记，之后的重试都被当作重复：订单失败并退款。",
		"The attempt that failed has claimed the order, so every repetition is taken for one that was dealt with: the order fails and is refunded."),
	Remedy: rule.Say(
		"去重标记与业务数据在同一个事务中提交，失败时一起回滚。",
		"Commit the mark that a call was seen in one transaction with its effect, so that both are rolled back."),
	Source: []string{"first-answer-wins", "retry-table"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		o, stop := without(ctx, p)
		switch {
		case stop != nil:
			return *stop
		case o.opening.Succeeded() || o.opening.Processing():
			return rule.Unknown("存储失败时开通没有失败", "the opening did not fail with the store")
		case !o.again.OK():
			return rule.Broken("存储恢复之后的重复开通：%s", "opening again after the store came back: %s", o.again.Why())
		}
		return rule.Holds()
	},
}
