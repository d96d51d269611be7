// SPDX-License-Identifier: Apache-2.0

package check

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// MustApply applies a change.
func MustApply(t *testing.T, s store.Store, c *store.Change) {
	t.Helper()
	if err := s.Apply(Context(t), c); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

// MustAggregate reads an order with all that belongs to it.
func MustAggregate(t *testing.T, s store.Store, orderID string) *store.Aggregate {
	t.Helper()
	a, err := s.Aggregate(Context(t), storetest.Seller, orderID)
	if err != nil {
		t.Fatalf("Aggregate(%s): %v", orderID, err)
	}
	return a
}

// MustTask reads a task.
func MustTask(t *testing.T, s store.Store, id string) store.Task {
	t.Helper()
	task, err := s.Task(Context(t), id)
	if err != nil {
		t.Fatalf("Task(%s): %v", id, err)
	}
	return task
}

// Error demands an error; nil for none.
func Error(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("error = %v, want %v", got, want)
	}
}

// Equal demands equal values.
func Equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// Fault demands an error that is no refusal.
func Fault(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if refusal := store.Refusal(err); refusal != nil {
		t.Fatalf("error = %v, want a fault, not a refusal", err)
	}
}

// IDs are the IDs of rows, in their order.
func IDs[T any](rows []T, id func(T) string) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = id(r)
	}
	return out
}

// TaskID is the ID of a task.
func TaskID(t store.Task) string { return t.ID }

// Filled checks that no field of a row has its zero value.
func Filled(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	if _, isTime := v.Interface().(time.Time); v.Kind() == reflect.Struct && !isTime {
		for i := range v.NumField() {
			Filled(t, name+"."+v.Type().Field(i).Name, v.Field(i))
		}
		return
	}
	if v.IsZero() {
		t.Fatalf("fullRows leaves %s empty", name)
	}
}

// Request asks for tasks of some queues, or of the fixtures' queue.
func Request(limit int, queues ...string) store.LeaseRequest {
	if len(queues) == 0 {
		queues = []string{storetest.Queue}
	}
	return store.LeaseRequest{Seller: storetest.Seller, Queues: queues, Worker: "w1", Max: limit, For: time.Minute}
}

// MustLease leases tasks.
func MustLease(t *testing.T, s store.Store, r store.LeaseRequest) []store.Task {
	t.Helper()
	tasks, err := s.Lease(Context(t), r)
	if err != nil {
		t.Fatalf("Lease: %v", err)
	}
	return tasks
}

// AddTasks admits an order with these tasks only.
func AddTasks(t *testing.T, s store.Store, orderID string, tasks ...store.Task) {
	t.Helper()
	c := storetest.Admission(orderID, storetest.Epoch)
	c.NewTasks = tasks
	MustApply(t, s, c)
}

// Next returns a change that continues an order's chain by one event and moves the head.
func Next(a *store.Aggregate) *store.Change {
	o := a.Order
	e := storetest.NewEvent(o.OrderID, o.Head.Seq+1, "", o.UpdatedAt.Add(time.Second))
	o.Head, o.UpdatedAt = store.Head{Seq: e.Seq, Hash: e.Hash}, e.At
	return &store.Change{PutOrder: &o, Events: []store.Event{e}}
}

// Wake demands that a watch is woken.
func Wake(t *testing.T, what string, wake <-chan struct{}) {
	t.Helper()
	select {
	case <-wake:
	case <-time.After(Patience):
		t.Fatalf("%s: no wake-up", what)
	}
}
