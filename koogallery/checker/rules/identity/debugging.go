// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"slices"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
)

// billable are the seller's instances that were not made by the debugger.
func billable(ctx context.Context, p *probe.Probe) ([]probe.Instance, error) {
	all, err := p.Config().Hooks.State(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(i probe.Instance) bool { return i.Test }), err
}

var debuggingLeaves = rule.Rule{
	ID: "debugging-leaves-nothing", Families: opening, Hooks: []probe.Hook{probe.HookState}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"调试调用（testFlag=1）不留下正式实例。",
		"A debugging call (testFlag=1) leaves no instance behind that is not marked as one of the debugger."),
	Cost: rule.Say(
		"拨测每天两次重放用例：每次都开通真实资源，没有订单为它们付款。",
		"The dial test plays the cases twice a day: each time real resources are set up that no order pays for."),
	Remedy: rule.Say(
		"testFlag 为 1 时只校验并应答，不开通资源、不写正式数据。",
		"When testFlag is 1, verify and answer, and neither provision nor write to the real data."),
	Source: []string{"test-flag", "dial-test"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		a := p.Opening(of)
		a.Params["testFlag"] = "1"
		if s := p.Do(ctx, a); s.ResultCode == "" {
			return rule.Unknown("没有可用的应答：%s", "there is no answer to go by: %s", s.Why())
		}
		after, err := billable(ctx, p)
		if err != nil {
			return rule.Unknown("状态钩子失败：%v", "the hook for the state failed: %v", err)
		}
		for _, i := range after {
			if i.OrderID == of.ID { // which nobody has paid for
				return rule.Broken("调试调用之后有正式实例 %q", "after a debugging call there is an instance %q, not marked as one of the debugger", i.ID)
			}
		}
		return rule.Holds()
	},
}

var debuggingTouches = rule.Rule{
	ID: "debugging-touches-nothing", Families: opening, Deep: true, Hooks: []probe.Hook{probe.HookState}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"调试调用（testFlag=1）不改变正式实例。",
		"A debugging call (testFlag=1) changes no instance that was bought."),
	Cost: rule.Say(
		"在调试页面填入真实的 instanceId，或拨测重放旧用例，都会释放客户正在使用的服务。",
		"A real instanceId on the debugging page, or an old case that is played again, releases a service that a customer is using."),
	Remedy: rule.Say(
		"在写数据之前判断 testFlag，为 1 时直接应答。",
		"Look at testFlag before you write anything, and answer at once when it is 1."),
	Source: []string{"test-flag", "dial-test"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		id, last := p.Opened(ctx, of)
		if !last.OK() {
			return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", last.Why())
		}
		state := func() (string, bool) {
			all, err := billable(ctx, p)
			n := slices.IndexFunc(all, func(i probe.Instance) bool { return i.ID == id })
			if err != nil || n < 0 {
				return "", false
			}
			return all[n].State, true
		}
		before, ok := state()
		if !ok {
			return rule.Unknown("状态钩子没有说明实例 %q", "the hook for the state does not tell of the instance %q", id)
		}
		order := p.Later(of, openapi.MockUnsubscribe)
		p.Do(ctx, probe.Act{
			Activity: judge.ActivityRelease, About: order, Root: of, Instance: id,
			Params: map[string]any{"orderId": order.ID, "orderLineId": order.LineID, "testFlag": "1"},
		})
		if after, _ := state(); after != before {
			return rule.Broken("调试释放使正式实例从 %s 变为 %q", "a debugging release took an instance that was bought from %s to %q", before, after)
		}
		return rule.Holds()
	},
}
