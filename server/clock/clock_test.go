// SPDX-License-Identifier: Apache-2.0

package clock_test

import (
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/clock/clocktest"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestFollowedTellsItsOwnTimeUntilItHearsOfAnother(t *testing.T) {
	t.Parallel()
	own := clocktest.New(noon)
	f := clock.Follow(own)
	if _, ok := f.Offset(); ok || !f.Now().Equal(noon) {
		t.Errorf("%v", f.Now())
	}
	f.Heard(noon.Add(time.Hour), noon.Add(-time.Second), noon.Add(time.Second))
	own.Advance(time.Minute)
	if got := f.Now(); !got.Equal(noon.Add(time.Hour + time.Minute)) {
		t.Errorf("now %v", got)
	}
	if ahead, ok := f.Offset(); !ok || ahead != time.Hour {
		t.Errorf("ahead by %v, %v", ahead, ok)
	}
}

func TestFollowedIsNotDisturbedByWhatTheRoundTripExplains(t *testing.T) {
	t.Parallel()
	own := clocktest.New(noon)
	f := clock.Follow(own)
	f.Heard(noon.Add(40*time.Millisecond), noon.Add(-50*time.Millisecond), noon.Add(50*time.Millisecond))
	if !f.Now().Equal(noon) {
		t.Errorf("moved to %v", f.Now())
	}
	if ahead, ok := f.Offset(); !ok || ahead != 40*time.Millisecond {
		t.Errorf("ahead by %v, %v", ahead, ok)
	}
	f.Heard(noon.Add(60*time.Millisecond), noon.Add(-50*time.Millisecond), noon.Add(50*time.Millisecond))
	if got := f.Now().Sub(noon); got != 60*time.Millisecond {
		t.Errorf("moved by %v", got)
	}
}

func TestWitnessedBelievesTheLatestSign(t *testing.T) {
	t.Parallel()
	own := clocktest.New(noon)
	w := clock.Witness(own)
	if _, ok := w.Offset(); ok || !w.Corrected(time.Second).Equal(noon) {
		t.Error("nothing is known yet")
	}
	for _, c := range []struct {
		passes time.Duration // before the sign
		sign   time.Time
		ahead  time.Duration
	}{
		{0, noon.Add(-2 * time.Second), -2 * time.Second},                              // under way for two seconds
		{time.Second, noon.Add(time.Second), 0},                                        // at once
		{time.Minute, noon.Add(-8 * time.Hour), 0},                                     // somebody sends an old call again
		{9*time.Minute + time.Second, noon.Add(10 * time.Minute), -2 * time.Second},    // the last word is too old
		{time.Minute, noon.Add(time.Hour + 11*time.Minute + 2*time.Second), time.Hour}, // the other clock was set
	} {
		own.Advance(c.passes)
		w.Saw(c.sign)
		if ahead, ok := w.Offset(); !ok || ahead != c.ahead {
			t.Errorf("after %v: ahead by %v, want %v", c.sign, ahead, c.ahead)
		}
	}
	if got := w.Corrected(2 * time.Hour); !got.Equal(own.Now()) {
		t.Errorf("corrected to %v for an hour", got)
	}
	if got := w.Corrected(time.Second); !got.Equal(own.Now().Add(time.Hour)) {
		t.Errorf("not corrected: %v", got)
	}
	own.Advance(time.Hour)
	if ahead, ok := w.Offset(); ok {
		t.Errorf("an hour later still ahead by %v", ahead)
	}
}
