// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestStatus(t *testing.T) {
	var out, errs bytes.Buffer
	c := New(&out, &errs)
	c.Status("1/2")
	if out.Len()+errs.Len() > 0 {
		t.Errorf("nobody looks: %q %q", out.String(), errs.String())
	}
	c.status = &errs
	c.Status("1/2 \x1b[2J\n")
	c.Status("")
	if got := errs.String(); got != "\r\x1b[K1/2 \\u001b[2J\\u000a\r\x1b[K" {
		t.Errorf("got %q", got)
	}
}

func TestAlarm(t *testing.T) {
	var out, errs bytes.Buffer
	c := New(&out, &errs)
	c.Alarm("BAD\x1b[2J")
	c.Redraw()
	if got := errs.String(); got != `BAD\u001b[2J` || out.Len() > 0 {
		t.Errorf("nobody looks: %q %q", got, out.String())
	}
	errs.Reset()
	c.status, c.Colour = &errs, true
	c.Alarm("BAD\x1b[2J")
	if got := errs.String(); got != "\x1b[1;31mBAD\\u001b[2J\x1b[0m" {
		t.Errorf("got %q", got)
	}
	if c.Redraw(); out.String() != "\x1b[H\x1b[2J" {
		t.Errorf("got %q", out.String())
	}
}

// A secret that is written to a file which others can read is told to everybody.
func TestOthersRead(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o640: true, 0o604: true} {
		if err := f.Chmod(mode); err != nil {
			t.Fatal(err)
		}
		if c := New(f, f); OthersRead(c.Raw) != want || OthersRead(c.Out) != want {
			t.Errorf("%v: not %v", mode, want)
		}
	}
	if OthersRead(&bytes.Buffer{}) {
		t.Error("a buffer is no file")
	}
}
