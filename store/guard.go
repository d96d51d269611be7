// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// Guard keeps what may be lost at any moment: nonces, and locks that spare useless work. No invariant rests on it. When it
// is away its methods return an error quickly and callers go on without it.
type Guard interface {
	// Enter remembers a nonce and, when LockKey is not empty, tries to take that lock, in one round trip.
	Enter(ctx context.Context, r EnterRequest) (Entry, error)
	// Leave gives up a lock held under fence: with done set it stays behind as a mark that the work is committed, for
	// DoneTTL; otherwise it is free at once. A lock that another holder has meanwhile is left alone.
	Leave(ctx context.Context, lockKey string, fence int64, done bool) error
	// Ping reports whether the guard can serve now.
	Ping(ctx context.Context) error
	// Close releases all resources.
	Close() error
}

// EnterRequest is one arrival. Keys are plain names of bounded length; the guard adds its own prefix.
type EnterRequest struct {
	Nonce    string        // unique name of what must not come twice; empty when there is none to remember
	NonceTTL time.Duration // how long it is remembered
	Signed   time.Time     // when the caller made it, by the caller's clock; zero when that is not known
	LockKey  string        // empty for none
	LockTTL  time.Duration // the lock frees itself after this
}

// LockState is the outcome of asking for a lock.
type LockState int

// The outcomes of asking for a lock.
const (
	LockNone LockState = iota // none was asked for
	LockHeld                  // the caller holds it under Entry.Fence
	LockBusy                  // somebody else holds it
	LockDone                  // the work it protects was committed before
)

// Entry is the outcome of Enter.
type Entry struct {
	// NonceSeen says that the nonce was remembered already: a replay. A guard that does not know what came before its own beginning
	// may report every call as seen that was signed before then.
	NonceSeen bool
	Lock      LockState
	Fence     int64 // grows with every holder of the same lock; 0 unless LockHeld
}

// DoneTTL is how long a done mark stays.
const DoneTTL = 24 * time.Hour

// Budget is how often something may be done: once every Every for as long as it goes on, and Burst times at once after a rest.
type Budget struct {
	Every time.Duration // 1 µs or more
	Burst int           // 1 or more
}

// Limiter spends from budgets that processes share. Like a [Guard] it keeps what may be lost at any moment, and a budget that is lost is
// whole again.
type Limiter interface {
	// Spend takes one from the budget of a name. When nothing is left it takes nothing and returns after how long there is something. An error
	// comes quickly and says nothing about the budget.
	Spend(ctx context.Context, name string, b Budget) (wait time.Duration, err error)
}
