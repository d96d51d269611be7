// SPDX-License-Identifier: Apache-2.0

// Package deadline knows the marketplace's patience: how long it waits for one answer, how often and how long it repeats a
// call that failed, and what it does in the end. It is the one table of these numbers, with their sources; server, simulator
// and checker read it. It knows no clock: whoever asks brings the time of the first call.
package deadline

import "time"

// Family is a protocol family, under the name that it has in the configuration.
type Family string

// The families: this is where they have their names.
const (
	SaasV2        Family = "saas_v2"
	SaasV1        Family = "saas_v1"
	LicenseV1     Family = "license_v1"
	LicenseCode   Family = "license_code"
	LicenseOnline Family = "license_online"
	OrderNotify   Family = "order_notify"
	KitV1         Family = "kit_v1"
	KitV2         Family = "kit_v2"
)

// Families returns all families. The one of SaaS V2.0 comes first.
func Families() []Family {
	return []Family{SaasV2, SaasV1, LicenseV1, LicenseCode, LicenseOnline, OrderNotify, KitV1, KitV2}
}

// Step is what a call is about, whatever its family calls it.
type Step string

// The steps.
const (
	Open    Step = "open"    // newInstance, getLicense, getLicenseAsync, orderNotify
	Upgrade Step = "upgrade" // upgradeInstance, upgrade
	Refresh Step = "refresh" // renewal, conversion, new expiry, cancelled renewal
	Status  Step = "status"  // freeze, unfreeze, expiry
	Release Step = "release"
	Check   Step = "check" // changeInstanceCheck
	Sync    Step = "sync"  // the Kit's calls
)

// End is what the marketplace does when a call has failed to its end.
type End string

// The ends.
const (
	// Refund: the order is judged failed, cancelled and refunded. More than five such orders in a month delist the product.
	Refund End = "REFUND"
	// Restart: the marketplace stops calling; the order is judged failed until somebody restarts it by hand in 生产接口消息.
	// What the buyer has paid for is not in effect.
	Restart End = "RESTART"
	// Stop: the marketplace stops calling; its own state has changed all the same, and nobody is refunded.
	Stop End = "STOP"
	// Refuse: the buyer is told that the change is not possible now.
	Refuse End = "REFUSE"
	// Ask: nothing is repeated by itself; the buyer or the enterprise's administrator triggers the call again.
	Ask End = "ASK"
)

// Rule is the marketplace's patience with one kind of call.
type Rule struct {
	Family Family
	Step   Step
	Answer time.Duration // for one answer
	Every  time.Duration // between two attempts; 0 for a single attempt
	Window time.Duration // from the first attempt to the last; 0 for a single attempt
	End    End
	Source string // the page and its date, or why the numbers are inferred
}

// Attempts is the largest number of attempts, at least 1.
func (r Rule) Attempts() int {
	if r.Every <= 0 || r.Window < r.Every {
		return 1
	}
	return int(r.Window/r.Every) + 1
}

const (
	fast = 5 * time.Second
	slow = 20 * time.Second
)

// schedules that several rules share.
var (
	once     = [2]time.Duration{}
	hourly   = [2]time.Duration{time.Hour, 3 * time.Hour}
	minutely = [2]time.Duration{time.Minute, time.Hour}
	twice    = [2]time.Duration{2 * time.Minute, 2 * time.Hour} // every two minutes: sixty times
)

const (
	pageV1     = "saas_topic_0000001, 2025-11-13; zh-cn_topic_0182376880, 2025-11-18"
	pageV2     = "the retry paragraph of zh-cn_topic_0070649414 (2025-12-16) is cut off in every copy; "
	pageCode   = "zh-cn_topic_0070649167, not dated: 60 times, every 2 minutes"
	pageOnline = "zh-cn_topic_0070649282, 2023-12-26"
	pageLicV1  = "zh-cn_topic_0070649153: 3 h for getLicense, then by hand; the other calls once"
	pageKit    = "the Kit's pages name no repetition; the buyer or the administrator calls again"
)

func rule(f Family, s Step, answer time.Duration, sched [2]time.Duration, end End, source string) Rule {
	return Rule{Family: f, Step: s, Answer: answer, Every: sched[0], Window: sched[1], End: end, Source: source}
}

