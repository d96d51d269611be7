// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// TestABudgetIsShared: two processes have one budget together, whoever comes first, and it is whole again in its time.
func TestABudgetIsShared(t *testing.T) {
	t.Parallel()
	addr := realRedis(t)
	prefix := freshPrefix()
	open := func() *Guard { return openWithin(t, unhurried, func(o *Options) { o.Prefix = prefix }, addr) }
	guards := []*Guard{open(), open()}
	b := store.Budget{Every: 10 * time.Second, Burst: 50}
	var taken, refused atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for range 10 {
				switch wait, err := guards[i%2].Spend(t.Context(), "acme/reads/token a", b); {
				case err != nil:
					t.Error(err)
				case wait == 0:
					taken.Add(1)
				case wait > b.Every:
					t.Errorf("waits %s", wait)
				default:
					refused.Add(1)
				}
			}
		})
	}
	all.Wait()
	if taken.Load() != 50 && taken.Load() != 51 || taken.Load()+refused.Load() != 200 { // one more when the machine was very slow
		t.Errorf("%d are taken, %d refused", taken.Load(), refused.Load())
	}
	if wait, err := guards[0].Spend(t.Context(), "acme/reads/token b", b); wait != 0 || err != nil {
		t.Errorf("another name: %s, %v", wait, err)
	}
	life, err := guards[0].client.PTTL(t.Context(), guards[0].keys.budget("acme/reads/token b")).Result()
	if err != nil || life <= 0 || life > 10*time.Second {
		t.Errorf("the key lives %s, %v", life, err)
	}
	small := store.Budget{Every: 50 * time.Millisecond, Burst: 1}
	for range 3 {
		wait, err := guards[0].Spend(t.Context(), "small", small)
		if err != nil {
			t.Fatal(err)
		}
		sleep(wait)
		if wait > 0 {
			if again, err := guards[1].Spend(t.Context(), "small", small); again > 0 || err != nil {
				t.Errorf("after the wait: %s, %v", again, err)
			}
		}
	}
	// A budget of before was larger, or the clock was set back: nobody waits for more than an empty budget needs.
	ahead := now().Add(24 * time.Hour).UnixMicro()
	if err := guards[0].client.Set(t.Context(), guards[0].keys.budget("ahead"), ahead, time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	if wait, err := guards[0].Spend(t.Context(), "ahead", small); err != nil || wait <= 0 || wait > small.Every {
		t.Errorf("far ahead: %s, %v", wait, err)
	}
	if err := guards[0].client.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if wait, err := guards[0].Spend(t.Context(), "flushed", b); wait != 0 || err != nil {
		t.Errorf("after the scripts were flushed: %s, %v", wait, err)
	}
}

// TestABudgetThatIsAway is an error at once, and no refusal.
func TestABudgetThatIsAway(t *testing.T) {
	t.Parallel()
	g := openAt(t, nil, "127.0.0.1:1")
	for range 3 {
		if wait, err := g.Spend(t.Context(), "a", store.Budget{Every: time.Second, Burst: 1}); wait != 0 || !errors.Is(err, ErrAway) {
			t.Errorf("%s, %v", wait, err)
		}
	}
}

// BenchmarkSpend is what each call of the internal API costs beside its work. It needs KOOGATE_TEST_REDIS.
func BenchmarkSpend(b *testing.B) {
	addr := os.Getenv("KOOGATE_TEST_REDIS")
	if addr == "" {
		b.Skip("no KOOGATE_TEST_REDIS")
	}
	g := openAt(b, nil, addr)
	for b.Loop() {
		if _, err := g.Spend(b.Context(), "acme/writes/token a", store.Budget{Every: time.Microsecond, Burst: 1000}); err != nil {
			b.Fatal(err)
		}
	}
}
