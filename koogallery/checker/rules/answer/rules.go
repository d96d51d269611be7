// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"context"
	"fmt"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
)

// Rules returns the rules of this room.
func Rules() []rule.Rule {
	return []rule.Rule{
		inTime, status, contentType, object, code, known, message, messageLong, id, idLong,
		info, shown, access, accessLong, usage, cipher, memo, bodySign, license, frontEnd, debugging,
	}
}

// name is what a family calls the call.
func name(s probe.Seen) string { return string(s.Call.Asked.Activity) }

// objected is how a rule is found out that holds when the debugger objects to no answer in a way.
func objected(kinds ...judge.Kind) func(context.Context, *probe.Probe) rule.Outcome {
	return func(ctx context.Context, p *probe.Probe) rule.Outcome {
		seen := tour(ctx, p)
		answered := false
		for _, s := range seen {
			answered = answered || s.Err == ""
			for _, o := range s.Objections {
				for _, k := range kinds {
					if o.Kind == k {
						return rule.Broken("%s 的应答：%s", "the answer to %s: %s", name(s), o)
					}
				}
			}
		}
		if !answered {
			return silent(seen)
		}
		return rule.Holds()
	}
}

// silent is the outcome where nothing was answered.
func silent(seen []probe.Seen) rule.Outcome {
	if len(seen) == 0 {
		return rule.Unknown("没有能够发出的调用", "no call could be made")
	}
	return rule.Unknown("没有收到任何应答：%s", "nothing was answered: %s", seen[0].Why())
}

var inTime = rule.Rule{
	ID: "answers-in-time", Severity: rule.Breaks,
	Sentence: rule.Say(
		"每个应答都在云商店的等待时间内完整返回：V2 接口 5 秒，V1 接口 20 秒。",
		"Every answer is complete within the time that the marketplace waits: 5 seconds for the interfaces of V2, 20 for those of V1."),
	Cost: rule.Say(
		"云商店不再等待并按失败处理：订单会重试，最终被自动退订。",
		"The marketplace stops listening and counts the call as failed: the order is repeated and refunded in the end."),
	Remedy: rule.Say(
		"先保存订单并立即返回（newInstance 可返回 000004 和 instanceId），开通放到后台执行。",
		"Store the order and answer at once (newInstance may answer 000004 with the instanceId), and provision in the background."),
	Source: []string{"v2-time-limit", "v1-time-limit"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		seen := tour(ctx, p)
		answered := false
		for _, s := range seen {
			answered = answered || s.Err == ""
			if s.Took >= s.Call.Asked.Timeout {
				return rule.Broken("%s 在 %v 内没有完整应答", "%s had no complete answer within %v", name(s), s.Call.Asked.Timeout)
			}
		}
		if !answered {
			return silent(seen)
		}
		return rule.Holds()
	},
}

var status = rule.Rule{
	ID: "answers-with-http-200", Severity: rule.Breaks,
	Sentence: rule.Say(
		"每次调用都得到 HTTP 状态码 200 的应答，业务结果写在 resultCode 中。",
		"Every call is answered with HTTP status 200, and the outcome stands in resultCode."),
	Cost: rule.Say(
		"其它状态码（包括 201、204 和 302）以及断开的连接都算调用失败，订单会被重试并最终退订。",
		"Any other status, also 201, 204 and 302, and a cut connection are a failed call: the order is repeated and refunded in the end."),
	Remedy: rule.Say(
		"所有业务应答（包括错误）都返回 HTTP 200；检查网关、重定向和未捕获的异常。",
		"Answer every call with HTTP 200, errors of the business too; look for redirects, gateways and exceptions that nobody catches."),
	Source: []string{"http-status"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		seen := tour(ctx, p)
		silence := 0
		for _, s := range seen {
			switch {
			case s.Err != "":
				silence++
			case s.Status != 200:
				return rule.Broken("%s 返回了 HTTP 状态码 %d", "%s was answered with HTTP status %d", name(s), s.Status)
			}
		}
		switch {
		case silence == len(seen):
			return silent(seen)
		case silence > 0:
			return rule.Broken("%d 次调用中有 %d 次没有得到应答", "of %d calls %d had no answer", len(seen), silence)
		}
		return rule.Holds()
	},
}

