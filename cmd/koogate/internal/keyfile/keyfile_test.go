// SPDX-License-Identifier: Apache-2.0

package keyfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A file that is there is not overwritten by Create and is replaced by Replace; either leaves nothing else behind, and a file that only
// its owner reads.
func TestAFileIsWrittenWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	for _, step := range []struct {
		write func(string, []byte) error
		text  string
		err   error
		want  string
	}{
		{Create, "one", nil, "one"},
		{Create, "two", fs.ErrExist, "one"},
		{Replace, "three", nil, "three"},
	} {
		if err := step.write(path, []byte(step.text)); !errors.Is(err, step.err) {
			t.Errorf("%s: %v", step.text, err)
		}
		got, err := os.ReadFile(path)
		info, statErr := os.Stat(path)
		if err != nil || statErr != nil || string(got) != step.want || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: the file holds %q, %v, %v", step.text, got, err, statErr)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("%s: %v, %v are there", step.text, left, err)
		}
	}
	full := errors.New("the disk is full")
	if err := ReplaceWith(path, func(w io.Writer) error { _, err := io.WriteString(w, "half"); return errors.Join(err, full) }); !errors.Is(err, full) {
		t.Errorf("half a file: %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "three" {
		t.Errorf("half a file is there: %q, %v", got, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("half a file: %v, %v are there", left, err)
	}
	if err := Create(filepath.Join(dir, "nowhere", "key"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into no directory: %v", err)
	}
}
