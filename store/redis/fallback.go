// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"errors"

	"github.com/koogate/koogate/store"
)

// WithFallback returns a guard that uses primary and, while primary fails, local, so that one process still detects
// replays and still excludes itself. Closing it closes both.
//
// Nonces are remembered in both at all times: a nonce that this process has seen is a replay to it, also after primary
// was flushed, went away or came back. What remains open: a nonce that was remembered only locally while primary was away
// is unknown to the other processes for ever, so one replay at each of them passes until its timestamp is too old. The
// database answers such a replay with the stored answer.
//
// Locks are taken in one of the two, primary when it answers. While it is away two processes may both hold a lock, and so
// may two callers of one process around the moment when primary returns. A lock excludes waste, nothing else.
//
// Fences carry in their lowest bit who issued them, so Leave always reaches the right guard; both issue fences from the
// clock in microseconds, so they grow across the change.
func WithFallback(primary, local store.Guard) store.Guard {
	return &fallback{primary: primary, local: local}
}

type fallback struct{ primary, local store.Guard }

const (
	byPrimary = 0
	byLocal   = 1
)

// Enter implements store.Guard. It fails only when the caller's context is over or both guards fail.
func (f *fallback) Enter(ctx context.Context, r store.EnterRequest) (store.Entry, error) {
	e, err := f.primary.Enter(ctx, r)
	if err == nil {
		// Only a caller to whom primary says "new" asks local too, so of many that bring one nonce at once exactly one
		// is told that it is new, whichever of the two guards each of them reached.
		if r.Nonce != "" && !e.NonceSeen {
			own, err := f.local.Enter(context.WithoutCancel(ctx), store.EnterRequest{Nonce: r.Nonce, NonceTTL: r.NonceTTL})
			e.NonceSeen = err == nil && own.NonceSeen
		}
		if e.Lock == store.LockHeld {
			e.Fence = e.Fence<<1 | byPrimary
		}
		return e, nil
	}
	if ctx.Err() != nil {
		return store.Entry{}, ctx.Err()
	}
	e, err = f.local.Enter(ctx, r)
	if e.Lock == store.LockHeld {
		e.Fence = e.Fence<<1 | byLocal
	}
	return e, err
}

// Leave implements store.Guard.
func (f *fallback) Leave(ctx context.Context, lockKey string, fence int64, done bool) error {
	if fence&1 == byLocal {
		return f.local.Leave(ctx, lockKey, fence>>1, done)
	}
	return f.primary.Leave(ctx, lockKey, fence>>1, done)
}

// Ping implements store.Guard: it reports on primary, so that readiness shows the degraded state.
func (f *fallback) Ping(ctx context.Context) error { return f.primary.Ping(ctx) }

// Close implements store.Guard.
func (f *fallback) Close() error { return errors.Join(f.primary.Close(), f.local.Close()) }
