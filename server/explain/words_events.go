// SPDX-License-Identifier: Apache-2.0

package explain

// What the marketplace's calls said.
var (
	saidNotified = Text{"The marketplace announced the order (call orderNotify, order line %s).", "云商店通知了该订单（调用 orderNotify，订单行 %s）。"}
	saidNew      = Text{"The marketplace asked for a new instance (call %s, order line %s). It has the instance ID %s.", "云商店请求开通新实例（调用 %s，订单行 %s），实例 ID 为 %s。"}
	saidProduct  = Text{"The call said what was bought: %s.", "调用中已说明购买内容：%s。"}
	saidCode     = Text{
		"The marketplace named a licence code that Koogate had not met before. It is instance %s of product %s from now on.",
		"云商店提到一个 Koogate 此前未见过的授权码，自此作为商品 %[2]s 的实例 %[1]s 管理。",
	}
	saidAccepted    = Text{"The marketplace reported that the buyer has accepted the delivery of instance %s.", "云商店告知：买家已验收实例 %s。"}
	saidRenewal     = Text{"The buyer renewed instance %s%s: it is paid until %s.", "买家续费了实例 %s%s：已付费至%s。"}
	saidConversion  = Text{"The buyer turned the trial instance %s into a paid one%s: it is paid until %s.", "买家将试用实例 %s 转为正式%s：已付费至%s。"}
	saidUnsubscribe = Text{"A renewal of instance %s was refunded%s: it is paid until %s again.", "实例 %s 的一次续费已退款%s：有效期退回至%s。"}
	saidChange      = Text{"The buyer renewed instance %s and changed what it is%s: it is paid until %s.", "买家续费实例 %s 并变更了规格%s：已付费至%s。"}
	saidRefresh     = Text{"The marketplace set a new end for instance %s%s: %s.", "云商店为实例 %s 设定了新的到期时间%s：%s。"}
	saidTooLate     = Text{"A call came that would set the end of instance %s%s to %s.", "有一次调用要将实例 %s%s的到期时间设为%s。"}
	saidLate        = Text{"It changed nothing, because a later call had already set a later end.", "此次未生效：之后的调用已设定了更晚的到期时间。"}
	saidRefunded    = Text{"It changed nothing, because it had been refunded before it came.", "此次未生效：到达之前已退款。"}
	saidFreeze      = Text{"The marketplace ordered instance %s to be frozen%s: it must not be usable, and its data are kept.", "云商店要求冻结实例 %s%s：不可使用，数据保留。"}
	saidExpired     = Text{"The reason is that its paid time is over.", "原因：已到期。"}
	saidFreezeToo   = Text{"It was frozen for another reason already. Now only the marketplace can lift the freeze.", "该实例此前已因其他原因冻结；现在只有云商店能够解冻。"}
	saidLetIn       = Text{"This is not the marketplace's own call at that time: “%s” let in again what it had called before.", "该调用并非云商店此刻发起，而是由“%s”对其先前的调用进行的重放。"}
	saidByHandToo   = Text{"It had been frozen by hand already, and stays frozen until that is lifted by hand as well.", "该实例此前已被手动冻结；须同时手动解冻后才能恢复使用。"}
	stillByHand     = Text{"It stays frozen, because it is frozen by hand as well.", "该实例同时被手动冻结，因此仍处于冻结状态。"}
	stillFrozen     = Text{"It stays frozen, because there is another cause as well.", "该实例还有其他冻结原因，因此仍处于冻结状态。"}
	saidUnfreeze    = Text{"The marketplace ordered the freeze of instance %s to be lifted%s.", "云商店要求解冻实例 %s%s。"}
	saidUpgrade     = Text{"The buyer changed what instance %s is%s.", "买家变更了实例 %s 的规格%s。"}
	saidRefund      = Text{"The buyer gave instance %s back%s: the marketplace ordered it to be deleted for good.", "买家退订了实例 %s%s：云商店要求彻底释放。"}
	saidEnd         = Text{"The marketplace ordered instance %s to be deleted for good%s, because its time is over.", "实例 %s 已到期，云商店要求彻底释放%s。"}
	saidCheck       = Text{"The marketplace asked, for a buyer who is looking at a change, whether instance %s may be changed (call changeInstanceCheck).", "买家准备变更，云商店询问实例 %s 能否变更（调用 changeInstanceCheck）。"}
	saidLicence     = Text{"The marketplace asked for a licence for instance %s (call getLicenseAsync, event %s).", "云商店请求为实例 %s 签发 License（调用 getLicenseAsync，事件 %s）。"}
	saidDirectory   = Text{"The buyer's enterprise changed its tenants, applications, users or departments at instance %s (call %s).", "买家企业变更了实例 %s 的租户、应用、用户或部门（调用 %s）。"}
	saidOldNews     = Text{"A change of tenants, applications, users or departments of instance %s came later than newer ones and was left out (call %s).", "实例 %s 的一次租户、应用、用户或部门变更晚于更新的变更到达，未采用（调用 %s）。"}
	saidConflict    = Text{
		"A call for instance %s named order line %s, which had been used for instance %s.",
		"针对实例 %s 的调用使用了订单行 %s，而该订单行此前已用于实例 %s。",
	}
	saidElsewhere   = Text{"A call about instance %s came by endpoint %s, although the instance belongs to endpoint %s.", "关于实例 %s 的调用经由端点 %s 到达，而该实例属于端点 %s。"}
	saidDiffers     = Text{"A repeat of %s (order %s) said something else than the first call, in: %s. The first call stands.", "重复调用 %s（订单 %s）与首次调用不同，差异在：%s。以首次为准。"}
	saidQuarantined = Text{"A call (%s) brought the value “%s” in %s, which the marketplace's documents do not list.", "调用 %s 的 %[3]s 带有文档未列出的值“%[2]s”。"}
	saidRepaired    = Text{"Descriptive text of a call (%s) was not readable in places. The call was served all the same.", "调用 %s 中的描述性文字有部分无法读取，调用仍已受理。"}
	saidSomething   = Text{"An event of kind %s was recorded.", "记录了类型为 %s 的事件。"}
)

