// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/store"
)

// Limit is how many entries a guard keeps: nonces, held locks and done marks together. Beyond it the oldest goes first.
const Limit = 1_000_000

// shardCount spreads the entries over independent mutexes; a power of two.
const shardCount = 16

// ErrClosed is returned by every method after Close.
var ErrClosed = errors.New("store/memory: guard is closed")

// Guard implements store.Guard in memory.
type Guard struct {
	now    func() time.Time
	base   time.Time // expiry is kept as the distance from here, so a step of the wall clock moves nothing
	since  time.Time // what was signed before counts as seen; zero when the guard remembers all there was
	path   string    // where Close writes what is remembered; empty for nowhere
	closed atomic.Bool
	shards [shardCount]shard
}

var _ store.Guard = (*Guard)(nil)

// New returns an empty guard that tells the time by now.
func New(now func() time.Time) *Guard { return newSized(now, Limit) }

func newSized(now func() time.Time, limit int) *Guard {
	g := &Guard{now: now, base: now()}
	for i := range g.shards {
		g.shards[i].init(max(limit/shardCount, 1))
	}
	return g
}

// NewAfter is New for a guard that stands in for another whose memory it does not share: a call that was signed before now may have
// reached the other guard, so it counts as seen.
func NewAfter(now func() time.Time) *Guard {
	g := New(now)
	g.since = g.base
	return g
}

// Enter implements store.Guard. A TTL below one millisecond counts as one millisecond.
func (g *Guard) Enter(ctx context.Context, r store.EnterRequest) (store.Entry, error) {
	var e store.Entry
	if err := g.ready(ctx); err != nil {
		return e, err
	}
	now := g.now()
	at := now.Sub(g.base)
	if r.Nonce != "" {
		k := digestOf('n', r.Nonce)
		e.NonceSeen = g.shard(k).remember(k, at, lifetime(r.NonceTTL)) || !r.Signed.IsZero() && r.Signed.Before(g.since)
	}
	if r.LockKey != "" {
		k := digestOf('l', r.LockKey)
		e.Lock, e.Fence = g.shard(k).lock(k, at, lifetime(r.LockTTL), now.UnixMicro())
	}
	return e, nil
}

// Leave implements store.Guard.
func (g *Guard) Leave(ctx context.Context, lockKey string, fence int64, done bool) error {
	if err := g.ready(ctx); err != nil {
		return err
	}
	k := digestOf('l', lockKey)
	g.shard(k).unlock(k, g.now().Sub(g.base), fence, done)
	return nil
}

// Ping implements store.Guard; it fails only after Close.
func (g *Guard) Ping(ctx context.Context) error { return g.ready(ctx) }

// Close implements store.Guard. A guard from [Open] writes what it remembers.
func (g *Guard) Close() error {
	if g.closed.Swap(true) || g.path == "" {
		return nil
	}
	return g.save()
}

// Len returns how many entries are kept, expired ones that no call has swept yet included.
func (g *Guard) Len() int {
	n := 0
	for i := range g.shards {
		n += g.shards[i].len()
	}
	return n
}

func (g *Guard) ready(ctx context.Context) error {
	if g.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

func (g *Guard) shard(k digest) *shard { return &g.shards[k[0]&(shardCount-1)] }

func lifetime(ttl time.Duration) time.Duration { return max(ttl, time.Millisecond) }
