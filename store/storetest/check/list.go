// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// Listed is a row of any list.
type Listed struct {
	ID string
	At time.Time
}

// Lists are all lists, seen alike.
var Lists = map[string]func(context.Context, store.Store, store.ListQuery) ([]Listed, error){
	"orders": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListOrders(ctx, q)
		return RowsOf(rows, func(r store.Order) Listed { return Listed{r.OrderID, r.CreatedAt} }), err
	},
	"instances": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListInstances(ctx, q)
		return RowsOf(rows, func(r store.Instance) Listed { return Listed{r.InstanceID, r.CreatedAt} }), err
	},
	"tasks": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListTasks(ctx, q)
		return RowsOf(rows, func(r store.Task) Listed { return Listed{r.ID, r.CreatedAt} }), err
	},
	"tenants": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListTenants(ctx, q)
		return RowsOf(rows, func(r store.Tenant) Listed { return Listed{r.ID(), r.CreatedAt} }), err
	},
	"applications": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListApplications(ctx, q)
		return RowsOf(rows, func(r store.Application) Listed { return Listed{r.ID(), r.CreatedAt} }), err
	},
	"users": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListUsers(ctx, q)
		return RowsOf(rows, func(r store.User) Listed { return Listed{r.ID(), r.CreatedAt} }), err
	},
	"departments": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListDepartments(ctx, q)
		return RowsOf(rows, func(r store.Department) Listed { return Listed{r.ID(), r.CreatedAt} }), err
	},
	"calls": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListCalls(ctx, q)
		return RowsOf(rows, func(r store.Call) Listed { return Listed{r.ID, r.CreatedAt} }), err
	},
	"deliveries": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListDeliveries(ctx, q)
		return RowsOf(rows, func(r store.Delivery) Listed { return Listed{r.ID, r.CreatedAt} }), err
	},
	"login_sessions": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListLoginSessions(ctx, q)
		return RowsOf(rows, func(r store.LoginSession) Listed { return Listed{r.ID, r.CreatedAt} }), err
	},
	"login_requests": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListLoginRequests(ctx, q)
		return RowsOf(rows, func(r store.LoginRequest) Listed { return Listed{r.ID, r.CreatedAt} }), err
	},
	"call_refusals": func(ctx context.Context, s store.Store, q store.ListQuery) ([]Listed, error) {
		rows, err := s.ListRefusals(ctx, q)
		return RowsOf(rows, func(r store.CallRefusal) Listed { return Listed{r.ID(), r.Hour} }), err
	},
}

// RowsOf are the rows of a list, seen alike.
func RowsOf[T any](rows []T, as func(T) Listed) []Listed {
	out := make([]Listed, len(rows))
	for i, r := range rows {
		out[i] = as(r)
	}
	return out
}

// Sign is -1 for descending order.
func Sign(desc bool) int {
	if desc {
		return -1
	}
	return 1
}

// Filtered expects a list to have so many rows, in order, and none of them for another seller.
func Filtered(t *testing.T, s store.Store, list string, q store.ListQuery, want int) {
	t.Helper()
	rows, err := Lists[list](Context(t), s, q)
	if err != nil || len(rows) != want {
		t.Fatalf("%s %v: %d rows, %v, want %d", list, q.Filter, len(rows), err, want)
	}
	if !slices.IsSortedFunc(rows, func(a, b Listed) int { return Sign(q.Desc) * a.At.Compare(b.At) }) {
		t.Fatalf("%s %v, descending %v: out of order: %v", list, q.Filter, q.Desc, rows)
	}
	q.Seller = "other"
	rows, err = Lists[list](Context(t), s, q)
	Error(t, err, nil)
	Equal(t, "rows of another seller", len(rows), 0)
}
