// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// Store keeps what must never be lost. Every method honours its context's deadline; times are kept in UTC with microsecond
// precision. Methods are safe for concurrent use, also by several processes.
//
// The store owns the clock that orders work: leases begin and end by it, and Now tells it, so that processes whose own clocks
// differ agree about what is due. It is the database's in PostgreSQL and the process's in SQLite, which one process has.
type Store interface {
	GapStore
	SellerStore

	// Apply commits a change durably, as a whole or not at all. Errors: ErrOrderExists, ErrLineExists, ErrInstanceExists,
	// ErrStale, ErrFenced, and ErrNoChange, which wins over the others. After a commit it wakes the watchers of every queue
	// that gained a READY task and of every instance that changed, in every process.
	Apply(ctx context.Context, c *Change) error

	// Line returns one admitted line. Errors: ErrNotFound.
	Line(ctx context.Context, k LineKey) (Line, error)
	// Aggregate returns an order with everything that belongs to it: lines (oldest first), instances and every task that is not
	// DONE or CANCELLED (by instance, then seq). Errors: ErrNotFound.
	Aggregate(ctx context.Context, seller, orderID string) (*Aggregate, error)
	// Instances returns the instances that exist among ids (at most 100), in no particular order.
	Instances(ctx context.Context, seller string, ids []string) ([]Instance, error)
	// InstancesOfBuyer returns at most limit instances that the buyer of a key has of a product and that are neither released nor
	// failed, the oldest first. InstancesBought returns those of all known buyers of a product that come after a place in the
	// order of creation.
	InstancesOfBuyer(ctx context.Context, seller, productID, buyerKey string, limit int) ([]Instance, error)
	InstancesBought(ctx context.Context, seller, productID string, after Cursor, limit int) ([]Instance, error)
	// Task returns one task in any state. Errors: ErrNotFound.
	Task(ctx context.Context, id string) (Task, error)
	// Events returns the order's events with seq > after, ascending, at most limit.
	Events(ctx context.Context, seller, orderID string, after int64, limit int) ([]Event, error)

	// Tenant returns a tenant that is not deleted. Errors: ErrNotFound.
	Tenant(ctx context.Context, k TenantKey) (Tenant, error)
	// Application returns a tenant's application that is not deleted. Errors: ErrNotFound.
	Application(ctx context.Context, k TenantKey, appID string) (Application, error)

	// Lease hands out tasks that are READY and due, or LEASED with a lease that is over, earliest due first. Each gets
	// state LEASED, attempt+1 and a fencing token greater than any it had. No task is handed to two callers.
	Lease(ctx context.Context, r LeaseRequest) ([]Task, error)
	// Heartbeat moves the end of a lease that is held under fence to length from now. Errors: ErrNotFound, ErrFenced.
	Heartbeat(ctx context.Context, id string, fence int64, length time.Duration) (Task, error)
	// NextDue returns when the earliest open task of the queues becomes leasable; ok is false when there is none.
	NextDue(ctx context.Context, seller string, queues []string) (at time.Time, ok bool, err error)
	// NoteLease remembers that a worker has asked for work of some queues just now and has got some of those in leased, which
	// are among them.
	NoteLease(ctx context.Context, seller, worker string, asked, leased []string) error
	// Queues returns the queues of a seller in which something is open or for which a worker has ever asked, by name, each with
	// at most limit of its open tasks.
	Queues(ctx context.Context, seller string, limit int) ([]Queue, error)
	// PullIn corrects what a clock has put off that was wrong: open tasks and usage records of a seller that are not due yet and
	// were written more than tolerance later than now. They keep their distance to the moment of writing. It returns how many
	// rows it corrected.
	PullIn(ctx context.Context, seller string, tolerance time.Duration) (int, error)
	// ForgetTasks deletes tasks that belong to no order, are DONE, FAILED or CANCELLED and have not changed for longer than age, at
	// most limit of them, and returns how many.
	ForgetTasks(ctx context.Context, age time.Duration, limit int) (int, error)
	// Now tells the store's clock.
	Now(ctx context.Context) (time.Time, error)

	// ListOrders, ListInstances and ListTasks return one page by (created, id) keyset. Unknown filter fields are an error.
	ListOrders(ctx context.Context, q ListQuery) ([]Order, error)
	ListInstances(ctx context.Context, q ListQuery) ([]Instance, error)
	ListTasks(ctx context.Context, q ListQuery) ([]Task, error)
	// ListTenants, ListApplications, ListUsers and ListDepartments do the same for the directory, without tombstones.
	ListTenants(ctx context.Context, q ListQuery) ([]Tenant, error)
	ListApplications(ctx context.Context, q ListQuery) ([]Application, error)
	ListUsers(ctx context.Context, q ListQuery) ([]User, error)
	ListDepartments(ctx context.Context, q ListQuery) ([]Department, error)

	// Watch returns a channel that gets a token (capacity 1, never blocking the sender) after a change to any topic, and a
	// function that ends the watch. Wake-ups may be lost when a process or connection dies: so watchers also look without a
	// wake-up from time to time.
	Watch(topics ...string) (wake <-chan struct{}, stop func())

	// Ping reports whether the store can serve now, by writing. Errors: ErrReadOnly when it only reads.
	Ping(ctx context.Context) error
	// Close waits for running calls and releases all resources.
	Close() error
}

