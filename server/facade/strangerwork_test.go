// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"testing"
	"time"

	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/journal"
)

// A refusal takes as much work wherever a stranger calls, so its time does not tell which endpoints exist, nor how many keys they
// have. The work is measured by its allocations: every key that is tried makes some, and their number does not depend on the machine.
func TestAStrangersRefusalTakesAsMuchWorkEverywhere(t *testing.T) {
	t.Run("without records", func(t *testing.T) { asMuchWork(t) })
	t.Run("with records and second looks", func(t *testing.T) { asMuchWork(t, withJournal(deaf{})) })
}

// deaf is a journal that keeps nothing and always has room.
type deaf struct{}

func (deaf) Take(journal.Entry) string { return "" }
func (deaf) Room() bool                { return true }
func (deaf) Name(time.Time) string     { return "" }

func asMuchWork(t *testing.T, opts ...option) {
	t.Helper()
	r := newRig(t, append([]option{withEvery, func(cfg *facade.Config, _ *facade.Deps) {
		single := cfg.Endpoints[len(cfg.Endpoints)-1]
		single.Name, single.Keys, single.KitKeys = "single", []string{"a-single-key"}, []string{"a-single-kit-key"}
		cfg.Endpoints = append(cfg.Endpoints, single)
	}}, opts...)...)
	// The least of many measurements is the work itself: what else runs in the process adds to single ones, and so does a pool that has
	// lost its object, to the collector or, with the race detector, by intent.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	work := func(call *http.Request) float64 {
		body, err := io.ReadAll(call.Body)
		if err != nil {
			t.Fatal(err)
		}
		least := math.Inf(1)
		for range 100 {
			calls := []*http.Request{call.Clone(t.Context()), call.Clone(t.Context())} // the first is not measured
			for _, c := range calls {
				c.Body = io.NopCloser(bytes.NewReader(body))
			}
			least = min(least, testing.AllocsPerRun(1, func() {
				r.handler.ServeHTTP(httptest.NewRecorder(), calls[0])
				calls = calls[1:]
			}))
		}
		return least
	}
	for kind, call := range strangers(r, "nobody") {
		want := work(call)
		for _, endpoint := range []string{"single", "every", "demo"} {
			if got := work(strangers(r, endpoint)[kind]); got != want {
				t.Errorf("%s: %v allocations at %s, %v at an unknown address", kind, got, endpoint, want)
			}
		}
	}
}
