// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
)

var repeats = rule.Rule{
	ID: "kit-repeats-succeed", Families: both, Severity: rule.Breaks,
	Sentence: rule.Say(
		"相同的同步调用（timeStamp 也相同）再次到达时返回 000000。",
		"The same synchronisation, with the same timeStamp, is answered with 000000 when it comes again."),
	Cost: rule.Say(
		"买家点重试时总是失败：第一次其实已经生效，企业却一直无法绑定。",
		"Whenever the buyer tries again it fails: the first call did take effect, and yet the enterprise cannot be bound."),
	Remedy: rule.Say(
		"按 (instanceId, tenantId, 应用/用户/部门) 做 upsert，已存在时返回 000000。",
		"Insert or update by instanceId, tenantId and the application, user or department, and answer 000000 when it is there."),
	Source: []string{"kit-repeat", "kit-keys-of-things"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		for _, act := range newEnterprise(p).acts() {
			if stop := succeeds(ctx, p, act); stop != nil {
				return *stop
			}
			if seen := p.Do(ctx, act); !seen.OK() {
				return rule.Broken("重复的 %s 得到：%s", "%s was answered with, when it came again: %s", act.Activity, seen.Why())
			}
		}
		return rule.Holds()
	},
}

var deletes = rule.Rule{
	ID: "kit-deletes-without-instance", Families: both, Severity: rule.Breaks,
	Sentence: rule.Say(
		"删除（flag=0）企业、用户、部门时不检查实例是否存在，返回 000000。",
		"Deleting (flag 0) an enterprise, a user or a department is answered with 000000 and does not ask for the instance."),
	Cost: rule.Say(
		"实例先被释放后，买家无法解散企业，离职成员的账号一直可用。",
		"Once the instance is released the buyer cannot dissolve the enterprise, and accounts of people who left stay usable."),
	Remedy: rule.Say(
		"删除时忽略不存在的实例、企业、用户和部门，返回 000000。",
		"When you delete, pass over instances, enterprises, users and departments that are not there, and answer 000000."),
	Source: []string{"kit-delete-without-instance"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e, stop := plainly(ctx, p)
		if stop != nil {
			return *stop
		}
		for _, act := range []probe.Act{e.users(0, e.two()), e.department(0, "00000001"), e.enrol(0)} {
			if seen := p.Do(ctx, act); !seen.OK() {
				return rule.Broken("%s 的删除得到：%s", "the deletion by %s was answered with: %s", act.Activity, seen.Why())
			}
		}
		return rule.Holds()
	},
}

var flags = rule.Rule{
	ID: "kit-flags", Families: both, Severity: rule.Breaks,
	Sentence: rule.Say(
		"文档列出的 flag 都返回 000000：用户和部门的 2（修改），V2.0 企业的 2（修改）和用户的 3（取消授权）。",
		"The documented flags are answered with 000000: 2 (change) of users and departments, and in V2.0 2 of an enterprise and 3 (withdraw) of users."),
	Cost: rule.Say(
		"改名、禁用和取消授权不生效：被取消的用户仍能登录。",
		"Changes of names, disabled accounts and withdrawn rights have no effect: a user who was withdrawn can still log in."),
	Remedy: rule.Say(
		"处理每个接口文档中的全部 flag 值；3 取消授权但保留账号，0 删除账号。",
		"Handle every flag of each interface's table; 3 withdraws the right and keeps the account, 0 deletes it."),
	Source: []string{"kit-tenant-flags", "kit-auth-flags"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e := newEnterprise(p)
		for _, act := range e.acts() {
			if stop := succeeds(ctx, p, act); stop != nil {
				return *stop
			}
		}
		acts := []probe.Act{e.department(2, "00000001"), e.users(2, e.two())}
		if p.Family() == judge.FamilyKitV2 {
			acts = append(acts, e.enrol(2), e.users(3, e.two()))
		}
		for _, act := range acts {
			if seen := p.Do(ctx, act); !seen.OK() {
				return rule.Broken("%s flag=%v 得到：%s", "%s with flag %v was answered with: %s", act.Activity, act.Params["flag"], seen.Why())
			}
		}
		return rule.Holds()
	},
}

