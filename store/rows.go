// SPDX-License-Identifier: Apache-2.0

package store

import "time"

// QueryState tells how far the marketplace's order query has come.
type QueryState string

// The states of an order query.
const (
	QueryPending QueryState = "PENDING"
	QueryDone    QueryState = "DONE"
	QueryFailed  QueryState = "FAILED"
)

// Order is one order that created instances here, and the head of its event chain. Key: Seller, OrderID.
type Order struct {
	Seller      string
	OrderID     string
	Endpoint    string
	OrderType   string // as the marketplace names it; empty until the order query is done
	QueryState  QueryState
	QueryReason string
	Buyer       []byte // buyer data as JSON, sealed; nil until the order query is done
	Head        Head
	AnchoredSeq int64 // the seq up to which anchors know the order; only PutAnchor changes it
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Head is the last link of an event chain.
type Head struct {
	Seq  int64
	Hash string // 64 hex digits
}

// LineKey identifies one effect of one order line. The database keeps it unique.
type LineKey struct {
	Seller      string
	OrderID     string // the order that the call named, also for renewals and upgrades
	OrderLineID string
	ProductID   string // only when the call carried one that is part of the key
	Action      string // activity, with the scene for refreshInstance
}

// Line is one admitted effect.
type Line struct {
	LineKey
	RootOrderID string // the order whose chain and trace it belongs to
	InstanceID  string
	Params      string // compact JSON of the parameters that a repeat must match; no secrets
	Product     Product
	Extra       []byte // the call's members that the contract does not know, as JSON, sealed; nil when there were none
	Input       []byte // what the call told that only the provisioner may see, as JSON, sealed; nil when there was none
	Result      []byte // what the provisioner made for the marketplace alone, as JSON, sealed; nil when there is none
	AnswerCode  string // committed result code; empty while undecided
	Admitted    int64  // seq of the event that admitted it, in the chain of RootOrderID; 0 for lines of earlier releases
	Differs     string // digests of the differing repeats that have an event, separated by blanks
	Purchase    string // what the line bought as it was told, as JSON; no personal data; empty when nothing was told
	CreatedAt   time.Time
}

// Product is what was bought, as far as the order query told.
type Product struct {
	ProductID    string
	SKUCode      string
	Name         string
	ChargingMode string // PERIOD, ONE_TIME, ON_DEMAND, ON_DEMAND_PKG
	LinearValue  int64  // quantity; 0 when the product has none
}

// InstanceState is where an instance stands in its life.
type InstanceState string

// The states of an instance. RELEASED is terminal.
const (
	InstanceProvisioning InstanceState = "PROVISIONING"
	InstanceActive       InstanceState = "ACTIVE"
	InstanceFrozen       InstanceState = "FROZEN"
	InstanceReleased     InstanceState = "RELEASED"
	InstanceFailed       InstanceState = "FAILED"
)

// Instance is what one order line bought. Key: Seller, InstanceID.
type Instance struct {
	Seller      string
	InstanceID  string
	Endpoint    string
	Family      string // the protocol family that created it, e.g. saas_v1; empty means saas_v2
	OrderID     string // the order that created it
	OrderLineID string
	State       InstanceState
	Frozen      bool   // the marketplace wants it frozen, also while it is still PROVISIONING
	Reason      string // why FAILED or RELEASED
	FailureCode string // result code of a FAILED creation
	FailureText string // what the provisioner of a FAILED creation says to the customer
	Product     Product
	Trial       bool
	ExpireAt    time.Time // zero when it has no expiry
	// Facts says for product, trial and expiry which call set them, as JSON; empty for a row of an earlier release.
	Facts         string
	Access        []byte // access information as JSON, sealed; nil until provisioned
	AccessVersion int64  // grows with every change of Access
	BuyerKey      string // a digest of the customer who bought it; empty while it is not known
	TaskSeq       int64  // seq of the newest ordered task
	CreatedAt     time.Time
	UpdatedAt     time.Time
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

// Task is one thing to do, for an instance, an order, a seller or nobody. Key: ID. The store leases by Seller, Queue, State and DueAt and reads no other
// field; Seq orders the tasks of one instance and is unique there unless it is 0.
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

// EventReleased is the kind of the event that releases an instance: the one kind that is read by more than the core.
const EventReleased = "instance.released"

// Event is one link of an order's chain. Key: Seller, OrderID, Seq.
type Event struct {
	Seller     string
	OrderID    string
	Seq        int64 // from 1, without gaps
	Kind       string
	InstanceID string
	At         time.Time
	Data       string // compact JSON, sorted keys; no secrets, no personal data
	PrevHash   string
	Hash       string
	Claims     string // JSON: what the change wrote, on its last event; empty for the others and for those of earlier releases
	Signature  string // over Hash, on the last event of a change; empty for the others and for those of earlier releases
	Sealed     []byte // what Data only has a digest of, sealed; nil when there is nothing or it was erased. Hash does not cover it
}
