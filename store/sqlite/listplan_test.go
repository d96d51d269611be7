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
	const sorts = true
	for _, c := range []struct {
		run   func(context.Context, *dbsqlc.Queries) error
		list  list
		field string
		value string
		index string // what the plan names
		sorts bool   // the rows of one value are few
	}{
		{orders, orderList, "endpoint", "x", "orders_endpoint_idx (seller=? AND endpoint=?", !sorts},
		{orders, orderList, "order_type", "NEW", "orders_type_idx (seller=? AND order_type=?", !sorts},
		{orders, orderList, "query_state", "PENDING", "orders_query_idx (seller=? AND query_state=?", !sorts},
		{orders, orderList, "query_state", "FAILED", "orders_query_idx (seller=? AND query_state=?", !sorts},

		{instances, instanceList, "state", "PROVISIONING", "instances_state_idx (seller=? AND state=?", !sorts},
		{instances, instanceList, "state", "ACTIVE", "instances_state_idx (seller=? AND state=?", !sorts},
		{instances, instanceList, "state", "FROZEN", "instances_state_idx (seller=? AND state=?", !sorts},
		{instances, instanceList, "state", "RELEASED", "instances_state_idx (seller=? AND state=?", !sorts},
		{instances, instanceList, "state", "FAILED", "instances_failed_idx (seller=?", !sorts},
		{instances, instanceList, "order_id", "x", "instances_order_idx (seller=? AND order_id=?", sorts},
		{instances, instanceList, "product_id", "x", "instances_product_idx (seller=? AND product_id=?", !sorts},
		{instances, instanceList, "endpoint", "x", "instances_endpoint_idx (seller=? AND endpoint=?", !sorts},
		{instances, instanceList, "charging_mode", "PERIOD", "instances_charging_idx (seller=? AND charging_mode=?", !sorts},

		{tasks, taskList, "state", "WAITING", "tasks_state_idx (seller=? AND state=?", !sorts},
		{tasks, taskList, "state", "READY", "tasks_state_idx (seller=? AND state=?", !sorts},
		{tasks, taskList, "state", "LEASED", "tasks_state_idx (seller=? AND state=?", !sorts},
		{tasks, taskList, "state", "CANCELLED", "tasks_state_idx (seller=? AND state=?", !sorts},
		{tasks, taskList, "state", "FAILED", "tasks_failed_idx (seller=?", !sorts},
		{tasks, taskList, "kind", "RELEASE", "tasks_kind_idx (seller=? AND kind=?", !sorts},
		{tasks, taskList, "queue", "x", "tasks_queue_idx (seller=? AND queue=?", !sorts},
		{tasks, taskList, "instance_id", "x", "tasks_instance_seq_key (seller=? AND instance_id=?", sorts},
		{tasks, taskList, "order_id", "x", "tasks_order_idx (seller=? AND order_id=?", sorts},

		{tenants, tenantList, "instance_id", "x", "PRIMARY KEY (seller=? AND instance_id=?", sorts},
		{tenants, tenantList, "tenant_id", "x", "tenants_tenant_idx (seller=? AND tenant_id=?", !sorts},
		{applications, applicationList, "instance_id", "x", "PRIMARY KEY (seller=? AND instance_id=?", sorts},
		{applications, applicationList, "tenant_id", "x", "applications_tenant_idx (seller=? AND tenant_id=?", !sorts},
		{applications, applicationList, "app_id", "x", "applications_app_idx (seller=? AND app_id=?", !sorts},
		{users, userList, "instance_id", "x", "PRIMARY KEY (seller=? AND instance_id=?", sorts},
		{users, userList, "tenant_id", "x", "users_tenant_idx (seller=? AND tenant_id=?", !sorts},
		{users, userList, "app_id", "x", "users_app_idx (seller=? AND app_id=?", !sorts},
		{users, userList, "state", "DISABLED", "users_state_idx (seller=? AND state=?", !sorts},
		{users, userList, "role", "x", "users_role_idx (seller=? AND role=?", !sorts},
		{users, userList, "org_code", "x", "users_org_idx (seller=? AND org_code=?", !sorts},
		{departments, departmentList, "instance_id", "x", "PRIMARY KEY (seller=? AND instance_id=?", sorts},
		{departments, departmentList, "tenant_id", "x", "departments_tenant_idx (seller=? AND tenant_id=?", !sorts},
		{departments, departmentList, "parent_code", "x", "departments_parent_idx (seller=? AND parent_code=?", !sorts},

		{windows, usageWindowList, "instance_id", "x", "PRIMARY KEY (seller=? AND instance_id=?", sorts},
		{windows, usageWindowList, "package_id", "x", "usage_windows_package_idx (seller=? AND package_id=?", !sorts},
		{records, usageRecordList, "instance_id", "x", "(seller=? AND instance_id=?", sorts},
		{records, usageRecordList, "package_id", "x", "usage_records_package_idx (seller=? AND package_id=?", !sorts},
		{records, usageRecordList, "state", "REFUSED", "usage_records_refused_idx (seller=?", !sorts},
		{records, usageRecordList, "state", "SENDING", "usage_records_unsent_idx (seller=?", !sorts},

		// What nearly all rows are, or are until their order query is done, is found along the list itself.
		{orders, orderList, "order_type", "", "orders_list_idx (seller=?", !sorts},
		{orders, orderList, "query_state", "DONE", "orders_list_idx (seller=?", !sorts},
		{instances, instanceList, "charging_mode", "", "instances_list_idx (seller=?", !sorts},
		{tasks, taskList, "state", "DONE", "tasks_list_idx (seller=?", !sorts},
		{tasks, taskList, "kind", "CREATE", "tasks_list_idx (seller=?", !sorts},
		{tasks, taskList, "kind", "ORDER_QUERY", "tasks_list_idx (seller=?", !sorts},
		{tasks, taskList, "queue", "koogate-order-query", "tasks_list_idx (seller=?", !sorts},
		{users, userList, "state", "ACTIVE", "users_list_idx (seller=?", !sorts},
		{users, userList, "org_code", "", "users_list_idx (seller=?", !sorts},
		{windows, usageWindowList, "package_id", "", "usage_windows_list_idx (seller=?", !sorts},
		{records, usageRecordList, "package_id", "", "usage_records_list_idx (seller=?", !sorts},
		{records, usageRecordList, "state", "PUSHED", "usage_records_list_idx (seller=?", !sorts},
	} {
		for _, after := range []*store.Cursor{nil, {ID: "x"}} {
			for _, desc := range []bool{false, true} {
				p, err := c.list.page(store.ListQuery{Filter: []store.Term{{Field: c.field, Value: c.value}}, After: after, Desc: desc, Limit: 51})
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
		list  list
		terms []store.Term
		index string
	}{
		{instances, instanceList, []store.Term{{Field: "endpoint", Value: "x"}, {Field: "product_id", Value: "y"}}, "instances_product_idx"},
		{instances, instanceList, []store.Term{{Field: "state", Value: "ACTIVE"}, {Field: "order_id", Value: "y"}}, "instances_order_idx"},
		{tasks, taskList, []store.Term{{Field: "queue", Value: "x"}, {Field: "state", Value: "WAITING"}}, "tasks_state_idx"},
		{tasks, taskList, []store.Term{{Field: "kind", Value: "CREATE"}, {Field: "instance_id", Value: "y"}}, "tasks_instance_seq_key"},
		{users, userList, []store.Term{{Field: "role", Value: "x"}, {Field: "tenant_id", Value: "y"}}, "users_tenant_idx"},
	} {
		p, err := c.list.page(store.ListQuery{Filter: c.terms, After: &store.Cursor{ID: "x"}, Desc: true, Limit: 51})
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
