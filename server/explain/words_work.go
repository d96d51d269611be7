// SPDX-License-Identifier: Apache-2.0

package explain

// What is pending.
var (
	isLater     = Text{"%s, once the task before it is done (task %s).", "%s，待前一任务完成后进行（任务 %s）。"}
	isDue       = Text{"%s (task %s). It is due now.", "%s（任务 %s）。现在即可执行。"}
	isOurs      = Text{"%s (task %s). It is being done.", "%s（任务 %s）。正在执行。"}
	isReady     = Text{"%s (task %s in the queue “%s”). %s", "%s（任务 %s，队列“%s”）。%s"}
	isHeld      = Text{"%s (task %s). Worker “%s” took it, attempt %d; its lease ends at %s unless it prolongs it.", "%s（任务 %s）。开通方“%s”已领取，第 %d 次尝试；租约至%s，可续租。"}
	isDropped   = Text{"%s (task %s). Worker “%s” took it and let its lease end at %s. The next worker that asks gets it.", "%s（任务 %s）。开通方“%s”领取后租约已于%s到期，下一个领取者将得到它。"}
	isAgain     = Text{"%s (task %s). %s The next attempt is due at %s, in %s.", "%s（任务 %s）。%s下一次尝试在%s（%s后）。"}
	isFailed    = Text{"remove the cause and have the task done again: %s (task %s). It failed for good: “%s”.", "排除原因并重新执行任务：%s（任务 %s）。该任务已最终失败：“%s”。"}
	isBehind    = Text{"%s (task %s). It failed together with the order query and is done after it.", "%s（任务 %s）。随订单查询一并失败，在其之后执行。"}
	isNoQueue   = Text{"%s (task %s). Its queue “%s” is not configured any more, so nobody does it.", "%s（任务 %s）。其队列“%s”已不在配置中，无人执行。"}
	isUntold    = Text{"learn that instance %s is ready. It is told so as soon as it asks; whether it has asked yet is not recorded.", "得知实例 %s 已就绪。云商店一来查询即被告知；是否已查询，没有记录。"}
	askedNever  = Text{"No worker has ever asked for work in this queue.", "从未有开通方领取过该队列的任务。"}
	askedBefore = Text{"No worker has asked for work in this queue since %s, %s ago.", "自%s以来（%s前）没有开通方来领取该队列的任务。"}
	askedLately = Text{"A worker (“%s”) last asked for work in it %s ago.", "开通方（“%s”）%s前来领取过任务。"}
	failedLast  = Text{"Attempt %d failed: “%s”.", "第 %d 次尝试失败：“%s”。"}
)

// What happens next.
var (
	nextAttempt = Text{"At %s: another attempt to %s.", "%s：再次尝试：%s。"}
	nextFinal   = Text{"After %s a failed attempt to %s is not repeated.", "%s之后，任务“%s”若再失败则不再重试。"}
	nextLease   = Text{"At %s: unless worker “%s” prolongs its lease, another worker may take over the task to %s.", "%s：若开通方“%s”未续租，其他开通方可接手任务：%s。"}
	nextWaits   = Text{
		"Until %s, that is for %s more, the marketplace waits for instance %s. If it is not told of success by then, %s.",
		"云商店等待实例 %[3]s 至%[1]s（还有 %[2]s）；届时若未得知成功，%[4]s。",
	}
	nextChange = Text{
		"Until %s, that is for %s more, the marketplace waits for order %s to take effect on instance %s. If it is not told of success by then, %s.",
		"云商店等待订单 %[3]s 在实例 %[4]s 上生效，至%[1]s（还有 %[2]s）；届时若未得知成功，%[5]s。",
	}
	nextReady = Text{
		"Until %s, that is for %s more, the marketplace can fetch instance %s. Only if it had not asked at all by then: %s.",
		"云商店可在%s之前（还有 %s）取得实例 %s；只有在此之前从未查询时，才会：%s。",
	}
	nextTold   = Text{"When the marketplace asks about instance %s, it is told %s (%s).", "云商店查询实例 %s 时，将得知 %s（%s）。"}
	nextSaid   = Text{"The customer is told: “%s”.", "告知客户：“%s”。"}
	nextOver   = Text{"The marketplace stopped waiting for instance %s at %s, %s ago. By its rules that means: %s.", "云商店对实例 %s 的等待已于%s结束（%s前）。按其规则，%s。"}
	nextCall   = Text{"At about %s the marketplace calls again: until it hears of success it repeats the call every %s.", "约%s云商店会再次调用：未成功的调用每隔 %s重复一次。"}
	nextExpiry = Text{
		"At %s the paid time of instance %s ends, unless the buyer renews it. Then the marketplace says whether it is to be frozen or deleted.",
		"%s：实例 %s 到期（买家续费除外）；届时由云商店要求冻结或释放。",
	}
	nextExpired = Text{
		"The paid time of instance %s ended at %s. The marketplace says whether it is to be frozen or deleted; Koogate does nothing by itself.",
		"实例 %s 已于%s到期。由云商店要求冻结或释放，Koogate 不会自行处理。",
	}
)

