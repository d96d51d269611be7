// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// list is one kind of list: the column that breaks ties of the creation time, and the columns that may be filtered. Each of
// those has an index, see migration 00011; apart names the values that a column's index leaves out. No API offers users by
// user_name or departments by org_code, and these two have none.
type list struct {
	id     string
	fields []string
	apart  map[string][]string
}

var (
	orderList = list{
		id: "order_id", fields: []string{"endpoint", "order_type", "query_state"},
		apart: map[string][]string{"order_type": {""}, "query_state": {string(store.QueryDone)}},
	}
	instanceList = list{
		id: "instance_id", fields: []string{"state", "order_id", "product_id", "endpoint", "charging_mode"},
		apart: map[string][]string{"state": {string(store.InstanceFailed)}, "charging_mode": {""}},
	}
	taskList = list{
		id: "id", fields: []string{"state", "kind", "queue", "instance_id", "order_id"},
		apart: map[string][]string{
			"state": {string(store.TaskDone), string(store.TaskFailed)}, "kind": {string(store.TaskCreate), string(store.TaskOrderQuery)},
			"queue": {"koogate-order-query"},
		},
	}

	tenantList      = list{id: "id", fields: []string{"instance_id", "tenant_id"}}
	applicationList = list{id: "id", fields: []string{"instance_id", "tenant_id", "app_id"}}
	userList        = list{
		id: "id", fields: []string{"instance_id", "tenant_id", "app_id", "user_name", "state", "role", "org_code"},
		apart: map[string][]string{"state": {string(store.UserActive)}, "org_code": {""}},
	}
	departmentList = list{id: "id", fields: []string{"instance_id", "tenant_id", "org_code", "parent_code"}}

	usageRecordList = list{
		id: "id", fields: []string{"instance_id", "state", "package_id"},
		apart: map[string][]string{
			"state": {string(store.UsageRefused), string(store.UsageSending), string(store.UsagePushed)}, "package_id": {""},
		},
	}
	usageWindowList = list{id: "id", fields: []string{"instance_id", "package_id"}, apart: map[string][]string{"package_id": {""}}}
)

// page is what a list query appends to its base query.
type page struct {
	suffix string
	args   []any
}

// suffixed runs the generated base query of a list, whose one parameter is the seller, with a page's filters, place, order
// and limit appended: the columns and their scanning stay sqlc's. Only names from the list's own table get into the text.
type suffixed struct {
	dbsqlc.DBTX
	page page
}

// Query implements dbsqlc.DBTX. The statement stays unnamed, so that each page is planned for its own values: a plan for any
// value walks the whole list when the filter's value has no rows and the table's rows have one value.
func (x suffixed) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	args = append(append([]any{pgx.QueryExecModeCacheDescribe}, args...), x.page.args...)
	return x.DBTX.Query(ctx, query+x.page.suffix, args...)
}

func (l list) page(q store.ListQuery) (page, error) {
	var b strings.Builder
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args)+1)
	}
	for _, t := range q.Filter {
		apart := l.apart[t.Field]
		switch {
		case !slices.Contains(l.fields, t.Field):
			return page{}, fmt.Errorf("postgres: list: unknown filter field %q", t.Field)
		case slices.Contains(apart, t.Value): // spelled out: only so does every plan see that the partial index of this value serves
			b.WriteString(" AND " + t.Field + " = '" + t.Value + "'")
		default:
			b.WriteString(" AND " + t.Field + " = " + arg(t.Value))
			for _, v := range apart { // the condition of the partial index, word for word
				b.WriteString(" AND " + t.Field + " <> '" + v + "'")
			}
		}
	}
	than, direction := ">", "ASC"
	if q.Desc {
		than, direction = "<", "DESC"
	}
	if q.After != nil {
		fmt.Fprintf(&b, " AND (created_at, %s) %s (%s, %s)", l.id, than, arg(micros(q.After.CreatedAt)), arg(q.After.ID))
	}
	fmt.Fprintf(&b, " ORDER BY created_at %[1]s, %[2]s %[1]s LIMIT %[3]s", direction, l.id, arg(count(q.Limit)))
	return page{suffix: b.String(), args: args}, nil
}

// ListOrders implements store.Store.
func (s *Store) ListOrders(ctx context.Context, q store.ListQuery) ([]store.Order, error) {
	return listOf(ctx, s, orderList, q, (*dbsqlc.Queries).OrderList, orderOf)
}

// ListInstances implements store.Store.
func (s *Store) ListInstances(ctx context.Context, q store.ListQuery) ([]store.Instance, error) {
	return listOf(ctx, s, instanceList, q, (*dbsqlc.Queries).InstanceList, instanceOf)
}

// ListTasks implements store.Store.
func (s *Store) ListTasks(ctx context.Context, q store.ListQuery) ([]store.Task, error) {
	return listOf(ctx, s, taskList, q, (*dbsqlc.Queries).TaskList, taskOf)
}

// ListTenants implements store.Store.
func (s *Store) ListTenants(ctx context.Context, q store.ListQuery) ([]store.Tenant, error) {
	return listOf(ctx, s, tenantList, q, (*dbsqlc.Queries).TenantList, tenantOf)
}

// ListApplications implements store.Store.
func (s *Store) ListApplications(ctx context.Context, q store.ListQuery) ([]store.Application, error) {
	return listOf(ctx, s, applicationList, q, (*dbsqlc.Queries).ApplicationList, applicationOf)
}

// ListUsers implements store.Store.
func (s *Store) ListUsers(ctx context.Context, q store.ListQuery) ([]store.User, error) {
	return listOf(ctx, s, userList, q, (*dbsqlc.Queries).UserList, userOf)
}

// ListDepartments implements store.Store.
func (s *Store) ListDepartments(ctx context.Context, q store.ListQuery) ([]store.Department, error) {
	return listOf(ctx, s, departmentList, q, (*dbsqlc.Queries).DepartmentList, departmentOf)
}

// ListUsageRecords implements store.UsageStore.
func (s *Store) ListUsageRecords(ctx context.Context, q store.ListQuery) ([]store.UsageRecord, error) {
	return listOf(ctx, s, usageRecordList, q, (*dbsqlc.Queries).UsageRecordList, recordOf)
}

// ListUsageWindows implements store.UsageStore.
func (s *Store) ListUsageWindows(ctx context.Context, q store.ListQuery) ([]store.UsageWindow, error) {
	return listOf(ctx, s, usageWindowList, q, (*dbsqlc.Queries).UsageWindowList, windowOf)
}

func listOf[R, T any](ctx context.Context, s *Store, l list, q store.ListQuery,
	base func(*dbsqlc.Queries, context.Context, string) ([]R, error), convert func(R) T,
) ([]T, error) {
	if err := s.enter(ctx, q); err != nil {
		return nil, err
	}
	defer s.leave()
	p, err := l.page(q)
	if err != nil {
		return nil, err
	}
	var rows []R
	read := func(ctx context.Context) (err error) {
		rows, err = base(dbsqlc.New(suffixed{s.pool, p}), ctx, q.Seller)
		return err
	}
	if q.Browsing {
		err = s.turns.Take(ctx, q.Seller, read)
	} else {
		err = read(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("postgres: list: %w", err)
	}
	return each(rows, convert), nil
}
