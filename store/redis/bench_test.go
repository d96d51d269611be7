// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// BenchmarkPair is one arrival with a nonce and a lock, and its leave, at 32 and 256 callers. It needs KOOGATE_TEST_REDIS.
func BenchmarkPair(b *testing.B) {
	addr := os.Getenv("KOOGATE_TEST_REDIS")
	if addr == "" {
		b.Skip("no KOOGATE_TEST_REDIS")
	}
	for _, callers := range []int{1, 32, 256} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			g := openAt(b, nil, addr)
			var next atomic.Int64
			b.SetParallelism((callers + 1) / 2)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					name := fmt.Sprintf("demo/2026010203040506/%d", next.Add(1))
					e, err := g.Enter(b.Context(), store.EnterRequest{Nonce: name, NonceTTL: time.Minute, LockKey: name, LockTTL: 10 * time.Second})
					if err != nil || e.NonceSeen || e.Lock != store.LockHeld {
						b.Fatal(e, err)
					}
					if err := g.Leave(b.Context(), name, e.Fence, false); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}
