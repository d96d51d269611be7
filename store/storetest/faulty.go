// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/koogate/koogate/store"
)

// ErrInjected is what a [FaultyStore] returns instead of an answer. Like a broken connection it says nothing about whether
// the change was committed.
var ErrInjected = errors.New("storetest: injected fault")

// FaultyStore passes calls on to another store and fails some of them on purpose: reads before they happen; Apply, Lease
// and Heartbeat either before they happen or after they were committed, when the answer is lost. The same seed and the
// same order of calls give the same faults.
type FaultyStore struct {
	store.Store
	*injector
}

// injector decides what happens to the calls of one faulty store.
type injector struct {
	mu     sync.Mutex
	random *rand.Rand
	before float64
	after  float64
	script []Fault
	counts map[Fault]int
}

// Fault is what happens to one call.
type Fault int

// The faults of a call.
const (
	FaultNone   Fault = iota
	FaultBefore       // fails, and nothing was done
	FaultAfter        // was done, and fails nevertheless; a read fails before it happens
)

// Faulty wraps a store. Until Rates or Script says otherwise, a tenth of the calls fails before
// and a tenth after the commit.
func Faulty(s store.Store, seed uint64) *FaultyStore { return &FaultyStore{s, newInjector(seed)} }

func newInjector(seed uint64) *injector {
	return &injector{random: rand.New(rand.NewPCG(seed, seed)), before: 0.1, after: 0.1, counts: make(map[Fault]int)}
}

// Rates sets how large a part of the calls fails before and after the commit, each from 0 to 1.
func (f *injector) Rates(before, after float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = before, after
}

// Script sets what happens to the next calls that write, one fault a call; after them the rates hold again. Reads do not use it up.
func (f *injector) Script(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script = append(f.script[:0:0], faults...)
}

// Count returns how many calls met the fault so far.
func (f *injector) Count(fault Fault) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[fault]
}

func (f *injector) draw(write bool) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	fault := FaultNone
	switch n := f.random.Float64(); {
	case write && len(f.script) > 0:
		fault, f.script = f.script[0], f.script[1:]
	case n < f.before:
		fault = FaultBefore
	case write && n < f.before+f.after:
		fault = FaultAfter
	}
	f.counts[fault]++
	return fault
}

// write passes a call on that changes rows.
func write[T any](f *injector, call func() (T, error)) (none T, err error) {
	fault := f.draw(true)
	if fault == FaultBefore {
		return none, ErrInjected
	}
	out, err := call()
	if fault == FaultAfter && err == nil {
		return none, ErrInjected
	}
	return out, err
}

func read[T any](f *injector, call func() (T, error)) (none T, err error) {
	if f.draw(false) != FaultNone {
		return none, ErrInjected
	}
	return call()
}

// Apply implements store.Store.
func (f *FaultyStore) Apply(ctx context.Context, c *store.Change) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.Store.Apply(ctx, c) })
	return err
}

// ApplyAll implements store.Store.
func (f *FaultyStore) ApplyAll(ctx context.Context, changes []*store.Change) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.Store.ApplyAll(ctx, changes) })
	return err
}

// Lease implements store.Store. A lease whose answer is lost runs until its end.
func (f *FaultyStore) Lease(ctx context.Context, r store.LeaseRequest) ([]store.Task, error) {
	return write(f.injector, func() ([]store.Task, error) { return f.Store.Lease(ctx, r) })
}

// Heartbeat implements store.Store.
func (f *FaultyStore) Heartbeat(ctx context.Context, id string, fence int64, length time.Duration) (store.Task, error) {
	return write(f.injector, func() (store.Task, error) { return f.Store.Heartbeat(ctx, id, fence, length) })
}

// Line implements store.Store.
func (f *FaultyStore) Line(ctx context.Context, k store.LineKey) (store.Line, error) {
	return read(f.injector, func() (store.Line, error) { return f.Store.Line(ctx, k) })
}

// Aggregate implements store.Store.
func (f *FaultyStore) Aggregate(ctx context.Context, seller, orderID string) (*store.Aggregate, error) {
	return read(f.injector, func() (*store.Aggregate, error) { return f.Store.Aggregate(ctx, seller, orderID) })
}

// Instances implements store.Store.
func (f *FaultyStore) Instances(ctx context.Context, seller string, ids []string) ([]store.Instance, error) {
	return read(f.injector, func() ([]store.Instance, error) { return f.Store.Instances(ctx, seller, ids) })
}

// Task implements store.Store.
func (f *FaultyStore) Task(ctx context.Context, id string) (store.Task, error) {
	return read(f.injector, func() (store.Task, error) { return f.Store.Task(ctx, id) })
}

// Events implements store.Store.
func (f *FaultyStore) Events(ctx context.Context, seller, orderID string, after int64, limit int) ([]store.Event, error) {
	return read(f.injector, func() ([]store.Event, error) { return f.Store.Events(ctx, seller, orderID, after, limit) })
}

// Tenant implements store.Store.
func (f *FaultyStore) Tenant(ctx context.Context, k store.TenantKey) (store.Tenant, error) {
	return read(f.injector, func() (store.Tenant, error) { return f.Store.Tenant(ctx, k) })
}

// Application implements store.Store.
func (f *FaultyStore) Application(ctx context.Context, k store.TenantKey, appID string) (store.Application, error) {
	return read(f.injector, func() (store.Application, error) { return f.Store.Application(ctx, k, appID) })
}

// NextDue implements store.Store.
func (f *FaultyStore) NextDue(ctx context.Context, seller string, queues []string) (at time.Time, ok bool, err error) {
	at, err = read(f.injector, func() (at time.Time, err error) {
		at, ok, err = f.Store.NextDue(ctx, seller, queues)
		return at, err
	})
	return at, ok, err
}

// ListOrders implements store.Store.
func (f *FaultyStore) ListOrders(ctx context.Context, q store.ListQuery) ([]store.Order, error) {
	return read(f.injector, func() ([]store.Order, error) { return f.Store.ListOrders(ctx, q) })
}

// ListInstances implements store.Store.
func (f *FaultyStore) ListInstances(ctx context.Context, q store.ListQuery) ([]store.Instance, error) {
	return read(f.injector, func() ([]store.Instance, error) { return f.Store.ListInstances(ctx, q) })
}

// ListTasks implements store.Store.
func (f *FaultyStore) ListTasks(ctx context.Context, q store.ListQuery) ([]store.Task, error) {
	return read(f.injector, func() ([]store.Task, error) { return f.Store.ListTasks(ctx, q) })
}

// ListTenants implements store.Store.
func (f *FaultyStore) ListTenants(ctx context.Context, q store.ListQuery) ([]store.Tenant, error) {
	return read(f.injector, func() ([]store.Tenant, error) { return f.Store.ListTenants(ctx, q) })
}

// ListApplications implements store.Store.
func (f *FaultyStore) ListApplications(ctx context.Context, q store.ListQuery) ([]store.Application, error) {
	return read(f.injector, func() ([]store.Application, error) { return f.Store.ListApplications(ctx, q) })
}

// ListUsers implements store.Store.
func (f *FaultyStore) ListUsers(ctx context.Context, q store.ListQuery) ([]store.User, error) {
	return read(f.injector, func() ([]store.User, error) { return f.Store.ListUsers(ctx, q) })
}

// ListDepartments implements store.Store.
func (f *FaultyStore) ListDepartments(ctx context.Context, q store.ListQuery) ([]store.Department, error) {
	return read(f.injector, func() ([]store.Department, error) { return f.Store.ListDepartments(ctx, q) })
}
