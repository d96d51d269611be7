// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/store"
)

// Epoch is the time from which the suite counts.
var Epoch = time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC)

// Seller and Queue are the names that fixtures use.
const (
	Seller = "demo"
	Queue  = "worker"
)

// NewID returns a time-ordered UUID, the form of every ID that Koogate itself makes.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// NewIDAt returns an ID as NewID does, of a time given. IDs of one time are in the order in which they were asked for: two that
// [store.TimedID] makes of NewID are not when a millisecond of the machine's clock ends between them.
func NewIDAt(at time.Time) string {
	u := uuid.Must(uuid.Parse(store.TimedID(NewID(), at)))
	u[6], u[7] = 0x70, 0
	binary.BigEndian.PutUint64(u[8:], 1<<63|asked.Add(1))
	return u.String()
}

// asked counts the IDs that NewIDAt has made.
var asked atomic.Uint64

// Admission returns what admitting one order line changes: the order, its line and instance, a create task that is ready
// and an order query, and the first event. Every name is derived from the order ID but the tasks' IDs, which are new.
func Admission(orderID string, at time.Time) *store.Change {
	instanceID := "inst-" + orderID
	event := NewEvent(orderID, 1, instanceID, at)
	return &store.Change{
		NewOrder: &store.Order{
			Seller: Seller, OrderID: orderID, Endpoint: "demo", QueryState: store.QueryPending,
			Head: store.Head{Seq: 1, Hash: event.Hash}, CreatedAt: at, UpdatedAt: at,
		},
		NewLines:     []store.Line{NewLine(orderID, at)},
		NewInstances: []store.Instance{NewInstance(orderID, instanceID, at)},
		NewTasks: []store.Task{
			NewTask(orderID, instanceID, 1, at),
			func() store.Task {
				t := NewTask(orderID, instanceID, 0, at)
				t.Kind, t.Queue = store.TaskOrderQuery, "internal"
				return t
			}(),
		},
		Events: []store.Event{event},
	}
}

// Admissions returns admissions of several orders, whose instances have no tasks.
func Admissions(orders ...string) (changes []*store.Change) {
	for _, id := range orders {
		c := Admission(id, Epoch)
		c.NewTasks = nil
		changes = append(changes, c)
	}
	return changes
}

// NewLine returns the newInstance effect of an order's first line.
func NewLine(orderID string, at time.Time) store.Line {
	return store.Line{
		LineKey:     store.LineKey{Seller: Seller, OrderID: orderID, OrderLineID: orderID + "-000001", Action: "newInstance"},
		RootOrderID: orderID, InstanceID: "inst-" + orderID, AnswerCode: "000004", CreatedAt: at,
		Params: `{"activity":"newInstance","orderId":"` + orderID + `","orderLineId":"` + orderID + `-000001"}`,
	}
}

// NewInstance returns an instance that is being provisioned.
func NewInstance(orderID, instanceID string, at time.Time) store.Instance {
	return store.Instance{
		Seller: Seller, InstanceID: instanceID, Endpoint: "demo", OrderID: orderID, OrderLineID: orderID + "-000001",
		State: store.InstanceProvisioning, TaskSeq: 1, CreatedAt: at, UpdatedAt: at,
	}
}

// NewTask returns a create task that is ready at the time given.
func NewTask(orderID, instanceID string, seq int64, at time.Time) store.Task {
	return store.Task{
		ID: NewID(), Seller: Seller, Queue: Queue, Kind: store.TaskCreate, State: store.TaskReady,
		OrderID: orderID, InstanceID: instanceID, LineOrderID: orderID, LineID: orderID + "-000001", Seq: seq, DueAt: at,
		Deadline: at.Add(time.Hour), RetryUntil: at.Add(50 * time.Minute),
		Payload:     `{"instanceId":"` + instanceID + `","orderId":"` + orderID + `","testFlag":false}`,
		Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", CreatedAt: at, UpdatedAt: at,
	}
}

// NewEvent returns a link of an order's chain. Its hashes have the right length and depend on the number only.
func NewEvent(orderID string, seq int64, instanceID string, at time.Time) store.Event {
	hash := func(n int64) string { return strings.Repeat(fmt.Sprintf("%08x", n), 8) }
	prev := ""
	if seq > 1 {
		prev = hash(seq - 1)
	}
	return store.Event{
		Seller: Seller, OrderID: orderID, Seq: seq, Kind: "order.admitted", InstanceID: instanceID, At: at,
		Data: `{"activity":"newInstance","orderLineId":"` + orderID + `-000001","result":"000004"}`, PrevHash: prev, Hash: hash(seq),
	}
}
