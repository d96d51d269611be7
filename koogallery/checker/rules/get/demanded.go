// SPDX-License-Identifier: Apache-2.0

package get

import (
	"context"
	"net/url"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
)

var tokenDemanded = rule.Rule{
	ID: "auth-token-demanded", Families: v1, Severity: rule.Exposes,
	Sentence: rule.Say(
		"没有 authToken、authToken 为空或错误、用别的密钥签名、签名后改过参数的调用都被拒绝。",
		"A call without an authToken, with an empty or a wrong one, signed with another key, or altered after it was signed, is refused."),
	Cost: rule.Say(
		"任何人都可以冒充云商店开通、续费或释放实例。",
		"Anybody can act for the marketplace: open, renew and release instances."),
	Remedy: rule.Say(
		"先校验 authToken（Base64(HMAC-SHA256(Key+timeStamp, 排序后的参数))），不一致返回 000001；任何配置都不能关闭校验。",
		"Verify authToken first (Base64 of HMAC-SHA256 with Key and timeStamp over the sorted parameters) and answer 000001 when it differs; let no setting switch that off."),
	Source: []string{"auth-token-key", "verify-first"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		call, err := feeler(p)
		if seen := made(ctx, p, call, err); !trusted(seen) {
			return rule.Unknown("正确签名的调用也被拒绝：%s", "a call that is signed rightly is refused too: %s", seen.Why())
		}
		for _, fake := range []struct {
			zh, en string
			alter  func(string) string
		}{
			{"没有 authToken", "without an authToken", func(q string) string { return token(q, nil) }},
			{"authToken 为空", "with an empty authToken", func(q string) string { return token(q, []string{""}) }},
			{"authToken 错误", "with a wrong authToken", func(q string) string {
				return token(q, []string{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="})
			}},
			{"用别的密钥签名", "signed with another key", func(q string) string {
				other, err := sign.AuthTokenQuery(p.Config().Key+"x", token(q, nil))
				if err != nil {
					return token(q, nil)
				}
				return token(q, []string{other})
			}},
			{"签名后改了 instanceId", "whose instanceId was altered", func(q string) string {
				return strings.Replace(q, "koogate-check-unknown", "koogate-check-unkn0wn", 1)
			}},
			{"签名后改了 timeStamp", "whose timeStamp was altered", func(q string) string {
				return strings.Replace(q, sign.ParamTimeStamp+"=2", sign.ParamTimeStamp+"=1", 1)
			}},
		} {
			if seen := altered(ctx, p, call, fake.alter); worked(seen) {
				return rule.Broken("%[1]s的调用得到 %[3]s", "a call %[2]s was answered with %[3]s", fake.zh, fake.en, seen.ResultCode)
			}
		}
		return rule.Holds()
	},
}

// token replaces the authToken of a query.
func token(rawQuery string, values []string) string {
	var parts []string
	for part := range strings.SplitSeq(rawQuery, "&") {
		if !strings.HasPrefix(part, sign.ParamAuthToken+"=") {
			parts = append(parts, part)
		}
	}
	for _, value := range values {
		parts = append(parts, sign.ParamAuthToken+"="+url.QueryEscape(value))
	}
	return strings.Join(parts, "&")
}

var tokenFirst = rule.Rule{
	ID: "token-before-secrets", Families: saas, Severity: rule.Exposes,
	Sentence: rule.Say(
		"authToken 错误时，无论 mobilePhone、email 能否解密，应答都相同。",
		"When authToken is wrong the answer is the same whether or not mobilePhone and email can be decrypted."),
	Cost: rule.Say(
		"陌生人不需要密钥就能让服务端解密任意密文：消耗计算资源，并从不同的应答中推断明文。",
		"A stranger without a key has the server decrypt what he likes: it costs work, and the answers tell him about the plain text."),
	Remedy: rule.Say(
		"先校验 authToken，通过之后才解密；校验失败一律返回 000001。",
		"Verify authToken first and decrypt only then; answer 000001 to whatever fails."),
	Source: []string{"verify-first", "auth-token-decoding"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		call, err := p.Write(p.Opening(p.Purchase()))
		if err != nil {
			return rule.Unknown("无法写出调用：%v", "the call cannot be written: %v", err)
		}
		wrong := []string{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
		plain := altered(ctx, p, call, func(q string) string { return token(q, wrong) })
		if plain.ResultCode == "" || worked(plain) {
			return rule.Unknown("错误的 authToken 没有被正常拒绝：%s", "a wrong authToken is not refused in order: %s", plain.Why())
		}
		for _, garbage := range []string{"garbage", "0123456789abcdefAAAA", "0123456789abcdefAAAAAAAAAAAAAAAAAAAAAA=="} {
			seen := altered(ctx, p, call, func(q string) string {
				all, err := url.ParseQuery(q)
				if err != nil {
					return q
				}
				all.Set("mobilePhone", garbage)
				all.Set("email", garbage)
				all.Del(sign.ParamAuthToken)
				return token(all.Encode(), wrong)
			})
			if seen.ResultCode != plain.ResultCode {
				return rule.Broken("authToken 错误时返回 %s，密文也无法解密时：%s", "a wrong authToken is answered with %s, but beside a ciphertext that cannot be read: %s",
					plain.ResultCode, seen.Why())
			}
		}
		return rule.Holds()
	},
}

var signedValue = rule.Rule{
	ID: "signed-value-counts", Families: v1, Severity: rule.Exposes,
	Sentence: rule.Say(
		"在已签名的调用后面追加第二个 orderId，不会使它作用于另一个订单。",
		"A second orderId that is added to a signed call does not make it act on another order."),
	Cost: rule.Say(
		"陌生人截获一个调用，追加参数就能对别的订单生效，而签名仍然正确。",
		"A stranger who has seen one call adds a parameter and has it act on another order, with a signature that still fits."),
	Remedy: rule.Say(
		"签名和业务使用同一份已解析的参数：同名参数都取第一个（示例代码的做法），或者拒绝重复的参数名。",
		"Use the very parameters that were verified: the first of each name, as the sample does, or refuse a name that comes twice."),
	Source: []string{"auth-token-repeated-name"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		one, two := p.Purchase(), p.Purchase()
		first, second := p.Open(ctx, one), p.Open(ctx, two)
		if !first.OK() || !second.OK() || first.InstanceID == second.InstanceID {
			return rule.Unknown("两个订单没有得到两个实例：%s；%s", "two orders did not get two instances: %s; %s", first.Why(), second.Why())
		}
		call, err := p.Write(p.Opening(one))
		if err != nil {
			return rule.Unknown("无法写出调用：%v", "the call cannot be written: %v", err)
		}
		seen := altered(ctx, p, call, func(q string) string { return q + "&orderId=" + url.QueryEscape(two.ID) })
		if seen.Outcome == judge.OutcomeOK && seen.InstanceID == second.InstanceID {
			return rule.Broken("签名的是订单 %s，返回的却是追加的订单 %s 的实例", "order %s was signed, and the instance of the added order %s was returned", one.ID, two.ID)
		}
		return rule.Holds()
	},
}
