// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// Orders are read by their keys, and with everything that belongs to them.
type Orders interface {
	// Line returns one admitted line. Errors: ErrNotFound.
	Line(ctx context.Context, k LineKey) (Line, error)
	// Aggregate returns an order with everything that belongs to it: lines (oldest first), instances and every task that is not
	// DONE or CANCELLED (by instance, then seq). Errors: ErrNotFound.
	Aggregate(ctx context.Context, seller, orderID string) (*Aggregate, error)
	// Events returns the order's events with seq > after, ascending, at most limit.
	Events(ctx context.Context, seller, orderID string, after int64, limit int) ([]Event, error)
	// ListOrders returns one page; see ListQuery.
	ListOrders(ctx context.Context, q ListQuery) ([]Order, error)
}

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
	AnchoredSeq int64 // the seq up to which anchors have recorded the order; only PutAnchor changes it
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

// EventReleased is the kind of the event that releases an instance. It is the only kind that packages beside the core read.
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
	Sealed     []byte // the value of which Data has only a digest, sealed; nil when there is none or it was erased. Hash does not cover it
}

// Aggregate is an order with all that a decision about it may need.
type Aggregate struct {
	Order     Order
	Lines     []Line
	Instances []Instance
	Tasks     []Task
}

// Side is who answers the calls about an order or an instance while a seller moves over from an old server (ADR 54).
type Side string

// The sides.
const (
	SideOwn  Side = "OWN"  // Koogate
	SideOld  Side = "OLD"  // the endpoint's old server
	SideBoth Side = "BOTH" // of a call about instances of both sides
)

// SideKind is what is on a side.
type SideKind string

// The kinds.
const (
	SideOrder    SideKind = "ORDER"
	SideInstance SideKind = "INSTANCE"
)

// Claim says that an order or an instance is on the old side of an endpoint. Key: Seller, Kind, ID.
type Claim struct {
	Seller   string
	Kind     SideKind
	ID       string
	Endpoint string
	At       time.Time
}

// Taken is what an adoption takes from the old side: an order with its instance.
type Taken struct{ Seller, OrderID, InstanceID string }

// LeftBehind is what is still on the old side of an endpoint.
type LeftBehind struct {
	Instances int64 // that are not released
	Orders    int64 // that were claimed since the time that was asked for
}

// Sides keep what is on the side of an old server. An order that has a row or a line here is on our side, and no other claim of that is
// needed: of a claim and a row of the same order one is refused, whoever writes them.
type Sides interface {
	// SideOfOrder tells on which side an order is; empty when nobody has it yet.
	SideOfOrder(ctx context.Context, seller, orderID string) (Side, error)
	// ClaimOrder claims an order for the old side unless it is on a side already, and tells on which side it is from then on.
	ClaimOrder(ctx context.Context, c Claim) (Side, error)
	// NoteClaims writes down what is known to be on the old side, each once. Orders that are on our side must not be among them.
	NoteClaims(ctx context.Context, claims []Claim) error
	// Claimed tells whether an instance was noted, also when it was released since.
	Claimed(ctx context.Context, seller, instanceID string) (bool, error)
	// Ended tells whether an instance was noted and has been released since.
	Ended(ctx context.Context, seller, instanceID string) (bool, error)
	// EndClaim says that an instance of the old side was released.
	EndClaim(ctx context.Context, seller, instanceID string, at time.Time) error
	// LeftBehind counts what is on the old side of an endpoint; orders only when they were claimed at since or later.
	LeftBehind(ctx context.Context, seller, endpoint string, since time.Time) (LeftBehind, error)
}
