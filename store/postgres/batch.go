// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
)

// writes collects the statements of one change: sqlc's generated code calls it to run them, and it queues them instead. The server
// runs the batch as one transaction; the first error aborts all of it.
//
// A statement that must hit a row ends in "SELECT 1 / count(*)" over what it changed, so that a miss is a division by
// zero, which aborts the batch like any error. The other way, to look at the number of rows before the commit, costs a
// second round trip during which the order stays locked.
type writes struct {
	batch pgx.Batch
	steps []step
}

// step says what a statement does and which sentinel its miss means.
type step struct {
	doing string
	miss  error
}

// add queues what run executes through the generated code.
func (w *writes) add(doing string, miss error, run func(q *dbsqlc.Queries) error) error {
	w.steps = append(w.steps, step{doing, miss})
	if err := run(dbsqlc.New(w)); err != nil {
		return err
	}
	if w.batch.Len() != len(w.steps) {
		return fmt.Errorf("postgres: %s is not one statement", doing)
	}
	return nil
}

var errNotQueued = errors.New("postgres: only statements without rows can be queued")

// Exec implements dbsqlc.DBTX.
func (w *writes) Exec(_ context.Context, statement string, args ...any) (pgconn.CommandTag, error) {
	w.batch.Queue(statement, args...)
	return pgconn.CommandTag{}, nil
}

// Query implements dbsqlc.DBTX; it is never called.
func (w *writes) Query(context.Context, string, ...any) (pgx.Rows, error) { return nil, errNotQueued }

// QueryRow implements dbsqlc.DBTX; it is never called.
func (w *writes) QueryRow(context.Context, string, ...any) pgx.Row { return failedRow{errNotQueued} }

// batcher is a pool, where a batch is a transaction of its own, or a transaction.
type batcher interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// run sends the batch and returns after its commit, or within a transaction after its last statement.
func (w *writes) run(ctx context.Context, to batcher) error {
	results := to.SendBatch(ctx, &w.batch)
	for _, s := range w.steps {
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // it repeats the error
			return s.explain(err)
		}
	}
	if err := results.Close(); err != nil { // the commit's own error, too
		return fmt.Errorf("postgres: commit: %w", err)
	}
	return nil
}

// taken maps unique constraints to what their violation means. A task's seq is taken when the instance's task list grew
// after it was read.
var taken = map[string]error{
	"orders_pkey": store.ErrOrderExists, "orders_side": store.ErrOtherSide, "order_lines_pkey": store.ErrLineExists, "instances_pkey": store.ErrInstanceExists,
	"events_pkey": store.ErrStale, "anchors_pkey": store.ErrStale, "tasks_instance_seq_key": store.ErrStale,
	"seller_keys_digest_key": store.ErrConflict, "webhooks_name_key": store.ErrConflict, "webhook_deliveries_event_key": store.ErrStale,
	"login_applications_pkey": store.ErrConflict, "login_applications_product_key": store.ErrConflict, "login_requests_pkey": store.ErrConflict,
	"login_requests_state_key": store.ErrConflict, "login_grants_pkey": store.ErrConflict, "login_sessions_pkey": store.ErrConflict,
	"login_sessions_digest_key": store.ErrConflict, "login_keys_pkey": store.ErrConflict,
}

// The error codes that mean something to the store.
const (
	codeUniqueViolation      = "23505"
	codeDivisionByZero       = "22012"
	codeSerializationFailure = "40001"
	codeNotInRepertoire      = "22021" // also a NUL
	codeUntranslatable       = "22P05"
	codeDeadlockDetected     = "40P01"
)

func (s step) explain(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if sentinel := taken[pg.ConstraintName]; pg.Code == codeUniqueViolation && sentinel != nil {
			return sentinel
		}
		if pg.Code == codeDivisionByZero && s.miss != nil {
			return s.miss
		}
	}
	return fmt.Errorf("postgres: %s: %w", s.doing, err)
}

// tries is how often a call is made in all when the server aborts it although nothing is wrong with the call.
const tries = 5

// retry calls f again after a deadlock or a serialization failure, after a connection broke before anything was sent, and
// after a server that takes no writes refused one: the next try goes to another server if there is one (see sessions).
// Each of these left nothing behind.
func retry(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		var pg *pgconn.PgError
		switch {
		case err == nil:
			return nil
		case n == tries:
			return refused(err)
		case errors.As(err, &pg) && (pg.Code == codeSerializationFailure || pg.Code == codeDeadlockDetected):
		case isReadOnly(err), errors.Is(err, pgconn.ErrReadOnlyConnection):
			if n == refusedTries || !sleep(ctx, refusedPause) {
				return refused(err)
			}
			continue
		case pgconn.SafeToRetry(err):
		default:
			return refused(err)
		}
		jitter := rand.N(4 * time.Millisecond) //nolint:gosec // keeps two losers apart, protects nothing
		if !sleep(ctx, time.Duration(n)*(time.Millisecond+jitter)) {
			return err
		}
	}
}

