// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
)

// Redis knows what came before this process began, so what is older is new to it all the same. While Redis is away nobody knows,
// and what was signed before this process began counts as seen; nothing newer does.
func TestOlderCallsWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	start := now()
	g := WithFallback(openWithin(t, unhurried, nil, m.Addr()), memory.NewAfter(now))
	t.Cleanup(func() { _ = g.Close() })
	seen := func(name string, signed time.Time) bool {
		t.Helper()
		e, err := g.Enter(t.Context(), store.EnterRequest{Nonce: name, NonceTTL: time.Minute, Signed: signed})
		if err != nil {
			t.Fatal(err)
		}
		return e.NonceSeen
	}
	older := start.Add(-10 * time.Second)
	if seen("older", older) || !seen("older", older) {
		t.Error("with Redis there an older call is not new exactly once")
	}
	m.Close()
	if !seen("as old", older) {
		t.Error("with Redis away an older call is new")
	}
	if seen("newer", now()) || !seen("newer", now()) {
		t.Error("with Redis away a newer call is not new exactly once")
	}
}
