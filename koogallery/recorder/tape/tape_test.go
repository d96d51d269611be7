// SPDX-License-Identifier: Apache-2.0

package tape_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/recorder/tape"
)

// A recording that a crash has broken off goes on in the same file: the torn line is named and left out, whatever stood in it.
func TestATornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.jsonl")
	at := time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)
	write := func(numbers ...int64) {
		t.Helper()
		w, err := tape.Open(path, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range numbers {
			if err := w.Write(&tape.Call{N: n, Path: "call"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(2, 1)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	begun := strings.Index(string(whole), "\n") + 1
	for cut := begun; cut < len(whole); cut++ {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		write(1)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := tape.Read(f)
		_ = f.Close()
		lines := strings.Count(string(whole[:cut]), "\n")
		want := 1 // the call of the second process
		if lines == 2 {
			want++
		}
		half := whole[cut-1] != '\n'
		if half && strings.HasSuffix(string(whole[:cut]), "}}}}") { // whole but for its end
			half = false
			want++
		}
		if err != nil || len(r.Calls) != want || (len(r.Torn) == 1) != half {
			t.Fatalf("cut at %d: %d calls, torn %v, %v", cut, len(r.Calls), r.Torn, err)
		}
		for i, c := range r.Calls {
			if c.N != int64(i+1) {
				t.Errorf("call %d has number %d", i+1, c.N)
			}
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	for text, want := range map[string]error{
		"": tape.ErrEmpty, "{}\n[]\nx\n": tape.ErrEmpty, `{"begin":{"version":99}}` + "\n": tape.ErrVersion,
	} {
		if _, err := tape.Read(strings.NewReader(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}
