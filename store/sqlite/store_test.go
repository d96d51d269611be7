// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/suite"
)

func open(t *testing.T, path string, change ...func(*sqlite.Options)) *sqlite.Store {
	t.Helper()
	o := sqlite.Options{Path: path, Migrate: true}
	for _, c := range change {
		c(&o)
	}
	s, err := sqlite.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// conform runs the suite on fresh files.
func conform(t *testing.T, change ...func(*sqlite.Options)) {
	var mu sync.Mutex
	paths := make(map[store.Store]string)
	suite.Run(t, func(t *testing.T, clock func() time.Time) store.Store {
		path := sqlitetest.File(t)
		s := open(t, path, append(change, func(o *sqlite.Options) { o.Clock = clock })...)
		mu.Lock()
		defer mu.Unlock()
		paths[s] = path
		return s
	}, suite.WithSQL(func(t *testing.T, s store.Store, statement string) int {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		return execute(t, paths[s], statement)
	}))
}

// execute runs a statement on a connection of its own; it returns the one number of a query or the number of rows written.
func execute(t *testing.T, path, statement string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if strings.HasPrefix(statement, "SELECT") {
		if err := db.QueryRowContext(t.Context(), statement).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	res, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := res.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return int(rows)
}

func TestConformance(t *testing.T) { conform(t) }

func TestUsageConformance(t *testing.T) {
	suite.RunBilling(t, func(t *testing.T) store.Store { return sqlitetest.Open(t) })
}

func TestAuditConformance(t *testing.T) {
	suite.RunAudit(t, func(t *testing.T, clock func() time.Time) store.Store {
		return open(t, sqlitetest.File(t), func(o *sqlite.Options) { o.Clock = clock })
	})
}

// TestConformanceWithTinyGroups runs the suite where a group is rarely more than a few changes.
func TestConformanceWithTinyGroups(t *testing.T) {
	conform(t, func(o *sqlite.Options) { o.MaxGroup, o.Readers = 3, 1 })
}

func TestOpenRefusesAFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "koogate.db")
	open(t, path)
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Fatalf("second Open: %v", err)
	}
	if _, err := sqlite.Migrate(t.Context(), path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Fatalf("Migrate: %v", err)
	}
}

// TestInMemory: a database in memory keeps the same promises, is its owner's alone, and needs no file.
func TestInMemory(t *testing.T) {
	t.Chdir(t.TempDir())
	suite.Run(t, func(t *testing.T, clock func() time.Time) store.Store {
		return open(t, "", func(o *sqlite.Options) { o.Memory, o.Clock = true, clock })
	})
	one, two := open(t, "", func(o *sqlite.Options) { o.Memory = true }), open(t, "", func(o *sqlite.Options) { o.Memory = true })
	if err := one.Apply(t.Context(), storetest.Admission("CS1", storetest.Epoch)); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Aggregate(t.Context(), storetest.Seller, "CS1"); err != nil {
		t.Error(err)
	}
	if _, err := two.Aggregate(t.Context(), storetest.Seller, "CS1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another database has the order: %v", err)
	}
	if files, err := os.ReadDir("."); err != nil || len(files) != 0 {
		t.Errorf("%v, %v", files, err)
	}
}

// versions is how many migrations there are.
const versions = 27

func TestOpenRefusesASchemaThatIsBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a strange %41 näme?&#.db")
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path}); err == nil {
		t.Fatal("opened a file that does not exist")
	}
	_, err := sqlite.Open(t.Context(), sqlite.Options{Path: touch(t, path)})
	if err == nil || !strings.Contains(err.Error(), "koogate migrate") {
		t.Fatalf("Open of an empty file: %v", err)
	}
	for _, want := range []int{versions, 0} {
		if applied, err := sqlite.Migrate(t.Context(), path); err != nil || applied != want {
			t.Fatalf("Migrate: %d, %v, want %d", applied, err, want)
		}
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), storetest.Admission("CS1", storetest.Epoch)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
