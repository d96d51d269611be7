// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"os"
	"testing"
	"time"
)

// The clock of a data directory goes on from where a run before has left it.
func TestTheClockNeverGoesBack(t *testing.T) {
	dir := t.TempDir()
	first, err := newJumpClock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.jump(36 * time.Hour); err != nil {
		t.Fatal(err)
	}
	second, err := newJumpClock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if behind := first.Now().Sub(second.Now()); behind > time.Second {
		t.Errorf("the clock went back by %s", behind)
	}
}

// A timer fires when its time has come by the clock: at once by a jump over it, and not by a jump that ends before it.
func TestTimersJumpWithTheClock(t *testing.T) {
	c, err := newJumpClock(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	early, late, stopped := c.NewTimer(time.Minute), c.NewTimer(3*time.Hour), c.NewTimer(time.Minute)
	defer late.Stop()
	stopped.Stop()
	stopped.Stop()
	fires := func(timer interface{ C() <-chan time.Time }, within time.Duration) bool {
		select {
		case <-timer.C():
			return true
		case <-time.After(within):
			return false
		}
	}
	if fires(early, 20*time.Millisecond) {
		t.Error("a timer fired before its time")
	}
	for range 2 {
		if err := c.jump(time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if !fires(early, 5*time.Second) {
		t.Error("a jump does not fire the timer whose time it passes")
	}
	if fires(late, 20*time.Millisecond) || fires(stopped, 20*time.Millisecond) {
		t.Error("a timer fired that is not due, or that was stopped")
	}
	if err := c.jump(time.Hour); err != nil {
		t.Fatal(err)
	}
	if !fires(late, 5*time.Second) {
		t.Error("a later jump does not fire the timer")
	}
	if !fires(c.NewTimer(0), 5*time.Second) || !fires(c.NewTimer(10*time.Millisecond), 5*time.Second) {
		t.Error("a timer does not fire without a jump")
	}
}

// What the clock has reached is written in one step, so that a run that is killed meanwhile leaves a time that the next one reads.
func TestTheClockIsWrittenInOneStep(t *testing.T) {
	dir := t.TempDir()
	c, err := newJumpClock(dir)
	if err != nil {
		t.Fatal(err)
	}
	var before os.FileInfo
	for range 2 {
		if err := c.jump(time.Hour); err != nil {
			t.Fatal(err)
		}
		after, err := os.Stat(c.file)
		if err != nil {
			t.Fatal(err)
		}
		if before != nil && os.SameFile(before, after) {
			t.Error("the file that holds the time was written over, not replaced")
		}
		before = after
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v, %v are left", left, err)
	}
}
