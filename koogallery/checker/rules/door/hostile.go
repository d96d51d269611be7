// SPDX-License-Identifier: Apache-2.0

package door

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// oddBody is a body that no marketplace sends.
type oddBody struct {
	zh, en string
	body   string
}

// nesting is how deep the deepest body is nested.
const nesting = 2000

// oddBodies are bodies that no marketplace sends.
func oddBodies() []oddBody {
	return []oddBody{
		{"空的请求体", "an empty body", ""},
		{"null", "null", "null"},
		{"数组", "an array", `[{"activity":"newInstance"}]`},
		{"空对象", "an empty object", "{}"},
		{"被截断的 JSON", "JSON that was cut off", `{"activity":"newInst`},
		{"不是 UTF-8 的文本", "text that is not UTF-8", "{\"activity\":\"new\xff\xfeInstance\"}"},
		{"嵌套 2000 层的 JSON", "JSON that is nested 2000 deep", strings.Repeat(`{"a":`, nesting) + "1" + strings.Repeat("}", nesting)},
		{"activity 是数字", "an activity that is a number", `{"activity":1e400}`},
	}
}

var hostile = rule.Rule{
	ID: "odd-bodies-are-answered", Families: posted, Severity: rule.Risks,
	Sentence: rule.Say(
		"签名正确而内容异常的请求体（空、截断、非 UTF-8、嵌套很深等）得到应答，不会使服务器出错（HTTP 5xx）或断开连接。",
		"A body that is signed but odd (empty, cut off, not UTF-8, deeply nested) is answered, and neither makes the server fail (HTTP 5xx) nor cuts the connection."),
	Cost: rule.Say(
		"一个意外的值使整个调用失败而没有结果码；订单重试三小时后退订。",
		"One unexpected value fails the whole call without a code; the order is repeated for three hours and refunded."),
	Remedy: rule.Say(
		"捕获解析错误并返回 HTTP 200 和 000002。",
		"Catch the errors of your parser and answer HTTP 200 with 000002."),
	Source: []string{"unknown-members", "http-status"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		for _, odd := range oddBodies() {
			if s := p.Make(ctx, again(p, func([]byte) []byte { return []byte(odd.body) })); fell(s) {
				return rule.Broken("%s：%s", "%s: %s", rule.Say(odd.zh, odd.en), s.StatusText())
			}
		}
		return rule.Holds()
	},
}

var nonsense = rule.Rule{
	ID: "nonsense-is-no-success", Families: posted, Severity: rule.Breaks,
	Sentence: rule.Say(
		"读不懂的请求体不会得到成功（000000 或 000004）。",
		"A body that cannot be read is never answered with success (000000 or 000004)."),
	Cost: rule.Say(
		"云商店以为调用已生效：买家付了款，却什么也没有发生，也不会重试。",
		"The marketplace takes the call for done: the buyer has paid, nothing has happened, and nothing is repeated."),
	Remedy: rule.Say(
		"出错时返回失败的结果码；不要在异常处理中统一返回 000000。",
		"Answer a failure when something fails, and never 000000 from the place that catches everything."),
	Source: []string{"result-codes", "unknown-activity"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		for _, odd := range oddBodies() {
			if s := p.Make(ctx, again(p, func([]byte) []byte { return []byte(odd.body) })); s.Succeeded() || s.Processing() {
				return rule.Broken("%s得到 %s", "%s was answered with %s", rule.Say(odd.zh, odd.en), s.ResultCode)
			}
		}
		return rule.Holds()
	},
}

var unknownActivity = rule.Rule{
	ID: "unknown-activity-is-refused", Families: posted, Severity: rule.Breaks,
	Sentence: rule.Say(
		"文档中没有的 activity 被拒绝（000002），不会得到成功。",
		"An activity that no page names is refused (000002) and never a success."),
	Cost: rule.Say(
		"云商店新增接口时，您的服务器会答应它并没有做的事情。",
		"When the marketplace adds an interface, your server promises what it does not do."),
	Remedy: rule.Say(
		"分派 activity 的默认分支返回 000002，并记录告警。",
		"Answer 000002 where no activity fits, and have an alarm say so."),
	Source: []string{"unknown-activity", "family-not-served"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		s := p.Make(ctx, Unheard(p))
		if s.Succeeded() || s.Processing() {
			return rule.Broken("activity 为 %q 的调用得到 %s", "a call with the activity %q was answered with %s", Nothing, s.ResultCode)
		}
		return rule.Holds()
	},
}

