// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// TestNoStatementIsParsedAgain runs every prepared statement with one set of values after another. SQLite silently parses a statement
// anew at each run when its plan depends on a value: that happens as soon as a query compares a column with a parameter and an
// index is limited to rows in which the same column equals a constant.
func TestNoStatementIsParsedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "koogate.db")
	s, err := Open(t.Context(), Options{Path: path, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	all := &texts{DBTX: s.readers}
	if _, err := dbsqlc.Prepare(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw := openRaw(t, path)
	for _, query := range all.list {
		if n := raw.parsedAgain(query); n > 0 {
			t.Errorf("%s is parsed again at %d of 3 runs: limit the index otherwise, or the query", nameOf(query), n)
		}
	}
	t.Logf("%d statements", len(all.list))
}

// texts notes what is prepared.
type texts struct {
	dbsqlc.DBTX
	list []string
}

func (t *texts) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	t.list = append(t.list, query)
	return t.DBTX.PrepareContext(ctx, query)
}

var queryName = regexp.MustCompile(`-- name: (\w+)`)

func nameOf(query string) string { return queryName.FindString(query) }

// rawDB is a database as the library has it: the driver does not tell how often a statement was parsed.
type rawDB struct {
	t   *testing.T
	tls *libc.TLS
	db  uintptr
}

func openRaw(t *testing.T, path string) rawDB {
	t.Helper()
	r := rawDB{t: t, tls: libc.NewTLS()}
	r.db = r.handle(func(p uintptr) int32 {
		return sqlite3.Xsqlite3_open_v2(r.tls, r.text(path), p, sqlite3.SQLITE_OPEN_READWRITE, 0)
	})
	t.Cleanup(func() {
		sqlite3.Xsqlite3_close_v2(r.tls, r.db)
		r.tls.Close()
	})
	return r
}

// handle returns what a function of the library writes to the address that it is given.
func (r rawDB) handle(f func(p uintptr) int32) uintptr {
	r.t.Helper()
	p := libc.Xcalloc(r.tls, 1, 8)
	defer libc.Xfree(r.tls, p)
	if rc := f(p); rc != sqlite3.SQLITE_OK {
		r.t.Fatalf("the library answers %d", rc)
	}
	return libc.AtomicLoadPUintptr(p)
}

// text is a string of the library's until the test ends.
func (r rawDB) text(s string) uintptr {
	p, err := libc.CString(s)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { libc.Xfree(r.tls, p) })
	return p
}

// parsedAgain runs a statement three times and returns how often it was parsed between.
func (r rawDB) parsedAgain(query string) int32 {
	r.t.Helper()
	s := r.handle(func(p uintptr) int32 { return sqlite3.Xsqlite3_prepare_v2(r.tls, r.db, r.text(query), -1, p, 0) })
	defer sqlite3.Xsqlite3_finalize(r.tls, s)
	for run := range 3 {
		for k := range sqlite3.Xsqlite3_bind_parameter_count(r.tls, s) {
			value := r.text(fmt.Sprintf("v%d", run))
			if rc := sqlite3.Xsqlite3_bind_text(r.tls, s, k+1, value, -1, 0); rc != sqlite3.SQLITE_OK {
				r.t.Fatalf("bind: %d", rc)
			}
		}
		sqlite3.Xsqlite3_step(r.tls, s) // what it finds, and whether a constraint refuses it, does not matter
		sqlite3.Xsqlite3_reset(r.tls, s)
	}
	return sqlite3.Xsqlite3_stmt_status(r.tls, s, sqlite3.SQLITE_STMTSTATUS_REPREPARE, 0)
}