// What the reader can do.
var (
	canNothing = Text{"Nothing has to be done.", "无需任何操作。"}
	canWait    = Text{"Nothing has to be done now: it goes on by itself.", "现在无需操作，流程会自动继续。"}
	canWorker  = Text{"Start your provisioner, or see why its workers do not lease from the queue “%s”. GET /v1/queues and `koogate queues` show who asked last.", "启动开通系统，或检查其为何不从队列“%s”领取任务。GET /v1/queues 与 `koogate queues` 显示最近的领取者。"}
	canLook    = Text{"Look into your provisioner: it failed to %s and said “%s”. Koogate has it tried again by itself.", "检查开通系统：任务（%s）失败，原因“%s”。Koogate 会自动重试。"}
	canKeys    = Text{"See why the marketplace does not answer Koogate's question: the reason is “%s”. The access keys (sellers[].marketplace), this machine's clock and the network are the usual causes. Koogate asks again by itself.", "检查云商店为何不答复：原因“%s”。常见原因为访问密钥（sellers[].marketplace）、本机时钟与网络。Koogate 会自动再次查询。"}
	canRetry   = Text{"When the cause is removed: POST /v1/tasks/%s:retry.", "排除原因后：POST /v1/tasks/%s:retry。"}
	canForce   = Text{
		"The marketplace has stopped waiting: look in the seller centre whether the order is refunded before you do anything more for it. POST /v1/tasks/%s:retry needs {\"force\": true, \"reason\": \"…\"} now.",
		"云商店已停止等待：先在卖家中心确认该订单是否已退款。此时 POST /v1/tasks/%s:retry 需要 {\"force\": true, \"reason\": \"…\"}。",
	}
	canName     = Text{"Name a provisioner for the product in the endpoint's products (or \"*\" for all), and then have the task done again.", "在端点的 products 中为该商品指定开通系统（或用“*”指定全部），然后重新执行任务。"}
	canQueue    = Text{"Configure a provisioner of the name “%s” again.", "重新配置名为“%s”的开通系统。"}
	canHurry    = Text{"Hurry: %s are left until the marketplace acts.", "请尽快处理：距云商店采取行动还有 %s。"}
	canRestart  = Text{"If the marketplace has given up: press 重新启动 at the order in 卖家中心 › 生产接口消息. The call comes again, and is answered by what is true then.", "若云商店已停止调用：在卖家中心 › 生产接口消息中对该订单点击“重新启动”，调用会再次到达并按当时的实际状态应答。"}
	canRefunded = Text{"Check in the seller centre whether the order is refunded. What was made for it is nobody's then and can be deleted.", "在卖家中心确认该订单是否已退款；若已退款，为其开通的资源可以删除。"}
	canThaw     = Text{"Nothing has to be done: instance %s is in use again when the buyer pays, or when the marketplace orders the freeze to be lifted.", "无需操作：买家付费或云商店要求解冻后，实例 %s 恢复使用。"}
	canPackages = Text{"Instance %s is in use again as soon as the buyer has a package with something left in it.", "买家拥有可用套餐包后，实例 %s 即恢复使用。"}
	canLift     = Text{
		"Lift the freeze of instance %s by hand (POST /v1/instances/%[1]s:unfreeze) when its reason is gone; neither the marketplace nor a renewal nor a package does.",
		"原因消除后请手动解冻实例 %s（POST /v1/instances/%[1]s:unfreeze）；云商店、续费或套餐包都不会解除手动冻结。",
	}
	canRefundHand = Text{
		"Refund instance %s in the seller centre: the marketplace does not know that it is released, so the buyer goes on paying and cannot use it.",
		"请在卖家中心为实例 %s 办理退款：云商店不知道它已释放，买家仍在付费却无法使用。",
	}

	canConflict    = Text{"Ask the marketplace's support about order line %s: it came for two instances.", "就订单行 %s 询问云商店支持：它用于了两个实例。"}
	canIsolated    = Text{"If the product has moved to the other address, switch off isolate at endpoint %s.", "若商品已迁移到另一地址，请关闭端点 %s 的 isolate。"}
	canQuarantined = Text{"Look for a newer Koogate, or ask the marketplace's support about the value that the documents do not list.", "检查是否有新版 Koogate，或就文档未列出的值询问云商店支持。"}
	canPackage     = Text{"Say which instance package %s belongs to (PutQuota), if the buyer has one.", "如果买家有相应实例，请指定套餐包 %s 所属的实例（PutQuota）。"}
	canRestore     = Text{"See `koogate restore status`: adopt what the backup lacks, then close the gap.", "执行 `koogate restore status`：补录备份中缺少的内容，然后关闭缺口。"}
)

