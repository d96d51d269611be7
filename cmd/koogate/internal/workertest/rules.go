// SPDX-License-Identifier: Apache-2.0

package workertest

import "github.com/koogate/koogate/koogallery/checker/rule"

// The rules of a worker.
const (
	finishes  = "finishes-a-purchase"
	once      = "one-resource"
	resumes   = "resumes-after-a-crash"
	durable   = "durable-before-the-answer"
	stops     = "stops-without-its-lease"
	own       = "reports-its-own-tasks"
	beats     = "prolongs-its-lease"
	renews    = "applies-a-renewal"
	leaksNone = "leaves-nothing-of-a-failed-purchase"
	tells     = "makes-nothing-of-a-question"
)

// rules returns them in the order of a report.
func rules() []rule.Rule {
	return []rule.Rule{
		{
			ID: finishes, Severity: rule.Breaks,
			Sentence: rule.Say("能完成一次普通的开通任务。", "A plain purchase is finished."),
			Cost:     rule.Say("客户付款后得不到商品，云商店会退款。", "The customer pays and gets nothing; the marketplace refunds the order."),
			Remedy:   rule.Say("领取任务，完成工作，然后以访问信息完成任务。", "Lease the task, do it, and complete it with the access information."),
		},
		{
			ID: once, Severity: rule.Breaks,
			Sentence: rule.Say("同一任务再次到达时不会再创建资源。", "A task that comes again makes no second resource."),
			Cost:     rule.Say("一次购买占用两份资源，其中一份无人付费。", "One purchase takes two resources, and nobody pays for one of them."),
			Remedy:   rule.Say("以 instance_id 为键创建资源：先查找，或使用唯一约束。", "Key what you create by instance_id: look for it first, or have a unique constraint decide."),
		},
		{
			ID: resumes, Severity: rule.Breaks,
			Sentence: rule.Say("进程崩溃后继续同一任务，并且只有一份资源。", "After a crash the task is finished, with one resource."),
			Cost:     rule.Say("每次崩溃都会多出一份资源，或订单一直得不到处理。", "Each crash leaves a resource too many, or an order that nobody finishes."),
			Remedy:   rule.Say("把已创建的内容记录在持久存储里，而不是内存里；启动后继续领取任务。", "Keep what you have created in durable storage and not in memory, and lease again after the start."),
		},
		{
			ID: durable, Severity: rule.Breaks,
			Sentence: rule.Say("完成任务之前，资源已经持久存在。", "What a completed task has made is there for good before it is completed."),
			Cost:     rule.Say("进程在完成任务之后立刻崩溃时，客户得到的是不存在的商品，任务也不会再来。", "When the process dies right after the answer the customer has what does not exist, and the task does not come again."),
			Remedy:   rule.Say("先提交事务或等待创建成功，再完成任务。", "Commit first, or wait until the resource is there; complete the task afterwards."),
		},
		{
			ID: stops, Severity: rule.Risks,
			Sentence: rule.Say("租约丢失后不再继续该任务。", "A worker whose lease is lost leaves the task alone."),
			Cost:     rule.Say("两个工作进程同时处理同一实例，后写的覆盖先写的。", "Two workers do one instance at the same time, and whoever writes last wins."),
			Remedy:   rule.Say("收到 FENCING_TOKEN_STALE 后停止处理，丢弃结果，再去领取其他任务。", "On FENCING_TOKEN_STALE stop the work, drop the result, and lease again."),
		},
		{
			ID: own, Severity: rule.Breaks,
			Sentence: rule.Say("只以自己得到的任务和栅栏令牌报告。", "Reports name a task and a fencing token that this worker was given."),
			Cost:     rule.Say("会完成别的工作进程正在处理的任务，客户得到错误的访问信息。", "It ends what another worker is doing, and a customer gets the wrong access information."),
			Remedy:   rule.Say("原样使用领取时得到的 task_id 和 fencing_token，不要推算或复用。", "Quote task_id and fencing_token as the lease gave them; never guess or reuse one."),
		},
		{
			ID: beats, Severity: rule.Risks,
			Sentence: rule.Say("处理时间超过租约时，在租约到期前续期。", "What takes longer than its lease has it prolonged before it ends."),
			Cost:     rule.Say("任务在处理中途被交给别的工作进程。", "The task goes to another worker while this one still does it."),
			Remedy:   rule.Say("每过租约时长的三分之一发送一次心跳，或申请更长的租约。", "Send a heartbeat every third of the lease, or ask for a longer one."),
		},
		{
			ID: renews, Severity: rule.Breaks,
			Sentence: rule.Say("续费完成后，资源的到期时间已经更新。", "A renewal that is completed is in effect."),
			Cost:     rule.Say("客户续费之后，服务仍在原到期日停止。", "The customer has paid for another period and is cut off at the end of the first."),
			Remedy:   rule.Say("处理 REFRESH 任务时把到期时间设为 expire_time，再完成任务。", "On REFRESH set the expiry to expire_time, then complete the task."),
		},
		{
			ID: leaksNone, Severity: rule.Breaks,
			Sentence: rule.Say("开通最终失败时不留下任何资源。", "A purchase that failed for good leaves no resource."),
			Cost:     rule.Say("已退款的订单仍占用资源，并且不会有释放任务。", "A refunded order keeps its resource, and no release comes for it."),
			Remedy:   rule.Say("以 permanent 失败之前，删除已创建的一切。", "Delete what was made before the task is failed for good."),
		},
		{
			ID: tells, Severity: rule.Breaks,
			Sentence: rule.Say("被问到未知实例时，不创建资源，也不认领。", "A question about an instance that nobody has made makes no resource, and no claim to it."),
			Cost:     rule.Say("云商店提到一个不存在的实例，就会多出一份无人付费的资源。", "Whenever the marketplace names an instance that does not exist, there is a resource more that nobody pays for."),
			Remedy:   rule.Say("收到 IDENTIFY 任务时只查找：不认识则以 permanent 和 FAILURE_CODE_UNKNOWN_INSTANCE 失败；未知类型的任务不要当作 CREATE。", "On IDENTIFY only look: fail it for good with FAILURE_CODE_UNKNOWN_INSTANCE when you have no such instance. Never take a kind that you do not know for CREATE."),
		},
	}
}