// Disk is what a store on a disk of this machine is, too.
type Disk interface {
	// Free returns the free space of the file system that holds the database, in bytes. Errors: errors.ErrUnsupported.
	Free() (bytes int64, err error)
}

// QueueTopic is the watch topic of a seller's queue.
func QueueTopic(seller, queue string) string { return "q\x1f" + seller + "\x1f" + queue }

// InstanceTopic is the watch topic of an instance.
func InstanceTopic(seller, instanceID string) string { return "i\x1f" + seller + "\x1f" + instanceID }

// Change is everything one decision alters, about one order. Rows in New… are inserted, rows in Put… replace the row of
// the same key in all columns but the key and the creation time.
type Change struct {
	// NewOrder is inserted; nil when the order exists.
	NewOrder *Order
	// PutOrder replaces the order's row; nil when only NewOrder is set or the order does not change. Its Head is the
	// chain's new head.
	PutOrder     *Order
	NewLines     []Line
	PutLines     []Line
	NewInstances []Instance
	PutInstances []Instance
	NewTasks     []Task
	PutTasks     []TaskPut
	// Events continue the order's chain; a seq that is taken makes the whole change ErrStale.
	Events []Event
	// Directory is merged into the directory; nil when the change is not about it. When it alters no row the whole change
	// is ErrNoChange.
	Directory *DirectoryChange
}

// TaskPut replaces a task when it is still in the state and under the fencing token that the decision saw.
type TaskPut struct {
	Task
	ExpectState TaskState
	ExpectFence int64
}

// LeaseRequest asks for tasks of one seller.
type LeaseRequest struct {
	Seller string
	Queues []string // one or more
	Worker string
	Max    int           // 1 to 100
	For    time.Duration // length of the lease, from now
}

// ListQuery is one page of a list.
type ListQuery struct {
	Seller string
	// All Filter terms must hold. Fields, by list: orders endpoint, order_type, query_state; instances state, order_id,
	// product_id, endpoint, charging_mode; tasks state, kind, queue, instance_id, order_id; tenants instance_id, tenant_id;
	// applications instance_id, tenant_id, app_id; users instance_id, tenant_id, app_id, user_name, state, role, org_code;
	// departments instance_id, tenant_id, org_code, parent_code; usage records instance_id, state, package_id; usage windows
	// instance_id, package_id.
	Filter []Term
	Desc   bool
	// Browsing: an API client asks, and may ask for much. The list has connections of its own, so that the marketplace's calls do
	// not wait for it, and runs within the backend's ListLimits. Further errors: ErrBusy, ErrTooLong.
	Browsing bool
	// After is the last row of the page before; nil for the first page.
	After *Cursor
	Limit int
}

// Term is one equality of a filter.
type Term struct{ Field, Value string }

// Cursor is a place in a list: creation time, then ID. Rows of the directory have no ID of their own; their ID methods
// make one.
type Cursor struct {
	CreatedAt time.Time
	ID        string
}

// Aggregate is an order with all that a decision about it may need.
type Aggregate struct {
	Order     Order
	Lines     []Line
	Instances []Instance
	Tasks     []Task
}
