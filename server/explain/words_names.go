// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/store"
)

// The frame of an account.
var (
	wordTitle    = Text{"Order %s, endpoint %s, as it stood at %s. All times are Beijing time (UTC+8).", "订单 %s，端点 %s，截至%s。以下时间均为北京时间（UTC+8）。"}
	wordArrived  = Text{"What arrived", "收到了什么"}
	wordAnswered = Text{"What Koogate answered", "Koogate 如何应答"}
	wordDone     = Text{"What was done", "已经做了什么"}
	wordPending  = Text{"What is pending, and on whom", "还在等什么、等谁"}
	wordNext     = Text{"What happens next, and when", "接下来会发生什么、何时发生"}
	wordYouCan   = Text{"What you can do", "您可以做什么"}
	wordNone     = Text{"Nothing.", "无。"}
	wordOn       = Text{"On %s: ", "等待%s："}
	wordTraceAt  = Text{"Trace: %s", "链路：%s"}
	wordTrace    = Text{"Trace ID: %s", "链路 ID：%s"}
	wordMore     = Text{"%d more statements are left out.", "另有 %d 条未列出。"}
	wordGlossary = Text{
		"Words used here: your provisioner is the program of yours that makes and changes instances. Its workers take tasks out of a queue; a lease is the time for which one of them has a task to itself.",
		"用语说明：开通系统是贵方负责开通和变更实例的程序；其开通方（worker）从队列领取任务，租约是某一开通方独占任务的时间。",
	}
	wordTimes   = Text{"This happened %d times; the first was at %s.", "共发生 %d 次，首次为%s。"}
	wordLeftOut = Text{
		"%d events in between are left out here. GET /v1/orders/%s/events lists all.",
		"此处略去中间 %d 个事件；GET /v1/orders/%s/events 列出全部。",
	}
)

// owners are those who act, as a sentence names them.
var owners = map[Owner]Text{
	Marketplace: {"the marketplace", "云商店"},
	Koogate:     {"Koogate", "Koogate"},
	Provisioner: {"your provisioner", "贵方开通系统"},
	Operator:    {"you", "您处理"},
	Buyer:       {"the buyer", "买家"},
}

// doing is what a task does to its instance, as a clause.
var doing = map[store.TaskKind]Text{
	store.TaskCreate:        {"create instance %s", "开通实例 %s"},
	store.TaskRefresh:       {"set instance %s to its new end date", "更新实例 %s 的到期时间"},
	store.TaskUpgrade:       {"change instance %s to what was bought", "按所购规格变更实例 %s"},
	store.TaskFreeze:        {"freeze instance %s", "冻结实例 %s"},
	store.TaskUnfreeze:      {"lift the freeze of instance %s", "解冻实例 %s"},
	store.TaskRelease:       {"delete instance %s for good", "彻底释放实例 %s"},
	store.TaskCheckChange:   {"say whether instance %s may be changed", "判断实例 %s 能否变更"},
	store.TaskIdentify:      {"say whether instance %s is its own", "确认实例 %s 是否为其所有"},
	store.TaskIssueLicence:  {"issue a licence for instance %s", "为实例 %s 签发 License"},
	store.TaskLicenceUpload: {"deliver the licence of instance %s to the marketplace", "向云商店上传实例 %s 的 License"},
}

var (
	doQuery   = Text{"ask the marketplace what was bought in order %s", "向云商店查询订单 %s 购买了什么"}
	doUnknown = Text{"do a task of kind %s", "执行类型为 %s 的任务"}
)

// doOf is what a task does, as a clause. orderID is the one that an order query asks about.
func doOf(kind store.TaskKind, instanceID, orderID string) Text {
	if kind == store.TaskOrderQuery {
		return doQuery.of(orderID)
	}
	if t, ok := doing[kind]; ok {
		return t.of(instanceID)
	}
	return doUnknown.of(string(kind))
}

// calls are the marketplace's names of its calls, by family. What is missing has no name that is certain.
var calls = map[deadline.Family]map[deadline.Step]string{
	deadline.SaasV2: {
		deadline.Open: "newInstance", deadline.Refresh: "refreshInstance", deadline.Status: "updateInstanceStatus",
		deadline.Release: "releaseInstance", deadline.Upgrade: "upgradeInstance",
	},
	deadline.SaasV1: {
		deadline.Open: "newInstance", deadline.Refresh: "refreshInstance", deadline.Release: "releaseInstance", deadline.Upgrade: "upgrade",
	},
	deadline.LicenseV1: {
		deadline.Open: "getLicense", deadline.Refresh: "refreshLicense", deadline.Status: "expireLicense", deadline.Release: "releaseLicense",
	},
	deadline.LicenseCode: {
		deadline.Refresh: "refreshLicenseCode", deadline.Status: "updateLicenseCodeStatus", deadline.Release: "releaseLicenseCode",
	},
	deadline.LicenseOnline: {
		deadline.Open: "newInstance", deadline.Refresh: "refreshInstance", deadline.Status: "updateInstanceStatus", deadline.Release: "releaseInstance",
	},
}

var (
	wordCall      = Text{" (call %s)", "（调用 %s）"}
	wordCallOrder = Text{" (call %s, order %s)", "（调用 %s，订单 %s）"}
	wordOrder     = Text{" (order %s)", "（订单 %s）"}
)

// callOf names a call and the order that it is about, in brackets; empty when neither is known.
func callOf(f deadline.Family, step deadline.Step, orderID string) Text {
	name := calls[f][step]
	switch {
	case name != "" && orderID != "":
		return wordCallOrder.of(name, orderID)
	case name != "":
		return wordCall.of(name)
	case orderID != "":
		return wordOrder.of(orderID)
	}
	return Text{}
}
