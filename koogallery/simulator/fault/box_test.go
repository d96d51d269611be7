// SPDX-License-Identifier: Apache-2.0

package fault_test

import (
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/simulator/fault"
)

var noon = time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)

// Counts go down one by one, in the order of the documentation; an outage comes before them and uses none up.
func TestFaultsComeInTheirOrder(t *testing.T) {
	var b fault.Box
	b.Set(fault.Plan{FailAfter: 1, DropAfter: 1, Fail: 1, RateLimit: 1, Drop: 1, Status: 502, Code: "X", RateStatus: 429, RetryAfter: time.Minute})
	b.SetOutages([]fault.Outage{{From: noon, Until: noon.Add(time.Second)}})
	var got []fault.Kind
	for n := range 7 {
		at := noon
		if n > 0 {
			at = noon.Add(time.Second)
		}
		i := b.Next(at)
		got = append(got, i.Kind)
		switch i.Kind {
		case fault.RateLimit:
			if i.Status != 429 || i.Retry != time.Minute {
				t.Errorf("%+v", i)
			}
		case fault.Fail, fault.FailAfter:
			if i.Status != 502 || i.Code != "X" {
				t.Errorf("%+v", i)
			}
		}
	}
	want := []fault.Kind{fault.Unreachable, fault.Drop, fault.RateLimit, fault.Fail, fault.DropAfter, fault.FailAfter, fault.None}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if b.Counts != (fault.Counts{Drop: 1, RateLimit: 1, Fail: 1, DropAfter: 1, FailAfter: 1, Outage: 1}) {
		t.Errorf("%+v", b.Counts)
	}
}

// The same seed gives the same faults, also after it was set once more.
func TestChanceRepeatsItselfForTheSameSeed(t *testing.T) {
	var b fault.Box
	run := func(seed uint64) (kinds []fault.Kind, spoiled int) {
		b.SetChaos(fault.Chaos{Seed: seed, Drop: 0.2, Fail: 0.2, FailAfter: 0.2, Record: 0.5})
		for range 50 {
			kinds = append(kinds, b.Next(noon).Kind)
			spoiled += len(b.Spoil(4))
		}
		return kinds, spoiled
	}
	first, spoiled := run(1)
	again, spoiledAgain := run(1)
	if !slices.Equal(first, again) || spoiled != spoiledAgain || spoiled == 0 {
		t.Errorf("%q, %d and %q, %d", first, spoiled, again, spoiledAgain)
	}
	if other, _ := run(2); slices.Equal(first, other) {
		t.Error("another seed gives the same faults")
	}
}

// Single records are spoiled once, with the code that was asked for; an index beyond the push counts for nothing.
func TestRecordsAreSpoiledOnce(t *testing.T) {
	var b fault.Box
	b.FailRecords("010", []int{1, 7})
	if got := b.Spoil(3); got[1] != "010" || b.Counts.Records != 1 {
		t.Errorf("%v, %+v", got, b.Counts)
	}
	if got := b.Spoil(3); len(got) != 0 {
		t.Errorf("once more %v", got)
	}
}
