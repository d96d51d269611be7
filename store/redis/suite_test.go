// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/guardtest"
	"github.com/koogate/koogate/store/memory"
)

// The client's logic, on a server that runs inside the test and whose time is told.
func TestGuardOnMiniredis(t *testing.T) {
	t.Parallel()
	guardtest.Run(t, func(t *testing.T) (store.Guard, func(time.Duration)) {
		m := miniredis.RunT(t)
		return openWithin(t, unhurried, nil, m.Addr()), m.FastForward
	})
}

func TestGuardOnRealRedis(t *testing.T) {
	t.Parallel()
	addr := realRedis(t)
	guardtest.Run(t, func(t *testing.T) (store.Guard, func(time.Duration)) {
		return openWithin(t, unhurried, nil, addr), sleep
	}, guardtest.RealTime)
}

func TestFallbackWithRedisThere(t *testing.T) {
	t.Parallel()
	addr := realRedis(t)
	guardtest.Run(t, func(t *testing.T) (store.Guard, func(time.Duration)) {
		return WithFallback(openWithin(t, unhurried, nil, addr), memory.New(now)), sleep
	}, guardtest.RealTime)
}

func TestFallbackWithRedisAway(t *testing.T) {
	t.Parallel()
	guardtest.Run(t, func(t *testing.T) (store.Guard, func(time.Duration)) {
		g := WithFallback(openAt(t, nil, "127.0.0.1:1"), memory.New(now))
		t.Cleanup(func() { _ = g.Close() })
		return alone{g}, sleep
	}, guardtest.RealTime)
}

// alone hides that Ping, and Leave of a lock that Redis would have issued, say that Redis is away.
type alone struct{ store.Guard }

func (a alone) Ping(ctx context.Context) error {
	_, err := a.Enter(ctx, store.EnterRequest{Nonce: "ping", NonceTTL: time.Millisecond})
	return err
}

func (a alone) Leave(ctx context.Context, key string, fence int64, done bool) error {
	err := a.Guard.Leave(ctx, key, fence, done)
	if errors.Is(err, ErrAway) && fence&1 == byPrimary {
		return nil
	}
	return err
}
