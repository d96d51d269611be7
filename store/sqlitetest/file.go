// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/koogate/koogate/store/sqlite"
)

// File is the path of a new file that is gone with the test; no store has it open.
func File(t testing.TB) string {
	t.Helper()
	content, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "koogate.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Open opens a new file and closes it with the test.
func Open(t testing.TB, change ...func(*sqlite.Options)) *sqlite.Store {
	t.Helper()
	o := sqlite.Options{Path: File(t)}
	for _, c := range change {
		c(&o)
	}
	st, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return st
}

// migrated is the content of an empty database with the newest schema.
var migrated = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "koogate-schema-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "koogate.db")
	if _, err := sqlite.Migrate(context.Background(), path); err != nil {
		return nil, err
	}
	if wal, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) && (err != nil || wal.Size() > 0) {
		return nil, fmt.Errorf("the file alone is not the database: %w", err)
	}
	return os.ReadFile(path)
})
