// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// Option switches on the part of the suite that needs a capability.
type Option func(*suite)

// WithSecondHandle says that several processes can use one database: second opens another handle on the database of first,
// with a clock as [Run] has it.
func WithSecondHandle(second func(t *testing.T, first store.Store, clock func() time.Time) store.Store) Option {
	return func(s *suite) {
		s.second = func(t *testing.T, first store.Store) store.Store {
			if c, ok := first.(*clocked); ok {
				return &clocked{second(t, c.Store, c.now.read), c.now}
			}
			return second(t, first, nil)
		}
	}
}

// WithSQL says that the tables can be reached past the store. exec runs a statement on the database of a store and returns
// the one number that a query gives, or how many rows were written.
func WithSQL(exec func(t *testing.T, s store.Store, statement string) int) Option {
	return func(s *suite) {
		s.exec = func(t *testing.T, st store.Store, statement string) int {
			if c, ok := st.(*clocked); ok {
				st = c.Store
			}
			return exec(t, st, statement)
		}
	}
}

type suite struct {
	open   func(*testing.T) store.Store // with a clock that stands at Epoch
	real   func(*testing.T) store.Store // with the store's own clock
	second func(*testing.T, store.Store) store.Store
	exec   func(*testing.T, store.Store, string) int
}

// Run runs the suite. open returns a new empty store and arranges for its closing; closing twice must be harmless. clock is
// what the store has for its own; nil when it is to have its own.
func Run(t *testing.T, open func(t *testing.T, clock func() time.Time) store.Store, opts ...Option) {
	t.Helper()
	s := &suite{
		open: func(t *testing.T) store.Store {
			now := &moment{at: Epoch}
			return &clocked{open(t, now.read), now}
		},
		real: func(t *testing.T) store.Store { return open(t, nil) },
	}
	for _, o := range opts {
		o(s)
	}
	groups := []struct {
		name  string
		cases []testCase
	}{
		{"Apply", applyCases}, {"Rows", rowCases}, {"Race", raceCases}, {"Lease", leaseCases}, {"Clock", clockCases}, {"Queue", queueCases},
		{"List", listCases}, {"Directory", directoryCases}, {"Watch", watchCases}, {"Life", lifeCases}, {"Faulty", faultyCases}, {"Text", textCases},
		{"Gap", gapCases}, {"Sellers", sellerCases},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.cases {
				t.Run(c.name, func(t *testing.T) { c.run(t, s) })
			}
		})
	}
}

// testCase is one named property; it opens the stores that it needs.
type testCase struct {
	name string
	run  func(*testing.T, *suite)
}

// withStore is a property of one store.
func withStore(name string, run func(*testing.T, store.Store)) testCase {
	return testCase{name, func(t *testing.T, s *suite) { run(t, s.open(t)) }}
}

// withSQL is a property of one store whose tables can be looked into.
func withSQL(name string, run func(t *testing.T, s store.Store, exec func(statement string) int)) testCase {
	return testCase{name, func(t *testing.T, s *suite) {
		if s.exec == nil {
			t.Skip("no SQL")
		}
		st := s.open(t)
		run(t, st, func(statement string) int { return s.exec(t, st, statement) })
	}}
}

// patience is how long the suite waits for what must happen soon.
const patience = 20 * time.Second

// background is a context that ends with patience, for calls that must not hang the suite.
func background(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	t.Cleanup(cancel)
	return ctx
}
