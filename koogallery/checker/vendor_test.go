// SPDX-License-Identifier: Apache-2.0

package checker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/checker"
	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/report"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/checker/vendortest"
	"github.com/koogate/koogate/koogallery/judge"
)

// The keys of the vendor of the tests.
const (
	key     = "vendor-key-0001"
	nextKey = "vendor-key-0002"
)

// way is how a vendor is looked at.
type way struct {
	family judge.Family
	deep   bool
	madeUp bool
	ready  time.Duration // how long a new instance takes
	seed   uint64
}

func (w way) String() string {
	return fmt.Sprintf("%s/deep=%t/madeUp=%t/ready=%v/seed=%d", w.family, w.deep, w.madeUp, w.ready, w.seed)
}

// ways are all ways to look at a family.
func ways(f judge.Family, seed uint64) []way {
	const later = 3 * time.Second
	return []way{{f, true, true, 0, seed}, {f, true, true, later, seed}, {f, false, false, 0, seed}, {f, false, true, later, seed}}
}

// look checks a vendor with mistakes, all of it on a virtual clock and without a connection.
func look(tb testing.TB, w way, only []string, faults ...string) *report.Report {
	tb.Helper()
	clk := vendortest.NewClock()
	vendor := vendortest.New(vendortest.Config{
		Families: []judge.Family{w.family}, Keys: []string{key, nextKey}, Clock: clk, Ready: w.ready, Faults: faults,
	})
	r, err := checker.Check(tb.Context(), checker.Config{
		Families: []judge.Family{w.family}, Only: only,
		Probe: probe.Config{
			URL: "https://vendor.example.com/produce", Key: key, NextKey: nextKey, Deep: w.deep, MadeUp: w.madeUp, Seed: w.seed,
			HTTPClient: vendortest.Client(vendor), Clock: clk, Timeout: vendortest.Timeout, Hooks: vendor.Hooks(),
		},
	})
	if err != nil {
		tb.Fatalf("%v: %v", w, err)
	}
	return r
}

// failed returns the rules that failed.
func failed(r *report.Report) (ids []string) {
	for _, f := range r.Findings {
		if f.Outcome == rule.Fail {
			ids = append(ids, f.Rule)
		}
	}
	return ids
}

// TestTheCorrectVendorRaisesNothing also wants every rule to hold somewhere in each family that it concerns: one that never finds out
// anything raises nothing either.
func TestTheCorrectVendorRaisesNothing(t *testing.T) {
	t.Parallel()
	for _, f := range judge.Families() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			why := map[string]string{}
			for _, w := range ways(f, 1) {
				for _, found := range look(t, w, nil).Findings {
					switch found.Outcome {
					case rule.Fail:
						t.Errorf("%v: %s: %s", w, found.Rule, found.Seen.EN)
					case rule.Pass:
						why[found.Rule] = ""
					case rule.Skip:
						if _, known := why[found.Rule]; !known {
							why[found.Rule] = found.Seen.EN
						}
					}
				}
			}
			for id, reason := range why {
				if reason != "" && reason != "today's pages demand no signature of V2 answers" {
					t.Errorf("%s is never found out: %s", id, reason)
				}
			}
		})
	}
}
