// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// run is a list's base query of some seller, whatever its rows are.
func run[R any](base func(*dbsqlc.Queries, context.Context, string) ([]R, error)) func(context.Context, *dbsqlc.Queries) error {
	return func(ctx context.Context, q *dbsqlc.Queries) error {
		_, err := base(q, ctx, "s")
		return err
	}
}

// TestEveryFilterHasItsIndex pins for each filter that a list offers, and for each kind of value, that the rows with this value
// are found along an index in the order of the list. A value without rows then costs nothing, however long the table is.
func TestEveryFilterHasItsIndex(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, Options{Path: filepath.Join(t.TempDir(), "koogate.db"), Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	orders := run((*dbsqlc.Queries).OrderList)
	instances := run((*dbsqlc.Queries).InstanceList)
	tasks := run((*dbsqlc.Queries).TaskList)
	tenants := run((*dbsqlc.Queries).TenantList)
	applications := run((*dbsqlc.Queries).ApplicationList)
	users := run((*dbsqlc.Queries).UserList)
	departments := run((*dbsqlc.Queries).DepartmentList)
	windows := run((*dbsqlc.Queries).UsageWindowList)
	records := run((*dbsqlc.Queries).UsageRecordList)
	calls := run((*dbsqlc.Queries).CallList)
	refusals := run((*dbsqlc.Queries).CallRefusalList)
	audit := run((*dbsqlc.Queries).AuditList)
	deliveries := run((*dbsqlc.Queries).DeliveryList)
	sessions := run((*dbsqlc.Queries).LoginSessionList)
	requests := run((*dbsqlc.Queries).LoginRequestList)
	const sorts = true
	for _, c := range []struct {
		run   func(context.Context, *dbsqlc.Queries) error
		list  sqllist.List
		field string
		value string
		index string // what the plan names
		sorts bool   // the rows of one value are few
	}{
		{orders, sqllist.Orders, "endpoint", "x", "orders_endpoint_idx (seller=? AND endpoint=?", !sorts},
		{orders, sqllist.Orders, "order_type", "NEW", "orders_type_idx (seller=? AND order_type=?", !sorts},
		{orders, sqllist.Orders, "query_state", "PENDING", "orders_query_idx (seller=? AND query_state=?", !sorts},
		{orders, sqllist.Orders, "query_state", "FAILED", "orders_query_idx (seller=? AND query_state=?", !sorts},

		{instances, sqllist.Instances, "state", "PROVISIONING", "instances_state_idx (seller=? AND state=?", !sorts},
		{instances, sqllist.Instances, "state", "ACTIVE", "instances_state_idx (seller=? AND state=?", !sorts},
		{instances, sqllist.Instances, "state", "FROZEN", "instances_state_idx (seller=? AND state=?", !sorts},
		{instances, sqllist.Instances, "state", "RELEASED", "instances_state_idx (seller=? AND state=?", !sorts},
		{instances, sqllist.Instances, "state", "FAILED", "instances_failed_idx (seller=?", !sorts},
		{instances, sqllist.Instances, "order_id", "x", "instances_order_idx (seller=? AND order_id=?", sorts},
		{instances, sqllist.Instances, "product_id", "x", "instances_product_idx (seller=? AND product_id=?", !sorts},
		{instances, sqllist.Instances, "endpoint", "x", "instances_endpoint_idx (seller=? AND endpoint=?", !sorts},
		{instances, sqllist.Instances, "charging_mode", "PERIOD", "instances_charging_idx (seller=? AND charging_mode=?", !sorts},

		{tasks, sqllist.Tasks, "state", "WAITING", "tasks_state_idx (seller=? AND state=?", !sorts},
		{tasks, sqllist.Tasks, "state", "READY", "tasks_state_idx (seller=? AND state=?", !sorts},
		{tasks, sqllist.Tasks, "state", "LEASED", "tasks_state_idx (seller=? AND state=?", !sorts},
		{tasks, sqllist.Tasks, "state", "CANCELLED", "tasks_state_idx (seller=? AND state=?", !sorts},
		{tasks, sqllist.Tasks, "state", "FAILED", "tasks_failed_idx (seller=?", !sorts},
		{tasks, sqllist.Tasks, "kind", "RELEASE", "tasks_kind_idx (seller=? AND kind=?", !sorts},
		{tasks, sqllist.Tasks, "queue", "x", "tasks_queue_idx (seller=? AND queue=?", !sorts},
		{tasks, sqllist.Tasks, "instance_id", "x", "tasks_instance_seq_key (seller=? AND instance_id=?", sorts},
		{tasks, sqllist.Tasks, "order_id", "x", "tasks_order_idx (seller=? AND order_id=?", sorts},

		{tenants, sqllist.Tenants, "instance_id", "x", "PRIMARY KEY (seller=? AND instance_id=?", sorts},
		{tenants, sqllist.Tenants, "tenant_id", "x", "tenants_enterprise_idx (seller=? AND tenant_id=?", !sorts},
		{applications, sqllist.Applications, "instance_id", "x", "PRIMARY KEY (seller=? AND instance_id=?", sorts},
		{applications, sqllist.Applications, "tenant_id", "x", "applications_tenant_idx (seller=? AND tenant_id=?", !sorts},
		{applications, sqllist.Applications, "app_id", "x", "applications_app_idx (seller=? AND app_id=?", !sorts},
		{users, sqllist.Users, "instance_id", "x", "PRIMARY KEY (seller=? AND instance_id=?", sorts},
		{users, sqllist.Users, "tenant_id", "x", "users_tenant_idx (seller=? AND tenant_id=?", !sorts},
		{users, sqllist.Users, "app_id", "x", "users_app_idx (seller=? AND app_id=?", !sorts},
		{users, sqllist.Users, "state", "DISABLED", "users_state_idx (seller=? AND state=?", !sorts},
		{users, sqllist.Users, "role", "x", "users_role_idx (seller=? AND role=?", !sorts},
		{users, sqllist.Users, "org_code", "x", "users_org_idx (seller=? AND org_code=?", !sorts},
		{departments, sqllist.Departments, "instance_id", "x", "PRIMARY KEY (seller=? AND instance_id=?", sorts},
		{departments, sqllist.Departments, "tenant_id", "x", "departments_tenant_idx (seller=? AND tenant_id=?", !sorts},
		{departments, sqllist.Departments, "parent_code", "x", "departments_parent_idx (seller=? AND parent_code=?", !sorts},

		{windows, sqllist.UsageWindows, "instance_id", "x", "PRIMARY KEY (seller=? AND instance_id=?", sorts},
		{windows, sqllist.UsageWindows, "package_id", "x", "usage_windows_package_idx (seller=? AND package_id=?", !sorts},
		{records, sqllist.UsageRecords, "instance_id", "x", "(seller=? AND instance_id=?", sorts},
		{records, sqllist.UsageRecords, "package_id", "x", "usage_records_package_idx (seller=? AND package_id=?", !sorts},
		{records, sqllist.UsageRecords, "state", "REFUSED", "usage_records_refused_idx (seller=?", !sorts},
		{records, sqllist.UsageRecords, "state", "SENDING", "usage_records_unsent_idx (seller=?", !sorts},

		{calls, sqllist.Calls, "order_id", "x", "calls_order_idx (seller=? AND order_id=?", !sorts},
		{calls, sqllist.Calls, "instance_id", "x", "calls_instance_idx (seller=? AND instance_id=?", !sorts},
		{calls, sqllist.Calls, "result_code", "000005", "calls_code_idx (seller=? AND result_code=?", !sorts},
		{calls, sqllist.Calls, "verdict", "REFUSED", "calls_verdict_idx (seller=? AND verdict=?", !sorts},
		{calls, sqllist.Calls, "activity", "releaseInstance", "calls_activity_idx (seller=? AND activity=?", !sorts},
		{calls, sqllist.Calls, "direction", "OUTBOUND", "calls_direction_idx (seller=? AND direction=?", !sorts},
		{calls, sqllist.Calls, "comparison", "DIFFERS", "calls_comparison_idx (seller=? AND comparison=?", !sorts},
		{calls, sqllist.Calls, "comparison", "SKIPPED", "calls_comparison_idx (seller=? AND comparison=?", !sorts},
		{refusals, sqllist.Refusals, "endpoint", "x", "call_refusals_endpoint_idx (seller=? AND endpoint=?", !sorts},
		{deliveries, sqllist.Deliveries, "webhook_id", "x", "webhook_deliveries_webhook_idx (seller=? AND webhook_id=?", !sorts},
		{deliveries, sqllist.Deliveries, "order_id", "x", "webhook_deliveries_order_idx (seller=? AND order_id=?", !sorts},
		{deliveries, sqllist.Deliveries, "state", "RETRYING", "webhook_deliveries_state_idx (seller=? AND state=?", !sorts},
		{sessions, sqllist.LoginSessions, "app_id", "x", "login_sessions_app_idx (seller=? AND app_id=?", !sorts},
		{sessions, sqllist.LoginSessions, "tenant_id", "x", "login_sessions_tenant_idx (seller=? AND tenant_id=?", !sorts},
		{sessions, sqllist.LoginSessions, "user_name", "x", "login_sessions_user_idx (seller=? AND user_name=?", !sorts},
		{sessions, sqllist.LoginSessions, "state", "ACTIVE", "login_sessions_state_idx (seller=? AND state=?", !sorts},
		{requests, sqllist.LoginRequests, "app_id", "x", "login_requests_app_idx (seller=? AND app_id=?", !sorts},
		{requests, sqllist.LoginRequests, "tenant_id", "x", "login_requests_tenant_idx (seller=? AND tenant_id=?", !sorts},
		{requests, sqllist.LoginRequests, "step", "ASKED", "login_requests_step_idx (seller=? AND step=?", !sorts},
		{requests, sqllist.LoginRequests, "session_id", "x", "login_requests_session_idx (seller=? AND session_id=?", !sorts},

		{audit, sqllist.Audit, "order_id", "x", "audit_order_idx (seller=? AND order_id=?", !sorts},
		{audit, sqllist.Audit, "actor", "x", "audit_actor_idx (seller=? AND actor=?", !sorts},
		{audit, sqllist.Audit, "action", "x", "audit_action_idx (seller=? AND action=?", !sorts},

		// What nearly all rows are, or are until their order query is done, is found along the list itself.
		{orders, sqllist.Orders, "order_type", "", "orders_list_idx (seller=?", !sorts},
		{orders, sqllist.Orders, "query_state", "DONE", "orders_list_idx (seller=?", !sorts},
		{instances, sqllist.Instances, "charging_mode", "", "instances_list_idx (seller=?", !sorts},
		{tasks, sqllist.Tasks, "state", "DONE", "tasks_list_idx (seller=?", !sorts},
		{tasks, sqllist.Tasks, "kind", "CREATE", "tasks_list_idx (seller=?", !sorts},
		{tasks, sqllist.Tasks, "kind", "ORDER_QUERY", "tasks_list_idx (seller=?", !sorts},
		{tasks, sqllist.Tasks, "queue", "koogate-order-query", "tasks_list_idx (seller=?", !sorts},
		{users, sqllist.Users, "state", "ACTIVE", "users_list_idx (seller=?", !sorts},
		{users, sqllist.Users, "org_code", "", "users_list_idx (seller=?", !sorts},
		{windows, sqllist.UsageWindows, "package_id", "", "usage_windows_list_idx (seller=?", !sorts},
		{records, sqllist.UsageRecords, "package_id", "", "usage_records_list_idx (seller=?", !sorts},
		{records, sqllist.UsageRecords, "state", "PUSHED", "usage_records_list_idx (seller=?", !sorts},
		{calls, sqllist.Calls, "order_id", "", "sqlite_autoindex_calls_1 (seller=?", !sorts},
		{calls, sqllist.Calls, "instance_id", "", "sqlite_autoindex_calls_1 (seller=?", !sorts},
		{calls, sqllist.Calls, "result_code", "000000", "sqlite_autoindex_calls_1 (seller=?", !sorts},
		{calls, sqllist.Calls, "verdict", "ANSWERED", "sqlite_autoindex_calls_1 (seller=?", !sorts},
		{calls, sqllist.Calls, "activity", "queryInstance", "sqlite_autoindex_calls_1 (seller=?", !sorts},
		{calls, sqllist.Calls, "activity", "newInstance", "sqlite_autoindex_calls_1 (seller=?", !sorts},
		{audit, sqllist.Audit, "order_id", "", "audit_seller_at (seller=?", !sorts},
		{audit, sqllist.Audit, "action", "koogate.v1.UsageService/ReportUsage", "audit_seller_at (seller=?", !sorts},
		{audit, sqllist.Audit, "action", "koogate.v1.UsageService/StreamUsage", "audit_seller_at (seller=?", !sorts},
		{audit, sqllist.Audit, "action", "koogate.v1.QuotaService/ReserveQuota", "audit_seller_at (seller=?", !sorts},
		{audit, sqllist.Audit, "action", "koogate.v1.QuotaService/CommitReservation", "audit_seller_at (seller=?", !sorts},
		{calls, sqllist.Calls, "direction", "INBOUND", "sqlite_autoindex_calls_1 (seller=?", !sorts},
		{calls, sqllist.Calls, "comparison", "", "sqlite_autoindex_calls_1 (seller=?", !sorts},
		{calls, sqllist.Calls, "comparison", "SAME", "sqlite_autoindex_calls_1 (seller=?", !sorts},
		{sessions, sqllist.LoginSessions, "state", "ENDED", "login_sessions_list_idx (seller=?", !sorts},
		{requests, sqllist.LoginRequests, "step", "DONE", "login_requests_list_idx (seller=?", !sorts},
		{requests, sqllist.LoginRequests, "tenant_id", "", "login_requests_list_idx (seller=?", !sorts},
		{requests, sqllist.LoginRequests, "session_id", "", "login_requests_list_idx (seller=?", !sorts},
		{deliveries, sqllist.Deliveries, "state", "DELIVERED", "sqlite_autoindex_webhook_deliveries_1 (seller=?", !sorts},
	} {
		for _, after := range []*store.Cursor{nil, {ID: "1"}} {
			for _, desc := range []bool{false, true} {
				p, err := c.list.Page(store.ListQuery{Filter: []store.Term{{Field: c.field, Value: c.value}}, After: after, Desc: desc, Limit: 51}, sqllist.Question)
				if err != nil {
					t.Fatal(err)
				}
				e := &explainer{DBTX: s.readers}
				if err := c.run(ctx, dbsqlc.New(suffixed{e, p})); !errors.Is(err, errExplained) {
					t.Fatal(err)
				}
				if !strings.Contains(e.plan, c.index) || !c.sorts && strings.Contains(e.plan, "TEMP B-TREE") {
					t.Errorf("%s = %s, after %v, descending %v: the plan is %q, want %q", c.field, c.value, after, desc, e.plan, c.index)
				}
			}
		}
	}
	// Of several filters the one with the fewest rows a value decides.
	for _, c := range []struct {
		run   func(context.Context, *dbsqlc.Queries) error
		list  sqllist.List
		terms []store.Term
		index string
	}{
		{instances, sqllist.Instances, []store.Term{{Field: "endpoint", Value: "x"}, {Field: "product_id", Value: "y"}}, "instances_product_idx"},
		{instances, sqllist.Instances, []store.Term{{Field: "state", Value: "ACTIVE"}, {Field: "order_id", Value: "y"}}, "instances_order_idx"},
		{tasks, sqllist.Tasks, []store.Term{{Field: "queue", Value: "x"}, {Field: "state", Value: "WAITING"}}, "tasks_state_idx"},
		{tasks, sqllist.Tasks, []store.Term{{Field: "kind", Value: "CREATE"}, {Field: "instance_id", Value: "y"}}, "tasks_instance_seq_key"},
		{users, sqllist.Users, []store.Term{{Field: "role", Value: "x"}, {Field: "tenant_id", Value: "y"}}, "users_tenant_idx"},
	} {
		p, err := c.list.Page(store.ListQuery{Filter: c.terms, After: &store.Cursor{ID: "x"}, Desc: true, Limit: 51}, sqllist.Question)
		if err != nil {
			t.Fatal(err)
		}
		e := &explainer{DBTX: s.readers}
		if err := c.run(ctx, dbsqlc.New(suffixed{e, p})); !errors.Is(err, errExplained) {
			t.Fatal(err)
		}
		if !strings.Contains(e.plan, c.index) {
			t.Errorf("%v: the plan is %q, want %q", c.terms, e.plan, c.index)
		}
	}
}
