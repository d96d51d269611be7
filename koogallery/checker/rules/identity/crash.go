// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"sync"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
)

// both are the hooks of a rule about crashes.
var both = []probe.Hook{probe.HookKill, probe.HookState}

// kept tells whether a purchase is one instance, the same as was answered before a crash.
func kept(ctx context.Context, p *probe.Probe, of probe.Purchase, before string) *rule.Outcome {
	var o rule.Outcome
	again := p.Open(ctx, of)
	n, stop := rows(ctx, p, of)
	switch {
	case stop != nil:
		return stop
	case !named(again):
		o = rule.Broken("崩溃之后再次开通得到：%s", "after the crash, opening again was answered with: %s", again.Why())
	case before != "" && again.InstanceID != before:
		o = rule.Broken("崩溃之前返回 %q，之后返回 %q", "before the crash the answer named %q, after it %q", before, again.InstanceID)
	case n != 1:
		o = rule.Broken("崩溃之后，一个订单行有 %d 个实例", "after the crash one order line has %d instances", n)
	default:
		return nil
	}
	return &o
}

var crashAfter = rule.Rule{
	ID: "crash-after-the-answer", Families: opening, Deep: true, Hooks: both, Severity: rule.Breaks,
	Sentence: rule.Say(
		"开通应答之后服务器崩溃，重启后再次开通返回同一个 instanceId，系统里仍只有一个实例。",
		"When the server crashes after it has answered an opening, opening again names the same instanceId, and there is one instance."),
	Cost: rule.Say(
		"云商店已记下的实例消失了，或者资源被开通两次。",
		"The instance that the marketplace has noted is gone, or its resources are set up twice."),
	Remedy: rule.Say(
		"在应答之前把订单行、instanceId 和要做的工作写进同一个数据库事务；幂等键不要先于工作落盘。",
		"Write the order line, the instanceId and the work to be done in one transaction before you answer, and never the key before the work."),
	Source: []string{"first-answer-wins"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if stop := repeats(ctx, p); stop != nil {
			return *stop
		}
		of := p.Purchase()
		first := p.Open(ctx, of)
		if !named(first) {
			return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", first.Why())
		}
		if n, stop := rows(ctx, p, of); stop != nil {
			return *stop
		} else if n == 0 {
			return rule.Unknown("状态钩子没有说明订单 %s", "the hook for the state does not tell of the order %s", of.ID)
		}
		if err := p.Config().Hooks.Kill(ctx); err != nil {
			return rule.Unknown("崩溃钩子失败：%v", "the hook for the crash failed: %v", err)
		}
		if broken := kept(ctx, p, of, first.InstanceID); broken != nil {
			return *broken
		}
		return rule.Holds()
	},
}

// underWay is how many purchases are being opened when the server crashes.
const underWay = 4

var crashDuring = rule.Rule{
	ID: "crash-before-the-answer", Families: opening, Deep: true, Hooks: both, Severity: rule.Breaks,
	Sentence: rule.Say(
		"开通过程中服务器崩溃，云商店重试后系统里只有一个实例；已经应答过的 instanceId 保持不变。",
		"When the server crashes while it opens purchases, each is one instance after the repetition, and an instanceId that was answered stays."),
	Cost: rule.Say(
		"资源已开通而没有记录：重试再开通一份，第一份永远没有人释放。",
		"Resources were set up and never noted: the repetition sets up others, and nobody ever releases the first."),
	Remedy: rule.Say(
		"先记录意图再开通资源，资源名由订单行算出，重试时先查找已有的资源。",
		"Note the intent before you provision, derive the resource's name from the order line, and look for it at the repetition."),
	Source: []string{"first-answer-wins"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		var of [underWay]probe.Purchase
		var seen [underWay]probe.Seen
		if stop := repeats(ctx, p); stop != nil {
			return *stop
		}
		for n := range of {
			of[n] = p.Purchase()
		}
		var wait sync.WaitGroup
		for n := range seen {
			wait.Go(func() { seen[n] = p.Open(ctx, of[n]) })
		}
		err := p.Config().Hooks.Kill(ctx)
		wait.Wait()
		if err != nil {
			return rule.Unknown("崩溃钩子失败：%v", "the hook for the crash failed: %v", err)
		}
		for n := range of {
			before := ""
			if named(seen[n]) {
				before = seen[n].InstanceID
			}
			if broken := kept(ctx, p, of[n], before); broken != nil {
				return *broken
			}
		}
		return rule.Holds()
	},
}
