// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/koogate/koogate/store"
)

func mustApply(t *testing.T, s store.Store, c *store.Change) {
	t.Helper()
	if err := s.Apply(background(t), c); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

func mustAggregate(t *testing.T, s store.Store, orderID string) *store.Aggregate {
	t.Helper()
	a, err := s.Aggregate(background(t), Seller, orderID)
	if err != nil {
		t.Fatalf("Aggregate(%s): %v", orderID, err)
	}
	return a
}

func mustTask(t *testing.T, s store.Store, id string) store.Task {
	t.Helper()
	task, err := s.Task(background(t), id)
	if err != nil {
		t.Fatalf("Task(%s): %v", id, err)
	}
	return task
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("error = %v, want %v", got, want)
	}
}

func wantEqual[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// sentinels are all sentinel errors; a fault must be none of them.
var sentinels = []error{
	store.ErrNotFound, store.ErrOrderExists, store.ErrLineExists, store.ErrInstanceExists, store.ErrStale, store.ErrFenced,
	store.ErrNoChange, store.ErrSettled, store.ErrConflict, store.ErrExhausted,
}

func wantFault(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, s := range sentinels {
		if errors.Is(err, s) {
			t.Fatalf("error = %v, want a fault, not a sentinel", err)
		}
	}
}

func ids[T any](rows []T, id func(T) string) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = id(r)
	}
	return out
}

func taskID(t store.Task) string { return t.ID }
