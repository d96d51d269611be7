// SPDX-License-Identifier: Apache-2.0

//go:build unix

package sqlite_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/koogate/koogate/store/sqlite"
)

// everyFile fails for each file of a directory that anybody but its owner may use.
func everyFile(t *testing.T, dir string, atLeast int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < atLeast {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

// The database, its log, its index and its lock belong to their owner, whatever the process lets new files be.
func TestFilesBelongToTheirOwner(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	path := filepath.Join(t.TempDir(), "koogate.db")
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	everyFile(t, filepath.Dir(path), 4)
}

// Files that others could use, from another program or an earlier release, are closed to them, which the log says.
func TestFilesThatOthersCouldUseAreClosed(t *testing.T) {
	for name, open := range map[string]func(path string, log *slog.Logger) error{
		"open": func(path string, log *slog.Logger) error {
			st, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Logger: log})
			if err != nil {
				return err
			}
			defer st.Close()
			everyFile(t, filepath.Dir(path), 4)
			return st.Ping(t.Context())
		},
		"migrate": func(path string, _ *slog.Logger) error {
			_, err := sqlite.Migrate(t.Context(), path)
			return err
		},
	} {
		path := filepath.Join(t.TempDir(), "koogate.db")
		if _, err := sqlite.Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
			f, err := os.OpenFile(path+suffix, os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(f.Chmod(0o664), f.Close()); err != nil {
				t.Fatal(err)
			}
		}
		var log bytes.Buffer
		if err := open(path, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		everyFile(t, filepath.Dir(path), 2)
		if n := strings.Count(log.String(), "mode=0664"); name == "open" && n != 4 {
			t.Errorf("%d files are named in\n%s", n, log.String())
		}
	}
}