var bodySign = rule.Rule{
	ID: "answers-are-signed", Severity: rule.Breaks,
	Sentence: rule.Say(
		"V1 接口的每个应答都带有响应头 Body-Sign：用访问密钥对应答体的原始字节做 HMAC-SHA256，再做 Base64。",
		"Every answer of V1 has the header Body-Sign: the HMAC-SHA256 of the very bytes of the body under the access key, in Base64."),
	Cost: rule.Say(
		"云商店无法确认应答来自商家，调用失败：调试不通过，线上订单被退订。",
		"The marketplace cannot tell that the answer is the seller's, so the call fails: debugging does not pass, and orders are refunded."),
	Remedy: rule.Say(
		`先得到最终的应答字节，再计算签名，并写成 Body-Sign: sign_type="HMAC-SHA256", signature= "…"。`,
		`Make the final bytes of the answer first, sign those, and write Body-Sign: sign_type="HMAC-SHA256", signature= "…".`),
	Source: []string{"body-sign-form", "body-sign-everywhere", "v2-body-sign"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		v1 := p.Family() == judge.FamilySaasV1 || p.Family() == judge.FamilyLicenseV1 || p.Family() == judge.FamilyKitV1
		if !v1 && !p.Config().Readings.BodySign {
			return rule.Unknown("现行文档不要求 V2 应答签名", "today's pages demand no signature of V2 answers")
		}
		return objected(judge.KindBodySign)(ctx, p)
	},
}

var known = rule.Rule{
	ID: "result-code-is-known", Severity: rule.Breaks,
	Sentence: rule.Say(
		"每个应答的 resultCode 都是文档列出的结果码之一。",
		"Every answer has one of the documented result codes."),
	Cost: rule.Say(
		"未知的结果码算失败；文档把 000004 误印为 0000004，照抄会使异步开通失败。",
		"An unknown code is a failure; the page misprints 000004 as 0000004, and who copies that fails every asynchronous opening."),
	Remedy: rule.Say(
		"只返回结果码表中的六位代码；自己的错误码写进 resultMsg。",
		"Answer with the six digits of the table alone, and put codes of your own into resultMsg."),
	Source: []string{"result-codes", "new-instance-sync"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		seen := tour(ctx, p)
		answered := false
		for _, s := range seen {
			answered = answered || s.ResultCode != ""
			if s.ResultCode != "" && !resultcode.Code(s.ResultCode).Known() {
				return rule.Broken("%s 返回 %q", "%s was answered with %q", name(s), s.ResultCode)
			}
		}
		if !answered {
			return rule.Unknown("没有应答带有结果码", "no answer has a result code")
		}
		return rule.Holds()
	},
}

var debugging = rule.Rule{
	ID: "debugging-succeeds", Severity: rule.Refused,
	Families: []judge.Family{
		judge.FamilySaasV2, judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseOnline, judge.FamilyOrderNotify, judge.FamilyKitV1, judge.FamilyKitV2,
	},
	Sentence: rule.Say(
		"调试时（testFlag=1），开通、查询、释放、申请 License 和订单通知返回 000000。",
		"A debugging call (testFlag=1) that opens, queries, releases, asks for a licence or tells of an order is answered with 000000."),
	Cost: rule.Say(
		"用例无法保存，商品无法上架；每天两次的拨测连续 5 天失败会冻结商品。",
		"The case cannot be saved and the product cannot be listed; the dial test twice a day freezes it after five days of failures."),
	Remedy: rule.Say(
		"仅凭调用本身应答调试调用：校验签名和参数，返回 000000，不读写真实数据。",
		"Answer a debugging call from what it says alone: verify it, answer 000000, and neither read nor write real data."),
	Source: []string{"dial-test", "test-flag"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if p.Config().Deep {
			return rule.Unknown("--deep 不发送调试调用", "a deep check makes no debugging calls")
		}
		seen := tour(ctx, p)
		for _, s := range seen {
			later := s.Call.Asked.Activity == judge.ActivityLicenseAsync && s.Processing()
			switch s.Call.Asked.Activity {
			case judge.ActivityRefresh, judge.ActivityStatus, judge.ActivityExpire:
				continue // have rules of their own
			default:
			}
			switch {
			case s.ResultCode == "":
				return rule.Unknown("没有可用的应答：%s", "there is no answer to go by: %s", s.Why())
			case !s.Succeeded() && !later:
				return rule.Broken("%s 返回 %s", "%s was answered with %s", name(s), s.ResultCode+" "+fmt.Sprintf("%q", s.ResultMsg))
			}
		}
		if len(seen) == 0 {
			return silent(seen)
		}
		return rule.Holds()
	},
}
