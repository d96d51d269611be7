// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// statementLimit bounds one statement or batch, and the wait for a connection to run it on, whatever the caller's own
	// deadline is. A connection on which it strikes is closed, because its state is not known any more.
	statementLimit = 15 * time.Second
	// pingLimit is how long a connection that was idle for longer than pingIdle may take to answer before it is used again.
	pingLimit = time.Second
	pingIdle  = time.Second
	// connectLimit bounds connecting to one host.
	connectLimit = 5 * time.Second
	// farewell is how long a connection may take to close in order.
	farewell = time.Second
	// abandonedLimit is how long the server keeps the transaction, and so the locks, of a client that has fallen silent.
	abandonedLimit = 30 * time.Second
)

// keepAlive notices a host that is gone, and keeps firewalls from forgetting a connection that is idle.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// poolConfig reads the URL. Commits wait for the disk even where the server's default says otherwise; who wants more
// (remote_apply) can say so in the URL. What the URL says wins over what is set here.
func poolConfig(o Options, w *sessions) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	conn := config.ConnConfig
	for name, value := range map[string]string{
		"application_name": "koogate", "synchronous_commit": "on",
		"statement_timeout":                   millis(statementLimit),
		"idle_in_transaction_session_timeout": millis(abandonedLimit),
	} {
		if _, ok := conn.RuntimeParams[name]; !ok {
			conn.RuntimeParams[name] = value
		}
	}
	if conn.ConnectTimeout <= 0 {
		conn.ConnectTimeout = connectLimit
	}
	conn.DialFunc = (&net.Dialer{Timeout: conn.ConnectTimeout, KeepAliveConfig: keepAlive}).DialContext
	conn.Tracer = deadlines{w}
	if conn.ValidateConnect == nil && severalHosts(conn) { // target_session_attrs is not given, or is any
		config.BeforeConnect = w.chooseHost
	}
	if config.PingTimeout <= 0 {
		config.PingTimeout = pingLimit
	}
	config.ShouldPing = w.check(config.PingTimeout)
	if config.MaxConnLifetimeJitter <= 0 {
		config.MaxConnLifetimeJitter = config.MaxConnLifetime / 5
	}
	config.BeforeClose = partQuickly
	config.MaxConns = o.MaxConns
	if config.MaxConns <= 0 {
		config.MaxConns = int32(max(16, 8*runtime.GOMAXPROCS(0)))
	}
	return config, nil
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// deadlines gives every statement, batch and wait for a connection a deadline. It is here rather than in each method because
// the driver asks it at every place where the network is waited for: no call can be forgotten. A caller's own deadline
// stands when it is nearer.
type deadlines struct{ *sessions }

type cancelKey struct{}

func limited(ctx context.Context) context.Context {
	if at, ok := ctx.Deadline(); ok && time.Until(at) <= statementLimit { //nolint:forbidigo // the clock of contexts
		return context.WithValue(ctx, cancelKey{}, nil) // a statement within another's wait must not end that
	}
	ctx, cancel := context.WithTimeout(ctx, statementLimit)
	return context.WithValue(ctx, cancelKey{}, cancel)
}

func ended(ctx context.Context) {
	if cancel, ok := ctx.Value(cancelKey{}).(context.CancelFunc); ok {
		cancel()
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (deadlines) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return limited(ctx)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (d deadlines) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	ended(ctx)
	d.hear(data.Err)
}

// TraceBatchStart implements pgx.BatchTracer.
func (deadlines) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return limited(ctx)
}

// TraceBatchQuery implements pgx.BatchTracer.
func (d deadlines) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	d.hear(data.Err)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (deadlines) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchEndData) { ended(ctx) }

// TraceAcquireStart implements pgxpool.AcquireTracer.
func (deadlines) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return limited(ctx)
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (d deadlines) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	ended(ctx)
	d.hear(data.Err)
}

// partQuickly closes the socket of a connection that does not close in order: until then the connection would count to the
// pool, and silent ones would keep new ones from being made.
func partQuickly(conn *pgx.Conn) {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		select {
		case <-conn.PgConn().CleanupDone():
		case <-ctx.Done():
			socket := conn.PgConn().Conn()
			if secure, ok := socket.(*tls.Conn); ok {
				socket = secure.NetConn() // TLS has a farewell of its own, which waits, too
			}
			_ = socket.Close()
		}
	}()
}

// listenConfig is for the connection that listens, which a standby refuses.
func listenConfig(c *pgxpool.Config) *pgx.ConnConfig {
	conn := c.ConnConfig.Copy()
	if c.BeforeConnect != nil {
		conn.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return conn
}

// severalHosts says whether the URL names more than one server. The driver's list of fallbacks also has the same server with
// and without TLS.
func severalHosts(c *pgx.ConnConfig) bool {
	return slices.ContainsFunc(c.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.Host != c.Host || f.Port != c.Port })
}

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