// The summary.
var (
	sumQuery    = Text{"The order is stuck: Koogate could not learn from the marketplace what was bought (“%s”), and without that nothing can be made.", "订单卡住：Koogate 未能从云商店得知购买了什么（“%s”），因而无法开通。"}
	sumFailed   = Text{"The order is stuck: the task to %s failed for good (“%s”).", "订单卡住：任务“%s”最终失败（“%s”）。"}
	sumStill    = Text{"Nothing goes on with it until you act.", "在您处理之前不会继续。"}
	sumBroken   = Text{"Instance %s could not be made (“%s”).", "实例 %s 开通失败（“%s”）。"}
	sumAsking   = Text{"Koogate is about to %s.", "Koogate 正要%s。"}
	sumAskAgain = Text{"Koogate has not yet managed to %s: %d attempts failed, the last with “%s”. The next is due in %s.", "Koogate 尚未成功%s：已失败 %d 次，最近一次为“%s”。%s后再试。"}
	sumOurs     = Text{"Koogate itself is to %s.", "由 Koogate %s。"}
	sumReady    = Text{"Your provisioner is to %s: the task waits in the queue “%s” to be taken.", "等待开通系统%s：任务在队列“%s”中待领取。"}
	sumAway     = Text{"Your provisioner is to %s, but no worker comes for the task: it lies in the queue “%s”.", "需由开通系统%s，但没有开通方来领取：任务在队列“%s”中。"}
	sumHeld     = Text{"Your provisioner is at work: worker “%s” is to %s.", "开通系统正在处理：开通方“%s”%s。"}
	sumAgain    = Text{"Your provisioner has not yet managed to %s: %d attempts failed, the last with “%s”. It is tried again in %s.", "开通系统尚未成功%s：已失败 %d 次，最近一次为“%s”。%s后重试。"}
	sumMore     = Text{"Open tasks besides this one: %d.", "其他未完成任务：%d 个。"}
	sumUntil    = Text{"The marketplace waits until %s, that is for %s more; after that %s.", "云商店等待至%s（还有 %s）；之后%s。"}
	sumOver     = Text{"The marketplace stopped waiting at %s, %s ago; by its rules that means: %s.", "云商店已于%s停止等待（%s前）；按其规则，%s。"}
	sumMaking   = Text{"The instances of this order are being made.", "该订单的实例正在开通。"}
	sumActive   = Text{"All is well, and nothing is left to do. Instances of this order in use: %d.", "一切正常，没有待办任务。该订单在用实例：%d 个。"}
	sumFrozen   = Text{"Instances of this order that are frozen: %d. What is frozen cannot be used, and its data are kept.", "该订单被冻结的实例：%d 个。冻结期间不可使用，数据保留。"}
	sumReleased = Text{"This order is over: its instances are deleted.", "该订单已结束：实例均已释放。"}
	sumNone     = Text{"This order has no instances; nothing is left to do.", "该订单没有实例，没有待办任务。"}
	sumUntold   = Text{"The marketplace learns that it is ready as soon as it asks.", "云商店一来查询即得知已就绪。"}
	sumGap      = Text{
		"The database was restored from a backup of %s: what happened after that may be missing here.",
		"数据库由%s的备份恢复：此后发生的内容可能缺失。",
	}
)
