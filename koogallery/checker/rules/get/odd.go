// SPDX-License-Identifier: Apache-2.0

package get

import (
	"context"
	"net/url"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/sign"
)

var oddParameters = rule.Rule{
	ID: "odd-parameters-are-answered", Families: v1, Severity: rule.Risks,
	Sentence: rule.Say(
		"参数值无法解析（如 amount=abc、expireTime=soon、saasExtendParams 不是 Base64）或很长时，得到 HTTP 200 和一个 resultCode。",
		"Values that cannot be read (amount=abc, expireTime=soon, a saasExtendParams that is no Base64) or are very long get HTTP 200 and a resultCode."),
	Cost: rule.Say(
		"解析异常变成 5xx 或断开的连接：云商店反复重试同一个调用，直到订单失败并退款。",
		"An exception in the parser becomes a 5xx or a broken connection: the marketplace repeats the very same call until the order fails and is refunded."),
	Remedy: rule.Say(
		"在最外层捕获解析错误，返回 HTTP 200、000002 和 Body-Sign，并保留原始请求。",
		"Catch what the parser throws at the outermost level, answer HTTP 200 with 000002 and a Body-Sign, and keep the call as it came."),
	Source: []string{"http-status", "unknown-values", "extend-params", "descriptive-text"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		if seen := p.Open(ctx, of); !seen.OK() {
			return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", seen.Why())
		}
		for _, odd := range []struct{ name, value string }{
			{"amount", "abc"}, {"amount", "-1"}, {"amount", "99999999999999999999"}, {"chargingMode", "x"}, {"expireTime", "soon"}, {"expireTime", "20301301000000"},
			{"periodNumber", "0.5"}, {"orderAmount", "free"}, {"saasExtendParams", "***"}, {"saasExtendParams", "e30="}, {"provisionType", "Z"},
			{"trialFlag", "9"}, {"customerName", strings.Repeat("名", 500)}, {"customerName", "a\x00b"}, {"mobilePhone", "***"}, {"email", ""},
		} {
			call, err := p.Write(p.Opening(of))
			if err == nil {
				call, err = signed(p, call, url.Values{odd.name: {odd.value}})
			}
			if err != nil {
				return rule.Unknown("无法写出调用：%v", "the call cannot be written: %v", err)
			}
			if seen := p.Make(ctx, call); seen.ResultCode == "" {
				return rule.Broken("newInstance 中 %s=%.20q：%s", "newInstance with %s=%.20q: %s", odd.name, odd.value, seen.Why())
			}
		}
		return rule.Holds()
	},
}

var unknownActivity = rule.Rule{
	ID: "v1-unknown-activity-refused", Families: v1, Severity: rule.Breaks,
	Sentence: rule.Say(
		"文档没有的 activity 被拒绝（如 000002），而不是返回 000000。",
		"An activity that no page names is refused, with 000002 for example, and not answered with 000000."),
	Cost: rule.Say(
		"云商店以为操作已经完成：没有实现的调用（如释放、升级）也“成功”，而什么也没发生。",
		"The marketplace takes it as done: calls that are not there, a release or an upgrade say, succeed and nothing happens."),
	Remedy: rule.Say(
		"按 activity 分派，default 分支返回 000002 并告警。",
		"Dispatch by activity, answer 000002 in the default branch, and raise an alarm."),
	Source: []string{"unknown-activity"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if seen := with(ctx, p, nil); !trusted(seen) {
			return rule.Unknown("已知的 activity 也没有得到正常应答：%s", "a known activity gets no answer to go by either: %s", seen.Why())
		}
		for _, name := range []string{"koogateUnheardOf", "newinstance", ""} {
			if seen := with(ctx, p, url.Values{"activity": {name}}); seen.Succeeded() {
				return rule.Broken("activity=%q 返回 000000", "activity %q was answered with 000000", name)
			}
		}
		return rule.Holds()
	},
}

var nextKey = rule.Rule{
	ID: "v1-two-keys-are-valid", Families: v1, Severity: rule.Risks,
	Sentence: rule.Say(
		"更换密钥期间，用新密钥和旧密钥签名的调用都被接受，应答用同一把密钥签名。",
		"While a key is changed, calls signed with the new one and with the old one are both taken, and answered with a Body-Sign by the same key."),
	Cost: rule.Say(
		"更换密钥的瞬间，在途和重试的调用全部得到 000001，订单失败。",
		"At the moment of the change all calls under way and all repetitions are answered with 000001, and orders fail."),
	Remedy: rule.Say(
		"配置一组密钥依次尝试；旧密钥在云商店全部切换之后才移除。",
		"Configure a list of keys and try each; take the old one out only when the marketplace has changed everywhere."),
	Source: []string{"key-ring"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		next := p.Config().NextKey
		if next == "" {
			return rule.Unknown("需要 --next-key：另一把同时有效的密钥", "needs --next-key, another key that is valid at the same time")
		}
		call, err := feeler(p)
		if seen := made(ctx, p, call, err); !trusted(seen) {
			return rule.Unknown("用第一把密钥签名的调用也被拒绝：%s", "a call signed with the first key is refused too: %s", seen.Why())
		}
		again, err := feeler(p)
		if err != nil {
			return rule.Unknown("无法写出调用：%v", "the call cannot be written: %v", err)
		}
		again.Asked.Key = next
		seen := altered(ctx, p, again, func(q string) string {
			other, err := sign.AuthTokenQuery(next, token(q, nil))
			if err != nil {
				return q
			}
			return token(q, []string{other})
		})
		switch {
		case !trusted(seen):
			return rule.Broken("用第二把密钥签名的调用：%s", "a call signed with the second key: %s", seen.Why())
		case !isSignedBy(next, seen) && isSignedBy(p.Config().Key, seen):
			return rule.Broken("用第二把密钥签名的调用，应答却由第一把密钥签名", "a call signed with the second key was answered with a Body-Sign by the first")
		}
		return rule.Holds()
	},
}

// isSignedBy tells whether an answer bears a Body-Sign by a key.
func isSignedBy(key string, seen probe.Seen) bool {
	return sign.VerifyBodySign(key, seen.Answer.Header.Get(sign.BodySignHeader), seen.Answer.Body)
}
