// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// beyond is just outside the window of 60 seconds.
const beyond = sign.DefaultSkew + time.Second

// sellersTime is between which times the seller's clock stands, as its answer tells to the second.
func sellersTime(p *probe.Probe, first probe.Seen) (earliest, latest time.Time) {
	earliest, latest = p.Now(), p.Now()
	if date, err := http.ParseTime(first.Answer.Header.Get("Date")); err == nil {
		if date.Before(earliest) {
			earliest = date
		}
		if end := date.Add(time.Second + first.Took); end.After(latest) {
			latest = end
		}
	}
	return earliest, latest
}

var stale = rule.Rule{
	ID: "stale-call-is-refused", Families: posted, Severity: rule.Exposes,
	Sentence: rule.Say(
		"时间戳比现在早 60 秒以上的调用被拒绝（000002）。",
		"A call whose timestamp lies more than 60 seconds in the past is refused (000002)."),
	Cost: rule.Say(
		"地址会出现在日志和代理中：任何拿到旧地址的人都可以永远重放旧调用。",
		"The address stands in logs and proxies: whoever gets an old one can play it again for ever."),
	Remedy: rule.Say(
		"要求 |当前时间 − timestamp| ≤ 60 秒（毫秒），并让服务器与 NTP 同步。",
		"Demand |now − timestamp| ≤ 60 seconds (in milliseconds), and keep the server's clock by NTP."),
	Source: []string{"freshness", "timestamp-unit"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		first, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		early, _ := sellersTime(p, first)
		call := knock(p)
		return refuses(
			ctx, p,
			attempt{signed(p, call, p.Config().Key, early.Add(-10*time.Minute), call.Body), "10 分钟前", "of 10 minutes ago"},
			attempt{signed(p, call, p.Config().Key, early.Add(-beyond), call.Body), "61 秒前", "of 61 seconds ago"},
		)
	},
}

var signedTime = rule.Rule{
	ID: "signed-time-counts", Families: posted, Severity: rule.Exposes,
	Sentence: rule.Say(
		"旧调用的 URL 中再加一个新的 timestamp（在前或在后）时仍被拒绝：检查时效的时间戳就是签名的那一个。",
		"An old call stays refused when a new timestamp is added to its URL, before or behind the old one: the timestamp that is held to be fresh is the one that was signed."),
	Cost: rule.Say(
		"验签取第一个值、检查时效取最后一个值的服务器：任何拿到旧地址的人加上当前时间就能永远重放。",
		"A server that verifies the first value and looks at the age of the last can be played any old address for ever, with the present time added."),
	Remedy: rule.Say(
		"只解析一次 URL 参数，验签与时效检查使用同一个值；signature、timestamp、nonce 重复出现时返回 000002。",
		"Parse the URL once and use one value for the signature and for the age; answer 000002 when signature, timestamp or nonce comes twice."),
	Source: []string{"freshness"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		first, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		early, _ := sellersTime(p, first)
		call := knock(p)
		old := func() wire.Call { return signed(p, call, p.Config().Key, early.Add(-10*time.Minute), call.Body) }
		if s := p.Make(ctx, old()); let(s) {
			return rule.Unknown("10 分钟前的调用没有被拒绝", "a call of 10 minutes ago is not refused")
		}
		added := sign.ParamTimestamp + "=" + strconv.FormatInt(p.Now().UnixMilli(), 10)
		before, behind := old(), old()
		before.URL = strings.Replace(before.URL, "?", "?"+added+"&", 1)
		behind.URL += "&" + added
		return refuses(
			ctx, p,
			attempt{before, "10 分钟前、URL 前面加了当前 timestamp", "of 10 minutes ago, with the present timestamp added before its own,"},
			attempt{behind, "10 分钟前、URL 末尾加了当前 timestamp", "of 10 minutes ago, with the present timestamp added behind its own,"},
		)
	},
}

var future = rule.Rule{
	ID: "future-call-is-refused", Families: posted, Severity: rule.Exposes,
	Sentence: rule.Say(
		"时间戳比现在晚 60 秒以上的调用同样被拒绝（000002）。",
		"A call whose timestamp lies more than 60 seconds in the future is refused as well (000002)."),
	Cost: rule.Say(
		"带有未来时间戳的调用在此之前一直有效，可以反复重放；官方示例工程只检查过去。",
		"A call from the future stays valid until then and can be played again all the while; the official sample looks at the past alone."),
	Remedy: rule.Say(
		"对时间差取绝对值：Math.abs(now − timestamp) ≤ 60000。",
		"Take the distance: Math.abs(now − timestamp) ≤ 60000."),
	Source: []string{"freshness"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		first, stop := begin(ctx, p)
		if stop != nil {
			return *stop
		}
		call := knock(p)
		far := refuses(
			ctx, p,
			attempt{signed(p, call, p.Config().Key, p.Now().AddDate(10, 0, 0), call.Body), "10 年后", "from ten years ahead"},
			attempt{signed(p, call, p.Config().Key, p.Now().Add(10*time.Minute), call.Body), "10 分钟后", "from 10 minutes ahead"},
		)
		if far.State == rule.Fail {
			return far
		}
		_, late := sellersTime(p, first)
		near := p.Make(ctx, signed(p, call, p.Config().Key, late.Add(beyond), call.Body))
		if let(near) && near.Took < time.Second && p.Now().Sub(near.At) < time.Second { // else it is no longer from the future
			return rule.Broken("61 秒后的调用得到 %s", "a call from 61 seconds ahead was answered with %s", near.ResultCode)
		}
		return rule.Holds()
	},
}

var missing = rule.Rule{
	ID: "nonce-and-timestamp-are-demanded", Families: posted, Severity: rule.Risks,
	Sentence: rule.Say(
		"缺少 timestamp 或 nonce 的调用被拒绝，即使签名与其余部分相符。",
		"A call without timestamp or nonce is refused, even when its signature fits the rest."),
	Cost: rule.Say(
		"没有时间戳的调用永不过期，没有 nonce 的调用无法识别重放。",
		"A call without a timestamp never grows old, and one without a nonce cannot be told from its repetition."),
	Remedy: rule.Say(
		"三个参数缺少任何一个都拒绝（示例工程返回 000002）。",
		"Refuse a call that lacks any of the three parameters (the sample answers 000002)."),
	Source: []string{"missing-time-or-nonce"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		key, call := p.Config().Key, knock(p)
		timeless, once := call, call
		stamp := stampOf(call.URL)
		timeless.URL = bareURL(p.Config().URL, sign.ParamNonce, "NONCE0001", sign.URLSignature(key, "NONCE0001", "", call.Body))
		once.URL = bareURL(p.Config().URL, sign.ParamTimestamp, stamp, sign.URLSignature(key, "", stamp, call.Body))
		return refuses(
			ctx, p,
			attempt{timeless, "没有 timestamp ", "without a timestamp"},
			attempt{once, "没有 nonce ", "without a nonce"},
		)
	},
}
