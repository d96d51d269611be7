// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// worked tells whether the seller worked on a call.
func worked(seen probe.Seen) bool {
	code := resultcode.Code(seen.ResultCode)
	return code == resultcode.Success || code == resultcode.InstanceNotFound
}

// resigned signs a call of V2 anew: with a key, at a time, over a form of its body.
func resigned(call wire.Call, key, nonce string, at time.Time, form []byte) wire.Call {
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	call.Header = call.Header.Clone()
	call.Header[sign.KitNonceHeader], call.Header[sign.KitTimestampHeader] = []string{nonce}, []string{stamp}
	call.Header[sign.KitSignHeader] = []string{sign.KitSign(key, nonce, stamp, form)}
	return call
}

func without(call wire.Call, header string) wire.Call {
	call.Header = call.Header.Clone()
	delete(call.Header, header)
	return call
}

func holding(call wire.Call, header, value string) wire.Call {
	call.Header = call.Header.Clone()
	call.Header[header] = []string{value}
	return call
}

// header is what a generation's signature stands in.
func header(f judge.Family) string {
	if f == judge.FamilyKitV1 {
		return sign.AuthTokenHeader
	}
	return sign.KitSignHeader
}

var signatureDemanded = rule.Rule{
	ID: "kit-signature-demanded", Families: both, Severity: rule.Exposes,
	Sentence: rule.Say(
		"没有签名（V1.0 的 authToken 头、V2.0 的 x-sign 头）、签名错误或请求体被改过的同步调用被拒绝。",
		"A synchronisation without a signature (header authToken in V1.0, x-sign in V2.0), with a wrong one, or with an altered body is refused."),
	Cost: rule.Say(
		"任何人都可以向商家的目录添加管理员账号，或删除整个企业。",
		"Anybody can add an administrator to the seller's directory, or delete an enterprise."),
	Remedy: rule.Say(
		"先用 Kit 的密钥校验签名，不一致返回 000001。",
		"Verify the signature with the Kit's key first and answer 000001 when it differs."),
	Source: []string{"x-sign", "x-sign-key", "kit-token-header", "verify-first"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e, stop := plainly(ctx, p)
		if stop != nil {
			return *stop
		}
		name := header(p.Family())
		for _, fake := range []struct {
			zh, en string
			alter  func(wire.Call) wire.Call
		}{
			{"没有签名", "without a signature", func(c wire.Call) wire.Call { return without(c, name) }},
			{"签名为空", "with an empty signature", func(c wire.Call) wire.Call { return holding(c, name, "") }},
			{"签名错误", "with a wrong signature", func(c wire.Call) wire.Call {
				value := []byte(c.Header[name][0])
				value[0] = '0' + (value[0]+1)%10
				return holding(c, name, string(value))
			}},
			{"请求体被改", "with an altered body", func(c wire.Call) wire.Call {
				c.Body = bytes.Replace(c.Body, []byte("示例科技"), []byte("示例技术"), 1)
				return c
			}},
		} {
			call, stop := written(p, e)
			if stop != nil {
				return *stop
			}
			if seen := p.Make(ctx, fake.alter(call)); worked(seen) {
				return rule.Broken("%[1]s的调用得到 %[3]s", "a call %[2]s was answered with %[3]s", fake.zh, fake.en, seen.ResultCode)
			}
		}
		return rule.Holds()
	},
}

// aside makes a call that is signed some time off.
func aside(ctx context.Context, p *probe.Probe, off time.Duration) rule.Outcome {
	e, stop := plainly(ctx, p)
	if stop != nil {
		return *stop
	}
	call, stop := written(p, e)
	if stop != nil {
		return *stop
	}
	form, err := sign.Canonical(call.Body)
	if err != nil {
		return rule.Unknown("无法写出调用：%v", "the call cannot be written: %v", err)
	}
	call = resigned(call, p.Config().KitKey, p.NewID(), p.Now().Add(off), form)
	if seen := p.Make(ctx, call); worked(seen) {
		return rule.Broken("x-timestamp 相差 %v 的调用得到 %s", "a call whose x-timestamp is off by %v was answered with %s", off, seen.ResultCode)
	}
	return rule.Holds()
}

