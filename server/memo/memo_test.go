// SPDX-License-Identifier: Apache-2.0

package memo_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/memo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestWhatIsUsedStays: an entry that is asked for outlives those that are not, and there are never more than two generations of them.
func TestWhatIsUsedStays(t *testing.T) {
	const limit = 10
	c := memo.New[int, string](limit)
	c.Put(-1, "used")
	c.Put(-2, "dropped")
	c.Drop(-2)
	for n := range 10 * limit {
		c.Put(n, "x")
		if v, ok := c.Get(-1); !ok || v != "used" {
			t.Fatalf("after %d entries: %q %v", n+1, v, ok)
		}
		if c.Len() > 2*limit {
			t.Fatalf("%d entries", c.Len())
		}
	}
	if _, ok := c.Get(0); ok {
		t.Error("the first is still there")
	}
	if _, ok := c.Get(-2); ok {
		t.Error("what was dropped is there")
	}
	c.Put(-1, "new")
	if v, _ := c.Get(-1); v != "new" {
		t.Errorf("got %q", v)
	}
}
