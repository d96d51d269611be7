// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"strings"
	"sync"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/facade/family"
)

const (
	// maxLinks is how many further orders a queryInstance is linked to.
	maxLinks = 16
	// maxLookups is how many instances that are not remembered one call looks up in the store: finding a trace is worth no more
	// than that.
	maxLookups = 4
)

// findOrder finds the order to whose trace the call belongs: for calls that create, the order that they name; for all
// others, the order of the instance. Of several instances the first that has an order counts, and the orders of the others
// are linked. Debugging calls name orders and instances that may not exist, and belong to none. The store is asked about as many
// instances as lookups allows; the others are found only if they are remembered.
func (x *exchange) findOrder(ctx context.Context, lookups int) {
	if x.route == nil || x.probe {
		return
	}
	if x.subject.Order != "" {
		if family.IDSized(x.subject.Order) {
			x.orderID = x.subject.Order
		}
		return
	}
	ids := x.subject.Instances
	for ids != "" && len(x.links) < maxLinks {
		var id string
		id, ids, _ = strings.Cut(ids, ",")
		id = strings.TrimSpace(id)
		if !family.IDSized(id) {
			continue
		}
		order, ok := x.f.orders.get(x.endpoint.Seller, id)
		if !ok && lookups > 0 {
			lookups--
			var err error
			if order, err = x.f.Core.OrderOf(ctx, x.endpoint.Seller, id); err == nil && order != "" {
				x.f.orders.put(x.endpoint.Seller, id, order)
			}
		}
		switch {
		case order == "" || order == x.orderID:
		case x.orderID == "":
			x.orderID = order
		default:
			x.links = append(x.links, order)
		}
	}
}

// recall finds the order of a look at instances once its handler has read them.
func (x *exchange) recall(ctx context.Context, found []call.Found) {
	for _, f := range found {
		x.f.orders.put(x.endpoint.Seller, f.InstanceID, f.OrderID)
	}
	x.orderID, x.links = "", nil
	x.findOrder(ctx, maxLookups)
}

// orders remembers which order an instance belongs to; that never changes. It keeps two generations: an entry that is used
// moves to the young one, and when that is full the old one is dropped. So entries in use stay and memory is bounded.
type orders struct {
	mu         sync.Mutex
	size       int // of one generation
	young, old map[instance]string
}

type instance struct{ seller, id string }

func newOrders(size int) *orders {
	return &orders{size: max(size, 1), young: make(map[instance]string)}
}

func (o *orders) get(seller, id string) (orderID string, ok bool) {
	k := instance{seller, id}
	o.mu.Lock()
	defer o.mu.Unlock()
	if orderID, ok = o.young[k]; ok {
		return orderID, true
	}
	if orderID, ok = o.old[k]; ok {
		o.add(k, orderID)
	}
	return orderID, ok
}

func (o *orders) put(seller, id, orderID string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.add(instance{seller, id}, orderID)
}

func (o *orders) add(k instance, orderID string) {
	if _, there := o.young[k]; there {
		return
	}
	if len(o.young) >= o.size {
		o.young, o.old = make(map[instance]string, o.size), o.young
	}
	k.id = strings.Clone(k.id) // the text may be a part of a long list
	o.young[k] = orderID
}
