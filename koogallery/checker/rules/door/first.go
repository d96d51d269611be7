// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

var authenticationFirst = rule.Rule{
	ID: "authentication-comes-first", Families: posted, Severity: rule.Risks,
	Sentence: rule.Say(
		"签名错误的调用得到同样的应答，无论请求体是否能读懂：先验签，再做其它任何事情。",
		"A wrongly signed call is answered alike whether its body can be read or not: the signature is verified before any other work."),
	Cost: rule.Say(
		"陌生人可以让您的解析器和数据库工作，并从不同的应答中了解内部情况。",
		"A stranger can make your parser and your database work, and learns from the differences."),
	Remedy: rule.Say(
		"在过滤器中用原始字节验签，失败立即返回 000001，之后才解析。",
		"Verify the raw bytes in a filter, answer 000001 at once when they do not fit, and parse only then."),
	Source: []string{"verify-first"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		call := knock(p)
		wrong := func(body string) probe.Seen {
			return p.Make(ctx, signed(p, call, "not-"+p.Config().Key, p.Now(), []byte(body)))
		}
		plain := wrong(string(call.Body))
		if let(plain) || plain.ResultCode == "" && plain.Status == 0 {
			return rule.Unknown("签名错误的调用没有被拒绝", "a wrongly signed call is not refused")
		}
		for _, odd := range oddBodies() {
			if odd.body == "" {
				continue // a server may want a body at all
			}
			if s := wrong(odd.body); s.Status != plain.Status || s.ResultCode != plain.ResultCode {
				return rule.Broken("签名错误、请求体是%s：得到 %s，能读懂时得到 %s", "wrongly signed, %s was answered with %s, a body that can be read with %s",
					rule.Say(odd.zh, odd.en), told(s), told(plain))
			}
		}
		return rule.Holds()
	},
}

// told is how an answer is named.
func told(s probe.Seen) any {
	if s.ResultCode != "" {
		return s.ResultCode
	}
	return s.StatusText()
}

var replay = rule.Rule{
	ID: "replayed-call-has-no-effect", Families: posted, Deep: true, Hooks: []probe.Hook{probe.HookState}, Severity: rule.Risks,
	Sentence: rule.Say(
		"同样的字节再次到达时不再生效：冻结、解冻之后重放冻结，实例仍为正常状态。",
		"The same bytes have no second effect: when a freeze is played again after the thaw, the instance stays as it is."),
	Cost: rule.Say(
		"截获一个地址的人可以在 60 秒内重复冻结或续期客户的实例。",
		"Whoever catches an address can freeze a customer's instance again within the 60 seconds that it is valid."),
	Remedy: rule.Say(
		"验签通过后记住签名（至少 120 秒，多台服务器共享），再次出现就返回 000001。",
		"Remember each verified signature for 120 seconds, shared by all servers, and answer 000001 when it comes again."),
	Source: []string{"nonce", "status-idempotent"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		id := p.Config().Code
		if id == "" {
			id = catalogue.LicenseCode(p.NewID())
		}
		if p.Family().Knows(judge.ActivityNew) {
			var last probe.Seen
			if id, last = p.Opened(ctx, of); !last.OK() {
				return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", last.Why())
			}
		}
		freeze, err := p.Write(probe.Act{
			Activity: judge.ActivityStatus, Scene: judge.StatusFreeze, About: of, Instance: id, Params: map[string]any{"status": judge.StatusFreeze},
		})
		if err != nil {
			return rule.Unknown("调用无法写出", "the call cannot be written")
		}
		if s := p.Make(ctx, freeze); !s.OK() {
			return rule.Unknown("冻结没有成功：%s", "the freeze did not succeed: %s", s.Why())
		}
		if s := p.Status(ctx, judge.StatusUnfreeze, of, id); !s.OK() {
			return rule.Unknown("解冻没有成功：%s", "the thaw did not succeed: %s", s.Why())
		}
		before, ok := state(ctx, p, id)
		p.Make(ctx, freeze)
		after, still := state(ctx, p, id)
		switch {
		case !ok || !still:
			return rule.Unknown("状态钩子没有说明实例 %q", "the hook for the state does not tell of the instance %q", id)
		case before != after:
			return rule.Broken("重放冻结之后，状态从 %s 变为 %s", "when the freeze was played again the state went from %s to %s", before, after)
		}
		return rule.Holds()
	},
}

// state is what the seller's side holds of an instance.
func state(ctx context.Context, p *probe.Probe, id string) (string, bool) {
	all, err := p.Config().Hooks.State(ctx)
	if err != nil {
		return "", false
	}
	for _, i := range all {
		if i.ID == id {
			return i.State, true
		}
	}
	return "", false
}
