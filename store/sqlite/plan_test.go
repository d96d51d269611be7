// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// explainer asks for the plan of a query instead of running it.
type explainer struct {
	dbsqlc.DBTX
	plan string
}

var errExplained = errors.New("explained")

func (e *explainer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := e.DBTX.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		steps = append(steps, detail)
	}
	e.plan = strings.Join(steps, "; ")
	return nil, errors.Join(errExplained, rows.Err())
}

// ExecContext explains what writes.
func (e *explainer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	_, err := e.QueryContext(ctx, query, args...) //nolint:sqlclosecheck,rowserrcheck // there are no rows
	return nil, err
}

// TestPlans pins the index of every query whose wrong plan would walk a table that grows for ever.
func TestPlans(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, Options{Path: filepath.Join(t.TempDir(), "koogate.db"), Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	fixed := func(e *explainer) *dbsqlc.Queries { return dbsqlc.New(e) }
	proof := func(e *explainer) *dbsqlc.Queries {
		return dbsqlc.New(suffixed{e, proofPage(store.UsageWindowKey{}, 10)})
	}
	listed := func(l sqllist.List, q store.ListQuery) func(e *explainer) *dbsqlc.Queries {
		return func(e *explainer) *dbsqlc.Queries {
			p, err := l.Page(q, sqllist.Question)
			if err != nil {
				t.Fatal(err)
			}
			return dbsqlc.New(suffixed{e, p})
		}
	}
	after := &store.Cursor{ID: "x"}
	term := func(field, value string) []store.Term { return []store.Term{{Field: field, Value: value}} }
	// What may be long and is read for its first rows must come in order.
	unsorted := map[string]bool{
		"orders to be anchored": true, "due windows": true, "records to be sent": true, "reservations that are over": true, "days to be reported": true, "due tasks": true, "jobs to be forgotten": true,
		"tenants of a code": true, "login sessions to be judged": true, "logouts that are due": true, "login sessions to be forgotten": true,
		"login grants to be forgotten": true, "login requests to be forgotten": true,
		"last place of a series of calls": true, "calls that were answered with a code": true,
		"list of usage windows": true, "list of usage records": true, "list of refused usage records": true,
	}
	for name, c := range map[string]struct {
		queries func(*explainer) *dbsqlc.Queries
		run     func(*dbsqlc.Queries) error
		index   string
	}{
		"instances by their IDs": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.InstancesByID(ctx, dbsqlc.InstancesByIDParams{Ids: "[]"})
			return err
		}, "(seller=? AND instance_id=?)"},
		"lines of an order": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.LinesOfOrder(ctx, dbsqlc.LinesOfOrderParams{})
			return err
		}, "order_lines_root_idx (seller=? AND root_order_id=?)"},
		"instances of an order": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.InstancesOfOrder(ctx, dbsqlc.InstancesOfOrderParams{})
			return err
		}, "instances_order_idx (seller=? AND order_id=?)"},
		"tasks of an order": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.TasksOfOrder(ctx, dbsqlc.TasksOfOrderParams{})
			return err
		}, "tasks_order_idx (seller=? AND order_id=?)"},
		"events": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.EventsAfter(ctx, dbsqlc.EventsAfterParams{})
			return err
		}, "PRIMARY KEY (seller=? AND order_id=? AND seq>?)"},
		"orders to be anchored": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.OrdersUnanchored(ctx, dbsqlc.OrdersUnanchoredParams{})
			return err
		}, "orders_unanchored_idx (seller=?)"},
		"due tasks": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.TasksDue(ctx, dbsqlc.TasksDueParams{})
			return err
		}, "tasks_due_idx (seller=? AND queue=? AND due_at<?)"},
		"jobs to be forgotten": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.TasksForget(ctx, dbsqlc.TasksForgetParams{})
			return err
		}, "tasks_ended_idx (updated_at<?)"},
		"calls of subjects": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.CallsOfSubjects(ctx, dbsqlc.CallsOfSubjectsParams{Subjects: "[]"})
			return err
		}, "calls_subject_idx (seller=? AND subject=? AND first_at>?)"},
		"calls that were answered with a code": {listed(sqllist.Calls, store.ListQuery{
			Filter: append(term("result_code", "000005"), term("verdict", "ANSWERED")...), After: after, Desc: true, Limit: 500,
		}), func(q *dbsqlc.Queries) error {
			_, err := q.CallList(ctx, "s")
			return err
		}, "calls_code_idx (seller=? AND result_code=?"},
		"page of the feed": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.FeedPage(ctx, dbsqlc.FeedPageParams{Seller: "s"})
			return err
		}, "SEARCH f USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		"last place of a series of calls": {fixed, func(q *dbsqlc.Queries) error {
			return q.CallPut(ctx, dbsqlc.CallPutParams{Seller: "s", Subject: "x"})
		}, "calls_subject_idx (seller=? AND subject=? AND first_at>?)"},
		"audit rows to be forgotten": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.AuditForget(ctx, dbsqlc.AuditForgetParams{})
			return err
		}, "SEARCH audit USING INTEGER PRIMARY KEY (rowid=?); LIST SUBQUERY 1; SCAN a"},
		"list of orders": {listed(sqllist.Orders, store.ListQuery{After: after}), func(q *dbsqlc.Queries) error {
			_, err := q.OrderList(ctx, "")
			return err
		}, "orders_list_idx (seller=? AND (created_at,order_id)>(?,?))"},
		"list of failed instances": {listed(sqllist.Instances, store.ListQuery{After: after, Desc: true, Filter: term("state", "FAILED")}), func(q *dbsqlc.Queries) error {
			_, err := q.InstanceList(ctx, "")
			return err
		}, "instances_failed_idx (seller=? AND (created_at,instance_id)<(?,?))"},
		"list of an order's instances": {listed(sqllist.Instances, store.ListQuery{Filter: term("order_id", "x")}), func(q *dbsqlc.Queries) error {
			_, err := q.InstanceList(ctx, "")
			return err
		}, "instances_order_idx (seller=? AND order_id=?)"},
		"list of failed tasks": {listed(sqllist.Tasks, store.ListQuery{After: after, Filter: term("state", "FAILED")}), func(q *dbsqlc.Queries) error {
			_, err := q.TaskList(ctx, "")
			return err
		}, "tasks_failed_idx (seller=? AND (created_at,id)>(?,?))"},
		"list of an instance's tasks": {listed(sqllist.Tasks, store.ListQuery{After: after, Filter: term("instance_id", "x")}), func(q *dbsqlc.Queries) error {
			_, err := q.TaskList(ctx, "")
			return err
		}, "tasks_instance_seq_key (seller=? AND instance_id=?)"},
		"list of an order's tasks": {listed(sqllist.Tasks, store.ListQuery{Desc: true, Filter: term("order_id", "x")}), func(q *dbsqlc.Queries) error {
			_, err := q.TaskList(ctx, "")
			return err
		}, "tasks_order_idx (seller=? AND order_id=?)"},
		"list of tenants": {listed(sqllist.Tenants, store.ListQuery{After: after}), func(q *dbsqlc.Queries) error {
			_, err := q.TenantList(ctx, "")
			return err
		}, "tenants_list_idx (seller=? AND (created_at,id)>(?,?))"},
		"list of applications": {listed(sqllist.Applications, store.ListQuery{After: after, Desc: true}), func(q *dbsqlc.Queries) error {
			_, err := q.ApplicationList(ctx, "")
			return err
		}, "applications_list_idx (seller=? AND (created_at,id)<(?,?))"},
		"list of users": {listed(sqllist.Users, store.ListQuery{After: after, Desc: true}), func(q *dbsqlc.Queries) error {
			_, err := q.UserList(ctx, "")
			return err
		}, "users_list_idx (seller=? AND (created_at,id)<(?,?))"},
		"list of an instance's users": {listed(sqllist.Users, store.ListQuery{After: after, Filter: term("instance_id", "x")}), func(q *dbsqlc.Queries) error {
			_, err := q.UserList(ctx, "")
			return err
		}, "PRIMARY KEY (seller=? AND instance_id=?)"},
		"list of departments": {listed(sqllist.Departments, store.ListQuery{After: after}), func(q *dbsqlc.Queries) error {
			_, err := q.DepartmentList(ctx, "")
			return err
		}, "departments_list_idx (seller=? AND (created_at,id)>(?,?))"},
		"list of a tenant's departments": {listed(sqllist.Departments, store.ListQuery{Filter: append(term("instance_id", "x"), term("tenant_id", "y")...)}), func(q *dbsqlc.Queries) error {
			_, err := q.DepartmentList(ctx, "")
			return err
		}, "departments_tenant_idx (seller=? AND tenant_id=?)"},
		"due windows": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.UsageWindowsDue(ctx, dbsqlc.UsageWindowsDueParams{})
			return err
		}, "usage_windows_open_idx (seller=?)"},
		"records to be sent": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.UsageRecordsSending(ctx, dbsqlc.UsageRecordsSendingParams{})
			return err
		}, "usage_records_sending_idx (seller=?)"},
		"proof of windows": {proof, func(q *dbsqlc.Queries) error {
			_, err := q.UsageProofWindows(ctx, "")
			return err
		}, "SEARCH w USING PRIMARY KEY (seller=? AND (instance_id,start_at,package_id)>(?,?,?))"},
		"proof by raw records": {proof, func(q *dbsqlc.Queries) error {
			_, err := q.UsageProofWindows(ctx, "")
			return err
		}, "SEARCH r USING INDEX usage_raw_window_idx (seller=? AND instance_id=? AND start_at=? AND package_id=?)"},
		"proof by records": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.UsageProofRecords(ctx, dbsqlc.UsageProofRecordsParams{})
			return err
		}, "usage_records_part_key (seller=? AND instance_id=? AND start_at=?)"},
		"reservations that are over": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.ReservationsOver(ctx, dbsqlc.ReservationsOverParams{})
			return err
		}, "reservations_expiry_idx (seller=? AND expire_at>? AND expire_at<?)"},
		"quotas of an instance": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.QuotasOfInstance(ctx, dbsqlc.QuotasOfInstanceParams{})
			return err
		}, "quotas_instance_idx (seller=? AND instance_id=?)"},
		"further quotas of an instance": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.QuotasOfInstance(ctx, dbsqlc.QuotasOfInstanceParams{})
			return err
		}, "quota_items_instance_idx (seller=? AND instance_id=?)"},
		"quotas of a package": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.QuotasOfPackage(ctx, dbsqlc.QuotasOfPackageParams{})
			return err
		}, "SEARCH quota_items USING PRIMARY KEY (seller=? AND package_id=?)"},
		"instances of a buyer": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.InstancesOfBuyer(ctx, dbsqlc.InstancesOfBuyerParams{})
			return err
		}, "instances_buyer_idx (seller=? AND product_id=? AND buyer_key=?)"},
		"instances of known buyers": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.InstancesBought(ctx, dbsqlc.InstancesBoughtParams{})
			return err
		}, "instances_product_idx (seller=? AND product_id=? AND created_at>?)"},
		"days to be reported": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.LicenceDaysOpen(ctx, dbsqlc.LicenceDaysOpenParams{})
			return err
		}, "licence_days_open_idx (seller=? AND day<?)"},
		"list of usage windows": {listed(sqllist.UsageWindows, store.ListQuery{After: after}), func(q *dbsqlc.Queries) error {
			_, err := q.UsageWindowList(ctx, "")
			return err
		}, "usage_windows_list_idx (seller=? AND (created_at,id)>(?,?))"},
		"list of an instance's usage windows": {listed(sqllist.UsageWindows, store.ListQuery{Filter: term("instance_id", "x")}), func(q *dbsqlc.Queries) error {
			_, err := q.UsageWindowList(ctx, "")
			return err
		}, "PRIMARY KEY (seller=? AND instance_id=?)"},
		"list of usage records": {listed(sqllist.UsageRecords, store.ListQuery{After: after, Desc: true}), func(q *dbsqlc.Queries) error {
			_, err := q.UsageRecordList(ctx, "")
			return err
		}, "usage_records_list_idx (seller=? AND (created_at,id)<(?,?))"},
		"list of refused usage records": {listed(sqllist.UsageRecords, store.ListQuery{After: after, Filter: term("state", "REFUSED")}), func(q *dbsqlc.Queries) error {
			_, err := q.UsageRecordList(ctx, "")
			return err
		}, "usage_records_refused_idx (seller=? AND (created_at,id)>(?,?))"},
		"list of an instance's usage records": {listed(sqllist.UsageRecords, store.ListQuery{Filter: term("instance_id", "x")}), func(q *dbsqlc.Queries) error {
			_, err := q.UsageRecordList(ctx, "")
			return err
		}, "(seller=? AND instance_id=?)"},
		"what is known of a login": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.LoginFacts(ctx, dbsqlc.LoginFactsParams{})
			return err
		}, "tenants_enterprise_idx (seller=? AND tenant_id=?)"},
		"tenants of a code": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.TenantsByCode(ctx, dbsqlc.TenantsByCodeParams{})
			return err
		}, "tenants_code_idx (seller=? AND tenant_code=?)"},
		"login sessions to be judged": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.LoginSessionsJudge(ctx, dbsqlc.LoginSessionsJudgeParams{})
			return err
		}, "login_sessions_judge_idx (judge_at>? AND judge_at<?)"},
		"login sessions of a tenant": {fixed, func(q *dbsqlc.Queries) error {
			return q.LoginMarkTenant(ctx, dbsqlc.LoginMarkTenantParams{})
		}, "login_sessions_active_idx (seller=? AND tenant_id=?)"},
		"login sessions of users": {fixed, func(q *dbsqlc.Queries) error {
			return q.LoginMarkUsers(ctx, dbsqlc.LoginMarkUsersParams{Names: "[]"})
		}, "login_sessions_active_idx (seller=? AND tenant_id=? AND user_name=?)"},
		"login sessions of an instance": {fixed, func(q *dbsqlc.Queries) error {
			return q.LoginMarkInstance(ctx, dbsqlc.LoginMarkInstanceParams{})
		}, "login_sessions_active_idx (seller=? AND tenant_id=?)"},
		"logouts that are due": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.LogoutsLease(ctx, dbsqlc.LogoutsLeaseParams{Besides: "[]"})
			return err
		}, "login_sessions_logout_idx (logout_due_at<?)"},
		"login sessions to be forgotten": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.LoginSessionsForget(ctx, dbsqlc.LoginSessionsForgetParams{})
			return err
		}, "login_sessions_over_idx (ended_at>? AND ended_at<?)"},
		"login grants to be forgotten": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.LoginGrantsForget(ctx, dbsqlc.LoginGrantsForgetParams{})
			return err
		}, "login_grants_over_idx (expires_at<?)"},
		"login requests to be forgotten": {fixed, func(q *dbsqlc.Queries) error {
			_, err := q.LoginRequestsForget(ctx, dbsqlc.LoginRequestsForgetParams{})
			return err
		}, "login_requests_over_idx (expires_at<?)"},
	} {
		e := &explainer{DBTX: s.readers}
		if err := c.run(c.queries(e)); !errors.Is(err, errExplained) {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.Contains(e.plan, c.index) {
			t.Errorf("%s: the plan is %q, want %q", name, e.plan, c.index)
		}
		if unsorted[name] && strings.Contains(e.plan, "TEMP B-TREE") {
			t.Errorf("%s: the plan sorts: %q", name, e.plan)
		}
	}
}
