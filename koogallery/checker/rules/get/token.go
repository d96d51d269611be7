// SPDX-License-Identifier: Apache-2.0

package get

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/sign"
)

var (
	tokenCost = rule.Say(
		"签名校验误判，真实的调用得到 000001：这些订单全部失败并退款。",
		"The signature check errs and real calls are answered with 000001: all such orders fail and are refunded.")
	tokenUnknown = rule.Unknown("没有特殊字符的同样调用也被拒绝", "the same call without anything special is refused too")
)

var anyOrder = rule.Rule{
	ID: "auth-token-any-order", Families: v1, Severity: rule.Breaks,
	Sentence: rule.Say(
		"无论参数在 URL 中的顺序如何，authToken 校验都通过。",
		"authToken fits in whichever order the parameters stand in the URL."),
	Cost: tokenCost,
	Remedy: rule.Say(
		"按参数名的字典序（如 Java TreeMap，大写在前）排序后再拼接，不要使用收到的顺序。",
		"Sort by the names before you join, as Java's TreeMap does (upper case first), and do not use the order of the URL."),
	Source: []string{"auth-token-order"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		call, err := feeler(p)
		if seen := made(ctx, p, call, err); !trusted(seen) {
			return tokenUnknown
		}
		reversed := altered(ctx, p, call, func(q string) string {
			parts := strings.Split(q, "&")
			slices.Reverse(parts)
			return strings.Join(parts, "&")
		})
		if !trusted(reversed) {
			return rule.Broken("参数倒序时：%s", "with the parameters in reverse: %s", reversed.Why())
		}
		return rule.Holds()
	},
}

var openParameters = rule.Rule{
	ID: "unknown-parameters-signed", Families: v1, Severity: rule.Breaks,
	Sentence: rule.Say(
		"带有文档没有的参数时，authToken 校验仍然通过。",
		"authToken fits when there are parameters that no page names."),
	Cost: tokenCost,
	Remedy: rule.Say(
		"用收到的全部参数（除 authToken 外）计算签名，不要用固定的参数列表。",
		"Compute the token over all parameters that came, but authToken, and not over a fixed list."),
	Source: []string{"v1-open-parameters", "unknown-members"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if !trusted(with(ctx, p, nil)) {
			return tokenUnknown
		}
		if seen := with(ctx, p, url.Values{"koogateCheck": {"1"}, "Koogate": {"A"}, "_koogate": {"z"}}); !trusted(seen) {
			return rule.Broken("带未知参数时：%s", "with unknown parameters: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var values = rule.Rule{
	ID: "auth-token-values", Families: v1, Severity: rule.Breaks,
	Sentence: rule.Say(
		"参数值含有 +、/、=、&、空格、百分号或中文（在 URL 中已编码）时，authToken 校验通过。",
		"authToken fits when values hold +, /, =, &, a blank, a per cent sign or Chinese, encoded in the URL."),
	Cost: tokenCost,
	Remedy: rule.Say(
		"每个值只做一次 URL 解码，用解码后的原文拼接；不要二次解码，也不要拼接编码后的文本。",
		"Decode each value once and join what comes out; do not decode twice, and do not join the encoded text."),
	Source: []string{"auth-token-decoding", "auth-token-key"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if !trusted(with(ctx, p, url.Values{"customerName": {"plain"}})) {
			return tokenUnknown
		}
		for _, value := range []string{"a+b", "a/b", "a=b", "a&b", "a b", "a%2Bb", "100%", "示例科技", "𠮷野", "a\"b'c<d>", "W3sibmFtZSI6+/=="} {
			if seen := with(ctx, p, url.Values{"customerName": {value}}); !trusted(seen) {
				return rule.Broken("customerName=%s 时：%s", "with customerName %s: %s", fmt.Sprintf("%q", value), seen.Why())
			}
		}
		return rule.Holds()
	},
}

var emptyValues = rule.Rule{
	ID: "auth-token-empty-values", Families: v1, Severity: rule.Breaks,
	Sentence: rule.Say(
		"空值参数以 name= 的形式参与签名，authToken 校验通过。",
		"Parameters with an empty value are signed as name=, and authToken fits."),
	Cost: tokenCost,
	Remedy: rule.Say(
		"GET 调用保留空值（只有 Kit 的 POST 调用才跳过空值）。",
		"Keep empty values of GET calls; only the Kit's POST calls skip them."),
	Source: []string{"auth-token-blanks"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if !trusted(with(ctx, p, url.Values{"customerName": {"plain"}})) {
			return tokenUnknown
		}
		if seen := with(ctx, p, url.Values{"customerName": {""}}); !trusted(seen) {
			return rule.Broken("customerName 为空时：%s", "with an empty customerName: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var unescapedPlus = rule.Rule{
	ID: "unescaped-plus", Families: v1, Severity: rule.Risks,
	Sentence: rule.Say(
		"authToken 中的 + 未经编码、到达时变成空格时，校验仍然通过。",
		"A token whose plus sign was not escaped, so that it arrives as a blank, still fits."),
	Cost: rule.Say(
		"文档的示例没有对 + 编码：若云商店如此调用，约一半的调用会被随机拒绝。",
		"The pages' own examples do not escape it: if a call comes that way, about half of them are refused at random."),
	Remedy: rule.Say(
		"校验失败时，把 authToken、mobilePhone、email、saasExtendParams 中的空格换成 + 再校验一次，并记录日志。",
		"When the check fails, read blanks in authToken, mobilePhone, email and saasExtendParams as plus signs, try once more, and log it."),
	Source: []string{"auth-token-plus"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		const most = 200 // a token without a plus sign comes three times in five
		for n := range most {
			call, err := feeler(p)
			if err == nil {
				call, err = signed(p, call, url.Values{"customerName": {fmt.Sprintf("plus%d", n)}})
			}
			if err != nil {
				return rule.Unknown("无法写出调用：%v", "the call cannot be written: %v", err)
			}
			u, err := url.Parse(call.URL)
			if err != nil || !strings.Contains(u.Query().Get(sign.ParamAuthToken), "+") {
				continue
			}
			if !trusted(p.Make(ctx, call)) {
				return tokenUnknown
			}
			raw := altered(ctx, p, call, func(q string) string { return strings.ReplaceAll(q, "%2B", "+") })
			if !trusted(raw) {
				return rule.Broken("authToken 中的 + 未编码时：%s", "with an unescaped plus sign in authToken: %s", raw.Why())
			}
			return rule.Holds()
		}
		return rule.Unknown("没有得到含 + 的 authToken", "no authToken with a plus sign came up")
	},
}
