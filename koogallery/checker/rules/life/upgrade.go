// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
)

// upgrade tells of an upgrade, by an order that comes later.
func (s subject) upgrade(ctx context.Context, p *probe.Probe, order probe.Purchase) probe.Seen {
	return p.Do(ctx, probe.Act{
		Activity: judge.ActivityUpgrade, About: order, Root: s.Purchase, Instance: s.id,
		Params: map[string]any{"orderId": order.ID, "orderLineId": order.LineID},
	})
}

// enlarged is an order of twice the quantity.
func enlarged(p *probe.Probe, of probe.Purchase) probe.Purchase {
	order := p.Later(of, openapi.MockChange)
	order.Product.LinearValue *= 2
	return order
}

var upgradeAgain = rule.Rule{
	ID: "upgrade-again", Families: []judge.Family{judge.FamilySaasV2, judge.FamilySaasV1}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"同一订单的升级重复调用时返回 000000。",
		"An upgrade that is told again, by the same order, is answered with 000000."),
	Cost: rule.Say(
		"升级已经完成，重试却报错：订单失败并自动退款，客户免费用上了高规格。",
		"The upgrade is done and its repetition fails: the order is refunded, and the customer has the larger specification for nothing."),
	Remedy: rule.Say(
		"按升级订单号记住已处理的升级；重复时不再升级，直接返回 000000。",
		"Remember upgrades by their order number; at a repetition change nothing and answer 000000."),
	Source: []string{"upgrade-key", "v1-upgrade-key", "conflicting-repeat"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		order := enlarged(p, s.Purchase)
		if seen := s.upgrade(ctx, p, order); !seen.OK() {
			return rule.Unknown("升级没有成功（不提供升级的商品可以不实现）：%s", "the upgrade did not succeed (products without upgrades need none): %s", seen.Why())
		}
		for n := range repetitions {
			if seen := s.upgrade(ctx, p, order); !seen.OK() {
				return rule.Broken("第 %d 次重复升级被拒绝：%s", "repetition %d of the upgrade was refused: %s", n+1, seen.Why())
			}
		}
		return rule.Holds()
	},
}

var accessPresent = rule.Rule{
	ID: "access-is-the-present-one", Families: []judge.Family{judge.FamilySaasV1}, Deep: true, Severity: rule.Breaks,
	Sentence: rule.Say(
		"升级之后再次调用 newInstance，返回的访问信息与 queryInstance 此时返回的相同，instanceId 不变。",
		"After an upgrade a repeated newInstance shows the same access information as queryInstance does then, and the same instanceId."),
	Cost: rule.Say(
		"买家点“查看资源详情”时云商店重新调用 newInstance，看到的是已经失效的地址或密码。",
		"The console calls newInstance again whenever the buyer looks at the resource, who then sees an address or a password that is no longer valid."),
	Remedy: rule.Say(
		"只固定 instanceId；appInfo 每次都取当前的值，不要返回首次保存的应答。",
		"Keep the instanceId alone; read appInfo anew each time and do not replay the first answer."),
	Source: []string{"first-answer-wins", "access-changes", "v1-view-details"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		if seen := s.upgrade(ctx, p, enlarged(p, s.Purchase)); !seen.OK() {
			return rule.Unknown("升级没有成功，访问信息没有机会变化：%s", "the upgrade did not succeed, so nothing could change: %s", seen.Why())
		}
		before := access(p, p.Query(ctx, s.Purchase, s.id))
		again := p.Open(ctx, s.Purchase)
		after := access(p, p.Query(ctx, s.Purchase, s.id))
		switch {
		case before == "" || before != after:
			return rule.Unknown("queryInstance 没有给出可以比较的访问信息", "queryInstance shows no access information to compare with")
		case !again.OK() || again.InstanceID != s.id:
			return rule.Unknown("重复开通没有返回同一个实例：%s", "opening again did not return the same instance: %s", again.Why())
		case access(p, again) != before:
			return rule.Broken("newInstance 的访问信息与 queryInstance 的不同", "newInstance shows other access information than queryInstance")
		}
		return rule.Holds()
	},
}
