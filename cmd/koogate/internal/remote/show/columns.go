// SPDX-License-Identifier: Apache-2.0

package show

import "google.golang.org/protobuf/reflect/protoreflect"

// Column is one column of a list.
type Column struct {
	Head string
	Path string // fields of the message, joined by dots
	Wide bool   // shown with -o wide only
	Long bool   // prose, which the table cuts at 60 characters
}

// Columns are what people see of each message of a list, by the message's name. A message that lists show without columns here
// fails TestEveryListHasColumns.
var Columns = map[protoreflect.FullName][]Column{
	"koogate.v1.Order": {
		{Head: "ORDER", Path: "order_id"}, {Head: "TYPE", Path: "order_type"}, {Head: "QUERY", Path: "query_state"}, {Head: "ENDPOINT", Path: "endpoint"},
		{Head: "EVENTS", Path: "event_count"}, {Head: "CREATED", Path: "create_time"}, {Head: "DEADLINE", Path: "marketplace_deadline.time"},
		{Head: "THEN", Path: "marketplace_deadline.end"}, {Head: "REASON", Path: "query_reason", Wide: true}, {Head: "TRACE", Path: "trace_id", Wide: true},
		{Head: "UPDATED", Path: "update_time", Wide: true},
	},
	"koogate.v1.OrderLine": {
		{Head: "LINE", Path: "order_line_id"}, {Head: "ACTION", Path: "action"}, {Head: "INSTANCE", Path: "instance_id"}, {Head: "PRODUCT", Path: "product_id"},
		{Head: "ANSWER", Path: "answer_code"}, {Head: "CREATED", Path: "create_time"}, {Head: "DEADLINE", Path: "marketplace_deadline.time"},
		{Head: "ORDER", Path: "order_id", Wide: true}, {Head: "SKU", Path: "sku_code", Wide: true},
	},
	"koogate.v1.OrderEvent": {
		{Head: "SEQ", Path: "seq"}, {Head: "TIME", Path: "time"}, {Head: "KIND", Path: "kind"}, {Head: "INSTANCE", Path: "instance_id"},
		{Head: "DATA", Path: "data_json", Long: true}, {Head: "HASH", Path: "hash", Wide: true},
	},
	"koogate.v1.FeedEvent": {
		{Head: "TIME", Path: "event.time"}, {Head: "ORDER", Path: "order_id"}, {Head: "SEQ", Path: "event.seq"}, {Head: "KIND", Path: "event.kind"},
		{Head: "INSTANCE", Path: "event.instance_id"}, {Head: "DATA", Path: "event.data_json", Wide: true},
	},
	"koogate.v1.Instance": {
		{Head: "INSTANCE", Path: "instance_id"}, {Head: "STATE", Path: "state"}, {Head: "REASON", Path: "reason", Long: true}, {Head: "PRODUCT", Path: "product_id"},
		{Head: "ORDER", Path: "order_id"}, {Head: "EXPIRES", Path: "expire_time"}, {Head: "CREATED", Path: "create_time"},
		{Head: "ENDPOINT", Path: "endpoint", Wide: true}, {Head: "SKU", Path: "sku_code", Wide: true}, {Head: "CHARGING", Path: "charging_mode", Wide: true},
		{Head: "TRIAL", Path: "trial", Wide: true}, {Head: "FAMILY", Path: "family", Wide: true}, {Head: "URL", Path: "front_end_url", Wide: true},
	},
	"koogate.v1.ImportResult": {
		{Head: "ROW", Path: "index"}, {Head: "INSTANCE", Path: "instance_id"}, {Head: "VERDICT", Path: "verdict"}, {Head: "FIELDS", Path: "fields"},
		{Head: "MESSAGE", Path: "message", Long: true},
	},
	"koogate.v1.Task": {
		{Head: "TASK", Path: "task_id"}, {Head: "KIND", Path: "kind"}, {Head: "STATE", Path: "state"}, {Head: "QUEUE", Path: "queue"},
		{Head: "INSTANCE", Path: "instance_id"}, {Head: "ATTEMPT", Path: "attempt"}, {Head: "CREATED", Path: "create_time"},
		{Head: "DEADLINE", Path: "marketplace_deadline.time"}, {Head: "REASON", Path: "reason", Long: true}, {Head: "ORDER", Path: "order_id", Wide: true},
		{Head: "NEXT", Path: "not_before_time", Wide: true}, {Head: "RETRIED UNTIL", Path: "retry_until_time", Wide: true}, {Head: "WORKER", Path: "worker_id", Wide: true},
	},
	"koogate.v1.Queue": {
		{Head: "QUEUE", Path: "queue"}, {Head: "KINDS", Path: "kinds.kind"}, {Head: "DUE", Path: "kinds.due_count"}, {Head: "LATER", Path: "kinds.later_count"},
		{Head: "LEASED", Path: "kinds.leased_count"}, {Head: "WAITS SINCE", Path: "waiting_since_time"}, {Head: "ASKED", Path: "last_ask_time"},
		{Head: "LEASE", Path: "last_lease_time"}, {Head: "DEADLINE", Path: "marketplace_deadline_time"}, {Head: "OVERDUE", Path: "overdue_count", Wide: true},
		{Head: "WORKER", Path: "last_worker_id"},
	},
	"koogate.v1.QueueKind": {
		{Head: "KIND", Path: "kind"}, {Head: "DUE", Path: "due_count"}, {Head: "LATER", Path: "later_count"}, {Head: "LEASED", Path: "leased_count"},
		{Head: "OLDEST", Path: "oldest_time"},
	},
	"koogate.v1.TaskRetry": {
		{Head: "TASK", Path: "task_id"}, {Head: "KIND", Path: "kind"}, {Head: "ORDER", Path: "order_id"}, {Head: "INSTANCE", Path: "instance_id"},
		{Head: "RETRIED", Path: "retried"}, {Head: "WHY NOT", Path: "error_reason"}, {Head: "MESSAGE", Path: "message", Long: true},
	},
	"koogate.v1.Call": {
		{Head: "CALL", Path: "call_id"}, {Head: "WAY", Path: "direction"}, {Head: "TIME", Path: "create_time"}, {Head: "ACTIVITY", Path: "activity"},
		{Head: "VERDICT", Path: "verdict"}, {Head: "CODE", Path: "result_code"}, {Head: "REASON", Path: "reason", Long: true}, {Head: "ORDER", Path: "order_id"},
		{Head: "TRY", Path: "attempt"}, {Head: "NEXT", Path: "next_time"}, {Head: "ENDPOINT", Path: "endpoint", Wide: true}, {Head: "CAUSE", Path: "cause", Wide: true},
		{Head: "INSTANCE", Path: "instance_id", Wide: true}, {Head: "TOOK", Path: "duration", Wide: true}, {Head: "KEY", Path: "key_id", Wide: true},
		{Head: "DEADLINE", Path: "marketplace_deadline.time", Wide: true}, {Head: "SIDE", Path: "side", Wide: true}, {Head: "COMPARED", Path: "comparison", Wide: true},
		{Head: "OWN CODE", Path: "own_result_code", Wide: true}, {Head: "DIFFERS", Path: "differences.rule", Wide: true},
	},
	"koogate.v1.Refusal": {
		{Head: "HOUR", Path: "hour_time"}, {Head: "ENDPOINT", Path: "endpoint"}, {Head: "CAUSE", Path: "cause"}, {Head: "CALLS", Path: "calls"},
		{Head: "FIRST", Path: "first_time", Wide: true}, {Head: "LAST", Path: "last_time"},
	},
	"koogate.v1.UsageWindow": {
		{Head: "INSTANCE", Path: "instance_id"}, {Head: "PACKAGE", Path: "package_id"}, {Head: "METER", Path: "meter"}, {Head: "START", Path: "start_time"},
		{Head: "END", Path: "end_time"}, {Head: "TOTAL", Path: "total"}, {Head: "SETTLED", Path: "settled"}, {Head: "RECORDS", Path: "records"},
		{Head: "CLOSES", Path: "due_time"}, {Head: "DEADLINE", Path: "deadline_time", Wide: true},
	},
	"koogate.v1.UsageRecord": {
		{Head: "SERIAL", Path: "metering_sn"}, {Head: "INSTANCE", Path: "instance_id"}, {Head: "VALUE", Path: "value"}, {Head: "STATE", Path: "state"},
		{Head: "CODE", Path: "code"}, {Head: "TRY", Path: "attempt"}, {Head: "BEGIN", Path: "begin_time"}, {Head: "END", Path: "end_time"},
		{Head: "PACKAGE", Path: "package_id", Wide: true}, {Head: "METER", Path: "meter", Wide: true}, {Head: "NEXT", Path: "due_time", Wide: true},
		{Head: "DEADLINE", Path: "deadline_time", Wide: true},
	},
	"koogate.v1.ReportedUsage": {
		{Head: "INDEX", Path: "index"}, {Head: "KEY", Path: "key"}, {Head: "OUTCOME", Path: "outcome"}, {Head: "MESSAGE", Path: "message", Long: true},
	},
	"koogate.v1.Quota": {
		{Head: "PACKAGE", Path: "package_id"}, {Head: "INSTANCE", Path: "instance_id"}, {Head: "METER", Path: "meter"}, {Head: "QUOTA", Path: "quota"},
		{Head: "USED", Path: "used"}, {Head: "RESERVED", Path: "reserved"}, {Head: "LEFT", Path: "left"}, {Head: "EXPIRES", Path: "expire_time"},
		{Head: "RESET", Path: "reset"}, {Head: "CYCLE ENDS", Path: "reset_time"}, {Head: "PRIORITY", Path: "priority", Wide: true}, {Head: "STOP", Path: "stop", Wide: true},
		{Head: "USED BEFORE", Path: "used_before", Wide: true},
	},
	"koogate.v1.ReservedPart": {
		{Head: "PACKAGE", Path: "package_id"}, {Head: "AMOUNT", Path: "amount"}, {Head: "CYCLE", Path: "cycle"},
	},
	"koogate.v1.Endpoint": {
		{Head: "ENDPOINT", Path: "endpoint"}, {Head: "SELLER", Path: "seller"}, {Head: "FAMILIES", Path: "settings.families"}, {Head: "BY", Path: "managed_by"},
		{Head: "UPDATED", Path: "update_time"}, {Head: "CREATED", Path: "create_time", Wide: true}, {Head: "ETAG", Path: "etag", Wide: true},
		{Head: "SAME", Path: "old.shadow.same", Wide: true}, {Head: "DIFFERING", Path: "old.shadow.differing", Wide: true},
		{Head: "BY RULE", Path: "old.shadow.rules.difference.rule", Wide: true},
	},
	"koogate.v1.Seller": {
		{Head: "SELLER", Path: "seller"}, {Head: "SITE", Path: "settings.site"}, {Head: "ACCESS KEY", Path: "settings.access_key"}, {Head: "SECRET KEY SET", Path: "secret_key_time"},
		{Head: "USAGE KEY SET", Path: "usage_key_time"}, {Head: "BY", Path: "managed_by"}, {Head: "UPDATED", Path: "update_time"},
		{Head: "ADDRESS", Path: "settings.base_url", Wide: true}, {Head: "ETAG", Path: "etag", Wide: true},
	},
	"koogate.v1.Key": {
		{Head: "KEY", Path: "key_id"}, {Head: "ENDPOINT", Path: "endpoint"}, {Head: "PURPOSE", Path: "purpose"}, {Head: "STATE", Path: "state"},
		{Head: "BY", Path: "managed_by"}, {Head: "FROM", Path: "start_time"}, {Head: "UNTIL", Path: "end_time"}, {Head: "LAST USE", Path: "last_use_time"},
		{Head: "CREATED", Path: "create_time", Wide: true}, {Head: "ETAG", Path: "etag", Wide: true},
	},
	"koogate.v1.Product": {
		{Head: "ENDPOINT", Path: "endpoint"}, {Head: "PRODUCT", Path: "product_id"}, {Head: "PROVISIONER", Path: "settings.provisioner"},
		{Head: "METER", Path: "settings.meter.name"}, {Head: "ITEMS", Path: "settings.package.items.product"}, {Head: "BY", Path: "managed_by"},
		{Head: "UPDATED", Path: "update_time"}, {Head: "ETAG", Path: "etag", Wide: true},
	},
	"koogate.v1.Provisioner": {
		{Head: "PROVISIONER", Path: "provisioner"}, {Head: "TYPE", Path: "settings.type"}, {Head: "SELLER", Path: "seller"}, {Head: "URL", Path: "settings.webhook.url"},
		{Head: "BY", Path: "managed_by"}, {Head: "UPDATED", Path: "update_time"}, {Head: "SECRETS", Path: "secrets.secret_id", Wide: true}, {Head: "ETAG", Path: "etag", Wide: true},
	},
	"koogate.v1.ProvisionerSecret": {{Head: "SECRET", Path: "secret_id"}, {Head: "CREATED", Path: "create_time"}},
	"koogate.v1.Token": {
		{Head: "TOKEN", Path: "token_id"}, {Head: "NAME", Path: "name"}, {Head: "SCOPES", Path: "scopes"}, {Head: "QUEUES", Path: "queues"}, {Head: "STATE", Path: "state"},
		{Head: "BY", Path: "managed_by"}, {Head: "UNTIL", Path: "end_time"}, {Head: "LAST USE", Path: "last_use_time"}, {Head: "CREATED", Path: "create_time", Wide: true},
		{Head: "ETAG", Path: "etag", Wide: true},
	},
	"koogate.v1.Webhook": {
		{Head: "WEBHOOK", Path: "webhook_id"}, {Head: "NAME", Path: "name"}, {Head: "STATE", Path: "state"}, {Head: "REASON", Path: "reason"}, {Head: "URL", Path: "url"},
		{Head: "FILTER", Path: "filter"}, {Head: "BACKLOG", Path: "backlog"}, {Head: "FAILURES", Path: "failures"}, {Head: "DELIVERED", Path: "deliver_time"},
		{Head: "FAILING SINCE", Path: "failing_since_time", Wide: true}, {Head: "SECRETS", Path: "secrets.secret_id", Wide: true}, {Head: "ETAG", Path: "etag", Wide: true},
	},
	"koogate.v1.WebhookSecret": {{Head: "SECRET", Path: "secret_id"}, {Head: "CREATED", Path: "create_time"}},
	"koogate.v1.Delivery": {
		{Head: "DELIVERY", Path: "delivery_id"}, {Head: "STATE", Path: "state"}, {Head: "KIND", Path: "kind"}, {Head: "ORDER", Path: "order_id"}, {Head: "SEQ", Path: "seq"},
		{Head: "TRIES", Path: "attempts"}, {Head: "FAULT", Path: "fault"}, {Head: "HTTP", Path: "http_status"}, {Head: "NEXT", Path: "due_time"},
		{Head: "WEBHOOK", Path: "webhook_id", Wide: true}, {Head: "LAST TRY", Path: "last_attempt_time", Wide: true}, {Head: "TOOK", Path: "took", Wide: true},
		{Head: "RESENDS", Path: "resends", Wide: true}, {Head: "INSTANCE", Path: "instance_id", Wide: true},
	},
	"koogate.v1.LoginApplication": {
		{Head: "APPLICATION", Path: "app_id"}, {Head: "NAME", Path: "name"}, {Head: "STATE", Path: "state"}, {Head: "PRODUCT", Path: "product_id"}, {Head: "PROTOCOL", Path: "protocol"},
		{Head: "LEADS TO", Path: "redirect_uris"}, {Head: "UPDATED", Path: "update_time"}, {Head: "CALLBACK", Path: "callback_url", Wide: true},
		{Head: "SECRETS", Path: "secrets.secret_id", Wide: true}, {Head: "TEST ACCOUNT", Path: "has_test_account", Wide: true}, {Head: "ETAG", Path: "etag", Wide: true},
	},
	"koogate.v1.LoginSecret": {{Head: "SECRET", Path: "secret_id"}, {Head: "CREATED", Path: "create_time"}, {Head: "UNTIL", Path: "end_time"}},
	"koogate.v1.LoginSession": {
		{Head: "SESSION", Path: "session_id"}, {Head: "STATE", Path: "state"}, {Head: "APPLICATION", Path: "app_id"}, {Head: "TENANT", Path: "tenant_id"}, {Head: "USER", Path: "user_name"},
		{Head: "BEGAN", Path: "create_time"}, {Head: "LAST USE", Path: "last_use_time"}, {Head: "ENDED", Path: "end_time"}, {Head: "WHY", Path: "end_reason"},
		{Head: "TOLD", Path: "logout.state"}, {Head: "ENTRANCE", Path: "entrance", Wide: true}, {Head: "UNTIL", Path: "expire_time", Wide: true},
		{Head: "TRIES", Path: "logout.attempts", Wide: true}, {Head: "NOT TOLD", Path: "logout.reason", Wide: true},
	},
	"koogate.v1.Login": {
		{Head: "LOGIN", Path: "login_id"}, {Head: "STEP", Path: "step"}, {Head: "FAULT", Path: "fault.code"}, {Head: "APPLICATION", Path: "app_id"}, {Head: "ENTRANCE", Path: "entrance"},
		{Head: "TENANT", Path: "tenant_id"}, {Head: "BEGAN", Path: "create_time"}, {Head: "SESSION", Path: "session_id", Wide: true}, {Head: "WHY", Path: "fault.what", Wide: true, Long: true},
	},
	"koogate.v1.LoginEvent": {
		{Head: "TIME", Path: "time"}, {Head: "STEP", Path: "kind"}, {Head: "FAULT", Path: "fault.code"}, {Head: "SAID", Path: "said"}, {Head: "HOST", Path: "host"},
		{Head: "WHAT TO DO", Path: "fault.remedy", Long: true},
	},
	"koogate.v1.LoginInstance": {
		{Head: "INSTANCE", Path: "instance_id"}, {Head: "ORDER", Path: "order_id"}, {Head: "PRODUCT", Path: "product_id"}, {Head: "EXPIRES", Path: "expire_time"},
		{Head: "FROZEN", Path: "frozen"}, {Head: "ROLE", Path: "role"},
	},
	"koogate.v1.Tenant": {
		{Head: "INSTANCE", Path: "instance_id"}, {Head: "TENANT", Path: "tenant_id"}, {Head: "CODE", Path: "tenant_code"}, {Head: "NAME", Path: "name"},
		{Head: "SYNCED", Path: "sync_time"}, {Head: "DOMAIN", Path: "domain_name", Wide: true}, {Head: "ORDER", Path: "order_id", Wide: true},
	},
	"koogate.v1.Application": {
		{Head: "INSTANCE", Path: "instance_id"}, {Head: "TENANT", Path: "tenant_id"}, {Head: "APPLICATION", Path: "app_id"}, {Head: "CLIENT", Path: "client_id"},
		{Head: "SYNCED", Path: "sync_time"},
	},
	"koogate.v1.DirectoryUser": {
		{Head: "INSTANCE", Path: "instance_id"}, {Head: "TENANT", Path: "tenant_id"}, {Head: "APPLICATION", Path: "app_id"}, {Head: "USER", Path: "user_name"},
		{Head: "NAME", Path: "name"}, {Head: "STATE", Path: "state"}, {Head: "ROLE", Path: "role"}, {Head: "DEPARTMENT", Path: "org_code"}, {Head: "SYNCED", Path: "sync_time"},
		{Head: "MOBILE", Path: "mobile", Wide: true}, {Head: "MAIL", Path: "email", Wide: true}, {Head: "POSITION", Path: "position", Wide: true},
	},
	"koogate.v1.Department": {
		{Head: "INSTANCE", Path: "instance_id"}, {Head: "TENANT", Path: "tenant_id"}, {Head: "DEPARTMENT", Path: "org_code"}, {Head: "NAME", Path: "name"},
		{Head: "PARENT", Path: "parent_code"}, {Head: "SYNCED", Path: "sync_time"},
	},
	"koogate.v1.AuditEntry": {
		{Head: "TIME", Path: "create_time"}, {Head: "WHO", Path: "actor"}, {Head: "BY", Path: "listener"}, {Head: "WHAT", Path: "action"},
		{Head: "OF", Path: "resources.kind"}, {Head: "IDS", Path: "resources.ids", Long: true}, {Head: "WHY", Path: "reason", Long: true},
		{Head: "ORDER", Path: "order_id", Wide: true}, {Head: "REQUEST", Path: "request_id", Wide: true},
	},
	"koogate.v1.AuditedResource": {{Head: "KIND", Path: "kind"}, {Head: "IDS", Path: "ids"}},
	"koogate.v1.EvidenceKey":     {{Head: "KEY", Path: "key_id"}, {Head: "SIGNS", Path: "signs"}, {Head: "PUBLIC KEY", Path: "public_key", Long: true}},
	"koogate.v1.ProductSanction": {
		{Head: "PRODUCT", Path: "product_id"}, {Head: "STATE", Path: "state"}, {Head: "FAILED", Path: "failed_orders"}, {Head: "LEFT", Path: "orders_left"},
		{Head: "AT RISK", Path: "at_risk.order_id"}, {Head: "WHAT FOLLOWS", Path: "text", Long: true},
	},
	"koogate.v1.EndpointSanction": {
		{Head: "ENDPOINT", Path: "endpoint"}, {Head: "STATE", Path: "state"}, {Head: "FAILING DAYS", Path: "probe_days.date"}, {Head: "REFUSED FOR", Path: "refusals.cause"},
		{Head: "WHAT FOLLOWS", Path: "text", Long: true},
	},
}
