// SPDX-License-Identifier: Apache-2.0

package floor

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// lockbox remembers nonces and takes the line's lock, in one go, and gives it up.
type lockbox interface {
	enter(ctx context.Context, nonce, lock string) (fresh, held bool, err error)
	leave(ctx context.Context, lock string) error
}

// mapLocks are nonces and locks in one process.
type mapLocks struct {
	mu     sync.Mutex
	nonces map[string]time.Time
	locks  map[string]struct{}
	swept  time.Time
}

func newMapLocks() *mapLocks {
	return &mapLocks{nonces: map[string]time.Time{}, locks: map[string]struct{}{}}
}

func (m *mapLocks) enter(_ context.Context, nonce, lock string) (fresh, held bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if now.Sub(m.swept) > 10*time.Second { // keep it bounded, as anybody must
		for k, until := range m.nonces {
			if now.After(until) {
				delete(m.nonces, k)
			}
		}
		m.swept = now
	}
	_, seen := m.nonces[nonce]
	m.nonces[nonce] = now.Add(2 * time.Minute)
	if lock != "" {
		if _, busy := m.locks[lock]; !busy {
			m.locks[lock], held = struct{}{}, true
		}
	}
	return !seen, held, nil
}

func (m *mapLocks) leave(_ context.Context, lock string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.locks, lock)
	return nil
}

// redisLocks are the same in Redis: one round trip to enter, one to leave.
type redisLocks struct{ client *redis.Client }

func (l redisLocks) enter(ctx context.Context, nonce, lock string) (fresh, held bool, err error) {
	p := l.client.Pipeline()
	n := p.SetNX(ctx, "floor:nonce:"+nonce, 1, 2*time.Minute)
	var k *redis.BoolCmd
	if lock != "" {
		k = p.SetNX(ctx, "floor:lock:"+lock, 1, 10*time.Second)
	}
	if _, err := p.Exec(ctx); err != nil {
		return false, false, err
	}
	return n.Val(), k != nil && k.Val(), nil
}

func (l redisLocks) leave(ctx context.Context, lock string) error {
	return l.client.Del(ctx, "floor:lock:"+lock).Err()
}
