// SPDX-License-Identifier: Apache-2.0

package explain

// What the marketplace counts against a seller.
var (
	countOrder    = Text{"Order %s", "订单 %s"}
	countInstance = Text{"An order of instance %s, which is not known here", "实例 %s（此处没有该实例）的订单"}
	countCalled   = Text{"%s: the call %s was last answered %s (%s), attempt %d.", "%s：调用 %s 最近一次应答为 %s（%s），第 %d 次。"}
	countFailing  = Text{
		"%s: the marketplace was told that instance %s is being made, and its creation has failed with %s (%s).",
		"%s：已告知云商店实例 %s 正在开通，但开通失败，结果码 %s（%s）。",
	}
	countWaiting = Text{
		"%s: the marketplace was told that instance %s is being made, and it is not ready.",
		"%s：已告知云商店实例 %s 正在开通，但尚未就绪。",
	}
	countReleased = Text{
		"%s: the marketplace was told that instance %s is being made; it was released and had never been ready.",
		"%s：已告知云商店实例 %s 正在开通；该实例从未就绪即被释放。",
	}
	countOver  = Text{"The marketplace's time ended at %s: %s.", "云商店的时限已于%s结束：%s。"}
	countUntil = Text{
		"Unless it is told of success by %s, in %s, %s, and the order counts as failed.",
		"若在%s之前（还有 %s）未得知成功，%s，并计为失败订单。",
	}
	countRepair = Text{
		"Put right what the calls failed on; the next call comes at about %s and needs nobody else.",
		"请排除调用失败的原因；下一次调用约在%s到达，无需其他操作。",
	}
	countRestart = Text{
		"Put right what the calls failed on, then press 重新启动 at the order in 卖家中心 › 生产接口消息.",
		"请排除调用失败的原因，然后在卖家中心 › 生产接口消息中对该订单点击“重新启动”。",
	}
	countRetry   = Text{"Remove the cause and have its failed task done again.", "请排除原因并重新执行其失败的任务。"}
	countDeliver = Text{"See to it that whoever makes it delivers: the order's account says on whom it waits.", "请督促开通方完成：订单说明中写明在等谁。"}
)

// How near the marketplace is to acting.
var (
	sanctionProduct = Text{"Product %s", "商品 %s"}
	sanctionUnknown = Text{"Orders of which nothing could be admitted, so that their product is not known", "未能受理、因而不知其商品的订单"}
	sanctionCount   = Text{"%s: failed orders in %s: %d of the %d that the marketplace allows.", "%s：%s失败订单 %d 个，云商店允许 %d 个。"}
	sanctionLeft    = Text{"%d more may fail; with one beyond that it takes the product off the catalogue.", "本月还可有 %d 个失败订单，再多一个商品将被下架。"}
	sanctionLast    = Text{"The next failed order of this month takes the product off the catalogue.", "本月再有一个失败订单，商品将被下架。"}
	sanctionDue     = Text{
		"That is more than it allows: it may take the product off the catalogue. Tell its operators what the cause was and that it is removed, and write to the buyers who were refunded.",
		"已超过允许的数量：商品可能被下架。请向云商店运营说明原因及已排除的情况，并联系已被退款的买家。",
	}
	sanctionWaiting = Text{"Orders that are going to count: %d, the first at %s, in %s.", "另有 %d 个订单即将计入，最早在%s（还有 %s）。"}
	probesFine      = Text{"Endpoint %s: no test call of the last days has failed.", "端点 %s：最近没有失败的拨测。"}
	probesFail      = Text{
		"Endpoint %s: days in a row on which test calls have failed: %d, the last on %s. On day %d the marketplace freezes the trade and hides the products.",
		"端点 %s：拨测已连续 %d 天失败，最近一次在 %s。连续 %d 天失败时，云商店将冻结交易并隐藏商品。",
	}
	probesDue = Text{
		"Endpoint %s: days in a row on which test calls have failed: %d, the last on %s. From day %d on the marketplace may freeze the trade and hide the products; what is not repaired may be taken off the catalogue.",
		"端点 %s：拨测已连续 %d 天失败，最近一次在 %s。达到 %d 天，云商店可冻结交易并隐藏商品；不修复可能被下架。",
	}
	probesRefused = Text{
		"Calls refused this month: %d. They name no order, so orders and test calls that failed by them are not counted here.",
		"本月被拒绝的调用：%d 次。这些调用无从得知其订单，因此失败的订单和拨测未计入此处。",
	}
	sumSanctions = Text{"Failed orders in %s: %d. At risk now: %d.", "%s失败订单：%d 个；目前有风险：%d 个。"}
	sumClear     = Text{"Nothing counts against you.", "没有计入的问题。"}
	sumDue       = Text{"Products and endpoints for which the marketplace may act now: %d.", "云商店现可采取措施的商品和端点：%d 个。"}
	sumListing   = Text{"If they all belong to one listing, that is more than the %d that the marketplace allows.", "如果这些订单属于同一个商品，则已超过云商店允许的 %d 个。"}
	sumDays      = Text{"Days in a row with failing test calls: %d.", "拨测已连续失败 %d 天。"}
	sumTruncated = Text{"There was more to read than one reading takes: there may be more.", "记录超出一次读取的上限，实际数量可能更多。"}
)
