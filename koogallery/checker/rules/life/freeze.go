// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// frozen are the families whose every product is frozen by a status.
var frozen = []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyLicenseCode}

// thaw is what a family calls the end of a freeze.
func thaw(f judge.Family) string {
	if f == judge.FamilySaasV1 {
		return judge.StatusNormal
	}
	return judge.StatusUnfreeze
}

var freeze = rule.Rule{
	ID: "freeze-and-thaw", Families: frozen, Severity: rule.Breaks,
	Sentence: rule.Say(
		"status=FREEZE 与 status=UNFREEZE 都返回 000000。",
		"status FREEZE and status UNFREEZE are both answered with 000000."),
	Cost: rule.Say(
		"到期或违规的实例冻结不了，损失由商家承担；或者客户续费后仍被冻结。",
		"What has expired is not frozen, at the seller's loss, or a customer who renewed stays locked out."),
	Remedy: rule.Say(
		"处理文档中的两个值 FREEZE 和 UNFREEZE（不是 FROZEN、NORMAL），冻结期内保留数据。",
		"Handle the two documented values, FREEZE and UNFREEZE (not FROZEN or NORMAL), and keep the data while it is frozen."),
	Source: []string{"status-modes", "retention"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		for _, status := range []string{judge.StatusFreeze, judge.StatusUnfreeze} {
			if seen := p.Status(ctx, status, s.Purchase, s.id); !seen.OK() {
				return refused(p, seen, "status=%s 被拒绝：%s", "status %s was refused: %s", status)
			}
		}
		return rule.Holds()
	},
}

var freezeAgain = rule.Rule{
	ID: "freeze-again", Families: frozen, Severity: rule.Breaks,
	Sentence: rule.Say(
		"重复的冻结、重复的解冻都返回 000000。",
		"A freeze of what is frozen and a thaw of what is not are answered with 000000."),
	Cost: rule.Say(
		"云商店重试时得到错误，会一直重试直到需要人工处理，客户可能仍被冻结。",
		"The marketplace's repetition ends in an error, and so on until a person looks; meanwhile the customer may stay frozen."),
	Remedy: rule.Say(
		"实例已处于目标状态时直接返回 000000。",
		"When the instance already is what the call wants, answer 000000."),
	Source: []string{"status-idempotent"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		for _, status := range []string{judge.StatusFreeze, judge.StatusUnfreeze} {
			if seen := p.Status(ctx, status, s.Purchase, s.id); !seen.OK() {
				return rule.Unknown("status=%s 第一次就没有成功：%s", "status %s did not succeed the first time: %s", status, seen.Why())
			}
			if seen := p.Status(ctx, status, s.Purchase, s.id); !seen.OK() {
				return rule.Broken("重复的 status=%s 被拒绝：%s", "status %s was refused when it came again: %s", status, seen.Why())
			}
		}
		return rule.Holds()
	},
}

var freezeHeld = rule.Rule{
	ID: "freeze-takes-effect", Families: frozen, Deep: true, Hooks: []probe.Hook{probe.HookState}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"FREEZE 之后实例是冻结的，UNFREEZE 之后是可用的。",
		"After FREEZE the instance is frozen, after UNFREEZE it is usable."),
	Cost: rule.Say(
		"接口返回成功却什么也没做：到期客户继续使用，或者付费客户无法使用。",
		"The answer is a success and nothing is done: who has expired goes on, or who has paid cannot."),
	Remedy: rule.Say(
		"先改变实例的状态，再返回 000000。",
		"Change the instance's state first, then answer 000000."),
	Source: []string{"status-idempotent", "status-modes"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		for _, want := range []struct{ status, state string }{{judge.StatusFreeze, stateFrozen}, {judge.StatusUnfreeze, stateActive}} {
			if seen := p.Status(ctx, want.status, s.Purchase, s.id); !seen.OK() {
				return rule.Unknown("status=%s 没有成功：%s", "status %s did not succeed: %s", want.status, seen.Why())
			}
			held, ok, stop := await(ctx, p, s.id, is(want.state))
			if stop != nil {
				return *stop
			}
			if !ok {
				return rule.Broken("status=%s 之后实例是 %s", "after status %s the instance is %s", want.status, held.State)
			}
		}
		return rule.Holds()
	},
}

