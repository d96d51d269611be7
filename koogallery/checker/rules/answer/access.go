// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"context"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
)

var memo = rule.Rule{
	ID: "memo-is-escaped", Severity: rule.Risks,
	Families: []judge.Family{
		judge.FamilySaasV2, judge.FamilySaasV1, judge.FamilyOrderNotify, judge.FamilyKitV1, judge.FamilyKitV2,
	},
	Sentence: rule.Say(
		`memo 中的中文写成 \uXXXX 转义，应答字节全部是 ASCII。`,
		`Chinese in memo is written as \uXXXX escapes, so that its bytes are ASCII.`),
	Cost: rule.Say(
		"买家看到的备注可能是乱码。",
		"The buyer may see a garbled note."),
	Remedy: rule.Say(
		"让 JSON 库只输出 ASCII（例如 Jackson 的 ESCAPE_NON_ASCII，Python 的 ensure_ascii）。",
		"Have the JSON library write ASCII only (ESCAPE_NON_ASCII of Jackson, ensure_ascii of Python)."),
	Source: []string{"ascii-answers"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		seen := tour(ctx, p)
		for _, s := range seen {
			if s.Err == "" && slices.ContainsFunc(memos(s.Answer.Body), wide) {
				return rule.Broken("%s 的应答中 memo 含有未转义的字符", "memo in the answer to %s has characters that are not escaped", name(s))
			}
		}
		return rule.Holds()
	},
}

// memos are the memos of an answer, as they stand in it.
func memos(body []byte) []json.RawMessage {
	type shown struct {
		AppInfo struct {
			Memo json.RawMessage `json:"memo"`
		} `json:"appInfo"`
	}
	var a struct {
		shown
		Info []shown `json:"info"`
	}
	if json.Unmarshal(body, &a) != nil {
		return nil
	}
	all := []json.RawMessage{a.AppInfo.Memo}
	for _, i := range a.Info {
		all = append(all, i.AppInfo.Memo)
	}
	return all
}

func wide(text json.RawMessage) bool {
	return slices.ContainsFunc(text, func(b byte) bool { return b >= utf8.RuneSelf })
}

var frontEnd = rule.Rule{
	ID: "debugged-opening-shows-front-end", Severity: rule.Risks,
	Families: []judge.Family{judge.FamilySaasV2, judge.FamilyOrderNotify, judge.FamilyKitV2},
	Sentence: rule.Say(
		"调试时，newInstance 的应答带有 appInfo.frontEndUrl。",
		"The answer to a debugging newInstance has appInfo.frontEndUrl."),
	Cost: rule.Say(
		"V2 的参数表没有这个字段，但接口调试的常见问题要求它：用例可能保存不了。",
		"The table of V2 has no such member, but the questions and answers about debugging demand it: the case may not be saved."),
	Remedy: rule.Say(
		"至少在 testFlag=1 时，在 newInstance 的应答中加上 appInfo.frontEndUrl。",
		"Add appInfo.frontEndUrl to the answer of newInstance, at least when testFlag is 1."),
	Source: []string{"app-info-of-new-instance"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if p.Config().Deep {
			return rule.Unknown("--deep 不发送调试调用", "a deep check makes no debugging calls")
		}
		s := p.Open(ctx, p.Purchase())
		if !s.OK() {
			return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", s.Why())
		}
		var answer struct {
			AppInfo struct {
				FrontEndURL string `json:"frontEndUrl"`
			} `json:"appInfo"`
		}
		if json.Unmarshal(s.Answer.Body, &answer) != nil || answer.AppInfo.FrontEndURL == "" {
			return rule.Broken("newInstance 的应答没有 appInfo.frontEndUrl", "the answer to newInstance has no appInfo.frontEndUrl")
		}
		return rule.Holds()
	},
}
