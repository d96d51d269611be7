// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Tasks are a lease queue: whoever leases a task has it for a time, under a fencing token.
type Tasks interface {
	// Task returns one task in any state. Errors: ErrNotFound.
	Task(ctx context.Context, id string) (Task, error)
	// ListTasks returns one page; see ListQuery.
	ListTasks(ctx context.Context, q ListQuery) ([]Task, error)
	// Lease hands out tasks that are READY and due, or LEASED with a lease that is over, earliest due first. Each gets
	// state LEASED, attempt+1 and a fencing token greater than any it had. No task is handed to two callers.
	Lease(ctx context.Context, r LeaseRequest) ([]Task, error)
	// Heartbeat moves the end of a lease that is held under fence to length from now. Errors: ErrNotFound, ErrFenced.
	Heartbeat(ctx context.Context, id string, fence int64, length time.Duration) (Task, error)
	// NextDue returns when the earliest open task of the queues becomes leasable; ok is false when there is none.
	NextDue(ctx context.Context, seller string, queues []string) (at time.Time, ok bool, err error)
	// ForgetTasks deletes tasks that belong to no order, are DONE, FAILED or CANCELLED and have not changed for longer than age, at
	// most limit of them, and returns how many.
	ForgetTasks(ctx context.Context, age time.Duration, limit int) (int, error)
	// NoteLease remembers that a worker has asked for work of some queues just now and has got some of those in leased, which
	// are among them.
	NoteLease(ctx context.Context, seller, worker string, asked, leased []string) error
	// Queues returns the queues of a seller in which something is open or for which a worker has ever asked, by name, each with
	// at most limit of its open tasks.
	Queues(ctx context.Context, seller string, limit int) ([]Queue, error)
}

// TaskKind is what a task asks for.
type TaskKind string

// The kinds of task that orders have. OrderQuery and LicenceUpload are Koogate's own; the rest go to provisioners. Other domains name
// their own kinds.
const (
	TaskCreate        TaskKind = "CREATE"
	TaskRefresh       TaskKind = "REFRESH"
	TaskUpgrade       TaskKind = "UPGRADE"
	TaskFreeze        TaskKind = "FREEZE"
	TaskUnfreeze      TaskKind = "UNFREEZE"
	TaskRelease       TaskKind = "RELEASE"
	TaskCheckChange   TaskKind = "CHECK_CHANGE"
	TaskOrderQuery    TaskKind = "ORDER_QUERY"
	TaskIssueLicence  TaskKind = "ISSUE_LICENCE"
	TaskLicenceUpload TaskKind = "LICENCE_UPLOAD"
	// TaskIdentify asks whether an instance that nobody here knows is the provisioner's; it has no order until the answer names one.
	TaskIdentify TaskKind = "IDENTIFY"
)

// TaskState is where a task stands.
type TaskState string

// The states of a task. DONE and CANCELLED are terminal; FAILED lasts until an operator retries the task.
const (
	TaskWaiting   TaskState = "WAITING"
	TaskReady     TaskState = "READY"
	TaskLeased    TaskState = "LEASED"
	TaskDone      TaskState = "DONE"
	TaskFailed    TaskState = "FAILED"
	TaskCancelled TaskState = "CANCELLED"
)

// Task is one thing to do, for an instance, an order, a seller or nobody. Key: ID. The store leases by Seller, Queue, State and DueAt
// and reads no other field; Seq orders the tasks of one instance and is unique there unless it is 0.
type Task struct {
	ID          string // UUIDv7
	Seller      string // empty for a task that belongs to nobody
	Queue       string
	Kind        TaskKind
	State       TaskState
	OrderID     string // the order whose chain and trace it belongs to; empty for a task of a seller or of nobody
	InstanceID  string
	LineOrderID string // the order and line that caused it; empty for freeze, unfreeze, checks
	LineID      string
	Seq         int64 // place among the instance's ordered tasks, from 1; 0 for unordered ones
	// DueAt is when the task may be leased: the earliest start of a READY task, the end of the lease of a LEASED one.
	DueAt       time.Time
	Deadline    time.Time // after it the task is cancelled rather than leased; zero for none
	RetryUntil  time.Time // after it a failure is final even if it could be tried again; zero for none
	Attempt     int32
	Worker      string
	Fence       int64
	Payload     string // JSON for the provisioner; no secrets
	Result      string // JSON of a non-secret result
	Reason      string // why it last failed or was cancelled
	Traceparent string // W3C trace context of the call that caused it
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Owner is what a task belongs to.
type Owner string

// The owners of tasks. A task of an instance names its order, and a task of an order its seller.
const (
	OwnerInstance Owner = "INSTANCE"
	OwnerOrder    Owner = "ORDER"
	OwnerSeller   Owner = "SELLER"
	OwnerNobody   Owner = "NOBODY" // what Koogate does for itself
)

// Owner returns what the task belongs to.
func (t *Task) Owner() Owner {
	switch {
	case t.InstanceID != "":
		return OwnerInstance
	case t.OrderID != "":
		return OwnerOrder
	case t.Seller != "":
		return OwnerSeller
	}
	return OwnerNobody
}

// LeaseRequest asks for tasks of one seller.
type LeaseRequest struct {
	Seller string
	Queues []string // one or more
	Worker string
	Max    int           // 1 to 100
	For    time.Duration // length of the lease, from now
}

// Queue is a queue of a seller: what waits in it, and when workers last came.
type Queue struct {
	Name     string
	AskedAt  time.Time // when a worker last asked for work; zero for never
	LeasedAt time.Time // when a worker last got some; zero for never
	Worker   string    // who asked last
	// Open are its READY and LEASED tasks, the earliest due first.
	Open []OpenTask
}

// OpenTask is what Queues tells of an open task.
type OpenTask struct {
	Kind             TaskKind
	State            TaskState
	DueAt, CreatedAt time.Time // a lease's end, when it is LEASED
	Payload          string
}

// FillQueues adds what is open to queues, which are ordered by name, and the queues in which something is open and that are
// missing. next returns the first queue after a name in which something is open, and open reads the open tasks of a queue. Backends
// implement Store.Queues with it.
func FillQueues(queues []Queue, next func(after string) (queue string, ok bool, err error), open func(queue string) ([]OpenTask, error)) ([]Queue, error) {
	for after := ""; ; {
		name, ok, err := next(after)
		if err != nil || !ok {
			return queues, err
		}
		at, found := slices.BinarySearchFunc(queues, name, func(q Queue, name string) int { return cmp.Compare(q.Name, name) })
		if !found {
			queues = slices.Insert(queues, at, Queue{Name: name})
		}
		if queues[at].Open, err = open(name); err != nil {
			return queues, err
		}
		after = name
	}
}
