// SPDX-License-Identifier: Apache-2.0

package market

import (
	"context"
	"maps"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Errand is one thing that the seller is to be told: a Message with what is needed to make its call again. The book's
// mutex guards what changes; turn allows one attempt at a time.
type Errand struct {
	Message
	act      judge.Activity // what SaaS V2.0 calls Activity
	turn     chan struct{}
	own      *order // the order that the call is about
	root     *order // the order that opened the instance
	schedule Schedule
	params   map[string]any // in the names of SaaS V2.0, without activity, businessId and instanceId

	ids        string  // instances asked for, if not that of root
	target     *change // what success changes; nil for a mere repetition
	looping    bool    // a deliver loop looks after it
	handedOver bool    // the loop was still running when the call succeeded
	wake       context.CancelFunc
	last       Call
}

// change is the effect of a call that succeeds.
type change struct {
	term    Term // of a refresh or upgrade
	renewal bool // remember the present term, for a cancelled renewal
}

// newMessage returns the message for a call about own, in the dialect of root's
// family. A message without a target has no effect on any order, whether it
// succeeds or fails.
func newMessage(a judge.Activity, own, root *order, target *change) *Errand {
	return &Errand{
		Message: Message{
			OrderID: own.ID, LineID: own.LineID, Activity: wire.Name(root.Family, a), State: MessagePending,
		},
		act:    a,
		turn:   make(chan struct{}, 1),
		own:    own,
		root:   root,
		params: map[string]any{},
		target: target,
	}
}

// Again returns a second errand with the same parameters, which changes nothing.
func (m *Errand) Again() *Errand {
	again := newMessage(m.act, m.own, m.root, nil)
	again.Scene, again.params, again.schedule = m.Scene, m.params, m.schedule
	return again
}

// With returns a second errand that says one thing more.
func (m *Errand) With(name string, value any) *Errand {
	again := m.Again()
	again.params = maps.Clone(m.params)
	again.params[name] = value
	return again
}

// withOrder puts the ids of the message's own order into the body.
func (m *Errand) withOrder() *Errand {
	m.params["orderId"], m.params["orderLineId"] = m.own.ID, m.own.LineID
	return m
}

// wire returns the next attempt as it is to be written down. The lock is held.
func (m *Errand) wire(instanceID string) wire.Message {
	return wire.Message{
		Family: m.root.Family, Activity: m.act, Scene: m.Scene, Instance: instanceID,
		Own: m.own.line(), Root: m.root.line(), Params: m.params,
	}
}

// line returns what a call can say of an order.
func (o *order) line() wire.Order {
	return wire.Order{
		ID: o.ID, Kind: o.Kind, Product: o.Product, Buyer: o.buyer, Charge: o.charge, Deal: o.deal, ExpireTime: o.ExpireTime,
	}
}
