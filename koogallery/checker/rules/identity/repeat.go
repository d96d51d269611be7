// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
)

// Rules returns the rules of this room.
func Rules() []rule.Rule {
	return []rule.Rule{
		sameAgain, parallel, oneRow, ordersDiffer, linesDiffer, needsOrder, unknownHidden, unknownRefused, lists, hundred,
		debuggingLeaves, debuggingTouches, noticeAgain, licenceAgain, crashAfter, crashDuring,
	}
}

// opening are the families whose purchases are opened by a call that answers with the instance's ID.
var opening = []judge.Family{
	judge.FamilySaasV2, judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseOnline, judge.FamilyOrderNotify, judge.FamilyKitV1,
	judge.FamilyKitV2,
}

// attempts is how often a purchase is opened again: the marketplace does it three times after the first.
const attempts = 4

var sameAgain = rule.Rule{
	ID: "same-instance-again", Families: opening, Severity: rule.Breaks,
	Sentence: rule.Say(
		"同一订单行重复开通，每次都返回同一个 instanceId（businessId 每次不同）。",
		"Opening the same order line again returns the same instanceId each time, although businessId differs on every call."),
	Cost: rule.Say(
		"云商店在超时后会重试开通：每次重试都会再开一个实例，买家只付了一份钱。",
		"The marketplace opens again after a timeout: each repetition makes one more instance for one payment."),
	Remedy: rule.Say(
		"以 (orderId, orderLineId) 为唯一键保存首次的 instanceId，并在重复调用时原样返回；不要用 businessId 去重。",
		"Store the first instanceId under the unique key (orderId, orderLineId) and return it at every repetition; never tell repetitions by businessId."),
	Source: []string{"first-answer-wins", "business-id"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		first := p.Open(ctx, of)
		if !named(first) {
			return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", first.Why())
		}
		for n := range attempts - 1 {
			again := p.Open(ctx, of)
			switch {
			case !named(again):
				return rule.Broken("第 %d 次重复开通失败：%s", "repetition %d failed: %s", n+1, again.Why())
			case again.InstanceID != first.InstanceID:
				return rule.Broken("首次返回 %q，第 %d 次重复返回 %q", "the first answer named %q, repetition %d %q", first.InstanceID, n+1, again.InstanceID)
			}
		}
		return rule.Holds()
	},
}