// What was answered.
var (
	answerLater = Text{
		"To order line %s: 000004, that is “the instance is being made”. The marketplace asks from time to time whether it is ready (call queryInstance).",
		"对订单行 %s：000004，即“开通中”。云商店会不时查询是否就绪（调用 queryInstance）。",
	}
	answerHeard        = Text{"To the announcement of order line %s: 000000, success.", "对订单行 %s 的通知：000000，成功。"}
	answerLicenceLater = Text{
		"To event %s: 000004, that is “the licence follows”. Koogate delivers it as soon as it is issued.",
		"对事件 %s：000004，即“稍后提供”。签发后由 Koogate 上传。",
	}
	answerHeld = Text{
		"Nothing final to order line %s yet. Such a call is answered with the finished instance: Koogate keeps it waiting for as long as the marketplace listens, then says 000004, and the marketplace calls again.",
		"对订单行 %s 尚无最终应答。此类调用须以开通结果应答：Koogate 在云商店等待的时间内保持调用，超时则应答 000004，云商店会再次调用。",
	}
	answerOpen      = Text{"Nothing to order line %s yet: Koogate waits a moment, in case the instance is ready at once.", "对订单行 %s 尚未应答：Koogate 稍候，以便实例立即就绪时直接告知成功。"}
	answerCommitted = Text{"To order line %s: %s (%s).", "对订单行 %s：%s（%s）。"}
	answerCreated   = Text{"To order line %s: 000000, success. The instance is there, and how to get in was told along.", "对订单行 %s：000000，成功。实例已就绪，并已告知访问方式。"}
	answerAtOnce    = Text{"About instance %s%s: 000000, success, at once. The change is recorded, and your provisioner carries it out afterwards.", "关于实例 %s%s：立即应答 000000，成功。变更已记录，随后由开通系统执行。"}
	answerNoEffect  = Text{"About instance %s%s: 000000, success. There is nothing to do for it.", "关于实例 %s%s：000000，成功。无需执行任何操作。"}
	answerDone      = Text{
		"About instance %s%s: 000000, success, when your provisioner is done. Until then 000004, and the marketplace calls again (on_completion of the endpoint).",
		"关于实例 %s%s：开通系统完成后应答 000000，成功；此前应答 000004，云商店会再次调用（端点的 on_completion 设置）。",
	}
	answerYes      = Text{"Yes, instance %s may be changed. %s", "可以变更实例 %s。%s"}
	answerNo       = Text{"No, instance %s may not be changed now. %s", "实例 %s 暂不能变更。%s"}
	answerByWorker = Text{"Your provisioner said so.", "由开通系统判定。"}
	answerByPolicy = Text{"Your provisioner did not answer in time, so the endpoint's policy decided.", "开通系统未及时答复，按端点策略判定。"}
	answerRefused  = Text{"The call was refused: an order line acts once, and the first call stands.", "该调用被拒绝：一个订单行只生效一次，以首次调用为准。"}
	answerNotHere  = Text{"The call was answered as if the instance did not exist, because its endpoint is isolated.", "该实例的端点已隔离，应答为实例不存在。"}
)

