// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Store keeps what must never be lost: what one database holds. Whoever needs a part of it asks for the interface of that part.
// Every method honours its context's deadline; times are kept in UTC with microsecond precision. Methods are safe for concurrent
// use, also by several processes.
type Store interface {
	Changes
	Orders
	Instances
	Tasks
	Directory
	Ledger
	Quotas
	LicenceCodes
	Evidence
	Gaps
	Questions
	Sides
	Sellers
	Sealed
	AuditRows
	Calls
	Feed
	Webhooks
	Logins
	Watcher
	Clock

	// Ping reports whether the store can serve now, by writing. Errors: ErrReadOnly when it only reads.
	Ping(ctx context.Context) error
	// Close waits for running calls and releases all resources.
	Close() error
}

// Clock orders work: leases begin and end by it, so that processes whose own clocks differ agree about what is due. It is the
// database's in PostgreSQL and the process's in SQLite, which one process has.
type Clock interface {
	// Now tells the store's clock.
	Now(ctx context.Context) (time.Time, error)
	// PullIn corrects what a wrong clock has put off: open tasks and usage records of a seller that are not due yet and were
	// written more than tolerance later than now. They keep their distance to the moment of writing. It returns how many rows it
	// corrected.
	PullIn(ctx context.Context, seller string, tolerance time.Duration) (int, error)
}

// Disk is implemented as well by a store whose database lies on a disk of this machine.
type Disk interface {
	// Free returns the free space of the file system that holds the database, in bytes. Errors: errors.ErrUnsupported.
	Free() (bytes int64, err error)
}

// Inspection is what a look at a database finds that changes nothing.
type Inspection struct {
	Server        string    // what serves the database, with its version
	Schema, Needs int64     // the version of the schema, and the one that this binary needs
	Now           time.Time // by the database's clock; zero where it is this machine's
	Write         error     // why a write was refused that was tried and taken back; nil when it was not
}

// ListQuery is one page of a list, by the keyset of creation time and ID. A filter field that the list does not have is an error.
type ListQuery struct {
	Seller string
	// All Filter terms must hold. Fields, by list: orders endpoint, order_type, query_state; instances state, order_id,
	// product_id, endpoint, charging_mode; tasks state, kind, queue, instance_id, order_id; tenants instance_id, tenant_id;
	// applications instance_id, tenant_id, app_id; users instance_id, tenant_id, app_id, user_name, state, role, org_code;
	// departments instance_id, tenant_id, org_code, parent_code; usage records instance_id, state, package_id; usage windows
	// instance_id, package_id; calls order_id, instance_id, result_code, verdict, activity, direction, comparison; refusals endpoint; audit rows order_id,
	// actor, action; deliveries webhook_id, order_id, state; login sessions app_id, tenant_id, user_name, state; login requests app_id,
	// tenant_id, step, session_id.
	Filter []Term
	Desc   bool
	// Browsing: an API client asks, and may ask for much. The list has connections of its own, so that the marketplace's calls do
	// not wait for it, and runs within the backend's limits (sqllist.Limits). Further errors: ErrBusy, ErrTooLong.
	Browsing bool
	// After is the last row of the page before; nil for the first page.
	After *Cursor
	Limit int
}

// Term is one equality of a filter.
type Term struct{ Field, Value string }

// Match says whether a row has the values of all terms; value tells what it has in a field. It serves lists that are made in memory.
func Match(terms []Term, value func(field string) string) bool {
	return !slices.ContainsFunc(terms, func(t Term) bool { return value(t.Field) != t.Value })
}

// PageOf sorts a list that is made in memory as a query asks for it, and returns the page.
func PageOf[T any](list []T, q ListQuery, place func(T) Cursor) []T {
	order := func(a, b Cursor) int {
		c := cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
		if q.Desc {
			return -c
		}
		return c
	}
	slices.SortFunc(list, func(a, b T) int { return order(place(a), place(b)) })
	if q.After != nil {
		list = slices.DeleteFunc(list, func(x T) bool { return order(*q.After, place(x)) >= 0 })
	}
	return list[:min(len(list), q.Limit)]
}

// Cursor is a place in a list: creation time, then ID. Rows of the directory have no ID of their own; their ID methods
// make one.
type Cursor struct {
	CreatedAt time.Time
	ID        string
}
