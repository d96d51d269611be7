// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"modernc.org/sqlite"
)

// source is where a database is: the part of a DSN before the pragmas.
type source string

// Pragmas of the connection that writes. What a statement may have to take back stays in memory.
var (
	durable = []string{
		"_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)", "_pragma=foreign_keys(1)", "_pragma=journal_size_limit(67108864)",
		"_pragma=wal_autocheckpoint(4000)", "_pragma=cache_size(-65536)", "_pragma=temp_store(2)",
	}
	fleeting = []string{"_pragma=synchronous(OFF)", "_pragma=foreign_keys(1)", "_pragma=temp_store(2)"}
)

// inFile is a file that exists.
func inFile(path string) source {
	abs, err := filepath.Abs(path)
	if err != nil { // the working directory is gone: opening fails
		abs = path
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") { // a drive letter
		abs = "/" + abs
	}
	return source("file://" + (&url.URL{Path: abs}).EscapedPath() + "?mode=rw")
}

// memories counts the databases in memory, whose names are those of the process.
var memories atomic.Int64

// inMemory is a new database, which is gone with its last connection.
func inMemory() source {
	return source("file:/koogate-" + strconv.FormatInt(memories.Add(1), 10) + "?vfs=memdb")
}

// open opens a pool; pragmas are DSN parameters.
func (s source) open(pragmas ...string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(string(s) + "&_pragma=busy_timeout(10000)&" + strings.Join(pragmas, "&"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return sql.OpenDB(tap(connector)), nil
}

// openDB opens a pool on a file that exists.
func openDB(path string, pragmas ...string) (*sql.DB, error) { return inFile(path).open(pragmas...) }

// openReaders opens a pool of n connections that cannot write.
func (s source) openReaders(n int) (*sql.DB, error) {
	db, err := s.open("_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// tap is where a test listens to what goes to the driver.
var tap = func(c driver.Connector) driver.Connector { return c }

// create makes an empty file that only its owner can read when there is none; the files beside it take after it.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return f.Close()
}
