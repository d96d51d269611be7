// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/koogate/koogate/server/outbound"
)

// The examples of the help make files that only their owner can read, whatever the shell lets new files be, and overwrite none.
func TestKeysNewMakesFilesForTheirOwner(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := t.TempDir()
	examples := regexp.MustCompile(`(?m)^  koogate (keys new .*)$`).FindAllStringSubmatch(keysNewCmd{}.Help(), -1)
	if len(examples) != 3 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, e := range examples {
		line := strings.ReplaceAll(e[1], "/etc/koogate", dir)
		if strings.ContainsAny(line, ">|") {
			t.Errorf("%s: the shell makes the file", e[1])
		}
		args := strings.Fields(line)
		path := args[len(args)-1]
		if code, out, errs := koogate(t, args...); code != exitOK || out != "" {
			t.Fatalf("%s: %d %s%s", e[1], code, out, errs)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s made %v, %v", e[1], info.Mode(), err)
		}
		before, _ := os.ReadFile(path)
		if code, _, errs := koogate(t, args...); code != exitFailed || !strings.Contains(errs, "not overwritten") {
			t.Errorf("%s again: %d %s", e[1], code, errs)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s was overwritten", path)
		}
		if args[2] == "--token" && len(strings.TrimSpace(string(before))) != 52 {
			t.Errorf("the token has %d characters", len(before))
		}
		if _, err := outbound.Key(strings.TrimSpace(string(before))); args[2] == "--webhook" && err != nil {
			t.Error(err)
		}
	}
}

// A key is not printed into a file that others can read, unless it is told to.
func TestKeysNewPrintsIntoNoFileForOthers(t *testing.T) {
	for _, c := range []struct {
		mode os.FileMode
		args []string
		code int
	}{
		{0o644, []string{"keys", "new"}, exitFailed}, {0o644, []string{"keys", "new", "--token"}, exitFailed}, {0o640, []string{"keys", "new"}, exitFailed},
		{0o600, []string{"keys", "new"}, exitOK}, {0o644, []string{"keys", "new", "--token", "-"}, exitOK}, {0o600, []string{"keys", "new", "-"}, exitFailed},
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Chmod(c.mode); err != nil {
			t.Fatal(err)
		}
		var errs buffer
		code := run(t.Context(), c.args, f, &errs)
		text, _ := os.ReadFile(f.Name())
		_ = f.Close()
		if want := map[int]int{exitOK: 53, exitFailed: 0}[c.code]; code != c.code || len(text) != want {
			t.Errorf("%v into a file of mode %v: %d, %d bytes, %s", c.args, c.mode, code, len(text), errs.String())
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var errs buffer
	if code := run(t.Context(), []string{"keys", "new"}, w, &errs); code != exitOK {
		t.Errorf("into a pipe: %d %s", code, errs.String())
	}
	_ = w.Close()
}
