// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTheKernelsBooks(t *testing.T) {
	// The name of a process may hold blanks and parentheses.
	got, ok := parseStat("71 (a) (b) S 7 71 71 0 -1 4194560 1 2 3 4 250 50 30 20 20 0 9 0 100 0 0")
	if want := (stat{parent: 7, own: 3 * time.Second, reaped: 500 * time.Millisecond}); !ok || got != want {
		t.Errorf("got %+v %v, want %+v", got, ok, want)
	}
	if _, ok := parseStat("71 (cut"); ok {
		t.Error("half a line was taken")
	}
	if got := parseWritten("rchar: 5\nwchar: 1234\nsyscr: 7\nwrite_bytes: 9\n"); got != 1234 {
		t.Errorf("%d bytes were written, want 1234", got)
	}
	had := bytesWritten(os.Getpid())
	if err := os.WriteFile(filepath.Join(t.TempDir(), "thousand"), make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if more := bytesWritten(os.Getpid()) - had; more < 1000 {
		t.Errorf("a file of 1000 bytes counts as %d", more)
	}
	before, began := cpuUsed(os.Getpid()), time.Now()
	for time.Since(began) < 30*time.Millisecond { // work
	}
	if used := cpuUsed(os.Getpid()) - before; used <= 0 {
		t.Errorf("30 ms of work used %s", used)
	}
	if rss := memoryUsed(os.Getpid()); rss < 1<<20 {
		t.Errorf("this process has %d bytes", rss)
	}
}
