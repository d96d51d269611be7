// SPDX-License-Identifier: Apache-2.0

package door

import (
	"bytes"
	"context"
	"net/url"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

var understood = rule.Rule{
	ID: "signed-call-is-accepted", Families: posted, Severity: rule.Breaks,
	Sentence: rule.Say(
		"按文档签名的调用被接受：毫秒时间戳、大写十六进制签名、紧凑且按名称排序的 JSON。",
		"A call that is signed as the documents say is accepted: a timestamp in milliseconds, the signature in upper-case hex, compact JSON in the order of names."),
	Cost: rule.Say(
		"云商店的所有调用都会失败，没有订单能够开通。",
		"Every call of the marketplace fails, and no order is ever opened."),
	Remedy: rule.Say(
		"signature = HEX(HMAC-SHA256(key, key + nonce + timestamp + hex(HMAC-SHA256(key, body))))，两次 HMAC 的密钥都是访问密钥；同时检查 --key 是否正确。",
		"signature = HEX(HMAC-SHA256(key, key + nonce + timestamp + hex(HMAC-SHA256(key, body)))), both with the access key; also look whether --key is the right one."),
	Source: []string{"url-signature-keys", "timestamp-unit"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s := p.Make(ctx, knock(p))
		switch code := resultcode.Code(s.ResultCode); {
		case let(s):
			return rule.Holds()
		case code == resultcode.AuthFailed, code == resultcode.InvalidParam:
			return rule.Broken("正确的调用得到 %s %q", "a call as it should be was answered with %s %q", s.ResultCode, s.ResultMsg)
		default:
			return rule.Unknown("没有可用的应答：%s", "there is no answer to go by: %s", s.Why())
		}
	},
}

var wrongSignature = rule.Rule{
	ID: "wrong-signature-is-refused", Families: posted, Severity: rule.Exposes,
	Sentence: rule.Say(
		"签名与密钥或请求体不符的调用被拒绝（000001）。",
		"A call whose signature does not fit the key or the body is refused (000001)."),
	Cost: rule.Say(
		"任何人都可以冒充云商店：免费开通实例，或释放客户的实例。",
		"Anybody can act for the marketplace: open instances without paying, or release those of your customers."),
	Remedy: rule.Say(
		"用访问密钥重新计算整个签名，与收到的全部 64 位逐一比较（常数时间），不符就返回 000001。",
		"Compute the whole signature with the access key, compare all 64 digits in constant time, and answer 000001 if they differ."),
	Source: []string{"url-signature-keys", "result-codes"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		altered, cut, random := knock(p), knock(p), knock(p)
		altered.Body = append(bytes.TrimSuffix(altered.Body, []byte("}")), `,"productId":"OFFI0"}`...)
		cut.URL = resign(cut.URL, func(s string) string { return s[:16] })
		random.URL = resign(random.URL, func(s string) string { return strings.Repeat("5A", len(s)/2) })
		other := knock(p)
		return refuses(
			ctx, p,
			attempt{signed(p, other, "not-"+p.Config().Key, p.Now(), other.Body), "用另一个密钥签名", "that is signed with another key"},
			attempt{random, "签名是随意 64 位十六进制数", "with any 64 hex digits for a signature"},
			attempt{altered, "签名之后请求体被改动", "whose body was altered after it was signed"},
			attempt{cut, "签名只有前 16 位", "with only the first 16 digits of its signature"},
		)
	},
}

var unsigned = rule.Rule{
	ID: "unsigned-call-is-refused", Families: posted, Severity: rule.Exposes,
	Sentence: rule.Say(
		"没有签名或签名为空的调用被拒绝，调试调用（testFlag=1）也不例外。",
		"A call without a signature, or with an empty one, is refused, also when it is a debugging call (testFlag=1)."),
	Cost: rule.Say(
		"任何知道地址的人都可以冒充云商店。",
		"Anybody who knows the address can act for the marketplace."),
	Remedy: rule.Say(
		"signature、timestamp、nonce 缺一不可；不要用配置开关或 testFlag 跳过验签。",
		"Demand signature, timestamp and nonce, and let neither a setting nor testFlag skip the verification."),
	Source: []string{"missing-time-or-nonce", "verify-first"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		none, empty, bare := knock(p), knock(p), knock(p)
		none.URL = unsign(none.URL)
		empty.URL = resign(empty.URL, func(string) string { return "" })
		bare.URL = p.Config().URL
		return refuses(
			ctx, p,
			attempt{none, "没有 signature ", "without a signature"},
			attempt{empty, "signature 为空", "with an empty signature"},
			attempt{bare, "没有 signature、timestamp 和 nonce ", "without signature, timestamp and nonce"},
		)
	},
}

var hexCase = rule.Rule{
	ID: "signature-in-either-case", Families: posted, Severity: rule.Breaks,
	Sentence: rule.Say(
		"大写和小写十六进制的签名都被接受。",
		"The signature is accepted in upper-case and in lower-case hex."),
	Cost: rule.Say(
		"文档示例两种写法都有；只认一种的服务器会拒绝真实调用。",
		"The printed examples have both; a server that knows one refuses genuine calls."),
	Remedy: rule.Say(
		"比较之前把收到的签名转换为同一大小写，或按字节比较解码后的值。",
		"Fold the case of what was received before you compare, or compare the decoded bytes."),
	Source: []string{"url-signature-case"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		lower := knock(p)
		lower.URL = resign(lower.URL, strings.ToLower)
		upper, folded := p.Make(ctx, knock(p)), p.Make(ctx, lower)
		switch {
		case !let(upper) && !let(folded):
			return rule.Unknown("正确的调用没有被接受：%s", "a call as it should be is not accepted: %s", upper.Why())
		case !let(upper):
			return rule.Broken("大写签名得到 %s，小写被接受", "the upper-case signature was answered with %s, the lower-case one accepted", upper.Why())
		case !let(folded):
			return rule.Broken("小写签名得到 %s，大写被接受", "the lower-case signature was answered with %s, the upper-case one accepted", folded.Why())
		}
		return rule.Holds()
	},
}

var nextKey = rule.Rule{
	ID: "two-keys-are-valid", Families: posted, Severity: rule.Breaks,
	Sentence: rule.Say(
		"更换密钥期间，新旧两个密钥签名的调用都被接受。",
		"While a key is changed, calls signed with the old and with the new one are accepted."),
	Cost: rule.Say(
		"换密钥的瞬间，在途订单和拨测全部失败；请求中没有密钥编号，也没有约定的切换时刻。",
		"Orders under way and the dial test fail at the change: no call names its key, and no moment is agreed on."),
	Remedy: rule.Say(
		"保存一个密钥列表，依次尝试；确认云商店已改用新密钥后再删除旧密钥。",
		"Keep a list of keys and try them in turn; take the old one out when the marketplace has changed over."),
	Source: []string{"key-ring"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if p.Config().NextKey == "" {
			return rule.Unknown("需要 --next-key（另一个同时有效的密钥）", "needs --next-key, another key that is valid at the same time")
		}
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		call := knock(p)
		if s := p.Make(ctx, signed(p, call, p.Config().NextKey, p.Now(), call.Body)); !let(s) {
			return rule.Broken("用第二个密钥签名的调用得到：%s", "a call signed with the second key was answered with: %s", s.Why())
		}
		if s := p.Make(ctx, knock(p)); !let(s) {
			return rule.Broken("用过第二个密钥之后，第一个密钥签名的调用得到：%s", "after that, a call signed with the first key was answered with: %s", s.Why())
		}
		return rule.Holds()
	},
}

// resign changes the signature in an address.
func resign(address string, change func(string) string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	if value := query.Get(sign.ParamSignature); value != "" {
		query.Set(sign.ParamSignature, change(value))
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// unsign leaves the signature of an address out.
func unsign(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	query.Del(sign.ParamSignature)
	u.RawQuery = query.Encode()
	return u.String()
}

// again is a call with other bytes, signed as they are.
func again(p *probe.Probe, change func([]byte) []byte) wire.Call {
	call := knock(p)
	return signed(p, call, p.Config().Key, p.Now(), change(call.Body))
}

// stampOf is the timestamp in an address.
func stampOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get(sign.ParamTimestamp)
}

// bareURL is an address with a signature and one other parameter alone.
func bareURL(base, name, value, signature string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	query := u.Query()
	query.Set(sign.ParamSignature, strings.ToUpper(signature))
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}