var staleRefused = rule.Rule{
	ID: "kit-stale-calls-refused", Families: v2, Severity: rule.Exposes,
	Sentence: rule.Say(
		"x-timestamp 早于当前时间 60 秒以上的同步调用被拒绝（000002）。",
		"A synchronisation whose x-timestamp is more than 60 s old is refused with 000002."),
	Cost: rule.Say(
		"截获的一个调用可以永远重放，例如再次授权已被移除的管理员。",
		"A call that somebody recorded can be played again for ever, to authorise an administrator who was removed, say."),
	Remedy: rule.Say(
		"签名正确之后检查 |当前时间 − x-timestamp| ≤ 60 秒，单位是毫秒；用 NTP 校准时钟。",
		"After the signature demand that now and x-timestamp (milliseconds) differ by 60 s at most; keep the clock right by NTP."),
	Source: []string{"freshness", "timestamp-unit"},
	Find:   func(ctx context.Context, p *probe.Probe) rule.Outcome { return aside(ctx, p, -10*time.Minute) },
}

var futureRefused = rule.Rule{
	ID: "kit-future-calls-refused", Families: v2, Severity: rule.Risks,
	Sentence: rule.Say(
		"x-timestamp 晚于当前时间 60 秒以上的同步调用被拒绝（000002）。",
		"A synchronisation whose x-timestamp is more than 60 s in the future is refused with 000002."),
	Cost: rule.Say(
		"示例代码只检查过去的一侧：时间在未来的调用在到期之前可以一直重放。",
		"The sample looks at the past only: a call from the future can be played again until its time has come."),
	Remedy: rule.Say(
		"两个方向都检查 60 秒。",
		"Hold both directions to 60 s."),
	Source: []string{"freshness"},
	Find:   func(ctx context.Context, p *probe.Probe) rule.Outcome { return aside(ctx, p, 10*time.Minute) },
}

