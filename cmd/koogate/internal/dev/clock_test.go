// SPDX-License-Identifier: Apache-2.0

package dev

import (
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
