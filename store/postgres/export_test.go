// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// Plans tells how often the server has made a plan anew for each statement that is prepared on a connection, and how often it has
// taken the plan that it keeps. A store with one connection has asked for all of them there.
func (s *Store) Plans(ctx context.Context) (made, kept map[string]int64, err error) {
	rows, err := s.pool.Query(ctx, "SELECT statement, custom_plans, generic_plans FROM pg_prepared_statements")
	if err != nil {
		return nil, nil, err
	}
	made, kept = make(map[string]int64), make(map[string]int64)
	var statement string
	var custom, generic int64
	_, err = pgx.ForEachRow(rows, []any{&statement, &custom, &generic}, func() error {
		name, _, _ := strings.Cut(strings.TrimPrefix(statement, "-- name: "), " ")
		made[name], kept[name] = custom, generic
		return nil
	})
	return made, kept, err
}

// TakeConnections takes all connections of the pool until they are given back.
func (s *Store) TakeConnections(ctx context.Context) (giveBack func(), err error) {
	var taken []*pgxpool.Conn
	giveBack = func() {
		for _, c := range taken {
			c.Release()
		}
	}
	for range s.pool.Config().MaxConns {
		c, err := s.pool.Acquire(ctx)
		if err != nil {
			giveBack()
			return nil, err
		}
		taken = append(taken, c)
	}
	return giveBack, nil
}

// LeaseSQL is the statement of a lease and its arguments, as SQL, for some queues.
func LeaseSQL(ctx context.Context) (statement, arguments string) {
	r := &recorder{}
	_, _ = dbsqlc.New(r).TasksLease(ctx, dbsqlc.TasksLeaseParams{})
	return r.statement, "1000, 'worker', 0, '{q,r}', 's', 10" // length, worker, given, queues, seller, max
}

// ListSQL is the statement that reads one page of a list, named by its table, and its arguments.
func ListSQL(ctx context.Context, table string, q store.ListQuery) (statement string, args []any, err error) {
	r := &recorder{}
	base := map[string]struct {
		list sqllist.List
		run  func(*dbsqlc.Queries) error
	}{
		"orders":             {sqllist.Orders, func(d *dbsqlc.Queries) error { _, err := d.OrderList(ctx, q.Seller); return err }},
		"instances":          {sqllist.Instances, func(d *dbsqlc.Queries) error { _, err := d.InstanceList(ctx, q.Seller); return err }},
		"tasks":              {sqllist.Tasks, func(d *dbsqlc.Queries) error { _, err := d.TaskList(ctx, q.Seller); return err }},
		"tenants":            {sqllist.Tenants, func(d *dbsqlc.Queries) error { _, err := d.TenantList(ctx, q.Seller); return err }},
		"applications":       {sqllist.Applications, func(d *dbsqlc.Queries) error { _, err := d.ApplicationList(ctx, q.Seller); return err }},
		"users":              {sqllist.Users, func(d *dbsqlc.Queries) error { _, err := d.UserList(ctx, q.Seller); return err }},
		"departments":        {sqllist.Departments, func(d *dbsqlc.Queries) error { _, err := d.DepartmentList(ctx, q.Seller); return err }},
		"usage_windows":      {sqllist.UsageWindows, func(d *dbsqlc.Queries) error { _, err := d.UsageWindowList(ctx, q.Seller); return err }},
		"usage_records":      {sqllist.UsageRecords, func(d *dbsqlc.Queries) error { _, err := d.UsageRecordList(ctx, q.Seller); return err }},
		"calls":              {sqllist.Calls, func(d *dbsqlc.Queries) error { _, err := d.CallList(ctx, q.Seller); return err }},
		"audit":              {sqllist.Audit, func(d *dbsqlc.Queries) error { _, err := d.AuditList(ctx, q.Seller); return err }},
		"call_refusals":      {sqllist.Refusals, func(d *dbsqlc.Queries) error { _, err := d.CallRefusalList(ctx, q.Seller); return err }},
		"login_sessions":     {sqllist.LoginSessions, func(d *dbsqlc.Queries) error { _, err := d.LoginSessionList(ctx, q.Seller); return err }},
		"login_requests":     {sqllist.LoginRequests, func(d *dbsqlc.Queries) error { _, err := d.LoginRequestList(ctx, q.Seller); return err }},
		"webhook_deliveries": {sqllist.Deliveries, func(d *dbsqlc.Queries) error { _, err := d.DeliveryList(ctx, q.Seller); return err }},
	}[table]
	p, err := base.list.Page(q, sqllist.Dollar)
	if err != nil {
		return "", nil, err
	}
	if err := base.run(dbsqlc.New(suffixed{r, p})); !errors.Is(err, errRecorded) {
		return "", nil, err
	}
	return r.statement, r.args, nil
}

var errRecorded = errors.New("recorded")

// recorder keeps the statement that it is to run.
type recorder struct {
	statement string
	args      []any
}

// Query implements dbsqlc.DBTX. The first argument is how the statement is to be run.
func (r *recorder) Query(_ context.Context, statement string, args ...any) (pgx.Rows, error) {
	r.statement, r.args = statement, args
	return nil, errRecorded
}

// Exec implements dbsqlc.DBTX; lists do not use it.
func (r *recorder) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) {
	return pgconn.CommandTag{}, errRecorded
}

// QueryRow implements dbsqlc.DBTX; lists do not use it.
func (r *recorder) QueryRow(context.Context, string, ...any) pgx.Row { return nil }
