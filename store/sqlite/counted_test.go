// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// traffic is what went to the driver: statements that were parsed, and statements that ran.
type traffic struct{ parsed, ran int }

// meter counts the traffic of every connection.
type meter struct {
	mu sync.Mutex
	n  traffic
}

func (m *meter) add(parsed, ran int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n.parsed += parsed
	m.n.ran += ran
}

// take returns the traffic since it was taken last.
func (m *meter) take() traffic {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.n
	m.n = traffic{}
	return n
}

type meteredConnector struct {
	driver.Connector
	m *meter
}

func (c meteredConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return meteredConn{conn.(driverConn), c.m}, nil
}

// driverConn is what database/sql and the writer use of the driver's connections.
type driverConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.QueryerContext
	driver.ExecerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type meteredConn struct {
	driverConn
	m *meter
}

func (c meteredConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.m.add(1, 0)
	s, err := c.driverConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return meteredStmt{s.(driverStmt), c.m}, nil
}

func (c meteredConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.m.add(1, 1)
	return c.driverConn.QueryContext(ctx, query, args)
}

func (c meteredConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.m.add(1, 1)
	return c.driverConn.ExecContext(ctx, query, args)
}

type driverStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type meteredStmt struct {
	driverStmt
	m *meter
}

func (s meteredStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.m.add(0, 1)
	return s.driverStmt.QueryContext(ctx, args)
}

func (s meteredStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.m.add(0, 1)
	return s.driverStmt.ExecContext(ctx, args)
}

// TestTheHotPathsParseNothing: what newInstance, its repeats, queryInstance and leases ask for is parsed once for each connection,
// and is as many statements as there are rows to write or things to read.
func TestTheHotPathsParseNothing(t *testing.T) {
	m := &meter{}
	before := tap
	tap = func(c driver.Connector) driver.Connector { return meteredConnector{c, m} }
	defer func() { tap = before }()
	ctx := t.Context()
	s, err := Open(ctx, Options{Path: filepath.Join(t.TempDir(), "koogate.db"), Migrate: true, Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	order := 0
	ids := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("inst-CS%d", i))
		}
		return list
	}
	for name, c := range map[string]struct {
		call func() error
		ran  int
	}{
		"newInstance": {func() error {
			order++
			return s.Apply(ctx, storetest.Admission(fmt.Sprint("CS", order), storetest.Epoch))
		}, 2 + 6}, // BEGIN and COMMIT around its rows
		"a repeat": {func() error {
			_, err := s.Line(ctx, storetest.NewLine("CS1", storetest.Epoch).LineKey)
			if err == store.ErrNotFound { //nolint:errorlint // the value itself
				err = nil
			}
			return err
		}, 1},
		"queryInstance of one instance":      {func() error { _, err := s.Instances(ctx, storetest.Seller, ids(1)); return err }, 1},
		"queryInstance of several instances": {func() error { order++; _, err := s.Instances(ctx, storetest.Seller, ids(2+order%5)); return err }, 1},
		"a lease that finds nothing": {func() error {
			_, err := s.Lease(ctx, store.LeaseRequest{Seller: storetest.Seller, Queues: []string{"none"}, Worker: "w", Max: 10, For: time.Minute})
			return err
		}, 2 + 1},
	} {
		for range 3 { // the first call on a connection may parse
			if err := c.call(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		m.take()
		for range 5 {
			if err := c.call(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if got, want := m.take(), (traffic{0, 5 * c.ran}); got != want {
			t.Errorf("5 times %s: %d statements parsed and %d run, want %d and %d", name, got.parsed, got.ran, want.parsed, want.ran)
		}
	}
	// A lease writes each task that it hands out.
	if _, err := s.Lease(ctx, store.LeaseRequest{Seller: storetest.Seller, Queues: []string{"internal"}, Worker: "w", Max: 1, For: time.Minute}); err != nil {
		t.Fatal(err)
	}
	m.take()
	tasks, err := s.Lease(ctx, store.LeaseRequest{Seller: storetest.Seller, Queues: []string{"internal"}, Worker: "w", Max: 3, For: time.Minute})
	if got, want := m.take(), (traffic{0, 2 + 1 + 3}); err != nil || len(tasks) != 3 || got != want {
		t.Errorf("a lease of %d tasks: %+v, want %+v, %v", len(tasks), got, want, err)
	}
}
