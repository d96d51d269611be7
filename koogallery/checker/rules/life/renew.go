// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// renewed are the families that tell of renewals.
var renewed = []judge.Family{
	judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyLicenseCode, judge.FamilySaasV1, judge.FamilyLicenseV1,
}

var renewal = rule.Rule{
	ID: "renewal-14-digits", Families: renewed, Severity: rule.Breaks,
	Sentence: rule.Say(
		"续费调用（expireTime 为 14 位 yyyyMMddHHmmss）返回 000000。",
		"A renewal whose expireTime has 14 digits (yyyyMMddHHmmss) is answered with 000000."),
	Cost: rule.Say(
		"买家已付续费，实例却没有延期：云商店停止重试后只能人工重启，客户的服务可能被释放。",
		"The buyer has paid for a renewal that never happens: after its retries the marketplace waits for a person, and the customer's service may be released."),
	Remedy: rule.Say(
		"按 14 位数字解析 expireTime（V2.0 为 UTC），把它作为实例的新到期时间保存，然后返回 000000。",
		"Read expireTime as 14 digits (UTC in V2.0), store it as the instance's new expiry and answer 000000."),
	Source: []string{"v2-expire-time", "expiry-is-absolute"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		if seen := s.renew(ctx, p, p.Later(s.Purchase, openapi.MockRenew)); !seen.OK() {
			return refused(p, seen, "续费被拒绝：%s", "the renewal was refused: %s")
		}
		return rule.Holds()
	},
}

// beginRenewed opens a purchase and renews it once.
func beginRenewed(ctx context.Context, p *probe.Probe) (s subject, order probe.Purchase, stop *rule.Outcome) {
	s, stop = begin(ctx, p)
	if stop != nil {
		return s, order, stop
	}
	order = p.Later(s.Purchase, openapi.MockRenew)
	if seen := s.renew(ctx, p, order); !seen.OK() {
		return s, order, unknown("普通续费没有成功：%s", "a plain renewal did not succeed: %s", seen.Why())
	}
	return s, order, nil
}

var renewalLong = rule.Rule{
	ID: "renewal-17-digits", Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline}, Severity: rule.Risks,
	Sentence: rule.Say(
		"续费的 expireTime 为 17 位（带毫秒）时也返回 000000。",
		"A renewal whose expireTime has 17 digits, with milliseconds, is answered with 000000 too."),
	Cost: rule.Say(
		"文档正文写 14 位，示例却是 17 位：只认 14 位的接口，会在云商店发来 17 位的那天拒绝所有续费。",
		"The page's text says 14 digits and its example has 17: an endpoint that reads 14 only refuses every renewal from the day on which 17 are sent."),
	Remedy: rule.Say(
		"解析 expireTime 时同时接受 14 位 yyyyMMddHHmmss 和 17 位 yyyyMMddHHmmssSSS。",
		"Accept both 14 digits, yyyyMMddHHmmss, and 17 digits, yyyyMMddHHmmssSSS, when you parse expireTime."),
	Source: []string{"v2-expire-time"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, order, stop := beginRenewed(ctx, p)
		if stop != nil {
			return *stop
		}
		next := p.Later(order, openapi.MockRenew)
		long := map[string]any{"expireTime": wiretime.Format17(next.ExpireTime)}
		if seen := p.Refresh(ctx, judge.SceneRenewal, s.Purchase, next, s.id, long); !seen.OK() {
			return rule.Broken("14 位的续费成功，17 位的被拒绝：%s", "a renewal with 14 digits succeeded, one with 17 was refused: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var renewalAgain = rule.Rule{
	ID: "renewal-again", Families: renewed, Severity: rule.Breaks,
	Sentence: rule.Say(
		"同一订单的续费重复调用时返回 000000。",
		"A renewal that is told again, by the same order, is answered with 000000."),
	Cost: rule.Say(
		"云商店没收到应答就会重试：第二次报错会让已经完成的续费变成失败订单。",
		"The marketplace repeats what it got no answer to: an error to the repeat turns a renewal that is done into an order that failed."),
	Remedy: rule.Say(
		"按订单号记住已处理的续费；重复时不再延期，直接返回 000000。",
		"Remember renewals by their order number; at a repetition extend nothing and answer 000000."),
	Source: []string{"conflicting-repeat", "refresh-key", "v1-refresh-key"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, order, stop := beginRenewed(ctx, p)
		if stop != nil {
			return *stop
		}
		for n := range repetitions {
			if seen := s.renew(ctx, p, order); !seen.OK() {
				return rule.Broken("第 %d 次重复续费被拒绝：%s", "repetition %d of the renewal was refused: %s", n+1, seen.Why())
			}
		}
		return rule.Holds()
	},
}

// repetitions is how often a call is made again.
const repetitions = 3
