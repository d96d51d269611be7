// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/billing"
	"github.com/koogate/koogate/store/storetest/calls"
	"github.com/koogate/koogate/store/storetest/check"
	"github.com/koogate/koogate/store/storetest/directory"
	"github.com/koogate/koogate/store/storetest/gaps"
	"github.com/koogate/koogate/store/storetest/logins"
	"github.com/koogate/koogate/store/storetest/orders"
	"github.com/koogate/koogate/store/storetest/sellers"
	"github.com/koogate/koogate/store/storetest/tasks"
	"github.com/koogate/koogate/store/storetest/webhooks"
)

// Run runs the suite but for what is billed. open returns a new empty store and arranges for its closing; closing twice must be
// harmless. clock is what the store has for its own; nil when it is to have its own.
func Run(t *testing.T, open func(t *testing.T, clock func() time.Time) store.Store, opts ...Option) {
	t.Helper()
	s := &check.Suite{
		Open: func(t *testing.T) store.Store {
			now := check.NewMoment(storetest.Epoch)
			return &check.Clocked{Store: open(t, now.Read), Clock: now}
		},
		Real: func(t *testing.T) store.Store { return open(t, nil) },
	}
	run(t, s, opts, orders.Groups, tasks.Groups, directory.Groups, gaps.Groups, sellers.Groups, calls.Groups, webhooks.Groups, logins.Groups)
}

// RunBilling runs the suite of what is billed, on stores with clocks of their own; see [Run].
func RunBilling(t *testing.T, open func(t *testing.T) store.Store, opts ...Option) {
	t.Helper()
	run(t, &check.Suite{Open: open}, opts, billing.Groups)
}

func run(t *testing.T, s *check.Suite, opts []Option, rooms ...[]check.Group) {
	t.Helper()
	for _, o := range opts {
		o(s)
	}
	for _, g := range slices.Concat(rooms...) {
		t.Run(g.Name, func(t *testing.T) {
			for _, c := range g.Cases {
				t.Run(c.Name, func(t *testing.T) { c.Run(t, s) })
			}
		})
	}
}

// Option switches on the part of the suite that needs a capability.
type Option func(*check.Suite)

// WithSecondHandle says that several processes can use one database: second opens another handle on the database of first,
// with a clock as [Run] has it.
func WithSecondHandle(second func(t *testing.T, first store.Store, clock func() time.Time) store.Store) Option {
	return func(s *check.Suite) {
		s.Second = func(t *testing.T, first store.Store) store.Store {
			if c, ok := first.(*check.Clocked); ok {
				return &check.Clocked{Store: second(t, c.Store, c.Clock.Read), Clock: c.Clock}
			}
			return second(t, first, nil)
		}
	}
}

// WithSQL says that the tables can be reached past the store. exec runs a statement on the database of a store and returns
// the one number that a query gives, or how many rows were written.
func WithSQL(exec func(t *testing.T, s store.Store, statement string) int) Option {
	return func(s *check.Suite) {
		s.Exec = func(t *testing.T, st store.Store, statement string) int {
			if c, ok := st.(*check.Clocked); ok {
				st = c.Store
			}
			return exec(t, st, statement)
		}
	}
}

// RunAudit runs the suite of the audit rows; open is as [Run] has it.
func RunAudit(t *testing.T, open func(t *testing.T, clock func() time.Time) store.Store) {
	t.Helper()
	billing.RunAudit(t, open)
}
