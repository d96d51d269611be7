// SPDX-License-Identifier: Apache-2.0

package call_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTakeLockOnce(t *testing.T) {
	c := &call.Call{Lock: store.Entry{Lock: store.LockHeld, Fence: 7}}
	if e := c.TakeLock(); e != c.Lock {
		t.Fatalf("first: %+v", e)
	}
	if e := c.TakeLock(); e != (store.Entry{}) {
		t.Fatalf("second: %+v", e)
	}
}

func TestContext(t *testing.T) {
	if _, ok := call.From(t.Context()); ok {
		t.Fatal("a call out of nowhere")
	}
	c := new(call.Call)
	if got, ok := call.From(call.With(t.Context(), c)); !ok || got != c {
		t.Fatalf("got %v, %v", got, ok)
	}
}
