// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/koogate/koogate/server/facade"
)

// A refusal takes as much work wherever a stranger calls, so its time does not tell which endpoints exist, nor how many keys they
// have. The work is measured by its allocations: every key that is tried makes some, and their number does not depend on the machine.
func TestAStrangersRefusalTakesAsMuchWorkEverywhere(t *testing.T) {
	r := newRig(t, withEvery, func(cfg *facade.Config, _ *facade.Deps) {
		single := cfg.Endpoints[len(cfg.Endpoints)-1]
		single.Name, single.Keys, single.KitKeys = "single", []string{"a-single-key"}, []string{"a-single-kit-key"}
		cfg.Endpoints = append(cfg.Endpoints, single)
	})
	work := func(endpoint, kind string) float64 {
		least := math.Inf(1) // what else runs in the process adds to single measurements
		for range 10 {
			calls := []*http.Request{strangers(r, endpoint)[kind], strangers(r, endpoint)[kind]} // the first is not measured
			least = min(least, testing.AllocsPerRun(1, func() {
				r.handler.ServeHTTP(httptest.NewRecorder(), calls[0])
				calls = calls[1:]
			}))
		}
		return least
	}
	for kind := range strangers(r, "nobody") {
		want := work("nobody", kind)
		for _, endpoint := range []string{"single", "every", "demo"} {
			if got := work(endpoint, kind); got != want {
				t.Errorf("%s: %v allocations at %s, %v at an unknown address", kind, got, endpoint, want)
			}
		}
	}
}
