// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
)

// The statements that steer a transaction. IMMEDIATE takes the write lock at once, so that no statement fails halfway
// for want of it.
const (
	beginTx         = "BEGIN IMMEDIATE"
	commitTx        = "COMMIT"
	rollbackTx      = "ROLLBACK"
	setSavepoint    = "SAVEPOINT job"
	backToSavepoint = "ROLLBACK TO job"
	dropSavepoint   = "RELEASE job"
	// touch writes a page and changes nothing: nobody uses this number, which is 0.
	touch = "PRAGMA user_version = 0"
)

// tx is the writer's connection. Statements without rows go to prepared statements of the driver, past database/sql,
// whose locking and argument conversion would be a sizeable part of an insert; queries go through database/sql on the
// same connection. Only the writer's goroutine touches it.
type tx struct {
	conn   *sql.Conn
	query  *dbsqlc.Queries // prepared; for statements that return rows
	fast   *dbsqlc.Queries // over exec; for statements that return none
	stmts  map[string]driver.StmtExecContext
	args   []driver.NamedValue
	writes int // rows written since the start, also those rolled back
}

func newTx(ctx context.Context, db *sql.DB) (*tx, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	t := &tx{conn: conn, stmts: make(map[string]driver.StmtExecContext)}
	if t.query, err = dbsqlc.Prepare(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	t.fast = dbsqlc.New(execer{t})
	return t, nil
}

// close finalizes the statements and gives the connection back.
func (t *tx) close() error {
	errs := []error{t.query.Close()}
	errs = append(errs, t.conn.Raw(func(any) error {
		for _, s := range t.stmts {
			errs = append(errs, s.(driver.Stmt).Close())
		}
		return nil
	}), t.conn.Close())
	return errors.Join(errs...)
}

// control runs a statement that steers the transaction.
func (t *tx) control(statement string) error {
	_, err := t.exec(statement, nil)
	return err
}

// exec runs a statement through the driver and counts what it wrote.
func (t *tx) exec(statement string, args []any) (res driver.Result, err error) {
	err = t.conn.Raw(func(c any) error {
		s, ok := t.stmts[statement]
		if !ok {
			if s, err = prepare(c, statement); err != nil {
				return err
			}
			t.stmts[statement] = s
		}
		t.args = t.args[:0]
		for i, a := range args {
			if text, ok := a.(string); ok && !store.Sound(text) {
				return store.ErrBadText
			}
			t.args = append(t.args, driver.NamedValue{Ordinal: i + 1, Value: a})
		}
		res, err = s.ExecContext(context.Background(), t.args)
		clear(t.args)
		return err
	})
	return res, err
}

func prepare(c any, statement string) (driver.StmtExecContext, error) {
	p, ok := c.(driver.ConnPrepareContext)
	if !ok {
		return nil, fmt.Errorf("sqlite: driver connection %T cannot prepare", c)
	}
	s, err := p.PrepareContext(context.Background(), statement)
	if err != nil {
		return nil, err
	}
	e, ok := s.(driver.StmtExecContext)
	if !ok {
		return nil, errors.Join(fmt.Errorf("sqlite: driver statement %T cannot run", s), s.Close())
	}
	return e, nil
}

// execer is what sqlc's generated code talks to on the fast way; its values are already int64, string or []byte.
type execer struct{ t *tx }

// ExecContext implements dbsqlc.DBTX.
func (e execer) ExecContext(_ context.Context, statement string, args ...any) (sql.Result, error) {
	res, err := e.t.exec(statement, args)
	if err != nil {
		return nil, err
	}
	n, err := res.RowsAffected()
	e.t.writes += int(n)
	return res, err
}

var errNoRows = errors.New("sqlite: the fast way runs statements without rows only")

// PrepareContext implements dbsqlc.DBTX; it is never called.
func (execer) PrepareContext(context.Context, string) (*sql.Stmt, error) { return nil, errNoRows }

// QueryContext implements dbsqlc.DBTX; it is never called.
func (execer) QueryContext(context.Context, string, ...any) (*sql.Rows, error) { return nil, errNoRows }

// QueryRowContext implements dbsqlc.DBTX. Rows cannot be made outside database/sql, and no query for one row goes this way.
func (execer) QueryRowContext(context.Context, string, ...any) *sql.Row { panic(errNoRows) }

func isNoTransaction(err error) bool {
	return strings.Contains(err.Error(), "no transaction is active")
}
