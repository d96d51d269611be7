// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// Suite opens the stores of the properties.
type Suite struct {
	Open   func(*testing.T) store.Store              // with a clock that stands at [storetest.Epoch]
	Real   func(*testing.T) store.Store              // with the store's own clock
	Second func(*testing.T, store.Store) store.Store // another handle on the database of a store; nil where there is one at a time
	Exec   func(*testing.T, store.Store, string) int // runs a statement past the store; nil without SQL
}

// Group is the properties of one kind.
type Group struct {
	Name  string
	Cases []Case
}

// Case is one named property; it opens the stores that it needs.
type Case struct {
	Name string
	Run  func(*testing.T, *Suite)
}

// WithStore is a property of one store.
func WithStore(name string, run func(*testing.T, store.Store)) Case {
	return Case{name, func(t *testing.T, s *Suite) { run(t, s.Open(t)) }}
}

// WithSQL is a property of one store whose tables can be looked into.
func WithSQL(name string, run func(t *testing.T, s store.Store, exec func(statement string) int)) Case {
	return Case{name, func(t *testing.T, s *Suite) {
		if s.Exec == nil {
			t.Skip("no SQL")
		}
		st := s.Open(t)
		run(t, st, func(statement string) int { return s.Exec(t, st, statement) })
	}}
}

// Patience is how long the suite waits for what must happen soon.
const Patience = 20 * time.Second

// Context is a context that ends with patience, for calls that must not hang the suite.
func Context(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*Patience)
	t.Cleanup(cancel)
	return ctx
}

// WithSecond is a property of two handles on one database.
func WithSecond(name string, run func(t *testing.T, first, second store.Store)) Case {
	return Case{name, func(t *testing.T, s *Suite) {
		if s.Second == nil {
			t.Skip("one handle at a time")
		}
		first := s.Open(t)
		run(t, first, s.Second(t, first))
	}}
}

// TwoStores is a property of two handles on one store; with one handle at a time they are the same.
func TwoStores(name string, run func(t *testing.T, handles []store.Store)) Case {
	return Case{name, func(t *testing.T, s *Suite) {
		first := s.Open(t)
		handles := []store.Store{first, first}
		if s.Second != nil {
			handles[1] = s.Second(t, first)
		}
		run(t, handles)
	}}
}
