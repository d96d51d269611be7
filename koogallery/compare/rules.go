// SPDX-License-Identifier: Apache-2.0

package compare

// Rule is what is compared of two answers.
type Rule string

// The rules, in the order in which they are looked at.
const (
	RuleTime       Rule = "time"        // answered in time, too late, or not at all
	RuleStatus     Rule = "http-status" // the HTTP status
	RuleBodySign   Rule = "body-sign"   // the Body-Sign is good, where the family demands one, and wrong nowhere
	RuleOutcome    Rule = "outcome"     // the call succeeds, or fails, or is under way
	RuleResultCode Rule = "result-code" // a call that fails does so with the same result code
	RuleAtOnce     Rule = "at-once"     // a call that succeeds is answered with the same one of 000000 and 000004
	RuleIdentity   Rule = "identity"    // one order line has one instance id, and another one has another
	RuleInstances  Rule = "instances"   // the same instances are shown
	RuleOrder      Rule = "order"       // they are shown in the same order
	RuleAccess     Rule = "access"      // access information is shown
	RuleUsage      Rule = "usage"       // usage is shown, and of which instances
	RuleHandedOver Rule = "handed-over" // a repeated opening hands over the same as the first
	RuleObjections Rule = "objections"  // the debugger objects to the same
)

// told is what a rule says to people.
type told struct {
	meaning, meaningZH string
	remedy, remedyZH   string
	severe             bool
}

var rules = map[Rule]told{
	RuleTime: {
		"answered in time, too late, or not at all", "按时应答、超时或未应答",
		"Answer within 5 s (V1.0: 20 s); what takes longer is answered with 000004 and done afterwards.", "请在 5 秒内应答（V1.0 为 20 秒）；耗时更长的先答 000004，随后完成。", true,
	},
	RuleStatus: {
		"the HTTP status", "HTTP 状态码",
		"Answer every call with HTTP 200; the result code says how it went.", "每个调用都以 HTTP 200 应答，结果由 resultCode 表示。", true,
	},
	RuleBodySign: {
		"the Body-Sign is good where the family demands one, and wrong nowhere", "协议要求时 Body-Sign 正确，且任何时候都不错误",
		"Sign the bytes of the body with the access key; the marketplace refuses an answer of V1.0 without it.", "用接入密钥对应答体的原始字节签名；V1.0 的应答缺少它会被云商店拒绝。", true,
	},
	RuleOutcome: {
		"the call succeeds, fails or is under way", "调用成功、失败或处理中",
		"Read both result codes and the objections of the one that fails; the marketplace would repeat, refund or go on where the other does not.",
		"请查看两个结果码以及失败一方的异议；云商店会在一方重试、退款或继续，而另一方不会。", true,
	},
	RuleResultCode: {
		"what fails has the same result code", "失败时结果码相同",
		"Look up both codes: the marketplace repeats some and gives up at others.", "请核对两个结果码：有的会被云商店重试，有的会被放弃。", true,
	},
	RuleAtOnce: {
		"what succeeds has the same one of 000000 and 000004", "成功时同为 000000 或同为 000004",
		"Give the product more or less time to be done within the call.", "请调整该商品在调用内完成的时间。", false,
	},
	RuleIdentity: {
		"one order line has one instance id, another one has another", "一个订单行对应一个实例 ID，不同订单行的实例 ID 不同",
		"Answer a repeat with the instance id of the first answer: with another one the customer has an instance that nobody can find.",
		"重复调用必须返回首次应答的实例 ID；否则客户的实例无人能找到。", true,
	},
	RuleInstances: {
		"the same instances are shown", "展示的实例相同",
		"Show every instance that was asked for and exists; one that is left out counts as not delivered.", "请展示每个被查询且存在的实例；缺少的会被视为未交付。", true,
	},
	RuleOrder: {
		"the instances are shown in the same order", "实例的展示顺序相同",
		"Show instances in the order in which they were asked for. The documents do not demand it.", "请按查询顺序展示实例；文档未作要求。", false,
	},
	RuleAccess: {
		"access information is shown", "展示登录信息",
		"Show appInfo with a frontEndUrl: without it the customer does not get in.", "请展示带 frontEndUrl 的 appInfo；没有它客户无法登录。", true,
	},
	RuleUsage: {
		"usage is shown, and of which instances", "展示用量及其所属实例",
		"Show the usage that the instance has.", "请展示该实例的用量。", false,
	},
	RuleHandedOver: {
		"a repeated opening hands over the same as the first", "重复开通时交付的内容与首次相同",
		"Answer a repeat with what the first answer handed over.", "重复调用请返回首次交付的内容。", true,
	},
	RuleObjections: {
		"the debugger objects to the same", "调试页面提出的异议相同",
		"Correct the form of the answer as the objection says; the call itself goes on.", "请按异议修正应答格式；调用本身不受影响。", false,
	},
}

// Meaning says in English what a rule compares; empty for what is no rule.
func (r Rule) Meaning() string { return rules[r].meaning }

// In says in a language, zh or en, what a rule compares and what to do about a difference; empty for what is no rule.
func (r Rule) In(language string) (meaning, remedy string) {
	t := rules[r]
	if language == "zh" {
		return t.meaningZH, t.remedyZH
	}
	return t.meaning, t.remedy
}

// Severe tells whether the marketplace, or the customer, would fare differently with the one answer than with the other.
func (r Rule) Severe() bool { return rules[r].severe }

// Rules returns all rules, in their order.
func Rules() []Rule {
	return []Rule{
		RuleTime, RuleStatus, RuleBodySign, RuleOutcome, RuleResultCode, RuleAtOnce, RuleIdentity, RuleInstances, RuleOrder, RuleAccess, RuleUsage,
		RuleHandedOver, RuleObjections,
	}
}