var sortedForm = rule.Rule{
	ID: "kit-sorted-form-verified", Families: v2, Severity: rule.Risks,
	Sentence: rule.Say(
		"请求体中的中文写成 \\u 转义或带空白时，对排序后紧凑 JSON 计算的 x-sign 仍然通过。",
		"An x-sign over the sorted compact JSON fits also when the body on the wire has its Chinese escaped and blanks between its members."),
	Cost: rule.Say(
		"签名覆盖的是规范化的 JSON 而不是收到的字节：序列化方式一变，所有同步都得到 000001。",
		"The signature is over the canonical JSON and not over the bytes: once they are printed in another way, every synchronisation is answered with 000001."),
	Remedy: rule.Say(
		"按示例工程：解析后只对第一层按名称排序、去掉 null，输出紧凑 JSON 再验签；不一致时再用原始字节验一次。",
		"As the sample: parse, sort the first level by name, drop nulls, print compact JSON and verify that; when it differs, try the bytes as received."),
	Source: []string{"x-sign-form"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e, stop := plainly(ctx, p)
		if stop != nil {
			return *stop
		}
		call, stop := written(p, e)
		if stop != nil {
			return *stop
		}
		form, err := sign.Canonical(call.Body)
		if err != nil {
			return rule.Unknown("无法写出调用：%v", "the call cannot be written: %v", err)
		}
		escaped := []byte(strconv.QuoteToASCII("示例科技"))
		call.Body = bytes.Replace(call.Body, []byte("示例科技"), bytes.Trim(escaped, "\""), 1)
		call.Body = bytes.Replace(call.Body, []byte("{"), []byte("{ "), 1)
		if seen := p.Make(ctx, resigned(call, p.Config().KitKey, p.NewID(), p.Now(), form)); !seen.OK() {
			return rule.Broken("中文转义的请求体得到：%s", "a body with its Chinese escaped was answered with: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var tokenInQuotes = rule.Rule{
	ID: "kit-token-in-quotes", Families: v1, Severity: rule.Risks,
	Sentence: rule.Say(
		"authToken 头的值带一对引号时（如文档示例），校验仍然通过。",
		"The header authToken fits also when its value stands in quotation marks, as the pages print it."),
	Cost: rule.Say(
		"文档示例中的 authToken 带引号：若真实调用如此，所有同步都得到 000001。",
		"The pages' example has them: if real calls do, every synchronisation is answered with 000001."),
	Remedy: rule.Say(
		"比较之前去掉值两端的一对引号。",
		"Drop one pair of quotation marks before you compare."),
	Source: []string{"kit-token-header"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e, stop := plainly(ctx, p)
		if stop != nil {
			return *stop
		}
		call, stop := written(p, e)
		if stop != nil {
			return *stop
		}
		name := header(p.Family())
		quoted := holding(call, name, strconv.Quote(call.Header[name][0]))
		if seen := p.Make(ctx, quoted); !seen.OK() {
			return rule.Broken("带引号的 authToken 得到：%s", "an authToken in quotation marks was answered with: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var blanksSkipped = rule.Rule{
	ID: "kit-blanks-skipped", Families: v1, Severity: rule.Breaks,
	Sentence: rule.Say(
		"值为空的成员（如顶层部门的 parentCode）不参与 authToken 的计算，校验通过。",
		"Members without a value, such as parentCode of a top department, are no part of what authToken signs, and it fits."),
	Cost: rule.Say(
		"顶层部门的同步和凭证申请（instanceId 为空）全部得到 000001。",
		"Every top department, and the application for a credential with its empty instanceId, is answered with 000001."),
	Remedy: rule.Say(
		"POST 调用跳过 null、空串和只含空白的值（GET 调用则保留空值）。",
		"Skip null, empty and blank values of POST calls; those of GET calls are kept."),
	Source: []string{"kit-token-blanks"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e := newEnterprise(p)
		if stop := succeeds(ctx, p, e.department(1, "00000001")); stop != nil {
			return *stop
		}
		if seen := p.Do(ctx, e.department(1, "")); !seen.OK() {
			return rule.Broken("parentCode 为空时：%s", "with an empty parentCode: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var answersSigned = rule.Rule{
	ID: "kit-answers-are-signed", Families: v1, Severity: rule.Breaks,
	Sentence: rule.Say(
		"V1.0 同步调用的应答（成功和拒绝）都带有用 Kit 密钥计算的 Body-Sign。",
		"Answers to synchronisations of V1.0, success and refusal alike, bear a Body-Sign by the Kit's key."),
	Cost: rule.Say(
		"云商店校验应答签名失败，买家看到绑定失败，只能手工重试。",
		"The marketplace's check of the answer fails, the buyer sees that the binding failed and has to try again by hand."),
	Remedy: rule.Say(
		"对最终的应答字节签名：sign_type=\"HMAC-SHA256\", signature= \"Base64(HMAC-SHA256(Key, body))\"。",
		"Sign the final bytes of the answer: sign_type=\"HMAC-SHA256\", signature= \"Base64(HMAC-SHA256(Key, body))\"."),
	Source: []string{"body-sign-everywhere", "body-sign-form"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e := newEnterprise(p)
		for _, act := range []probe.Act{e.enrol(1), e.of(judge.ActivitySingleOrg, map[string]any{"orgCode": "10000", "orgName": "开发部", "flag": 77})} {
			seen := p.Do(ctx, act)
			switch {
			case seen.Answer.Status != http.StatusOK || seen.ResultCode == "" || resultcode.Code(seen.ResultCode) == resultcode.AuthFailed:
				return rule.Unknown("没有可用的应答：%s", "there is no answer to go by: %s", seen.Why())
			case !sign.VerifyBodySign(p.Config().KitKey, seen.Answer.Header.Get(sign.BodySignHeader), seen.Answer.Body):
				return rule.Broken("%s 的应答 %s 没有正确的 Body-Sign", "the answer to %s, %s, has no Body-Sign that fits", act.Activity, seen.ResultCode)
			}
		}
		return rule.Holds()
	},
}

// written is the call that makes an enterprise known.
func written(p *probe.Probe, e enterprise) (wire.Call, *rule.Outcome) {
	call, err := p.Write(e.enrol(1))
	if err != nil {
		o := rule.Unknown("无法写出调用：%v", "the call cannot be written: %v", err)
		return call, &o
	}
	return call, nil
}
