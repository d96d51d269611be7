// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres"
)

// longTables hold rows of which no filter of the test finds one, as in a service that has run for long.
var longTables = []string{
	`INSERT INTO orders SELECT 's', 'CS' || n, 'e', 'NEW', 'DONE', '', NULL, 0, '', n, n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO instances (seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
		product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at)
	SELECT 's', 'i' || n, 'e', 'CS' || n, '1', 'ACTIVE', 0, '', '', 'p', '', '', 'PERIOD', 0, 0, 0, NULL, 0, n, n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO tasks SELECT md5(n::text), 's', 'q', 'CREATE', 'DONE', 'CS' || n, 'i' || n, '', '', 0, 0, 0, 0, 0, '', 0, '', '', '', '', n, n
	FROM generate_series(1, 20000) AS n`,
	`INSERT INTO tenants SELECT 's', 'i' || n, 't' || n, md5(n::text), '', '', '', '', 0, 0, 0, 0, 0, 0, 0, n, n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO applications SELECT 's', 'i' || n, 't' || n, 'a', md5(n::text), '', NULL, 0, 0, 0, n, n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO users SELECT 's', 'i' || n % 9, 't' || n % 9, 'a' || n % 9, n, md5(n::text), 'ACTIVE', 'user', 'o' || n % 99, NULL, 0, 0, 0, n, n
	FROM generate_series(1, 20000) AS n`,
	`INSERT INTO departments SELECT 's', 'i' || n % 9, 't' || n % 9, n, md5(n::text), '', 'o' || n % 99, 0, 0, 0, n, n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO usage_windows SELECT 's', n % 1000, n / 1000, 'p' || n % 9, n, 'calls', 'SUM', n / 1000 + 1, 1, 1, 0, 1, 0, 0, '', 0, 0, 0, n, n
	FROM generate_series(1, 20000) AS n`,
	`INSERT INTO usage_records SELECT 's', md5(n::text), n % 1000, n / 1000, 'p' || n % 9, 0, 'calls', n / 1000, n / 1000 + 1, 1, 'PUSHED', '', 0,
		0, 0, 0, n, n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO calls SELECT 's', md5(n::text), n, n, 1, 'e', 'saas_v2', CASE WHEN n % 3 = 0 THEN 'newInstance' ELSE 'queryInstance' END, 'CS' || n, 'i' || n,
		md5(n::text), 1, n, 'ANSWERED', '', CASE WHEN n % 99 = 0 THEN '000005' ELSE '000000' END, '', 200, 9, 0, 'k', '', 9, 9
	FROM generate_series(1, 20000) AS n`,
	`INSERT INTO audit (seller, at, actor, kind, via, action, resources, reason, before_digest, after_digest, request_id, order_id)
	SELECT 's', n, 'token ' || n % 99, 'token', 'api', 'koogate.v1.UsageService/ReportUsage', '{}', '', '', '', '', 'CS' || n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO webhook_deliveries SELECT 's', md5(n::text), n, 'w' || n % 3, 'CS' || n, 1, 'k', '', n, CASE WHEN n % 100 = 0 THEN 'READY' ELSE 'DELIVERED' END,
		'', n, 0, 0, 0, 0, 0, 0, 0, 0, n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO login_sessions SELECT md5(n::text), 's', 'a' || n % 3, 't' || n % 99, 'u' || n, 'APP', 'OAUTH2', '', NULL, n, n, n,
		CASE WHEN n % 100 = 0 THEN 'ACTIVE' ELSE 'ENDED' END, CASE WHEN n % 100 = 0 THEN 0 ELSE n END, '', 0, 0, 'NONE', 0, 0, 0, 0, 0, 0, ''
	FROM generate_series(1, 20000) AS n`,
	`INSERT INTO login_requests SELECT md5(n::text), 's', 'a' || n % 3, 'APP', CASE WHEN n % 9 = 0 THEN 'FAILED' ELSE 'DONE' END, '', '', '',
		't' || n % 99, '', NULL, md5(n::text), '', n, n, n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO call_refusals SELECT 's', n, 'e/KEY', 'e', 'KEY', 1, n, n FROM generate_series(1, 20000) AS n`,
}

