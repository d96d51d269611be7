// SPDX-License-Identifier: Apache-2.0

package checker_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/checker"
	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/checker/vendortest"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// TestNoFalseAlarms checks the correct vendor in every family, once for each seed and in a way that follows from it: deep or not, with
// hooks or without, at once or later, alone at its address or beside other families. KOOGATE_CHECKER_RUNS is how many seeds, KOOGATE_SEED
// the first.
func TestNoFalseAlarms(t *testing.T) {
	t.Parallel()
	runs, first := number(t, "KOOGATE_CHECKER_RUNS", 24), number(t, "KOOGATE_SEED", 1)
	began := time.Now()
	var mu sync.Mutex
	looked, held := 0, 0
	families := judge.Families()
	t.Run("seeds", func(t *testing.T) {
		const workers = 2
		for worker := range workers {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				for n := worker; n < runs; n += workers {
					seed := uint64(first + n)
					all, passed := alarm(t, families[n%len(families)], seed)
					mu.Lock()
					looked, held = looked+all, held+passed
					mu.Unlock()
				}
			})
		}
	})
	took := time.Since(began)
	t.Logf("%d checks of %d families, %d rules looked at, of which %d held and the others could not be found out; %.0f checks a second",
		runs, len(families), looked, held, float64(runs)/took.Seconds())
}

// alarm checks the correct vendor once and tells how many rules were looked at, and how many held.
func alarm(t *testing.T, f judge.Family, seed uint64) (looked, held int) {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 1))
	clk := vendortest.NewClock()
	clk.Advance(time.Duration(chance.Int64N(int64(1000 * 24 * time.Hour))))
	cfg := vendortest.Config{Families: []judge.Family{f}, Keys: []string{key, nextKey}, Clock: clk}
	if chance.IntN(2) == 0 {
		cfg.Ready = time.Duration(chance.Int64N(int64(30 * time.Second)))
	}
	if chance.IntN(4) == 0 && f != judge.FamilyLicenseV1 {
		cfg.Families = append(cfg.Families, judge.FamilyOrderNotify, judge.FamilyLicenseCode)
	}
	vendor := vendortest.New(cfg)
	p := probe.Config{
		URL: "https://vendor.example.com/produce", Key: key, Deep: chance.IntN(2) == 0, MadeUp: chance.IntN(2) == 0, Seed: seed,
		HTTPClient: vendortest.Client(vendor), Clock: clk, Timeout: vendortest.Timeout,
		Readings: wire.Readings{ProductInfo: []wire.ProductInfoForm{wire.ProductInfoObject, wire.ProductInfoArray, wire.ProductInfoText}[chance.IntN(3)]},
	}
	if chance.IntN(2) == 0 {
		p.NextKey = nextKey
	}
	if chance.IntN(2) == 0 {
		p.Hooks = vendor.Hooks()
	}
	if chance.IntN(2) == 0 {
		p.Code = catalogue.LicenseCode(strconv.FormatUint(seed, 10))
	}
	r, err := checker.Check(t.Context(), checker.Config{Families: []judge.Family{f}, Probe: p})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	for _, found := range r.Findings {
		if found.Outcome == rule.Fail {
			t.Errorf("seed %d, %s: %s: %s", seed, f, found.Rule, found.Seen.EN)
		}
	}
	return len(r.Findings), r.Count(rule.Pass)
}

// number is a number in the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
