// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestPercentiles(t *testing.T) {
	upTo := func(n int) []time.Duration {
		all := make([]time.Duration, n)
		for i, k := range rand.Perm(n) {
			all[i] = time.Duration(k + 1)
		}
		return all
	}
	for _, c := range []struct{ n, p, want int }{
		{0, 99, 0}, {1, 50, 1}, {1, 99, 1}, {2, 50, 1}, {2, 99, 2}, {100, 50, 50}, {100, 99, 99}, {101, 99, 100}, {1000, 99, 990}, {5, 0, 1}, {5, 100, 5},
	} {
		if got := percentile(upTo(c.n), c.p); got != time.Duration(c.want) {
			t.Errorf("percentile %d of 1 to %d is %d, want %d", c.p, c.n, got, c.want)
		}
	}
}

func TestEachFigureHasItsOwnMedian(t *testing.T) {
	got := median([]figures{
		{rate: 1.25, p50: 30, p99: 200, cpu: 5}, {rate: 1.75, p50: 10, p99: 300, cpu: 6}, {rate: 1.5, p50: 20, p99: 100, cpu: 4},
	})
	if want := (figures{rate: 1.5, p50: 20, p99: 200, cpu: 5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A slow round of both says nothing of their quotient, wherever it falls among the figures of each.
func TestRatiosAreOfPairs(t *testing.T) {
	rate := func(f figures) float64 { return f.rate }
	koogate, floor := []figures{{rate: 40}, {rate: 80}, {rate: 90}}, []figures{{rate: 50}, {rate: 100}, {rate: 300}}
	if got := pairs(koogate, floor, rate); got != 0.8 {
		t.Errorf("got %v, want 0.8: of the medians it is %v", got, rate(median(koogate))/rate(median(floor)))
	}
}

// Rounds that are added count by their calls: a short round does not weigh as much as a long one.
func TestRoundsAddUp(t *testing.T) {
	var all spent
	all.add(spent{took: []time.Duration{1, 2, 3}, cpu: 30, wall: time.Second, written: 70})
	all.add(spent{took: []time.Duration{9}, cpu: 50, wall: time.Second, written: 10})
	if got, want := all.figures(), (figures{rate: 2, p50: 2, p99: 9, cpu: 20, written: 20}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (&spent{}).figures(); got != (figures{}) {
		t.Errorf("figures of nothing are %+v", got)
	}
}

func TestCallsComeAtTheirRate(t *testing.T) {
	start := time.Unix(0, 0)
	if got := (load{rate: 200}).due(start, 50).Sub(start); got != 250*time.Millisecond {
		t.Errorf("call 50 of 200 a second is due after %s", got)
	}
	if got := (load{}).due(start, 50); got != start {
		t.Errorf("without a rate a call is due at %s", got)
	}
	long := time.Now().Add(-time.Hour)
	for _, c := range []struct {
		load load
		n    int64
		want bool
	}{
		{load{clients: 2, length: time.Second}, 1, false}, {load{clients: 2, length: time.Second}, 2, true},
		{load{clients: 2, length: 2 * time.Hour}, 1000, false}, {load{clients: 2, length: 2 * time.Hour, most: 1000}, 1000, true},
		{load{clients: 2, length: time.Second, rate: 10}, 9, false}, {load{clients: 2, length: time.Second, rate: 10}, 10, true},
	} {
		if got := c.load.over(long, c.n); got != c.want {
			t.Errorf("%+v is over at call %d after an hour: %v, want %v", c.load, c.n, got, c.want)
		}
	}
}