// TestEveryFilterHasItsIndex pins for each filter that a list offers, and for each kind of value, that the rows with this value
// are found along an index in the order of the list, whatever the planner knows of the tables and of the value.
func TestEveryFilterHasItsIndex(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	url := freshSchema(t)
	open(t, url)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	exec := func(statement string) {
		t.Helper()
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for _, s := range longTables {
		exec(s)
	}
	for _, known := range []bool{false, true} {
		if known {
			exec("ANALYZE")
		}
		for _, c := range filterPlans {
			if !known && !slices.Contains([]string{"orders", "instances", "tasks"}, c.table) {
				continue // a table with tombstones that was never analyzed is taken for a short one
			}
			for _, q := range []store.ListQuery{
				{Desc: true}, {After: &store.Cursor{CreatedAt: time.UnixMicro(10000), ID: "1"}},
			} {
				q.Seller, q.Limit, q.Filter = "s", 51, []store.Term{{Field: c.field, Value: c.value}}
				if plan := listPlan(ctx, t, conn, c.table, q); !strings.Contains(plan, c.index) || !c.sorts && strings.Contains(plan, "Sort") {
					t.Errorf("%s by %s = %q, descending %v, analyzed %v: want a plan by %s, have\n%s",
						c.table, c.field, c.value, q.Desc, known, c.index, plan)
				}
			}
		}
	}
}

// filterPlans names the index of each filter; sorts marks those whose rows of one value are few.
var filterPlans = []struct {
	table, field, value, index string
	sorts                      bool
}{
	{"orders", "endpoint", "x", "orders_endpoint_idx", false},
	{"orders", "order_type", "RENEW", "orders_type_idx", false},
	{"orders", "query_state", "PENDING", "orders_query_idx", false},
	{"orders", "query_state", "FAILED", "orders_query_idx", false},
	{"instances", "state", "PROVISIONING", "instances_state_idx", false},
	{"instances", "state", "RELEASED", "instances_state_idx", false},
	{"instances", "state", "FAILED", "instances_failed_idx", false},
	{"instances", "order_id", "x", "instances_order_idx", true},
	{"instances", "product_id", "x", "instances_product_idx", false},
	{"instances", "endpoint", "x", "instances_endpoint_idx", false},
	{"instances", "charging_mode", "ON_DEMAND", "instances_charging_idx", false},
	{"tasks", "state", "WAITING", "tasks_state_idx", false},
	{"tasks", "state", "READY", "tasks_state_idx", false},
	{"tasks", "state", "CANCELLED", "tasks_state_idx", false},
	{"tasks", "state", "FAILED", "tasks_failed_idx", false},
	{"tasks", "kind", "RELEASE", "tasks_kind_idx", false},
	{"tasks", "queue", "x", "tasks_queue_idx", false},
	{"tasks", "instance_id", "x", "tasks_instance_seq_key", true},
	{"tasks", "order_id", "x", "tasks_order_idx", true},
	{"tenants", "instance_id", "x", "tenants_pkey", true},
	{"tenants", "tenant_id", "x", "tenants_enterprise_idx", true},
	{"applications", "instance_id", "x", "applications_pkey", true},
	{"applications", "tenant_id", "x", "applications_tenant_idx", true},
	{"applications", "app_id", "x", "applications_app_idx", false},
	{"users", "tenant_id", "x", "users_tenant_idx", false},
	{"users", "app_id", "x", "users_app_idx", false},
	{"users", "state", "DISABLED", "users_state_idx", false},
	{"users", "role", "x", "users_role_idx", false},
	{"users", "org_code", "x", "users_org_idx", true},
	{"departments", "tenant_id", "x", "departments_tenant_idx", false},
	{"departments", "parent_code", "x", "departments_parent_idx", true},
	{"usage_windows", "instance_id", "x", "usage_windows_pkey", true},
	{"usage_windows", "package_id", "x", "usage_windows_package_idx", false},
	{"usage_records", "package_id", "x", "usage_records_package_idx", false},
	{"usage_records", "state", "REFUSED", "usage_records_refused_idx", false},
	{"usage_records", "state", "SENDING", "usage_records_unsent_idx", false},
	{"calls", "order_id", "x", "calls_order_idx", true},
	{"calls", "instance_id", "x", "calls_instance_idx", true},
	{"calls", "result_code", "000001", "calls_code_idx", false},
	{"calls", "verdict", "REFUSED", "calls_verdict_idx", false},
	{"calls", "activity", "releaseInstance", "calls_activity_idx", false},
	{"calls", "direction", "OUTBOUND", "calls_direction_idx", false},
	{"calls", "comparison", "DIFFERS", "calls_comparison_idx", false},
	{"call_refusals", "endpoint", "x", "call_refusals_endpoint_idx", false},
	{"audit", "order_id", "x", "audit_order_idx", true},
	{"audit", "actor", "x", "audit_actor_idx", false},
	{"audit", "action", "x", "audit_action_idx", false},
	{"webhook_deliveries", "webhook_id", "x", "webhook_deliveries_webhook_idx", false},
	{"webhook_deliveries", "order_id", "x", "webhook_deliveries_order_idx", true},
	{"webhook_deliveries", "state", "RETRYING", "webhook_deliveries_state_idx", false},
	{"login_sessions", "app_id", "x", "login_sessions_app_idx", false},
	{"login_sessions", "tenant_id", "x", "login_sessions_tenant_idx", false},
	{"login_sessions", "user_name", "x", "login_sessions_user_idx", true},
	{"login_sessions", "state", "ACTIVE", "login_sessions_state_idx", false},
	{"login_requests", "app_id", "x", "login_requests_app_idx", false},
	{"login_requests", "tenant_id", "x", "login_requests_tenant_idx", false},
	{"login_requests", "step", "ASKED", "login_requests_step_idx", false},
	{"login_requests", "session_id", "x", "login_requests_session_idx", true},
}

// listPlan is the plan of a page that is run as the store runs it.
func listPlan(ctx context.Context, t *testing.T, conn *pgx.Conn, table string, q store.ListQuery) string {
	t.Helper()
	statement, args, err := postgres.ListSQL(ctx, table, q)
	if err != nil {
		t.Fatal(err)
	}
	if len(args) == 0 || args[0] != pgx.QueryExecModeCacheDescribe {
		t.Fatal("the statement is prepared under a name, so that a plan for any value may serve it")
	}
	rows, err := conn.Query(ctx, "EXPLAIN "+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