var freezePayPerUse = rule.Rule{
	ID: "freeze-pay-per-use", Families: []judge.Family{judge.FamilySaasV2, judge.FamilySaasV1}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"按需实例也能冻结和解冻（V1.0 的解冻值是 NORMAL）。",
		"A pay-per-use instance can be frozen and thawed too (V1.0 calls the thaw NORMAL)."),
	Cost: rule.Say(
		"客户欠费后按需实例停不下来，用量继续产生而没有人付款。",
		"A pay-per-use instance of a customer in arrears cannot be stopped, and nobody pays for what it uses."),
	Remedy: rule.Say(
		"对所有计费模式都实现状态变更；V1.0 的 instanceStatus 用 FREEZE 和 NORMAL。",
		"Serve changes of the status for every charging mode; instanceStatus of V1.0 has FREEZE and NORMAL."),
	Source: []string{"status-modes", "on-demand-activities", "v1-status-words"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of, ok := purchaseOf(p, catalogue.OnDemand)
		if !ok && p.Family() == judge.FamilySaasV1 { // whose calls tell the charging mode
			of, ok = p.Purchase(), true
			of.Kind, of.Product = catalogue.OnDemand, catalogue.DemoProducts()[catalogue.OnDemand]
			of.ExpireTime = of.Product.EndAfter(p.Now())
		}
		if !ok {
			return rule.Unknown("虚构的订单没有计费模式", "a made-up order has no charging mode")
		}
		if p.Family() == judge.FamilySaasV2 { // else nothing but the mode is to blame
			s, stop := begin(ctx, p)
			if stop != nil {
				return *stop
			}
			if seen := p.Status(ctx, judge.StatusFreeze, s.Purchase, s.id); !seen.OK() {
				return rule.Unknown("包周期实例的冻结就没有成功：%s", "the freeze of a period instance did not succeed either: %s", seen.Why())
			}
		}
		s, stop := beginWith(ctx, p, of)
		if stop != nil {
			return *stop
		}
		for _, status := range []string{judge.StatusFreeze, thaw(p.Family())} {
			if seen := p.Status(ctx, status, s.Purchase, s.id); !seen.OK() {
				return rule.Broken("按需实例的 %s 被拒绝：%s", "%s of a pay-per-use instance was refused: %s", status, seen.Why())
			}
		}
		return rule.Holds()
	},
}

var unknownStatus = rule.Rule{
	ID: "unknown-status-refused", Deep: true, Severity: rule.Risks,
	Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyLicenseCode, judge.FamilySaasV1},
	Sentence: rule.Say(
		"文档没有的 status（V1.0 的 instanceStatus）被拒绝（如 000002），而不是返回 000000。",
		"A status (V1.0: instanceStatus) that no page names is refused, with 000002 for example, and not answered with 000000."),
	Cost: rule.Say(
		"“不是 FREEZE 就解冻”的代码会把将来的新状态当作解冻：欠费的客户恢复使用，云商店却以为状态已变更，没有人会发现。",
		"Code that thaws whatever is not FREEZE takes a status of the future for a thaw: who is in arrears goes on, the marketplace takes the change as done, and nobody notices."),
	Remedy: rule.Say(
		"逐一比较文档中的值，其余一律返回 000002，不改变实例，并告警。",
		"Compare with each documented value; for any other answer 000002, leave the instance as it is, and raise an alarm."),
	Source: []string{"unknown-values", "v1-status-words"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		if seen := p.Status(ctx, thaw(p.Family()), s.Purchase, s.id); !seen.OK() {
			return rule.Unknown("status=%s 没有成功：%s", "status %s did not succeed: %s", thaw(p.Family()), seen.Why())
		}
		if seen := p.Status(ctx, unheardOf, s.Purchase, s.id); seen.OK() {
			return rule.Broken("status=%s 返回 000000", "status %s was answered with 000000", unheardOf)
		}
		return rule.Holds()
	},
}