// Nothing is an activity that no page names.
const Nothing = "koogateCheckNothing"

// Unheard is a call with an activity that no page names, signed as it should be.
func Unheard(p *probe.Probe) wire.Call {
	call, err := p.Write(probe.Act{Activity: judge.Activity(Nothing), About: p.Purchase(), Instance: "koogate-check-unknown"})
	if err != nil {
		return wire.Call{Method: http.MethodPost, URL: p.Config().URL}
	}
	return call
}

var big = rule.Rule{
	ID: "big-body-does-no-harm", Families: posted, Severity: rule.Risks,
	Sentence: rule.Say(
		"256 KiB 的请求体不会使服务器出错（HTTP 5xx），之后的调用照常应答。",
		"A body of 256 KiB does not make the server fail (HTTP 5xx), and calls after it are answered as before."),
	Cost: rule.Say(
		"任何知道地址的人用几个大请求就能使服务停止。",
		"Anybody who knows the address stops the service with a few big requests."),
	Remedy: rule.Say(
		"限制请求体长度（例如 64 KiB），超出时返回 000002 或 413。",
		"Bound the length of bodies, to 64 KiB say, and answer 000002 or 413 beyond."),
	Source: []string{"body-limit"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		filler := []byte(`{"filler":"` + strings.Repeat("x", 256<<10) + `",`)
		s := p.Make(ctx, again(p, func(body []byte) []byte { return append(filler, bytes.TrimPrefix(body, []byte("{"))...) }))
		if s.Status >= http.StatusInternalServerError {
			return rule.Broken("256 KiB 的请求体得到 HTTP 状态码 %d", "a body of 256 KiB was answered with HTTP status %d", s.Status)
		}
		if after := p.Make(ctx, knock(p)); !let(after) {
			return rule.Broken("之后的正确调用得到：%s", "a call as it should be was answered afterwards with: %s", after.Why())
		}
		return rule.Holds()
	},
}

// copies is how often the same bytes are sent at once.
const copies = 8

var duplicates = rule.Rule{
	ID: "duplicates-are-answered", Families: posted, Severity: rule.Breaks,
	Sentence: rule.Say(
		"同样的字节同时到达多次时，每一次都有应答（没有 HTTP 5xx），成功的应答都指向同一个实例。",
		"When the same bytes arrive several times at once, each is answered (no HTTP 5xx), and those that succeed name the same instance."),
	Cost: rule.Say(
		"代理和网络会重复投递请求：唯一键冲突变成异常，或同一次购买得到两个实例。",
		"Proxies and networks deliver twice: a conflict of a unique key becomes an error, or one purchase gets two instances."),
	Remedy: rule.Say(
		"遇到唯一键冲突时读出已有记录并返回它。",
		"When a unique key conflicts, read the row that is there and answer with it."),
	Source: []string{"first-answer-wins", "http-status"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		call := knock(p)
		seen := make([]probe.Seen, copies)
		var wait sync.WaitGroup
		for n := range seen {
			wait.Go(func() { seen[n] = p.Make(ctx, call) })
		}
		wait.Wait()
		id := ""
		for _, s := range seen {
			switch {
			case fell(s):
				return rule.Broken("同样的字节同时发送 %d 次，其中一次得到：%s", "of %d calls with the same bytes at once, one was answered with: %s", copies, s.StatusText())
			case s.InstanceID == "":
			case id != "" && id != s.InstanceID:
				return rule.Broken("同样的字节得到 %q 和 %q", "the same bytes were answered with %q and %q", id, s.InstanceID)
			default:
				id = s.InstanceID
			}
		}
		return rule.Holds()
	},
}
