// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	driver "github.com/redis/go-redis/v9"

	"github.com/koogate/koogate/store"
)

// ErrAway is in the chain of every error that says that Redis could not serve: unreachable, too slow, refusing, or left
// alone after such a failure. A caller's own cancelled or expired context is not ErrAway.
var ErrAway = errors.New("store/redis: away")

// Guard implements store.Guard. It is safe for concurrent use by any number of processes with the same prefix.
type Guard struct {
	client  driver.UniversalClient
	keys    keys
	breaker *breaker
	now     func() time.Time
	limit   time.Duration // of one call
	close   sync.Once
	closing error
}

var _ store.Guard = (*Guard)(nil)

// Enter implements store.Guard in one round trip (two after a restart of the server, which forgets scripts). A TTL below
// one millisecond counts as one millisecond.
//
// An error leaves open whether the nonce was remembered and the lock taken: the server may have done both and lost the
// answer. The lock then frees itself; the nonce must not be presented again.
func (g *Guard) Enter(ctx context.Context, r store.EnterRequest) (store.Entry, error) {
	var e store.Entry
	err := g.call(ctx, func(ctx context.Context) (err error) {
		e, err = g.enter(ctx, r)
		return err
	})
	if err != nil {
		return store.Entry{}, err
	}
	return e, nil
}

func (g *Guard) enter(ctx context.Context, r store.EnterRequest) (store.Entry, error) {
	var e store.Entry
	if r.Nonce == "" && r.LockKey == "" {
		return e, nil
	}
	var nonce, lock once
	var keys, args []string
	pipe := g.client.Pipeline()
	if r.Nonce != "" {
		nonce = once{driver.NewCmd(ctx, "set", g.keys.nonce(r.Nonce), "1", "px", millis(r.NonceTTL), "nx")}
		_ = pipe.Process(ctx, nonce)
	}
	if r.LockKey != "" {
		lockKey, fenceKey := g.keys.lock(r.LockKey)
		keys = []string{lockKey, fenceKey}
		args = []string{millis(r.LockTTL), millis(max(r.LockTTL, 0) + fenceTTL)}
		lock = lockScript.byHash(ctx, keys, args...)
		_ = pipe.Process(ctx, lock)
	}
	_, _ = pipe.Exec(ctx) // the first error of its commands; each is looked at below

	if r.Nonce != "" {
		switch err := nonce.Err(); {
		case errors.Is(err, driver.Nil):
			e.NonceSeen = true
		case err != nil:
			return e, err
		}
	}
	if r.LockKey != "" {
		if unknownScript(lock.Err()) {
			lock = lockScript.byText(ctx, keys, args...)
			_ = g.client.Process(ctx, lock)
		}
		answer, err := lock.Int64Slice()
		if err != nil {
			return e, err
		}
		if e.Lock, e.Fence, err = lockState(answer); err != nil {
			return e, err
		}
	}
	return e, nil
}

func lockState(answer []int64) (store.LockState, int64, error) {
	if len(answer) == 2 {
		switch answer[0] {
		case scriptHeld:
			return store.LockHeld, answer[1], nil
		case scriptBusy:
			return store.LockBusy, 0, nil
		case scriptDone:
			return store.LockDone, 0, nil
		}
	}
	return store.LockNone, 0, fmt.Errorf("lock script answered %d numbers", len(answer))
}

// Leave implements store.Guard in one round trip. Callers give it a context that outlives a cancelled request, otherwise
// the lock stays until it expires.
func (g *Guard) Leave(ctx context.Context, lockKey string, fence int64, done bool) error {
	return g.call(ctx, func(ctx context.Context) error {
		if fence <= 0 {
			return nil // nobody holds a lock under it
		}
		key, _ := g.keys.lock(lockKey)
		keys, args := []string{key}, []string{strconv.FormatInt(fence, 10), "0"}
		if done {
			args[1] = millis(store.DoneTTL)
		}
		c := leaveScript.byHash(ctx, keys, args...)
		_ = g.client.Process(ctx, c)
		if unknownScript(c.Err()) {
			c = leaveScript.byText(ctx, keys, args...)
			_ = g.client.Process(ctx, c)
		}
		return c.Err()
	})
}

// Ping implements store.Guard. While the server is left alone it fails without asking it.
func (g *Guard) Ping(ctx context.Context) error {
	return g.call(ctx, func(ctx context.Context) error { return g.client.Ping(ctx).Err() })
}

// Close implements store.Guard. Calls that are running fail.
func (g *Guard) Close() error {
	g.close.Do(func() { g.closing = g.client.Close() })
	return g.closing
}

// patience is how long a caller with a short deadline waits before its giving up counts against the server.
const patience = 100 * time.Millisecond

// call runs f within g.limit, unless the breaker is open, and tells the breaker how it went.
func (g *Guard) call(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p, ok := g.breaker.enter()
	if !ok {
		return ErrAway
	}
	began := g.now()
	limited, cancel := context.WithTimeout(ctx, g.limit)
	defer cancel()
	err := f(limited)
	if err == nil {
		g.breaker.report(p, healthy, nil)
		return nil
	}
	ended := g.now()
	if gaveUp := over(ctx, ended); gaveUp != nil {
		v := unknown
		if ended.Sub(began) >= patience {
			v = failed
		}
		g.breaker.report(p, v, err)
		return gaveUp
	}
	switch {
	case errors.Is(err, driver.ErrPoolTimeout), errors.Is(err, driver.ErrClosed):
		g.breaker.report(p, unknown, nil) // too many callers here; the server may be well
	default:
		g.breaker.report(p, failed, err)
	}
	return fmt.Errorf("%w: %w", ErrAway, err)
}

// over is ctx.Err() a moment ahead: the socket's deadline is the context's, and may fire just before it.
func over(ctx context.Context, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && deadline.Sub(now) < 2*time.Millisecond {
		return context.DeadlineExceeded
	}
	return nil
}
