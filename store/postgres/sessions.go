// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// resetPause is how long after a reset of the pool the next one waits at least, so that a replica does not open session after
	// session while the whole database is read-only. A call that was refused waits a little longer than that before it tries again,
	// so that its third try is made on a new session.
	resetPause   = 250 * time.Millisecond
	refusedPause = resetPause + 10*time.Millisecond
	refusedTries = 3
	// readingPause is how long a read-only server is good enough when no host takes writes, before one is looked for again.
	readingPause = 5 * time.Second
)

// sessions keeps the pool's sessions on a server that answers and takes writes. After a failover sessions may be left on the server
// that has become the standby: they read, refuse every write, and would do so for as long as they live. So one refusal
// closes all of them, and of several hosts those that take writes are preferred for the new ones.
type sessions struct {
	pool    atomic.Pointer[pgxpool.Pool]
	resting atomic.Bool // the pool was reset a moment ago
	reading atomic.Bool // no host takes writes: read-only sessions are better than none
}

// hear is told how every statement, and every wait for a connection, ended.
func (w *sessions) hear(err error) {
	switch {
	case err == nil:
	case isReadOnly(err) && w.resting.CompareAndSwap(false, true):
		w.reset()
		later(resetPause, func() { w.resting.Store(false) })
	case errors.Is(err, pgconn.ErrReadOnlyConnection) && w.reading.CompareAndSwap(false, true): // every host that answers has said so
		later(readingPause, func() {
			w.reading.Store(false)
			w.reset()
		})
	}
}

// check asks a connection that was idle whether it still lives, before it is used. When it does not answer, the others that are
// idle probably do not either. All are renewed, because a call cannot wait for one after the other. The pool asks the connection
// once more, which costs nothing when it is closed.
func (w *sessions) check(limit time.Duration) func(context.Context, pgxpool.ShouldPingParams) bool {
	return func(ctx context.Context, p pgxpool.ShouldPingParams) bool {
		if p.IdleDuration <= pingIdle {
			return false
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
		if p.Conn.Ping(ctx) == nil {
			return false
		}
		w.reset()
		return true
	}
}

// reset closes the sessions that are idle, and each other session as soon as it becomes idle.
func (w *sessions) reset() {
	if pool := w.pool.Load(); pool != nil {
		pool.Reset()
	}
}

// chooseHost is asked before each new connection when the URL names several hosts.
func (w *sessions) chooseHost(_ context.Context, c *pgx.ConnConfig) error {
	if !w.reading.Load() {
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return nil
}

// codeReadOnly is the answer of a server that takes no writes: a standby, or one that was set read-only.
const codeReadOnly = "25006"

func isReadOnly(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == codeReadOnly
}

// later calls f after d.
func later(d time.Duration, f func()) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, func() {
		cancel()
		f()
	})
}