var unknownFlag = rule.Rule{
	ID: "kit-unknown-flag-refused", Families: both, Deep: true, Severity: rule.Risks,
	Sentence: rule.Say(
		"文档没有的 flag 被拒绝（如 000002），而不是返回 000000。",
		"A flag that no page names is refused, with 000002 for example, and not answered with 000000."),
	Cost: rule.Say(
		"云商店以为新操作已经完成，而商家什么也没做，没有人会发现。",
		"The marketplace takes an operation of the future as done while the seller did nothing, and nobody notices."),
	Remedy: rule.Say(
		"switch 的 default 分支返回 000002 并告警。",
		"Answer 000002 in the default branch and raise an alarm."),
	Source: []string{"kit-tenant-flags", "kit-auth-flags", "unknown-values"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e, stop := plainly(ctx, p)
		if stop != nil {
			return *stop
		}
		for _, act := range []probe.Act{e.enrol(77), e.users(77, e.two()), e.department(77, "00000001")} {
			if seen := p.Do(ctx, act); seen.OK() {
				return rule.Broken("%s flag=77 返回 000000", "%s with flag 77 was answered with 000000", act.Activity)
			}
		}
		return rule.Holds()
	},
}

var late = rule.Rule{
	ID: "kit-late-calls-succeed", Families: both, Severity: rule.Risks,
	Sentence: rule.Say(
		"timeStamp 更早的调用晚到、或两个调用的 timeStamp 相同时，也返回 000000。",
		"A call that comes late, with an earlier timeStamp, and one with the timeStamp of another are answered with 000000 too."),
	Cost: rule.Say(
		"失败的调用由人工在任意时间重试：报错会让已经过时的操作永远无法结束。",
		"A call that failed is repeated by hand at any time: an error leaves an operation that no longer matters open for ever."),
	Remedy: rule.Say(
		"比较 timeStamp，以较晚的为准；较早的不改变任何数据，返回 000000。",
		"Compare the times and let the later count; change nothing for the earlier, and answer 000000."),
	Source: []string{"kit-last-writer", "kit-same-moment"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e := newEnterprise(p)
		early, later := e.department(1, "00000001"), e.department(2, "00000001")
		if stop := succeeds(ctx, p, later); stop != nil {
			return *stop
		}
		if seen := p.Do(ctx, early); !seen.OK() {
			return rule.Broken("晚到的 singleOrgSync 得到：%s", "a singleOrgSync that came late was answered with: %s", seen.Why())
		}
		early.Params["timeStamp"], early.Params["orgName"] = later.Params["timeStamp"], "研发部"
		if seen := p.Do(ctx, early); !seen.OK() {
			return rule.Broken("timeStamp 相同的 singleOrgSync 得到：%s", "a singleOrgSync of the same time was answered with: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var credential = rule.Rule{
	ID: "kit-credential-rehearsed", Families: both, Severity: rule.Refused,
	Sentence: rule.Say(
		"申请应用凭证时的调用（instanceId 和 orderId 为空，testFlag=1）返回 000000。",
		"The calls of the application for a credential (empty instanceId and orderId, testFlag 1) are answered with 000000."),
	Cost: rule.Say(
		"五个 Kit 接口调试不通过，申请不到应用凭证，联营商品无法发布。",
		"The Kit's five interfaces do not pass, there is no credential, and the joint product cannot be published."),
	Remedy: rule.Say(
		"instanceId 为空时只校验格式、不保存数据，返回 000000。",
		"When instanceId is empty, check the form alone, keep nothing, and answer 000000."),
	Source: []string{"kit-rehearsal"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e, stop := plainly(ctx, p)
		if stop != nil {
			return *stop
		}
		e.instance, e.order = "", ""
		for _, act := range e.acts() {
			act.Params["testFlag"] = 1
			if seen := p.Do(ctx, act); !seen.OK() {
				return rule.Broken("instanceId 为空的 %s 得到：%s", "%s with an empty instanceId was answered with: %s", act.Activity, seen.Why())
			}
		}
		return rule.Holds()
	},
}