// refused marks an error of the data (class 22 is about values, 23 about constraints) and of a database that takes no writes.
func refused(err error) error {
	var pg *pgconn.PgError
	switch {
	case !errors.As(err, &pg):
		return err
	case pg.Code == codeReadOnly:
		return fmt.Errorf("%w: %w", store.ErrReadOnly, err)
	case pg.Code == codeNotInRepertoire || pg.Code == codeUntranslatable:
		return fmt.Errorf("%w: %w", store.ErrBadText, err)
	case strings.HasPrefix(pg.Code, "22") || strings.HasPrefix(pg.Code, "23"):
		return fmt.Errorf("%w: %w", store.ErrBadData, err)
	}
	return err
}

// sleep waits and reports whether it waited to the end; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	pause, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-pause.Done()
	return ctx.Err() == nil
}

// snapshot runs reads in one round trip and one read-only transaction whose statements all see the same state. Every read
// is called twice: to queue its query, and to scan its result. A read that fails ends the rest.
func snapshot(ctx context.Context, pool *pgxpool.Pool, reads ...func(q *dbsqlc.Queries) error) error {
	var batch pgx.Batch
	batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	for _, read := range reads {
		if err := read(dbsqlc.New(queueing{&batch})); !errors.Is(err, errQueued) {
			return fmt.Errorf("postgres: read is not one query: %w", err)
		}
	}
	batch.Queue("COMMIT")
	results := pool.SendBatch(ctx, &batch)
	if _, err := results.Exec(); err != nil {
		_ = results.Close() // it repeats the error
		return err
	}
	for _, read := range reads {
		if err := read(dbsqlc.New(scanning{results})); err != nil {
			_ = results.Close() // the read's error says more
			return err
		}
	}
	return results.Close()
}

// unseen runs a read in one round trip by the server's generic plan, which it makes once and keeps. Left to itself the server would
// plan a lease at every call, because a list of a few queues looks cheaper to it than a list of unknown length; that planning costs
// more than the lease.
func unseen(ctx context.Context, pool *pgxpool.Pool, read func(q *dbsqlc.Queries) error) error {
	var batch pgx.Batch
	batch.Queue("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)") // for this batch, which is a transaction
	if err := read(dbsqlc.New(queueing{&batch})); !errors.Is(err, errQueued) {
		return fmt.Errorf("postgres: read is not one query: %w", err)
	}
	results := pool.SendBatch(ctx, &batch)
	if _, err := results.Exec(); err != nil {
		_ = results.Close() // it repeats the error
		return err
	}
	if err := read(dbsqlc.New(scanning{results})); err != nil {
		_ = results.Close() // the read's error says more
		return err
	}
	return results.Close()
}

var errQueued = errors.New("postgres: queued")

// queueing queues the query of a read.
type queueing struct{ batch *pgx.Batch }

// Exec implements dbsqlc.DBTX; reads never call it.
func (queueing) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) {
	return pgconn.CommandTag{}, errNotQueued
}

// Query implements dbsqlc.DBTX.
func (q queueing) Query(_ context.Context, query string, args ...any) (pgx.Rows, error) {
	q.batch.Queue(query, args...)
	return nil, errQueued
}

// QueryRow implements dbsqlc.DBTX.
func (q queueing) QueryRow(_ context.Context, query string, args ...any) pgx.Row {
	q.batch.Queue(query, args...)
	return failedRow{errQueued}
}

// scanning gives a read the next result.
type scanning struct{ results pgx.BatchResults }

// Exec implements dbsqlc.DBTX; reads never call it.
func (scanning) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) {
	return pgconn.CommandTag{}, errNotQueued
}

// Query implements dbsqlc.DBTX.
func (s scanning) Query(context.Context, string, ...any) (pgx.Rows, error) { return s.results.Query() }

// QueryRow implements dbsqlc.DBTX.
func (s scanning) QueryRow(context.Context, string, ...any) pgx.Row { return s.results.QueryRow() }

type failedRow struct{ err error }

// Scan implements pgx.Row.
func (r failedRow) Scan(...any) error { return r.err }
