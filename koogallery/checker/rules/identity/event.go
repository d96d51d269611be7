// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// repeated makes the same call again and wants it to succeed each time.
func repeated(ctx context.Context, p *probe.Probe, a probe.Act) rule.Outcome {
	first := p.Do(ctx, a)
	if !first.OK() {
		return rule.Unknown("首次调用没有成功：%s", "the first call did not succeed: %s", first.Why())
	}
	for range attempts - 1 {
		if again := p.Do(ctx, a); !again.OK() {
			return rule.Broken("首次成功，重复得到：%s", "the first call succeeded, its repetition was answered with: %s", again.Why())
		}
	}
	return rule.Holds()
}

var noticeAgain = rule.Rule{
	ID: "order-notice-again", Families: []judge.Family{judge.FamilyOrderNotify}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"同一订单行的订单通知重复到达时，每次都返回 000000。",
		"An orderNotify about the same order line that comes again is answered with 000000 each time."),
	Cost: rule.Say(
		"云商店重试 3 小时，然后需要人工重启。",
		"The marketplace repeats it for 3 hours, and then a person has to."),
	Remedy: rule.Say(
		"以 (orderId, orderLineId) 记录通知，已经记录过就直接返回成功。",
		"Note it under (orderId, orderLineId), and answer success when it was noted before."),
	Source: []string{"notify-key"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		return repeated(ctx, p, probe.Act{Activity: judge.ActivityNotify, About: of, Params: map[string]any{"orderId": of.ID, "orderLineId": of.LineID}})
	},
}

var licenceAgain = rule.Rule{
	ID: "licence-event-again", Families: []judge.Family{judge.FamilyLicenseOnline}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"同一 eventId 和设备指纹的 getLicenseAsync 重复到达时，每次都成功。",
		"A getLicenseAsync with the same eventId and fingerprint that comes again succeeds each time."),
	Cost: rule.Say(
		"License 传输中断后云商店会重试：重复被拒绝，买家就拿不到 License。",
		"The marketplace repeats it when the transfer of a licence broke off: who refuses leaves the buyer without one."),
	Remedy: rule.Say(
		"以 (eventId, deviceFingerprint) 保存申请，重复时返回同一份 License。",
		"Store the request under (eventId, deviceFingerprint), and hand the same licence over again."),
	Source: []string{"async-key", "async-sync-answer"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		const form = "2006-01-02 15:04:05 z"
		of := p.Purchase()
		id, last := p.Opened(ctx, of)
		if !last.OK() {
			return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", last.Why())
		}
		return repeated(ctx, p, probe.Act{Activity: judge.ActivityLicenseAsync, About: of, Instance: id, Params: map[string]any{
			"eventId": catalogue.UUID(p.NewID()), "deviceFingerprint": catalogue.Token(p.NewID()), "effectiveTime": p.Now().UTC().Format(form),
			"expireTime": of.ExpireTime.UTC().Format(form),
		}})
	},
}
