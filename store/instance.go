// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// Instances are found by their IDs and by who bought them.
type Instances interface {
	// Instances returns the instances that exist among ids (at most 100), in no particular order.
	Instances(ctx context.Context, seller string, ids []string) ([]Instance, error)
	// InstancesOfBuyer returns at most limit instances that the buyer of a key has of a product and that are neither released nor
	// failed, the oldest first. InstancesBought returns those of all known buyers of a product that come after a place in the
	// order of creation.
	InstancesOfBuyer(ctx context.Context, seller, productID, buyerKey string, limit int) ([]Instance, error)
	InstancesBought(ctx context.Context, seller, productID string, after Cursor, limit int) ([]Instance, error)
	// ListInstances returns one page; see ListQuery.
	ListInstances(ctx context.Context, q ListQuery) ([]Instance, error)
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
