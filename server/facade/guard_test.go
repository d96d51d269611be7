// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
)

// watched remembers what the guard was asked.
type watched struct {
	store.Guard
	mu     sync.Mutex
	enters []store.EnterRequest
	leaves chan bool
	err    error
}

func (w *watched) Enter(ctx context.Context, r store.EnterRequest) (store.Entry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.enters = append(w.enters, r)
	if w.err != nil {
		return store.Entry{}, w.err
	}
	return w.Guard.Enter(ctx, r)
}

func (w *watched) Leave(ctx context.Context, key string, fence int64, done bool) error {
	err := w.Guard.Leave(ctx, key, fence, done)
	w.leaves <- done
	return err
}

func watch(w *watched) option {
	return func(_ *facade.Config, d *facade.Deps) {
		w.leaves = make(chan bool, 10)
		w.Guard = memory.New(d.Clock.Now)
		d.Guard = w
	}
}

func TestOneRoundTripToTheGuard(t *testing.T) {
	w := &watched{}
	r := newRig(t, watch(w))
	lock := fulfil.LockKey("demo-seller", "CS2211181819B4LVS", "CS2211181819B4LVS-000001", "")
	names := make(map[string]bool)
	for _, c := range []struct{ body, lock string }{
		{bodyNew, lock},
		{debugging(bodyNew), ""},
		{strings.Replace(bodyNew, "{", `{"productId":"p",`, 1), lock + "p"},
		{bodyQuery, ""},
		{bodyRefresh, ""},
		{`{"activity":"newInstance"}`, ""},
		{`{"activity":"nonsense"}`, ""},
		{`[`, ""},
	} {
		w.enters = nil
		r.call(c.body)
		if len(w.enters) != 1 {
			t.Fatalf("%s: the guard was asked %d times", c.body, len(w.enters))
		}
		e := w.enters[0]
		if e.LockKey != c.lock || len(e.Nonce) != 22 || names[e.Nonce] || !e.Signed.Equal(noon) || e.NonceTTL != 150*time.Second || c.lock != "" && e.LockTTL != 10*time.Second {
			t.Errorf("%s: %+v", c.body, e)
		}
		names[e.Nonce] = true
	}
	w.enters = nil
	r.call(bodyNew, request{key: "wrong"})
	if len(w.enters) != 0 {
		t.Error("the guard was asked about a call that was not verified")
	}
}

// The core gives the lock up itself; a call that never gets there must not keep it from the next.
func TestLockIsGivenUpWhenTheCoreNeverGotIt(t *testing.T) {
	w := &watched{}
	r := newRig(t, watch(w))
	r.want(r.call(strings.Replace(bodyNew, "businessId", "x", 1)), "000002")
	if done := <-w.leaves; done {
		t.Error("the lock was left as done")
	}
	made := "newInstance CS2211181819B4LVS CS2211181819B4LVS-000001 87b94795-0603-4e24-8ae5-69420d60e3c8  extra= lock=%d arrived=12:00:%s"
	same := request{nonce: "same", timestamp: strconv.FormatInt(noon.UnixMilli(), 10)}
	r.want(r.call(bodyNew, same), "000000", fmt.Sprintf(made, 1, "00"))
	// The stub keeps the lock, so the next call finds it busy, and the facade leaves it alone.
	r.want(r.call(bodyNew), "000000", fmt.Sprintf(made, 2, "00"))
	// A replay that happens to get a lock gives it back.
	r.clock.Advance(11 * time.Second)
	r.want(r.call(bodyNew, same), "000001")
	<-w.leaves
	r.want(r.call(bodyNew), "000000", fmt.Sprintf(made, 1, "11"))
	if len(w.leaves) != 0 {
		t.Error("a lock was given up that belongs to the core")
	}
}

// House rule 1: without the guard calls are still answered.
func TestGuardAway(t *testing.T) {
	w := &watched{err: errors.New("connection refused")}
	r := newRig(t, watch(w))
	q := request{nonce: "same"}
	const calls = 5
	for range calls {
		r.want(r.call(bodyStatus, q), "000000", frozenCall)
	}
	if n := strings.Count(r.log.String(), "guard is away"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	r.clock.Advance(10 * time.Second)
	r.call(bodyStatus)
	if log := r.log.String(); strings.Count(log, "guard is away") != 2 || !strings.Contains(log, "calls=5") {
		t.Errorf("log: %s", log)
	}
	w.mu.Lock()
	w.err = nil
	w.mu.Unlock()
	r.want(r.call(bodyStatus), "000000", frozenCall, frozenCall)
	away := 0
	for _, s := range r.spans.GetSpans() {
		for _, a := range s.Attributes {
			if a.Key == "koogate.guard_away" && s.Name == "guard" {
				away++
			}
		}
	}
	if away != calls+1 {
		t.Errorf("%d guard spans say that it was away", away)
	}
}
