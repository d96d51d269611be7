// SPDX-License-Identifier: Apache-2.0

package errs

// guides has every reason of the contract. docs/errors.md is made of it.
var guides = map[Reason]Guide{
	InvalidField: {
		[]Kind{Invalid}, false,
		"Correct what the message names. The API description has the bounds of every field.",
		"请改正错误消息所指出的内容；各字段的取值范围见 API 说明。",
	},
	UnknownEnumValue: {
		[]Kind{Invalid}, false,
		"Send one of the values that the API description lists for the field.",
		"请改用 API 说明为该字段列出的取值。",
	},
	OrderNotFound: {
		[]Kind{NotFound}, false,
		"Check the order's ID, and that the token is one of the seller who has the order. An order is known from the marketplace's first call about it.",
		"请核对订单号，并确认令牌属于该订单的商家。云商店首次就该订单发起调用之后，订单才会存在。",
	},
	InstanceNotFound: {
		[]Kind{NotFound}, false,
		"Check the instance's ID, and that the token is one of the seller who has the instance. A released instance takes no changes any more.",
		"请核对实例 ID，并确认令牌属于该实例的商家。已释放的实例不再接受变更。",
	},
	TaskNotFound: {
		[]Kind{NotFound}, false,
		"Check the task's ID, and that the token is one of the seller who has the task.",
		"请核对任务 ID，并确认令牌属于该任务的商家。",
	},
	FencingTokenStale: {
		[]Kind{Conflict}, false,
		"Stop working on the task, and drop the result: who leased it later has it. Lease again to get work, send heartbeats more often or ask for a longer lease.",
		"请停止处理该任务并丢弃结果：任务已归后来的领取者。请重新领取任务，并更频繁地发送心跳或申请更长的租约。",
	},
	ConflictingRepeat: {
		[]Kind{Conflict}, false,
		"Use a new key for a new act. To repeat the first one, send it as it was.",
		"新的操作请使用新的键；若要重复第一次操作，请原样发送。",
	},
	StateConflict: {
		[]Kind{Precondition}, false,
		"Read the resource: its state says what is possible now.",
		"请读取该资源：其状态说明当前允许哪些操作。",
	},
	DeadlinePassed: {
		[]Kind{Precondition}, false,
		"The marketplace has acted already. Look at the order first; where the call can be forced, force it and give the reason.",
		"云商店已按超时处理。请先查看订单；若该调用支持强制执行，请强制执行并写明原因。",
	},
	EtagMismatch: {
		[]Kind{Conflict}, false,
		"Read the resource again, make the change to what it is now, and send it with the new etag.",
		"请重新读取该资源，在最新内容上修改，并携带新的 etag 提交。",
	},
	PageTokenInvalid: {
		[]Kind{Invalid}, false,
		"Take the page token from the answer before, and send it with the same filter and order; or begin with the first page.",
		"请使用上一页应答中的分页标记，并保持过滤与排序条件不变；或从第一页重新开始。",
	},
	FilterInvalid: {
		[]Kind{Invalid}, false,
		`Write the filter as FIELD = "VALUE", joined by AND. The API description lists the fields of each list, and its orders.`,
		`过滤条件请写成 FIELD = "VALUE"，多个条件用 AND 连接。各列表可用的字段与排序见 API 说明。`,
	},
	TokenInvalid: {
		[]Kind{Unauthorized}, false,
		"Send the header Authorization: Bearer TOKEN, once, with a token that is known and counts now.",
		"请携带一个 Authorization: Bearer TOKEN 请求头，令牌须已登记且在有效期内。",
	},
	TokenExpired: {
		[]Kind{Unauthorized}, false,
		"Get a new token from the issuer, and send the same call again with it.",
		"请向签发方重新获取令牌，并携带新令牌重发同一调用。",
	},
	TokenNotMapped: {
		[]Kind{Forbidden}, false,
		"Have a rule added to the issuer in access.oidc that fits a claim of the token, or have the issuer put a claim into it that a rule fits. The rules that fit must be of one seller.",
		"请在 access.oidc 中为该签发方添加与令牌声明匹配的规则，或让签发方在令牌中加入规则所要求的声明；匹配的规则必须属于同一商家。",
	},
	IssuerUnavailable: {
		[]Kind{Unavailable}, true,
		"Send the same call again after the delay that the error names. If it goes on, look in Koogate's log for why the keys of the issuer cannot be fetched.",
		"请在错误给出的间隔之后原样重发；若持续出现，请在 Koogate 日志中查找无法获取签发方密钥的原因。",
	},
	ScopeMissing: {
		[]Kind{Forbidden}, false,
		"Use a token that has the scope, or have the scope, or the queue, added to this one.",
		"请改用具有该权限的令牌，或为当前令牌添加该权限或队列。",
	},
	ScopeNotHeld: {
		[]Kind{Forbidden}, false,
		"Give only scopes and queues that the calling token has itself, or call with one that has more.",
		"只能授予调用方令牌自身拥有的权限与队列；请去掉多余的部分，或改用权限更多的令牌。",
	},
	QueueNotFound: {
		[]Kind{NotFound}, false,
		"Check the queue's name against the provisioners of type worker that the seller has.",
		"请将队列名与该商家类型为 worker 的开通器核对。",
	},
	QueueNotForWorkers: {
		[]Kind{Precondition}, false,
		"Lease from the queue of a provisioner of type worker. Koogate does the tasks of this one itself.",
		"请从类型为 worker 的开通器的队列领取任务；该队列由 Koogate 自行处理。",
	},
	StoreUnavailable: {
		[]Kind{Unavailable}, true,
		"Send the same call again after the delay that the error names. A repeat has no second effect.",
		"请在错误给出的间隔之后原样重发；重复调用不会产生第二次效果。",
	},
	ResultInvalid: {
		[]Kind{Invalid, Internal}, false,
		"Correct the result: the marketplace would refuse it, and the buyer would not see it.",
		"请改正结果：云商店会拒绝它，买家将无法看到。",
	},
	EndpointNotFound: {
		[]Kind{NotFound, Precondition}, false,
		"Check the endpoint's name, and that the endpoint has not been taken out of the configuration.",
		"请核对接入点名称，并确认该接入点仍在配置中。",
	},
	InternalFault: {
		[]Kind{Internal}, false,
		"Look for the call in Koogate's log, which has the cause, by its time, its method or its x-request-id, and report it.",
		"请按时间、方法或 x-request-id 在 Koogate 日志中查找该调用，日志记有原因，并反馈问题。",
	},
	DirectoryNotFound: {
		[]Kind{NotFound}, false,
		"Check the IDs of instance, tenant and application. What the marketplace has deleted is not found.",
		"请核对实例、租户与应用的 ID；云商店已删除的内容无法找到。",
	},
	UsageNotFound: {
		[]Kind{NotFound}, false,
		"Check the key: no use was reported under it.",
		"请核对键：尚无以该键上报的用量。",
	},
	UsageSettled: {
		[]Kind{Precondition}, false,
		"Report the difference under a new key: what was sent to the marketplace is not changed any more.",
		"请用新的键上报差额：已发送给云商店的用量不再更改。",
	},
	QuotaExhausted: {
		[]Kind{Precondition}, false,
		"Refuse the buyer's use, or ask for less. There is more when the buyer has bought a package or a new cycle begins.",
		"请拒绝买家的使用，或减少申请的数量；买家购买套餐包或新周期开始后才有余量。",
	},
	ReservationNotFound: {
		[]Kind{NotFound}, false,
		"Check the reservation's ID, and reserve before you commit or cancel.",
		"请核对预留 ID；提交或取消之前须先预留。",
	},
	LicenceUnknown: {
		[]Kind{NotFound}, false,
		"Ask the buyer for the licence code as the marketplace shows it.",
		"请让买家提供云商店所显示的授权码。",
	},
	LicenceState: {
		[]Kind{Precondition}, false,
		"Tell the buyer what the message says of the code: one that is not collected or not activated, or that the marketplace refuses, cannot be used.",
		"请把错误消息所述的授权码状态告知买家：未领取、未激活或被云商店拒绝的授权码不能使用。",
	},
	MarketplaceUnavailable: {
		[]Kind{Unavailable}, true,
		"Send the same call again after some minutes. Koogate could not reach the marketplace.",
		"请几分钟后原样重发：Koogate 未能访问云商店。",
	},
	RestoreGap: {
		[]Kind{Unavailable}, true,
		"Send the same call again later, and ask the operator to close the gap that a restore from a backup has left.",
		"请稍后原样重发，并请运维人员处理从备份恢复后留下的缺口。",
	},
	ManagedByFile: {
		[]Kind{Precondition}, false,
		"Change it in the configuration file, and apply the file.",
		"请在配置文件中修改，并应用该文件。",
	},
	CallNotFound: {
		[]Kind{NotFound}, false,
		"Check the ID of the call; records of calls are removed when they are older than calls.keep, and some are never kept. List the calls of the order.",
		"请核对调用记录 ID。超过 calls.keep 的记录会被删除，个别调用也可能未留下记录。可按订单列出其调用记录。",
	},
	CallNotKept: {
		[]Kind{Precondition}, false,
		"Ask the marketplace to call again (重新启动 in the seller centre), or act on the instance or the task itself. What is said in calls is kept as long as calls.bodies says.",
		"请在卖家中心对该消息点击“重新启动”，或直接操作实例或任务。调用内容的保存时长由 calls.bodies 决定。",
	},
	ReplayNeedsForce: {
		[]Kind{Precondition}, false,
		"Look in the seller centre at what has become of the order. If the call is to have its effect all the same, repeat the request with force.",
		"请先在卖家中心确认订单的现状；如仍需使该调用生效，请带 force 重试。",
	},
	ServerStopping: {
		[]Kind{Unavailable}, true,
		"Watch again, with the resume token of the last message. Another replica, or the same one after its restart, goes on behind it.",
		"请以最后一条消息的续传令牌重新订阅；其他副本或重启后的本副本会从其后继续。",
	},
	SettingNotFound: {
		[]Kind{NotFound}, false,
		"Check the name of the seller, endpoint, product, provisioner, key or webhook.",
		"请核对商家、接入点、商品、开通器、密钥或 Webhook 的名称。",
	},
	DeliveryNotFound: {
		[]Kind{NotFound}, false,
		"Check the ID of the delivery; what has ended is removed after webhooks.keep, and what belongs to a deleted webhook cannot be sent again.",
		"请核对投递 ID；已结束的投递在 webhooks.keep 之后删除，已删除 Webhook 的投递不能重发。",
	},
	TargetForbidden: {
		[]Kind{Precondition}, false,
		"Take a public https:// address, or have the network of the address added to webhooks.allow of the configuration file.",
		"请使用公网 https:// 地址，或在配置文件的 webhooks.allow 中加入该地址所在网段。",
	},
	RateLimited: {
		[]Kind{Exhausted}, true,
		"Send the same call again after the delay that the error names, and call less often. If the caller has to call so often, have its limit raised in access.limits.",
		"请在错误给出的间隔之后原样重发，并降低调用频率；若确需如此频繁，请在 access.limits 中提高该调用方的限额。",
	},
	ForwardFailed: {
		[]Kind{Unavailable}, true,
		"Look whether the endpoint's old server is up, answers within 4.6 seconds (V1.0: 19) with a JSON body that has a result code, and redirects nowhere. The marketplace repeats the call, and the log names what went wrong.",
		"请检查该接入点的旧服务器是否可用、是否在 4.6 秒（V1.0 为 19 秒）内返回含结果码的 JSON 且不重定向；云商店会重试该调用，日志中有具体原因。",
	},
	InstanceUnconfirmed: {
		[]Kind{Unavailable}, true,
		"Have the provisioner answer the task of kind IDENTIFY about the instance: `koogate tasks list --filter kind=IDENTIFY` shows it. The marketplace repeats the call.",
		"请让开通器应答针对该实例的 IDENTIFY 任务（`koogate tasks list --filter kind=IDENTIFY` 可查看）；云商店会重试该调用。",
	},
	LoginApplicationNotFound: {
		[]Kind{NotFound}, false,
		"List the login applications: each has the ID of its credential in the seller centre. Another seller's cannot be seen. When a secret is named, look at the secrets of the application.",
		"请列出登录应用：其标识即应用凭证的应用 ID；看不到其他商家的应用。若涉及密钥，请查看该应用的密钥列表。",
	},
	LoginNotFound: {
		[]Kind{NotFound}, false,
		"List the logins: another seller's cannot be seen, and the record of a login that has ended is kept for a limited time.",
		"请列出登录记录：看不到其他商家的登录；已结束的登录记录只保留一段时间。",
	},
	LoginSessionNotFound: {
		[]Kind{NotFound}, false,
		"List the sessions: another seller's cannot be seen, and a session that has ended is kept for a limited time.",
		"请列出会话：看不到其他商家的会话；已结束的会话只保留一段时间。",
	},
	TicketRefused: {
		[]Kind{Precondition}, false,
		"Send the person to log in again, and redeem the ticket once, within 60 seconds, for the application that it was made for.",
		"请让用户重新登录，并在 60 秒内为签发票据的应用兑换一次。",
	},
	LoginNotServed: {
		[]Kind{Precondition}, false,
		"Have listen.login and its public address set in the configuration file, and start the server again.",
		"请在配置文件中设置 listen.login 及其公网地址，然后重新启动服务。",
	},
	ListBusy: {
		[]Kind{Exhausted}, true,
		"Send the same call again after the delay that the error names, and run fewer lists side by side.",
		"请在错误给出的间隔之后原样重发，并减少同时进行的列表查询。",
	},
	ListTooSlow: {
		[]Kind{TooSlow}, false,
		"Filter by a field that few rows share, such as the ID of an order or an instance.",
		"请按区分度高的字段过滤，例如订单号或实例 ID。",
	},
	PathNotFound: {
		[]Kind{NotFound, Unserved}, false,
		"Check the path, or the name of service and method, against the API description.",
		"请将路径，或服务名与方法名，与 API 说明核对。",
	},
	MethodNotAllowed: {
		[]Kind{Unserved}, false,
		"Use the HTTP method that the API description has for the path.",
		"请使用 API 说明中该路径对应的 HTTP 方法。",
	},
}
