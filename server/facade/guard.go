// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

const (
	// nonceMargin is kept beyond the time for which a timestamp stays acceptable.
	nonceMargin = 30 * time.Second
	// leaveTimeout bounds giving up a lock.
	leaveTimeout = time.Second
	// awayPause is the shortest time between two log lines about a guard that is away.
	awayPause = 10 * time.Second
)

// enter asks the guard, in one round trip, whether the call is new and, for a call that creates, for the lock of what it
// creates. When the guard is away the call goes on without: a replay then finds its effect in the store.
func (x *exchange) enter(ctx context.Context) {
	x.entered = x.f.Clock.Now()
	var r store.EnterRequest
	if x.signature != "" { // the V1.0 generation has no nonce
		// Endpoints that share a key take each other's calls, so what is remembered names the key, and for as long as any of them
		// would take it.
		r.Nonce, r.NonceTTL, r.Signed = replayName(x.key, x.signature), 2*x.table.widest+nonceMargin, x.signedAt
	}
	if s := &x.subject; s.Creates && !x.probe && family.IDSized(s.Order) && len(s.Line) <= family.MaxID && len(s.Product) <= family.MaxID {
		x.lockKey = fulfil.LockKey(x.endpoint.Seller, s.Order, s.Line, s.Product)
		r.LockKey, r.LockTTL = x.lockKey, call.LockTTL
	}
	if r.Nonce == "" && r.LockKey == "" {
		x.passed = x.entered
		return
	}
	entry, err := x.f.Guard.Enter(ctx, r)
	x.passed = x.f.Clock.Now()
	if err == nil {
		x.entry = entry
		return
	}
	x.away = true
	if n := x.f.away.count(x.passed); n > 0 && ctx.Err() == nil {
		x.f.Log.WarnContext(ctx, "guard is away; calls go on without locks and remembered nonces", "calls", n, "error", err)
	}
}

// replayName is what the guard remembers of a call: a digest of the key and the signature, which covers the nonce, the time and
// the body in every spelling of them.
func replayName(key, signature string) string {
	h := sha256.New()
	_, _ = h.Write([]byte(key))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(signature))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// away counts calls that went on without the guard.
type away struct {
	mu     sync.Mutex
	calls  int
	logged time.Time
}

// count adds a call. It returns how many there were since the last log line when one is due, else 0.
func (a *away) count(now time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	if !a.logged.IsZero() && now.Sub(a.logged) < awayPause && !now.Before(a.logged) {
		return 0
	}
	n := a.calls
	a.calls, a.logged = 0, now
	return n
}
