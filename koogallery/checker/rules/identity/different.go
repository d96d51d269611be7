// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// lined are the families whose calls name the order line.
var lined = []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyOrderNotify}

// differ opens two purchases and compares their instances.
func differ(ctx context.Context, p *probe.Probe, one, other probe.Purchase, zh, en string) rule.Outcome {
	first, second := p.Open(ctx, one), p.Open(ctx, other)
	switch {
	case !named(first):
		return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", first.Why())
	case !named(second):
		return rule.Unknown("第二次开通没有成功：%s", "the second purchase could not be opened: %s", second.Why())
	case first.InstanceID == second.InstanceID:
		return rule.Outcome{State: rule.Fail, Seen: rule.Text{ZH: zh + "都得到 " + first.InstanceID, EN: en + " were both answered with " + first.InstanceID}}
	}
	return rule.Holds()
}

var ordersDiffer = rule.Rule{
	ID: "orders-have-their-own-instance", Families: opening, Deep: true, Severity: rule.Breaks,
	Sentence: rule.Say(
		"不同的订单得到不同的 instanceId。",
		"Different orders get different instanceIds."),
	Cost: rule.Say(
		"云商店拒绝重复的 instanceId：第二个订单失败；释放其中一个会停掉另一个买家的服务。",
		"The marketplace refuses an ID that it has: the second order fails, and releasing one stops the other buyer's service."),
	Remedy: rule.Say(
		"为每个新的 (orderId, orderLineId) 生成全局唯一的 instanceId，例如 UUID。",
		"Make a globally unique instanceId for each new (orderId, orderLineId), such as a UUID."),
	Source: []string{"instance-id", "new-instance-key"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		return differ(ctx, p, p.Purchase(), p.Purchase(), "两个不同的订单", "two different orders")
	},
}

var linesDiffer = rule.Rule{
	ID: "lines-have-their-own-instance", Families: lined, Deep: true, Severity: rule.Breaks,
	Sentence: rule.Say(
		"同一订单的不同订单行得到不同的 instanceId。",
		"Different lines of the same order get different instanceIds."),
	Cost: rule.Say(
		"买家在一个订单里买了两份，只得到一份；第二个订单行失败。",
		"The buyer bought two things in one order and gets one; the second line fails."),
	Remedy: rule.Say(
		"幂等键用 (orderId, orderLineId)，不要只用 orderId。",
		"Take (orderId, orderLineId) for the key, and not orderId alone."),
	Source: []string{"new-instance-key"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		other := of
		other.LineID = of.ID + catalogue.SecondLine
		return differ(ctx, p, of, other, "同一订单的两个订单行", "two lines of one order")
	},
}

var needsOrder = rule.Rule{
	ID: "opening-needs-an-order", Families: lined, Deep: true, Severity: rule.Breaks,
	Sentence: rule.Say(
		"没有 orderId 或 orderLineId 的 newInstance 不会成功。",
		"A newInstance without orderId or orderLineId never succeeds."),
	Cost: rule.Say(
		"所有缺少订单号的调用落在同一个键上，或产生无法结算的实例。",
		"All calls without an order share one key, or make instances that nobody can settle."),
	Remedy: rule.Say(
		"先检查必填参数，缺少时返回 000002。",
		"Check what is mandatory first, and answer 000002 when it is missing."),
	Source: []string{"new-instance-key", "result-codes"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		if s := p.Open(ctx, of); !named(s) {
			return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", s.Why())
		}
		for _, name := range []string{"orderId", "orderLineId"} {
			a := p.Opening(p.Purchase())
			delete(a.Params, name)
			if s := p.Do(ctx, a); s.Succeeded() || s.Processing() {
				return rule.Broken("没有 %s 的 newInstance 得到 %s", "a newInstance without %s was answered with %s", name, s.ResultCode)
			}
		}
		return rule.Holds()
	},
}
