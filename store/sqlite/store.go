// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite/dbfile"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// Options say which file to open and how.
type Options struct {
	// Path of the database file; its directory must exist. Two more files with the suffixes -wal and -shm, and the
	// lock file with the suffix .lock, live beside it.
	Path string
	// Migrate lets Open bring the schema up to date; without it Open refuses a file whose schema is behind.
	Migrate bool
	// Readers is the number of connections for reading; 0 for a default by the number of CPUs.
	Readers int
	// Logger is told of files that others could use, which Open closes to them; nil for nobody.
	Logger *slog.Logger
	// Lists bound the lists of API clients, which have Lists.Total further connections. A list that scans takes a whole CPU, so by
	// default half the CPUs are theirs, and two at least.
	Lists sqllist.Limits
	// Clock is the store's clock; nil for the machine's.
	Clock func() time.Time
	// MaxGroup bounds how many changes share one commit; 0 for 256.
	MaxGroup int
	// Memory keeps everything in memory, where nobody else sees it and nothing is left of it after Close: Path and Migrate do not count.
	Memory bool
}

// errClosed is what calls get after Close.
var errClosed = errors.New("sqlite: the store is closed")

// Store implements store.Store on one SQLite file.
type Store struct {
	store.Hub

	path    string
	gate    sync.RWMutex // held shared by running calls, exclusively by Close
	closed  bool
	clock   func() time.Time
	lock    *dbfile.Lock
	readers *sql.DB
	read    *dbsqlc.Queries // prepared on the readers
	lists   *sql.DB         // what API clients browse with
	turns   *sqllist.Turns
	writer  *writer
}

var (
	_ store.Store = (*Store)(nil)
	_ store.Disk  = (*Store)(nil)
)

// Open opens the file, creating it when Options.Migrate is set. It fails when another process, or another Store of this
// one, has the file open, and when the schema is behind and Options.Migrate is not set.
func Open(ctx context.Context, o Options) (_ *Store, err error) {
	if o.MaxGroup <= 0 {
		o.MaxGroup = 256
	}
	if o.Readers <= 0 {
		o.Readers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	if o.Clock == nil {
		o.Clock = time.Now //nolint:forbidigo // the store's own clock, which can be injected as well
	}
	o.Lists = o.Lists.WithDefaults(max(2, runtime.GOMAXPROCS(0)/2))
	s := &Store{clock: o.Clock, path: o.Path, turns: sqllist.NewTurns(o.Lists)}
	defer func() {
		if err != nil {
			_ = s.release()
		}
	}()
	from, pragmas := inFile(o.Path), durable
	if o.Memory {
		from, pragmas, o.Path = inMemory(), fleeting, "memory"
	} else if err = s.take(ctx, o); err != nil {
		return nil, err
	}
	db, err := from.open(pragmas...)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if o.Memory {
		err = furnish(ctx, db)
	} else {
		err = prepareSchema(ctx, db, o.Migrate)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %s: %w", o.Path, err), db.Close())
	}
	if s.writer, err = startWriter(ctx, db, o.MaxGroup); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %s: %w", o.Path, err), db.Close())
	}
	if s.readers, err = from.openReaders(o.Readers); err != nil {
		return nil, err
	}
	if s.lists, err = from.openReaders(o.Lists.Total); err != nil {
		return nil, err
	}
	if s.read, err = dbsqlc.Prepare(ctx, s.readers); err != nil {
		return nil, fmt.Errorf("sqlite: prepare: %w", err)
	}
	return s, nil
}

// take takes the file for this store alone.
func (s *Store) take(ctx context.Context, o Options) (err error) {
	if s.lock, err = dbfile.Take(o.Path + ".lock"); err != nil {
		return fmt.Errorf("sqlite: %s: %w", o.Path, err)
	}
	if o.Migrate {
		if err := create(o.Path); err != nil {
			return err
		}
	}
	dbfile.Protect(ctx, o.Path, o.Logger)
	return nil
}

// enter admits a call; every success is paired with leave.
func (s *Store) enter(ctx context.Context, texts ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := store.CheckText(texts...); err != nil {
		return err
	}
	s.gate.RLock()
	if s.closed {
		s.gate.RUnlock()
		return errClosed
	}
	return nil
}

func (s *Store) leave() { s.gate.RUnlock() }

// Ping implements store.Store: a read, and a commit that writes the first page as it is.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if err := s.readers.PingContext(ctx); err != nil {
		return fmt.Errorf("sqlite: ping: %w", err)
	}
	return s.writer.do(ctx, func(x *tx) error { return x.control(touch) })
}

// Free implements store.Disk.
func (s *Store) Free() (int64, error) { return Free(s.path) }

// Free returns the free space of the file system that holds a file, in bytes. Errors: errors.ErrUnsupported.
func Free(path string) (int64, error) {
	n, err := dbfile.Free(path)
	if err != nil {
		return 0, fmt.Errorf("sqlite: %w", err)
	}
	return n, nil
}

// Close implements store.Store. A second call does nothing.
func (s *Store) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.release()
}

// release gives up whatever is held, in the reverse order of opening.
func (s *Store) release() error {
	var errs []error
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.lists != nil {
		errs = append(errs, s.lists.Close())
	}
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.stop())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Release())
	}
	return errors.Join(errs...)
}

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
