// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"context"
	"encoding/json"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// printed is a list in the form of a generation.
func printed(f judge.Family, list []map[string]any) any {
	if f == judge.FamilyKitV2 {
		return list
	}
	text, err := wire.PlainJSON(list)
	if err != nil { // texts cannot fail
		panic(err)
	}
	return string(text)
}

func user(name, shown string) map[string]any {
	return map[string]any{"userName": name, "name": shown, "orgCode": "00000001", "role": "user", "enable": "true"}
}

var lists = rule.Rule{
	ID: "kit-lists-survive", Families: both, Severity: rule.Breaks,
	Sentence: rule.Say(
		"用户列表中含有引号、反斜杠、尖括号、&、+、中文和嵌套的 extension 时，签名通过并返回 000000。",
		"A list of users with quotation marks, backslashes, angle brackets, &, +, Chinese and a nested extension passes the signature check and is answered with 000000."),
	Cost: rule.Say(
		"一个特殊字符使整批成员同步失败，管理员无法给任何人授权。",
		"One character makes a whole batch of members fail, and the administrator can authorise nobody."),
	Remedy: rule.Say(
		"验签时不要重新转义嵌套的值：V1.0 用字符串反转义后的原文，V2.0 保留嵌套成员的原有顺序和文本。",
		"Do not escape nested values anew to verify: V1.0 signs the text as it is after un-escaping, V2.0 keeps the order and the text of nested members."),
	Source: []string{"kit-token-nested", "x-sign-form", "kit-list-forms"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e := newEnterprise(p)
		if stop := succeeds(ctx, p, e.users(1, printed(p.Family(), []map[string]any{user("zhangsan01", "zhangsan")}))); stop != nil {
			return *stop
		}
		odd := user("lisi02", "李\"四\\ <a&b> + 100% 𠮷")
		odd["extension"] = map[string]any{"workPlace": "南京", "z": map[string]any{"b": 1, "a": "/"}, "employeeType": "4"}
		if seen := p.Do(ctx, e.users(1, printed(p.Family(), []map[string]any{odd}))); !seen.OK() {
			return rule.Broken("含特殊字符的 userList 得到：%s", "a userList with such characters was answered with: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var listAsText = rule.Rule{
	ID: "kit-list-as-text", Families: v2, Severity: rule.Risks,
	Sentence: rule.Say(
		"V2.0 的 orgInfoList、userList 是内含 JSON 的字符串时也返回 000000。",
		"orgInfoList and userList of V2.0 are answered with 000000 also when they are texts that hold JSON."),
	Cost: rule.Say(
		"参数表写数组，示例却是字符串：只认数组的接口可能同步不了任何部门。",
		"The table says array and the example has a text: an endpoint that reads arrays only may take no department at all."),
	Remedy: rule.Say(
		"值是字符串时再解析一次，得到数组或对象。",
		"When the value is a text, parse it once more, to an array or an object."),
	Source: []string{"kit-list-forms"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e := newEnterprise(p)
		if stop := succeeds(ctx, p, e.users(1, e.two())); stop != nil {
			return *stop
		}
		text, err := json.Marshal(e.two())
		if err != nil {
			return rule.Unknown("无法写出调用：%v", "the call cannot be written: %v", err)
		}
		if seen := p.Do(ctx, e.users(1, string(text))); !seen.OK() {
			return rule.Broken("数组成功，字符串得到：%s", "the array succeeded, the text was answered with: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var unquotedNames = rule.Rule{
	ID: "kit-unquoted-names", Families: both, Severity: rule.Risks,
	Sentence: rule.Say(
		"部门列表写成文档示例的形式（成员名没有引号的字符串）时也返回 000000。",
		"A list of departments as the pages print it, a text whose names have no quotation marks, is answered with 000000 too."),
	Cost: rule.Say(
		"两代文档的示例都是这种形式：若真实调用如此，部门同步全部失败，而且不会重试。",
		"The examples of both generations have this form: if real calls do, every list of departments fails, and nobody repeats it."),
	Remedy: rule.Say(
		"用宽松的 JSON 解析器（如 Jackson 的 ALLOW_UNQUOTED_FIELD_NAMES）解析这些列表。",
		"Read these lists with a lenient JSON parser, ALLOW_UNQUOTED_FIELD_NAMES of Jackson for example."),
	Source: []string{"kit-unquoted-names", "kit-list-forms"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e := newEnterprise(p)
		if stop := succeeds(ctx, p, e.departments()); stop != nil {
			return *stop
		}
		member, text := "orgInfoList", `[{orgCode:"00000001",orgName:"产品部",parentCode:""}]`
		if p.Family() == judge.FamilyKitV1 {
			member, text = "orgInfo", `[{orgCode:"00000001",name:"产品部",parentCode:"265789314"}]`
		} else if seen := p.Do(ctx, e.of(judge.ActivityAllOrg, map[string]any{member: `[{"orgCode":"00000001","orgName":"产品部"}]`})); !seen.OK() {
			return rule.Unknown("字符串形式的列表没有成功：%s", "a list in a text did not succeed: %s", seen.Why())
		}
		if seen := p.Do(ctx, e.of(judge.ActivityAllOrg, map[string]any{member: text})); !seen.OK() {
			return rule.Broken("成员名没有引号的列表得到：%s", "a list with names without quotation marks was answered with: %s", seen.Why())
		}
		return rule.Holds()
	},
}

var badElement = rule.Rule{
	ID: "kit-bad-element-costs-itself", Families: both, Severity: rule.Risks,
	Sentence: rule.Say(
		"列表中一个元素无法使用（如缺少 userName 或 orgCode）时，其余元素生效并返回 000000。",
		"When one element of a list cannot be used, for it has no userName or orgCode, the others take effect and the answer is 000000."),
	Cost: rule.Say(
		"一个坏元素使最多 500 人的授权全部丢失；部门同步失败后不会再来。",
		"One bad element loses the rights of up to 500 people; and a list of departments that failed never comes again."),
	Remedy: rule.Say(
		"逐个元素校验：跳过坏元素并记录其序号，保存其余的，返回 000000。",
		"Judge element by element: pass over the bad one and log its index, keep the others, answer 000000."),
	Source: []string{"kit-one-bad-element"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		e := newEnterprise(p)
		good := user("zhangsan01", "张三")
		if stop := succeeds(ctx, p, e.users(1, printed(p.Family(), []map[string]any{good}))); stop != nil {
			return *stop
		}
		bad := user("", "无名")
		delete(bad, "userName")
		if seen := p.Do(ctx, e.users(1, printed(p.Family(), []map[string]any{good, bad, user("lisi02", "李四")}))); !seen.OK() {
			return rule.Broken("三个用户中一个没有 userName，得到：%s", "with one of three users without a userName: %s", seen.Why())
		}
		return rule.Holds()
	},
}
