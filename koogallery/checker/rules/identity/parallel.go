// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"sync"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
)

// How many calls open the same purchase at once.
const (
	some = 20
	many = 50
)

// named tells whether an answer to newInstance names an instance that is there or will be.
func named(s probe.Seen) bool { return s.InstanceID != "" && (s.Succeeded() || s.Processing()) }

// atOnce opens a purchase with so many calls at once.
func atOnce(ctx context.Context, p *probe.Probe, of probe.Purchase, n int) []probe.Seen {
	seen := make([]probe.Seen, n)
	var wait sync.WaitGroup
	for i := range seen {
		wait.Go(func() { seen[i] = p.Open(ctx, of) })
	}
	wait.Wait()
	return seen
}

// repeats opens a purchase twice, one call after the other. If that makes two instances, nothing can be found out about more than that.
func repeats(ctx context.Context, p *probe.Probe) *rule.Outcome {
	of := p.Purchase()
	first, again := p.Open(ctx, of), p.Open(ctx, of)
	var o rule.Outcome
	switch {
	case !named(first):
		o = rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", first.Why())
	case first.InstanceID != again.InstanceID:
		o = rule.Unknown("先后两次开通已经得到两个实例", "opening twice, one call after the other, is two instances already")
	default:
		return nil
	}
	return &o
}

// rows is how many instances the seller's side holds for an order line; nil says that it does not tell.
func rows(ctx context.Context, p *probe.Probe, of probe.Purchase) (n int, stop *rule.Outcome) {
	all, err := p.Config().Hooks.State(ctx)
	if err != nil {
		o := rule.Unknown("状态钩子失败：%v", "the hook for the state failed: %v", err)
		return 0, &o
	}
	for _, i := range all {
		if i.OrderID == of.ID && (i.LineID == "" || i.LineID == of.LineID) {
			n++
		}
	}
	return n, nil
}

var parallel = rule.Rule{
	ID: "one-instance-in-parallel", Families: opening, Severity: rule.Breaks,
	Sentence: rule.Say(
		"同一订单行被同时开通 20 次，所有成功的应答都是同一个 instanceId。",
		"When the same order line is opened by 20 calls at once, all that succeed name the same instanceId."),
	Cost: rule.Say(
		"先查后插的代码在并发时各插一行：一次付款得到多个实例，云商店只知道其中一个。",
		"Code that looks first and inserts then inserts twice: several instances for one payment, of which the marketplace knows one."),
	Remedy: rule.Say(
		"在数据库中为 (orderId, orderLineId) 建唯一约束，冲突时读出已有的行并返回它。",
		"Put a unique constraint on (orderId, orderLineId) into the database, and when it conflicts read the row that is there."),
	Source: []string{"first-answer-wins", "new-instance-key"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if stop := repeats(ctx, p); stop != nil {
			return *stop
		}
		of := p.Purchase()
		id := ""
		for _, s := range atOnce(ctx, p, of, some) {
			switch {
			case !named(s):
			case id == "":
				id = s.InstanceID
			case s.InstanceID != id:
				return rule.Broken("同一订单行得到 %q 和 %q", "one order line was answered with %q and %q", id, s.InstanceID)
			}
		}
		if id == "" {
			return rule.Unknown("没有一次开通成功", "none of the calls opened it")
		}
		return rule.Holds()
	},
}

var oneRow = rule.Rule{
	ID: "one-row-under-load", Families: opening, Deep: true, Hooks: []probe.Hook{probe.HookState}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"同一订单行被同时开通 50 次，商家系统里只有一个实例。",
		"When the same order line is opened by 50 calls at once, the seller holds one instance for it."),
	Cost: rule.Say(
		"应答看起来一致，但多余的实例一直占用资源，没有人付款，也没有人释放。",
		"The answers agree, but the instances in excess go on using resources: nobody pays for them and nobody releases them."),
	Remedy: rule.Say(
		"先用唯一约束占住订单行，再开通资源；没有占到的调用等待或读取结果。",
		"Claim the order line by a unique constraint before you provision, and let the calls that did not get it read the result."),
	Source: []string{"first-answer-wins", "new-instance-key"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if stop := repeats(ctx, p); stop != nil {
			return *stop
		}
		of := p.Purchase()
		opened := false
		for _, s := range atOnce(ctx, p, of, many) {
			opened = opened || named(s)
		}
		if !opened {
			return rule.Unknown("没有一次开通成功", "none of the calls opened it")
		}
		n, stop := rows(ctx, p, of)
		switch {
		case stop != nil:
			return *stop
		case n == 0:
			return rule.Unknown("状态钩子没有说明订单 %s", "the hook for the state does not tell of the order %s", of.ID)
		case n > 1:
			return rule.Broken("一个订单行有 %d 个实例", "one order line has %d instances", n)
		}
		return rule.Holds()
	},
}
