// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"encoding/json"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
)

// productInfo is the target of a change in three forms: the object of the page of 2026, and what older pages left open. Its names stand in the
// order of the page's table, which no sorting makes.
func productInfo(of probe.Purchase) (object, array, text any) {
	info := struct {
		ProductID   string `json:"productId"`
		SKUCode     string `json:"skuCode"`
		LinearValue int    `json:"linearValue"`
		ProductName string `json:"productName"`
	}{of.Product.ProductID, of.Product.SKUCode, of.Product.LinearValue * 2, of.Product.Name}
	printed, err := json.Marshal(info)
	if err != nil { // texts and a number cannot fail
		panic(err)
	}
	return info, []any{info}, string(printed)
}

// check asks whether an instance may be changed upon renewal.
func (s subject) check(ctx context.Context, p *probe.Probe, info any) probe.Seen {
	return p.Do(ctx, probe.Act{Activity: judge.ActivityCheck, About: s.Purchase, Instance: s.id, Params: map[string]any{"productInfo": info}})
}

var changeCheck = rule.Rule{
	ID: "change-check-object", Families: []judge.Family{judge.FamilySaasV2}, Severity: rule.Breaks,
	Sentence: rule.Say(
		"changeInstanceCheck 的 productInfo 是嵌套的 JSON 对象：签名校验通过，并得到正常应答。",
		"changeInstanceCheck, whose productInfo is a nested JSON object, passes the signature check and gets an answer of the interface."),
	Cost: rule.Say(
		"嵌套的 JSON 让签名校验或反序列化失败：买家无法在续费时变更规格。",
		"The nested JSON breaks the signature check or the parser: no buyer can change the specification upon renewal."),
	Remedy: rule.Say(
		"对收到的原始字节验签；把 productInfo 声明为对象，不要声明为 String 或 Map<String,String>。",
		"Verify the bytes as received; declare productInfo as an object, not as a string or a map of strings."),
	Source: []string{"check-product-info", "url-signature-payload"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		object, array, text := productInfo(s.Purchase)
		seen := s.check(ctx, p, object)
		switch {
		case seen.OK():
			return rule.Holds()
		case !answered(seen):
			return rule.Broken("没有得到正常应答：%s", "there was no answer of the interface: %s", seen.Why())
		case resultcode.Code(seen.ResultCode) == resultcode.AuthFailed:
			return rule.Broken("同一密钥签名的其它调用通过，这一调用却得到 %s", "other calls signed with the key pass, this one was answered with %s", seen.ResultCode)
		}
		if s.check(ctx, p, array).OK() || s.check(ctx, p, text).OK() {
			return rule.Broken("对象得到 %s，数组或字符串却得到 000000", "the object was answered with %s, an array or a string with 000000", seen.ResultCode)
		}
		return rule.Unknown("变更被拒绝，或者没有实现该接口（不提供续费变更的商品可以不实现）：%s",
			"the change was refused, or the interface is not there (products without changes upon renewal need none): %s", seen.Why())
	},
}

var changeCheckForms = rule.Rule{
	ID: "change-check-other-forms", Families: []judge.Family{judge.FamilySaasV2}, Severity: rule.Risks,
	Sentence: rule.Say(
		"productInfo 为数组或内含 JSON 的字符串时，changeInstanceCheck 的应答与对象形式相同。",
		"changeInstanceCheck is answered alike when productInfo is an array, or a string that holds JSON, instead of an object."),
	Cost: rule.Say(
		"2026 年以前的页面没有定义 productInfo：若云商店仍以旧形式调用，续费变更全部失败。",
		"Pages before 2026 left productInfo undefined: if a call comes in an older form, every change upon renewal fails."),
	Remedy: rule.Say(
		"解析 productInfo 时依次尝试对象、只含一个对象的数组和字符串里的 JSON。",
		"Try an object, an array of one object and JSON in a string when you read productInfo."),
	Source: []string{"check-product-info"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		s, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		object, array, text := productInfo(s.Purchase)
		if seen := s.check(ctx, p, object); !seen.OK() {
			return rule.Unknown("对象形式没有成功：%s", "the object did not succeed: %s", seen.Why())
		}
		if seen := s.check(ctx, p, array); !seen.OK() {
			return rule.Broken("数组形式得到：%s", "the array was answered with: %s", seen.Why())
		}
		if seen := s.check(ctx, p, text); !seen.OK() {
			return rule.Broken("字符串形式得到：%s", "the string was answered with: %s", seen.Why())
		}
		return rule.Holds()
	},
}
