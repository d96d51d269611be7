// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// Message is one call to be made, in the terms of SaaS V2.0.
type Message struct {
	Family   judge.Family
	Activity judge.Activity // what SaaS V2.0 calls it
	Scene    string         // scene of a refresh, status of a status change
	Instance string         // the instance ids that the call is about, separated by commas
	Own      Order          // the order that the call is about
	Root     Order          // the order that opened the instance

	// Params are in the names of SaaS V2.0, without activity, businessId and
	// instanceId. Send does not change them.
	Params map[string]any
}

// Order is what a call can say of an order and its customer.
type Order struct {
	ID         string
	Kind       catalogue.Kind
	Product    catalogue.Product
	Buyer      catalogue.Buyer
	Charge     string // amounts, as decimals
	Deal       string
	ExpireTime time.Time // zero: the order has no period
}

// Saved is a debugging call whose parameters were typed in once.
type Saved struct {
	Family   judge.Family
	Activity judge.Activity // what SaaS V2.0 calls it
	Params   map[string]any // as they are on the wire
	Asked    string         // the instance id or code in them
}
