// SPDX-License-Identifier: Apache-2.0

// Package call carries what the facade found out about a call to the handler behind the gateway, through the context: it
// is data of one request and nothing else. It carries what an adapter heard from the marketplace the other way (sent.go).
package call

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/store"
)

// LockTTL is how long an order line's lock lives when nobody gives it up: longer than any call, shorter than the
// marketplace's shortest pause between tries.
const LockTTL = 10 * time.Second

// Call is one verified call of the marketplace.
type Call struct {
	// Arrived is when the call's first byte was read, by the clock of the core.
	Arrived time.Time
	// Key is the base key that verified the call; answers to the call are encrypted with it. Never print it.
	Key string
	// Lock is the guard's answer about the order line's lock, for the first caller of TakeLock.
	Lock store.Entry

	taken   atomic.Bool
	mu      sync.Mutex // over what follows
	repairs []string
	found   []Found
}

// Found is an instance that a handler has read, with its order.
type Found struct{ InstanceID, OrderID string }

// Find notes instances that a handler has read, so that nobody reads them again for their orders. On a nil call it does nothing.
func (c *Call) Find(found ...Found) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found = append(c.found, found...)
}

// Found are the instances that were noted so far.
func (c *Call) Found() []Found {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.found)
}

// Repaired notes that a handler went on without a text that only describes: the member and what is wrong with it, never the
// text. On a nil call it does nothing.
func (c *Call) Repaired(what string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.repairs = append(c.repairs, what)
}

// Repairs are what was noted so far.
func (c *Call) Repairs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.repairs)
}

// TakeLock returns the guard's answer to the first caller, which must then release the lock if it is held. Later callers get
// nothing.
func (c *Call) TakeLock() store.Entry {
	if c.taken.Swap(true) {
		return store.Entry{}
	}
	return c.Lock
}

type key struct{}

// With returns a context that carries c.
func With(ctx context.Context, c *Call) context.Context { return context.WithValue(ctx, key{}, c) }

// From returns the context's call; ok is false when the handler was not reached through the facade.
func From(ctx context.Context) (c *Call, ok bool) {
	c, ok = ctx.Value(key{}).(*Call)
	return c, ok
}
