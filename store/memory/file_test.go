// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

func reopen(t *testing.T, h *hands, path string) *Guard {
	t.Helper()
	g, err := Open(h.Now, path)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func shut(t *testing.T, g *Guard) {
	t.Helper()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
}

// call is an arrival of a call that was signed at a time.
func call(name string, signed time.Time) store.EnterRequest {
	return store.EnterRequest{Nonce: name, NonceTTL: 2 * time.Minute, Signed: signed}
}

// What was seen is remembered over a stop and a start, for as long as it would have been; everything else is new, also what was
// signed while nobody was there.
func TestMemoryOutlivesAStop(t *testing.T) {
	h, path := newHands(), filepath.Join(t.TempDir(), "db.seen")
	g := reopen(t, h, path)
	h.advance(time.Second)
	for i := range 100 {
		enter(t, g, call(fmt.Sprint("seen", i), h.Now()))
	}
	enter(t, g, store.EnterRequest{Nonce: "short", NonceTTL: time.Second, LockKey: "lock", LockTTL: time.Hour})
	h.advance(time.Minute)
	before := h.Now()
	shut(t, g)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if text, err := os.ReadFile(path); err != nil || bytes.Contains(text, []byte("seen1")) || len(text) > 3<<10 {
		t.Errorf("%v, %d bytes", err, len(text))
	}
	h.advance(30 * time.Second)

	g = reopen(t, h, path)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	for i := range 100 {
		if name := fmt.Sprint("seen", i); !enter(t, g, call(name, before)).NonceSeen {
			t.Fatalf("%s is new", name)
		}
	}
	if enter(t, g, call("new", before.Add(-time.Second))).NonceSeen || enter(t, g, call("short", before)).NonceSeen {
		t.Error("a call that was not seen, or no longer is remembered, is refused")
	}
	if e := enter(t, g, store.EnterRequest{LockKey: "lock", LockTTL: time.Second}); e.Lock != store.LockHeld {
		t.Error("a lock outlived its holder")
	}
	h.advance(30*time.Second + 2*time.Millisecond)
	if enter(t, g, call("seen1", before)).NonceSeen {
		t.Error("a restart made a nonce live longer")
	}
}

// After an end without a file nobody knows what came before: what was signed before the start counts as seen, and nothing else.
func TestWithoutAFileOlderCallsCountAsSeen(t *testing.T) {
	whole := func(t *testing.T) []byte {
		h, path := newHands(), filepath.Join(t.TempDir(), "db.seen")
		g := reopen(t, h, path)
		enter(t, g, call("seen", h.Now()))
		shut(t, g)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}(t)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, text := range map[string][]byte{
		"killed": nil, "empty": {}, "cut": whole[:len(whole)-1], "of a record less": whole[:len(whole)-recordLen], "flipped": flipped,
		"of another kind": bytes.Repeat([]byte("x"), 200),
	} {
		t.Run(name, func(t *testing.T) {
			h, path := newHands(), filepath.Join(t.TempDir(), "db.seen")
			if text != nil {
				if err := os.WriteFile(path, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			g := reopen(t, h, path)
			start := h.Now()
			h.advance(time.Second)
			if !enter(t, g, call("older", start.Add(-time.Millisecond))).NonceSeen {
				t.Error("a call that was signed before the start is new")
			}
			if enter(t, g, call("equal", start)).NonceSeen || enter(t, g, call("newer", h.Now())).NonceSeen || enter(t, g, call("undated", time.Time{})).NonceSeen {
				t.Error("a call that was signed since the start, or that has no time, is refused")
			}
			// A stop in order soon after does not lift that.
			shut(t, g)
			g = reopen(t, h, path)
			if !enter(t, g, call("as old", start.Add(-time.Millisecond))).NonceSeen {
				t.Error("a second restart forgot that the first was unclean")
			}
			shut(t, g)
		})
	}
}

// A file that cannot be taken away would be read again when it is out of date.
func TestAFileThatStaysIsAnError(t *testing.T) {
	h, dir := newHands(), t.TempDir()
	if _, err := Open(h.Now, dir); err == nil {
		t.Error("no error")
	}
	g := reopen(t, h, filepath.Join(dir, "none", "db.seen"))
	if err := g.Close(); err == nil {
		t.Error("a file in a directory that does not exist was written")
	}
}
