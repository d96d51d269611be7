// SPDX-License-Identifier: Apache-2.0

package sqllist

import "github.com/koogate/koogate/store"

// The lists. Each column that may be filtered has an index, see migrations 00011, 00017, 00021, 00022, 00025 and 00032. No API offers users by user_name or departments
// by org_code, and these two have none.
var (
	Orders = List{
		id: "order_id", fields: []string{"endpoint", "order_type", "query_state"},
		apart: map[string][]string{"order_type": {""}, "query_state": {string(store.QueryDone)}},
	}
	Instances = List{
		id: "instance_id", fields: []string{"state", "order_id", "product_id", "endpoint", "charging_mode"},
		apart: map[string][]string{"state": {string(store.InstanceFailed)}, "charging_mode": {""}},
	}
	Tasks = List{
		id: "id", fields: []string{"state", "kind", "queue", "instance_id", "order_id"},
		apart: map[string][]string{
			"state": {string(store.TaskDone), string(store.TaskFailed)}, "kind": {string(store.TaskCreate), string(store.TaskOrderQuery)},
			"queue": {"koogate-order-query"},
		},
	}

	Tenants      = List{id: "id", fields: []string{"instance_id", "tenant_id"}}
	Applications = List{id: "id", fields: []string{"instance_id", "tenant_id", "app_id"}}
	Users        = List{
		id: "id", fields: []string{"instance_id", "tenant_id", "app_id", "user_name", "state", "role", "org_code"},
		apart: map[string][]string{"state": {string(store.UserActive)}, "org_code": {""}},
	}
	Departments = List{id: "id", fields: []string{"instance_id", "tenant_id", "org_code", "parent_code"}}

	UsageRecords = List{
		id: "id", fields: []string{"instance_id", "state", "package_id"},
		apart: map[string][]string{
			"state": {string(store.UsageRefused), string(store.UsageSending), string(store.UsagePushed)}, "package_id": {""},
		},
	}
	UsageWindows = List{id: "id", fields: []string{"instance_id", "package_id"}, apart: map[string][]string{"package_id": {""}}}

	Calls = List{
		id: "id", fields: []string{"order_id", "instance_id", "result_code", "verdict", "activity", "direction", "comparison"},
		apart: map[string][]string{
			"order_id": {""}, "instance_id": {""}, "result_code": {"000000"}, "verdict": {string(store.CallAnswered)},
			"activity": {"queryInstance", "newInstance"}, "direction": {string(store.CallInbound)},
			"comparison": {"", string(store.CompareSame)},
		},
	}
	Refusals = List{id: "id", fields: []string{"endpoint"}}

	Audit = List{
		at: "at", id: "id", number: true, fields: []string{"order_id", "actor", "action"},
		apart: map[string][]string{"order_id": {""}, "action": {
			"koogate.v1.UsageService/ReportUsage", "koogate.v1.UsageService/StreamUsage", "koogate.v1.QuotaService/ReserveQuota",
			"koogate.v1.QuotaService/CommitReservation",
		}},
	}

	Deliveries = List{
		id: "id", fields: []string{"webhook_id", "order_id", "state"}, apart: map[string][]string{"state": {string(store.DeliveryDelivered)}},
	}

	LoginSessions = List{
		id: "id", fields: []string{"app_id", "tenant_id", "user_name", "state"}, apart: map[string][]string{"state": {"ENDED"}},
	}
	LoginRequests = List{
		id: "id", fields: []string{"app_id", "tenant_id", "step", "session_id"},
		apart: map[string][]string{"tenant_id": {""}, "step": {string(store.LoginDone)}, "session_id": {""}},
	}
)