// Rules returns the whole table, in the order of families and steps.
func Rules() []Rule {
	return []Rule{
		rule(SaasV2, Open, fast, hourly, Refund, pageV2+"3 h, once an hour in a snippet of the same wording"),
		rule(SaasV2, Upgrade, fast, hourly, Refund, pageV2+"that of V1.0 is taken"),
		rule(SaasV2, Refresh, fast, twice, Restart, pageV2+"that of the online licence is taken"),
		rule(SaasV2, Status, fast, minutely, Stop, pageV2+"that of V1.0 is taken"),
		rule(SaasV2, Release, fast, minutely, Stop, pageV2+"that of V1.0 is taken"),
		rule(SaasV2, Check, fast, once, Refuse, "zh-cn_topic_0000002411753620, 2026-01-06: the buyer waits for the answer"),

		rule(SaasV1, Open, slow, hourly, Refund, pageV1),
		rule(SaasV1, Upgrade, slow, hourly, Refund, pageV1),
		rule(SaasV1, Refresh, slow, minutely, Restart, pageV1+": judged failed after 1 h; no interval is given"),
		rule(SaasV1, Status, slow, minutely, Stop, pageV1+": no window for instanceStatus; that of the expiry is taken"),
		rule(SaasV1, Release, slow, minutely, Stop, pageV1),

		rule(LicenseV1, Open, slow, hourly, Restart, pageLicV1),
		rule(LicenseV1, Refresh, slow, once, Restart, pageLicV1),
		rule(LicenseV1, Status, slow, once, Stop, pageLicV1),
		rule(LicenseV1, Release, slow, once, Stop, pageLicV1),

		rule(LicenseCode, Refresh, fast, twice, Restart, pageCode),
		rule(LicenseCode, Status, fast, twice, Stop, pageCode),
		rule(LicenseCode, Release, fast, twice, Stop, pageCode),

		rule(LicenseOnline, Open, fast, twice, Refund, pageOnline+": 2 h, every 2 min; one sentence says 3 h"),
		rule(LicenseOnline, Refresh, fast, twice, Restart, pageOnline),
		rule(LicenseOnline, Status, fast, twice, Stop, pageOnline),
		rule(LicenseOnline, Release, fast, twice, Stop, pageOnline),

		rule(OrderNotify, Open, fast, hourly, Restart, "zh-cn_topic_0000002091799149, 2025-12-30: 3 h, then by hand"),

		rule(KitV1, Sync, slow, once, Ask, pageKit),
		rule(KitV2, Sync, fast, once, Ask, pageKit),
	}
}

// UsageAge is how long after its begin the marketplace takes a usage record; what is older it refuses for good. Source:
// zh-cn_topic_0070649410, the rules of the usage push (open-apis §3.7).
const UsageAge = 21 * 24 * time.Hour

// table is Rules by family and step.
var table = func() map[Family]map[Step]Rule {
	t := map[Family]map[Step]Rule{}
	for _, r := range Rules() {
		if t[r.Family] == nil {
			t[r.Family] = map[Step]Rule{}
		}
		t[r.Family][r.Step] = r
	}
	return t
}()

// Of returns the rule of a step; ok is false for a step that the family does not have.
func Of(f Family, s Step) (r Rule, ok bool) {
	r, ok = table[f][s]
	return r, ok
}

// Text says in English what the marketplace does in the end.
func (e End) Text() string {
	switch e {
	case Refund:
		return "the marketplace cancels and refunds the order"
	case Restart:
		return "the marketplace judges the order failed until it is restarted by hand"
	case Stop:
		return "the marketplace stops calling; its own state has changed all the same"
	case Refuse:
		return "the marketplace tells the buyer that the change is not possible now"
	case Ask:
		return "nobody calls again unless the buyer or the administrator triggers it"
	}
	return ""
}

// Chinese says the same in Chinese.
func (e End) Chinese() string {
	switch e {
	case Refund:
		return "云商店取消订单并退款"
	case Restart:
		return "云商店判定订单失败，需在生产接口消息中重新启动"
	case Stop:
		return "云商店不再调用，其自身状态已变更"
	case Refuse:
		return "云商店提示买家暂不能变更"
	case Ask:
		return "不会自动重试，需买家或管理员再次触发"
	}
	return ""
}