// What was done.
var (
	didQuery = Text{"Koogate asked the marketplace what was bought in order %s: %s.", "Koogate 向云商店查询了订单 %s：%s。"}
	didKept  = Text{"A newer call had already said otherwise about: %s. That stands.", "以下内容已有更新的调用说明，以其为准：%s。"}
	didRead  = Text{"Parts of the answer could not be read: %s.", "答复中有部分无法读取：%s。"}

	didAsk      = Text{"Koogate tried to ask the marketplace what was bought, without success: “%s”.", "Koogate 向云商店查询订单未成功：“%s”。"}
	didGiveUp   = Text{"Koogate gave up asking the marketplace what was bought: “%s”.", "Koogate 放弃向云商店查询订单：“%s”。"}
	didWork     = Text{"Your provisioner did its task: %s.", "开通系统完成了任务：%s。"}
	didOurs     = Text{"Koogate itself did the task: %s.", "Koogate 自行完成了任务：%s。"}
	didFail     = Text{"An attempt to %s failed: “%s”.", "尝试“%s”未成功，原因“%s”。"}
	didFailEnd  = Text{"The task to %s failed for good: “%s”.", "任务“%s”最终失败，原因“%s”。"}
	didCancel   = Text{"The task to %s was cancelled: %s.", "任务“%s”已取消：%s。"}
	didRetry    = Text{"%s had the failed task done again, to %s.", "%s要求重新执行失败的任务“%s”。"}
	didWhy      = Text{"The reason that was given: “%s”.", "所给理由：“%s”。"}
	didExtend   = Text{"%s had the attempts to %s go on until %s.", "%s将任务“%s”的重试期限延长至 %s。"}
	didMove     = Text{"%s had the task to %s follow its product from the queue of provisioner %s to that of %s.", "%s将任务“%s”随商品从开通器 %s 的队列移至 %s 的队列。"}
	didForce    = Text{"That was done by force, after the marketplace had stopped waiting at %s.", "这是在云商店于%s停止等待之后强制执行的。"}
	didIssue    = Text{"Your provisioner issued the licence of event %s.", "开通系统签发了事件 %s 的 License。"}
	didUpload   = Text{"Koogate delivered the licence of event %s to the marketplace.", "Koogate 已将事件 %s 的 License 上传至云商店。"}
	didAccess   = Text{"%s changed how the customer gets into instance %s: %s.", "%s变更了实例 %s 的访问信息：%s。"}
	didAdopt    = Text{"%s told Koogate of instance %s, which a restore from a backup had lost.", "%s告知了因备份恢复而缺失的实例 %s。"}
	didIdentify = Text{"A call named instance %s, which Koogate did not know. Your provisioner was asked, and said that it is its own: %s.", "有调用涉及 Koogate 未知的实例 %s；经询问，开通系统确认该实例为其所有：%s。"}
	didImport   = Text{"%s imported instance %s, which another integration had created: %s.", "%s导入了由其他系统开通的实例 %s：%s。"}
	didStop     = Text{"Koogate froze instance %s, because its packages are used up.", "套餐包已用完，Koogate 冻结了实例 %s。"}
	didStopHand = Text{"%s froze instance %s by hand.", "%s手动冻结了实例 %s。"}
	didStopToo  = Text{"It had been frozen for another cause already.", "该实例此前已因其他原因冻结。"}
	didThaw     = Text{"Koogate lifted the freeze of instance %s, because it was renewed.", "实例 %s 已续费，Koogate 将其解冻。"}
	didThawPack = Text{"Koogate lifted the freeze of instance %s, because there is a package again.", "实例 %s 又有可用套餐包，Koogate 将其解冻。"}
	didThawHand = Text{"%s lifted by hand the freeze that had been made by hand of instance %s.", "%s解除了对实例 %s 的手动冻结。"}
	didFreeHand = Text{
		"%s released instance %s by hand, for good. The marketplace was not told.",
		"%s手动释放了实例 %s，不可恢复。云商店并不知情。",
	}
	didFreePaid = Text{"That was done by force, while the buyer was paying for it.", "这是在买家仍在付费期间强制执行的。"}
	didWarn     = Text{"Package %s is used up to %d %%.", "套餐包 %s 已使用 %d%%。"}
	didAssign   = Text{"Package %s was assigned to instance %s, with %s units.", "套餐包 %s 已分配给实例 %s，额度 %s。"}
	didWait     = Text{"Package %s could not be filled: “%s”.", "套餐包 %s 无法充入：“%s”。"}
	didUsage    = Text{"%s had usage of instance %s sent again that the marketplace had refused.", "%s重新发送了云商店曾拒绝的实例 %s 的用量。"}
	didPersonal = Text{"%s read the buyer's personal data.", "%s读取了买家的个人数据。"}

	wordSomebody = Text{"An operator", "运维人员"}
	wordWho      = Text{"%s (operator)", "%s（运维）"}
	wordBought   = Text{"product %s", "商品 %s"}
	wordSKU      = Text{", specification %s", "，规格 %s"}
	wordQuantity = Text{", quantity %d", "，数量 %d"}
	wordUnknown  = Text{"nothing about the product", "未说明商品"}
	wordTrial    = Text{", as a trial", "，试用"}
	wordMode     = map[string]Text{
		"PERIOD": {", paid by period", "，按周期计费"}, "ONE_TIME": {", paid once", "，一次性计费"},
		"ON_DEMAND": {", paid by use", "，按需计费"}, "ON_DEMAND_PKG": {", a package of use", "，按需套餐包"},
	}
	wordOvertaken = Text{"the instance was ended first", "实例已先被释放"}
)
