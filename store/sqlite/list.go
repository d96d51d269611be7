// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// suffixed runs the generated base query of a list with a page's filters, place, order and limit appended: the columns and
// their scanning stay sqlc's. Only names from the list's own table get into the text. The page is made as a whole before its
// first row comes: the driver stops a statement whose context ends only until then, and a scan for a second row may be long.
type suffixed struct {
	dbsqlc.DBTX
	page sqllist.Page
}

// QueryContext implements dbsqlc.DBTX.
func (x suffixed) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	query = "WITH page AS MATERIALIZED (" + query + x.page.Suffix + ") SELECT * FROM page"
	return x.DBTX.QueryContext(ctx, query, append(args, x.page.Args...)...)
}

// ListOrders implements store.Orders.
func (s *Store) ListOrders(ctx context.Context, q store.ListQuery) ([]store.Order, error) {
	return listOf(ctx, s, sqllist.Orders, q, (*dbsqlc.Queries).OrderList, dbrow.ToOrder)
}

// ListInstances implements store.Instances.
func (s *Store) ListInstances(ctx context.Context, q store.ListQuery) ([]store.Instance, error) {
	return listOf(ctx, s, sqllist.Instances, q, (*dbsqlc.Queries).InstanceList, dbrow.ToInstance)
}

// ListTasks implements store.Tasks.
func (s *Store) ListTasks(ctx context.Context, q store.ListQuery) ([]store.Task, error) {
	return listOf(ctx, s, sqllist.Tasks, q, (*dbsqlc.Queries).TaskList, dbrow.ToTask)
}

// ListTenants implements store.Directory.
func (s *Store) ListTenants(ctx context.Context, q store.ListQuery) ([]store.Tenant, error) {
	return listOf(ctx, s, sqllist.Tenants, q, (*dbsqlc.Queries).TenantList, dbrow.ToTenant)
}

// ListApplications implements store.Directory.
func (s *Store) ListApplications(ctx context.Context, q store.ListQuery) ([]store.Application, error) {
	return listOf(ctx, s, sqllist.Applications, q, (*dbsqlc.Queries).ApplicationList, dbrow.ToApplication)
}

// ListUsers implements store.Directory.
func (s *Store) ListUsers(ctx context.Context, q store.ListQuery) ([]store.User, error) {
	return listOf(ctx, s, sqllist.Users, q, (*dbsqlc.Queries).UserList, dbrow.ToUser)
}

// ListDepartments implements store.Directory.
func (s *Store) ListDepartments(ctx context.Context, q store.ListQuery) ([]store.Department, error) {
	return listOf(ctx, s, sqllist.Departments, q, (*dbsqlc.Queries).DepartmentList, dbrow.ToDepartment)
}

// ListUsageRecords implements store.Ledger.
func (s *Store) ListUsageRecords(ctx context.Context, q store.ListQuery) ([]store.UsageRecord, error) {
	return listOf(ctx, s, sqllist.UsageRecords, q, (*dbsqlc.Queries).UsageRecordList, dbrow.ToUsageRecord)
}

// ListUsageWindows implements store.Ledger.
func (s *Store) ListUsageWindows(ctx context.Context, q store.ListQuery) ([]store.UsageWindow, error) {
	return listOf(ctx, s, sqllist.UsageWindows, q, (*dbsqlc.Queries).UsageWindowList, dbrow.ToUsageWindow)
}

func listOf[R, T any](ctx context.Context, s *Store, l sqllist.List, q store.ListQuery,
	base func(*dbsqlc.Queries, context.Context, string) ([]R, error), convert func(R) T,
) ([]T, error) {
	if err := s.enter(ctx, q); err != nil {
		return nil, err
	}
	defer s.leave()
	p, err := l.Page(q, sqllist.Question)
	if err != nil {
		return nil, fmt.Errorf("sqlite: list: %w", err)
	}
	var rows []R
	readers := s.readers
	read := func(ctx context.Context) (err error) {
		rows, err = base(dbsqlc.New(suffixed{readers, p}), ctx, q.Seller)
		return err
	}
	if q.Browsing {
		readers = s.lists
		err = s.turns.Take(ctx, q.Seller, read)
	} else {
		err = read(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: list: %w", err)
	}
	return dbrow.Each(rows, convert), nil
}