// webhookRules are the same for a program that is called. What differs are the words, and what takes long.
func webhookRules() []rule.Rule {
	all := rules()
	for i := range all {
		r := &all[i]
		switch r.ID {
		case finishes:
			r.Remedy = rule.Say("核对签名，完成工作，然后以 200 和访问信息应答；或应答 202，稍后调用 :complete。", "Verify the signature, do the work, and answer 200 with the access information; or answer 202 and call :complete later.")
		case resumes:
			r.Remedy = rule.Say("把已创建的内容记录在持久存储里，而不是内存里；同一任务会以同一 webhook-id 再次到达。", "Keep what you have created in durable storage and not in memory: the task comes again under the same webhook-id.")
		case durable:
			r.Sentence = rule.Say("应答 200 或调用 :complete 之前，资源已经持久存在。", "What a task has made is there for good before 200 is answered or :complete is called.")
			r.Remedy = rule.Say("先提交事务或等待创建成功，再应答。", "Commit first, or wait until the resource is there; answer afterwards.")
		case stops:
			r.Sentence = rule.Say("应答 202 之后租约丢失时，不再继续该任务。", "A program that has answered 202 leaves the task alone once its lease is lost.")
			r.Remedy = rule.Say("收到 FENCING_TOKEN_STALE 后停止处理并丢弃结果：任务已再次发来。", "On FENCING_TOKEN_STALE stop the work and drop the result: the task has been sent again.")
		case own:
			r.Sentence = rule.Say("只以所发来的任务和栅栏令牌应答和报告。", "Answers and reports name no task and no fencing token but those that came.")
			r.Remedy = rule.Say("应答中省略 taskId 和 fencingToken，或原样使用；调用 :complete 时使用最近一次发来的令牌。", "Leave taskId and fencingToken out of answers, or quote them as they came; call :complete with the token that came last.")
		case beats:
			r.Sentence = rule.Say("应答不超过等待时间；需要更久时应答 202。", "An answer comes in time; what takes longer is answered 202.")
			r.Cost = rule.Say("Koogate 视为没有应答，任务在处理中途再次发来。", "Koogate takes it for lost, and the task comes again while the first is still being done.")
			r.Remedy = rule.Say("先应答 202，完成后调用 :complete；或调大 webhook.timeout（至多 30s）。", "Answer 202 first and call :complete when it is done; or raise webhook.timeout, to 30s at most.")
		case tells:
			r.Remedy = rule.Say("收到 IDENTIFY 任务时只查找：不认识则应答 404；未知类型的任务不要当作 CREATE。", "On IDENTIFY only look: answer 404 when you have no such instance. Never take a kind that you do not know for CREATE.")
		case leaksNone:
			r.Remedy = rule.Say("以 4xx 拒绝之前，删除已创建的一切。", "Delete what was made before the task is refused with a 4xx.")
		}
	}
	return all
}
