// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
)

// bodies are the families whose calls about an instance have a JSON body.
var bodies = []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyLicenseCode}

var oddValues = rule.Rule{
	ID: "odd-values-are-answered", Families: bodies, Severity: rule.Risks,
	Sentence: rule.Say(
		"null、数字代替文本、嵌套对象代替文本、未知的枚举值，都得到 HTTP 200 和一个 resultCode（成功或拒绝均可）。",
		"null, a number for a text, an object for a text and a value that is in no list all get HTTP 200 and a resultCode, be it success or refusal."),
	Cost: rule.Say(
		"解析异常变成 5xx 或断开的连接：云商店反复重试同一个调用，直到订单失败。",
		"An exception in the parser becomes a 5xx or a broken connection: the marketplace repeats the very same call until the order fails."),
	Remedy: rule.Say(
		"在最外层捕获解析错误，返回 HTTP 200 和 000002，并保留原始请求。",
		"Catch what the parser throws at the outermost level, answer HTTP 200 with 000002, and keep the call as it came."),
	Source: []string{"http-status", "unknown-values", "numbers-as-text", "descriptive-text"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		order := p.Later(s.Purchase, openapi.MockRenew)
		odd := []map[string]any{
			{"productId": nil}, {"productId": 12345}, {"productId": map[string]any{"id": "1"}}, {"scene": nil}, {"scene": unheardOf},
			{"scene": []string{judge.SceneRenewal}}, {"expireTime": nil}, {"expireTime": 20300101000000}, {"expireTime": "soon"},
			{"expireTime": map[string]any{}}, {"orderId": nil}, {"orderLineId": 1}, {"orderId": []string{}},
		}
		for _, params := range odd {
			if seen := p.Refresh(ctx, judge.SceneRenewal, s.Purchase, order, s.id, params); !answered(seen) {
				return rule.Broken("续费调用中 %s：%s", "a renewal with %s: %s", printed(params), seen.Why())
			}
		}
		for _, status := range []any{nil, unheardOf, 1, []string{judge.StatusFreeze}} {
			act := probe.Act{Activity: judge.ActivityStatus, Scene: judge.StatusUnfreeze, About: s.Purchase, Instance: s.id, Params: map[string]any{"status": status}}
			if seen := p.Do(ctx, act); !answered(seen) {
				return rule.Broken("状态变更调用中 status=%s：%s", "a change of the status with status %s: %s", printed(status), seen.Why())
			}
		}
		return rule.Holds()
	},
}

// printed is a value as it stands on the wire.
func printed(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // texts, numbers, lists and objects of them cannot fail
		panic(err)
	}
	return string(text)
}

var unknownMembers = rule.Rule{
	ID: "unknown-members-are-ignored", Families: bodies, Severity: rule.Risks,
	Sentence: rule.Say(
		"调用中带有文档没有的成员时仍然成功。",
		"A call with members that no page names succeeds all the same."),
	Cost: rule.Say(
		"云商店增加一个字段的那天，严格解析的接口会拒绝所有订单。",
		"An endpoint that parses strictly refuses every order from the day on which the marketplace adds a member."),
	Remedy: rule.Say(
		"让 JSON 解析器忽略未知字段（如关闭 FAIL_ON_UNKNOWN_PROPERTIES、不用 DisallowUnknownFields），并保留原文。",
		"Have the JSON parser pass over unknown members (FAIL_ON_UNKNOWN_PROPERTIES off, no DisallowUnknownFields), and keep the text."),
	Source: []string{"unknown-members"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, order, stop := beginRenewed(ctx, p)
		if stop != nil {
			return *stop
		}
		more := map[string]any{
			"koogateText": "新成员", "koogateNumber": 1.5, "koogateNull": nil, "koogateList": []any{1, "2", nil}, "koogateObject": map[string]any{"a": []any{}},
		}
		if seen := p.Refresh(ctx, judge.SceneRenewal, s.Purchase, p.Later(order, openapi.MockRenew), s.id, more); !seen.OK() {
			return rule.Broken("带未知成员的续费：%s", "a renewal with unknown members: %s", seen.Why())
		}
		if !p.Family().Knows(judge.ActivityNew) {
			return rule.Holds()
		}
		opening := p.Opening(s.Purchase)
		maps.Copy(opening.Params, more)
		if seen := p.Do(ctx, opening); !seen.OK() && seen.Outcome != judge.OutcomePending {
			return rule.Broken("带未知成员的开通：%s", "an opening with unknown members: %s", seen.Why())
		}
		return rule.Holds()
	},
}
