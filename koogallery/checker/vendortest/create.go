// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// turns is how often a mistake that needs company lets others go first.
const turns = 200000

// lookUp returns the instance of an order line, nil if there is none.
func (v *Vendor) lookUp(order, line string) *row {
	switch r := v.disk.of(order, line); {
	case v.has("new-id-each-time"):
		return nil
	case v.has("keyed-by-order"):
		for _, other := range v.disk.rows {
			if other.OrderID == order {
				return other
			}
		}
		return nil
	case r == nil && (v.has("check-then-insert") || v.has("resources-in-excess")):
		v.window(func() bool { return v.inside > 1 })
		return nil
	default:
		return r
	}
}

// create makes the instance of an order line, in one step.
func (v *Vendor) create(c call, order, line string) *row {
	if r := v.recycled(); r != nil {
		r.OrderID, r.LineID, r.State, r.ExpiresAt = order, line, active, time.Time{}
		return v.disk.insert(r)
	}
	made := probe.Instance{ID: v.newID(c, order, line), OrderID: order, LineID: line, State: active}
	if v.has("provisioned-first") {
		resource := made
		resource.ID = "resource-" + c.text("businessId")
		v.disk.extra = append(v.disk.extra, resource)
		v.window(v.killing.Load)
		if v.killing.Load() {
			panic("crashed after the resource was set up and before it was noted")
		}
		v.disk.extra = slices.DeleteFunc(v.disk.extra, func(i probe.Instance) bool { return i.ID == resource.ID })
	}
	if other := v.disk.of(order, line); other != nil && v.has("resources-in-excess") {
		resource := made
		resource.ID = "resource-" + c.text("businessId")
		v.disk.extra = append(v.disk.extra, resource)
		return other
	}
	if v.has("claimed-first") {
		v.disk.claimed[lineKey(order, line)] = made.ID
	}
	v.ram.unwritten = append(v.ram.unwritten, made.ID)
	return v.disk.insert(&row{Instance: made, readyAt: v.cfg.Clock.Now().Add(v.cfg.Ready)})
}

// recycled is an instance that was released, of a vendor that gives it to the next order.
func (v *Vendor) recycled() *row {
	for _, id := range slices.Sorted(maps.Keys(v.disk.rows)) {
		if r := v.disk.rows[id]; r.State == released && v.has("instances-recycled") {
			return r
		}
	}
	return nil
}

// window is the time between two steps that should be one: others may come in between, until something has happened.
func (v *Vendor) window(happened func() bool) {
	v.inside++
	for n := 0; n < turns && !happened(); n++ {
		v.mu.Unlock()
		runtime.Gosched()
		v.mu.Lock()
	}
	v.inside--
}

// lose takes back what a server has answered and did not write yet.
func (v *Vendor) lose() {
	if !v.has("stored-later") && !v.has("claimed-first") {
		return
	}
	for _, id := range v.ram.unwritten {
		if r := v.disk.rows[id]; r != nil {
			delete(v.disk.lines, lineKey(r.OrderID, r.LineID))
			delete(v.disk.rows, id)
		}
	}
}

// newID is the ID of a new instance.
func (v *Vendor) newID(c call, order, line string) string {
	switch {
	case v.has("new-id-each-time"), (v.has("check-then-insert") || v.has("stored-later")) && !c.test:
		return c.text("businessId")
	case v.has("one-id-for-all"):
		return "the-instance"
	default:
		return idOf(order, line)
	}
}

// idOf is the ID that follows from an order line.
func idOf(order, line string) string { return catalogue.UUID(lineKey(order, line)) }

// split returns the instances that a query names.
func (v *Vendor) split(text string) []string {
	asked := strings.Split(text, ",")
	const table = 100 // characters
	switch {
	case v.has("list-not-split"):
		return []string{text}
	case v.has("first-of-a-list"):
		return asked[:1]
	case v.has("list-of-100-characters") && len(text) > table:
		return nil
	default:
		return asked
	}
}
