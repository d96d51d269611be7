// SPDX-License-Identifier: Apache-2.0

package get

import (
	"context"
	"net/url"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// isSigned tells whether an answer bears the Body-Sign of its very bytes.
func isSigned(p *probe.Probe, seen probe.Seen) bool {
	return isSignedBy(p.Config().Key, seen)
}

var refusalsSigned = rule.Rule{
	ID: "refusals-are-signed", Families: v1, Severity: rule.Refused,
	Sentence: rule.Say(
		"对签名正确的调用，拒绝的应答（如 000002）同样带有正确的 Body-Sign。",
		"A refusal of a call that was signed rightly, with 000002 for example, bears a Body-Sign that fits, as a success does."),
	Cost: rule.Say(
		"云商店先校验应答签名：看不到结果码，只显示“缺少 Body-Sign”，真正的原因无从查起。",
		"The marketplace checks the signature first: it sees no result code and shows a missing Body-Sign, and the real reason is lost."),
	Remedy: rule.Say(
		"在统一的出口（过滤器、中间件）对最终字节签名，异常处理的应答也经过它。",
		"Sign the final bytes in one place that every answer passes, those of the exception handler too."),
	Source: []string{"body-sign-everywhere"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		good := p.Open(ctx, p.Purchase())
		if !good.OK() || !isSigned(p, good) {
			return rule.Unknown("成功的应答也没有签名", "the answer to a success is not signed either")
		}
		seen := with(ctx, p, url.Values{"activity": {"koogateUnheardOf"}})
		switch {
		case !trusted(seen) || seen.Succeeded():
			return rule.Unknown("未知的 activity 没有被正常拒绝：%s", "an unknown activity is not refused in order: %s", seen.Why())
		case !isSigned(p, seen):
			return rule.Broken("%s 的应答没有正确的 Body-Sign", "the answer %s has no Body-Sign that fits", seen.ResultCode)
		}
		return rule.Holds()
	},
}

var payPerUse = rule.Rule{
	ID: "pay-per-use-instances", Families: []judge.Family{judge.FamilySaasV1}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"按需订单（chargingMode=0）中同一 orderId 的不同 productId 各得到一个实例，重复时返回各自原来的实例。",
		"Of a pay-per-use order (chargingMode 0) each productId gets an instance of its own, and the same one again when it is repeated."),
	Cost: rule.Say(
		"多个计费项合并成一个实例：除一项之外的用量都无法上报，收不到钱。",
		"Several billing items become one instance: the usage of all but one can never be reported, nor paid."),
	Remedy: rule.Say(
		"按需订单以 (orderId, productId) 为唯一键，其它计费模式以 orderId 为唯一键。",
		"Key pay-per-use orders by orderId and productId, all others by orderId."),
	Source: []string{"v1-pay-per-use-key"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		of.Kind, of.Product = catalogue.OnDemand, catalogue.DemoProducts()[catalogue.OnDemand]
		of.ExpireTime = of.Product.EndAfter(p.Now())
		other := of
		other.Product.ProductID += "B"
		first, second, again := p.Open(ctx, of), p.Open(ctx, other), p.Open(ctx, of)
		switch {
		case !first.OK() || !again.OK() || first.InstanceID != again.InstanceID:
			return rule.Unknown("按需订单没有得到固定的实例：%s", "a pay-per-use order got no instance that stays: %s", again.Why())
		case !second.OK():
			return rule.Broken("第二个 productId：%s", "the second productId: %s", second.Why())
		case second.InstanceID == first.InstanceID:
			return rule.Broken("两个 productId 得到同一个实例 %q", "two productIds got the same instance %q", first.InstanceID)
		}
		return rule.Holds()
	},
}

var acceptance = rule.Rule{
	ID: "acceptance-is-a-repeat", Families: []judge.Family{judge.FamilySaasV1}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"买家验收时，云商店带 acceptanceTime 再次调用同一订单的 newInstance：返回 000000 和原来的 instanceId。",
		"At the buyer's acceptance newInstance comes again for the same order with acceptanceTime, and is answered with 000000 and the same instanceId."),
	Cost: rule.Say(
		"验收失败，订单停在服务监管中，货款不结算。",
		"The acceptance fails, the order stays under supervision and is not paid out."),
	Remedy: rule.Say(
		"把它当作重复的开通处理：记录验收时间，返回原来的实例。",
		"Treat it as a repeated opening: note the time and return the instance that is there."),
	Source: []string{"v1-acceptance"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		first := p.Open(ctx, of)
		if again := p.Open(ctx, of); !first.OK() || !again.OK() || again.InstanceID != first.InstanceID {
			return rule.Unknown("重复开通没有得到同一个实例：%s", "opening again did not return the same instance: %s", again.Why())
		}
		accepted := p.Opening(of)
		accepted.Params["acceptanceTime"] = wiretime.Format17(p.Now())
		seen := p.Do(ctx, accepted)
		switch {
		case !seen.OK():
			return rule.Broken("带 acceptanceTime 的调用：%s", "the call with acceptanceTime: %s", seen.Why())
		case seen.InstanceID != first.InstanceID:
			return rule.Broken("开通返回 %q，验收返回 %q", "the opening returned %q, the acceptance %q", first.InstanceID, seen.InstanceID)
		}
		return rule.Holds()
	},
}

var sameLicence = rule.Rule{
	ID: "same-licence-again", Families: []judge.Family{judge.FamilyLicenseV1}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"同一订单重复调用 getLicense，返回同一个 license。",
		"getLicense returns the same licence each time that the same order asks."),
	Cost: rule.Say(
		"每次重试都签发一份新授权：买家付一份钱得到多份，或者手里的授权失效。",
		"Each repetition issues a new licence: the buyer gets several for one payment, or the one in hand becomes void."),
	Remedy: rule.Say(
		"以 orderId 为唯一键保存首次签发的 license，重复时原样返回。",
		"Store the licence that was issued first under the unique key orderId and return it at every repetition."),
	Source: []string{"get-license-key", "get-license-answer"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		first := p.Open(ctx, of)
		if !first.OK() {
			return rule.Unknown("getLicense 没有成功：%s", "getLicense did not succeed: %s", first.Why())
		}
		for n := range 2 {
			again := p.Open(ctx, of)
			if !again.OK() || again.InstanceID != first.InstanceID {
				return rule.Unknown("重复的 getLicense 没有返回同一个实例：%s", "getLicense did not return the same instance again: %s", again.Why())
			}
			if again.Shows.Digest != first.Shows.Digest {
				return rule.Broken("第 %d 次重复返回了另一个 license", "repetition %d returned another licence", n+1)
			}
		}
		return rule.Holds()
	},
}
