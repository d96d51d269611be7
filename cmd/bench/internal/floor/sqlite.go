// SPDX-License-Identifier: Apache-2.0

package floor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// sqliteRows is the floor on SQLite: one writer with group commit, synchronous=FULL, prepared statements.
type sqliteRows struct {
	write, read *sql.DB
	jobs        chan *sqliteJob
	done        chan struct{}
	byLine      *sql.Stmt
	byInstance  *sql.Stmt
}

type sqliteJob struct {
	run  func(stmts []*sql.Stmt) error
	err  error
	done chan struct{}
}

// inserts are the rows of one admission, in the order of args.
var inserts = []string{
	`INSERT INTO orders (seller, order_id, endpoint, order_type, query_state, query_reason, buyer, head_seq, head_hash, created_at, updated_at)
	 VALUES ('bench', $1, 'bench', '', 'PENDING', '', NULL, 1, $2, $3, $3)`,
	`INSERT INTO events (seller, order_id, seq, kind, instance_id, at, data, prev_hash, hash) VALUES ('bench', $1, 1, 'instance.admitted', $2, $3, $4, '', $5)`,
	`INSERT INTO order_lines (seller, order_id, order_line_id, product_id, action, root_order_id, instance_id, params, extra, bought_product_id,
	 sku_code, product_name, charging_mode, linear_value, answer_code, created_at)
	 VALUES ('bench', $1, $2, '', 'newInstance', $1, $3, '{}', NULL, '', '', '', '', 0, '000004', $4)`,
	`INSERT INTO instances (seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
	 product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at)
	 VALUES ('bench', $1, 'bench', $2, $3, $4, 0, '', '', '', '', '', '', 0, 0, 0, $5, 2, $6, $6)`,
	`INSERT INTO tasks (id, seller, queue, kind, state, order_id, instance_id, line_order_id, line_id, seq, due_at, deadline, retry_until, attempt,
	 worker, fence, payload, result, reason, traceparent, created_at, updated_at)
	 VALUES ($1, 'bench', $2, $3, $4, $5, $6, $5, $7, $8, $9, 0, $9, 0, '', 0, '', '', '', '', $9, $9)`,
}

// args of the inserts; the last statement runs twice.
func (a admission) args(sealed []byte) [][]any {
	state := "PROVISIONING"
	if sealed != nil {
		state = "ACTIVE"
	}
	return [][]any{
		{a.order, a.hash, a.at},
		{a.order, a.instance, a.at, a.data, a.hash},
		{a.order, a.line, a.instance, a.at},
		{a.instance, a.order, a.line, state, sealed, a.at},
		{a.query, "koogate-order-query", "ORDER_QUERY", "READY", a.order, a.instance, a.line, 1, a.at},
		{a.create, "", "CREATE", "WAITING", a.order, a.instance, a.line, 2, a.at},
	}
}

func openSQLite(ctx context.Context, path string) (*sqliteRows, error) {
	dsn := "file:" + url.PathEscape(path) + "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)"
	r := &sqliteRows{jobs: make(chan *sqliteJob, 1024), done: make(chan struct{})}
	var err error
	if r.write, err = sql.Open("sqlite", dsn); err != nil {
		return nil, err
	}
	r.write.SetMaxOpenConns(1)
	if r.read, err = sql.Open("sqlite", dsn); err != nil {
		return nil, err
	}
	if r.byLine, err = r.read.PrepareContext(ctx, `SELECT instance_id, answer_code FROM order_lines
		WHERE seller = 'bench' AND order_id = $1 AND order_line_id = $2 AND product_id = '' AND action = 'newInstance'`); err != nil {
		return nil, err
	}
	if r.byInstance, err = r.read.PrepareContext(ctx, `SELECT access FROM instances WHERE seller = 'bench' AND instance_id = $1`); err != nil {
		return nil, err
	}
	conn, err := r.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	stmts := make([]*sql.Stmt, len(inserts))
	for i, text := range inserts {
		if stmts[i], err = conn.PrepareContext(ctx, text); err != nil { //nolint:sqlclosecheck // for the life of the process
			return nil, err
		}
	}
	go r.writer(conn, stmts)
	return r, nil
}

// writer runs whatever has queued up in one transaction.
func (r *sqliteRows) writer(conn *sql.Conn, stmts []*sql.Stmt) {
	defer close(r.done)
	exec := func(text string) error { _, err := conn.ExecContext(context.Background(), text); return err }
	for first := range r.jobs {
		group := []*sqliteJob{first}
	gather:
		for len(group) < 256 {
			select {
			case j, ok := <-r.jobs:
				if !ok {
					break gather
				}
				group = append(group, j)
			default:
				break gather
			}
		}
		err := exec("BEGIN IMMEDIATE")
		for _, j := range group {
			if err != nil {
				break
			}
			if j.err = j.run(stmts); errors.Is(j.err, errTaken) {
				continue // it failed at its first row: nothing to undo
			}
			err = j.err
		}
		if err == nil {
			err = exec("COMMIT")
		} else {
			err = errors.Join(err, exec("ROLLBACK"))
		}
		for _, j := range group {
			if err != nil {
				j.err = err
			}
			close(j.done)
		}
	}
}

func (r *sqliteRows) do(run func([]*sql.Stmt) error) error {
	j := &sqliteJob{run: run, done: make(chan struct{})}
	r.jobs <- j
	<-j.done
	return j.err
}

func (r *sqliteRows) seed(ctx context.Context, a admission, sealed []byte) error {
	return r.do(func(stmts []*sql.Stmt) error {
		for i, args := range a.args(sealed) {
			if _, err := stmts[min(i, len(stmts)-1)].ExecContext(ctx, args...); err != nil {
				if i == 0 && strings.Contains(err.Error(), "UNIQUE") {
					return errTaken
				}
				return fmt.Errorf("row %d: %w", i, err)
			}
		}
		return nil
	})
}

func (r *sqliteRows) admit(_ context.Context, a admission) error {
	return r.seed(context.Background(), a, nil)
}

func (r *sqliteRows) line(ctx context.Context, order, line string) (instance, code string, err error) {
	err = r.byLine.QueryRowContext(ctx, order, line).Scan(&instance, &code)
	return instance, code, missing(err)
}

func (r *sqliteRows) access(ctx context.Context, instance string) (sealed []byte, err error) {
	err = r.byInstance.QueryRowContext(ctx, instance).Scan(&sealed)
	return sealed, missing(err)
}

func (r *sqliteRows) close() error {
	close(r.jobs)
	<-r.done
	return errors.Join(r.read.Close(), r.write.Close())
}

func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errMissing
	}
	return err
}
