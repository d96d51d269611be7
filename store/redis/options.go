// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"crypto/tls"
	"errors"
	"strings"
	"sync"
	"time"

	driver "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// deadlines bound one call. A call that waits for a connection, dials, shakes hands and runs takes at most call in all.
type deadlines struct{ call, dial, io, pool time.Duration }

// promised leaves 200 ms of the half second that callers are promised to a busy scheduler.
var promised = deadlines{
	call: 300 * time.Millisecond,
	dial: 200 * time.Millisecond,
	io:   150 * time.Millisecond,
	pool: 250 * time.Millisecond,
}

// idleLifetime ends idle connections, which may have died behind a firewall without a word.
const idleLifetime = 10 * time.Second

// Options say where Redis is. The zero value of everything but Addrs and Now is usable.
type Options struct {
	// Addrs are host:port: one server, or the Sentinels when Master is set, or some nodes when Cluster is set.
	Addrs []string
	// Master is the name under which the Sentinels know the master; empty without Sentinel.
	Master string
	// Cluster is set when Addrs belong to a Redis Cluster. It excludes Master and DB.
	Cluster bool

	Username, Password string
	// SentinelUsername and SentinelPassword are for the Sentinels themselves.
	SentinelUsername, SentinelPassword string
	DB                                 int
	TLS                                *tls.Config // nil for plain TCP

	// Prefix starts every key; "koogate:" when empty. It must not contain braces.
	Prefix string
	// PoolSize is the largest number of connections to one server, 1 to 1000; 128 when zero, which serves 256 concurrent
	// callers well. A call that finds none free for 250 ms fails with ErrAway.
	PoolSize int
	// Now tells the time to the circuit breaker. Lifetimes of keys run by the server's clock.
	Now func() time.Time
	// OnState is told when the guard goes away, with the error that made it so, and when it is back, with nil. It is
	// called in order, must return quickly and must not call the guard. Nil for nobody.
	OnState func(away bool, cause error)
}

// Open returns a guard. It does not connect: a server that is away is no error, Ping tells.
func Open(o Options) (*Guard, error) { return open(o, promised) }

func open(o Options, d deadlines) (*Guard, error) {
	switch {
	case len(o.Addrs) == 0:
		return nil, errors.New("store/redis: no address")
	case o.Now == nil:
		return nil, errors.New("store/redis: Options.Now is nil")
	case o.Cluster && (o.Master != "" || o.DB != 0):
		return nil, errors.New("store/redis: Cluster excludes Master and DB")
	case !o.Cluster && o.Master == "" && len(o.Addrs) > 1:
		return nil, errors.New("store/redis: several addresses need Cluster or Master")
	case strings.ContainsAny(o.Prefix, "{}"):
		return nil, errors.New("store/redis: Prefix contains a brace")
	case o.PoolSize < 0 || o.PoolSize > 1000:
		return nil, errors.New("store/redis: PoolSize is out of range")
	}
	if o.Prefix == "" {
		o.Prefix = "koogate:"
	}
	if o.PoolSize == 0 {
		o.PoolSize = 128
	}
	muteDriver()
	return &Guard{
		client:  driver.NewUniversalClient(o.driver(d)),
		keys:    keys{prefix: o.Prefix},
		breaker: newBreaker(o.Now, o.OnState),
		now:     o.Now,
		limit:   d.call,
	}, nil
}

func (o Options) driver(d deadlines) *driver.UniversalOptions {
	return &driver.UniversalOptions{
		Addrs:            o.Addrs,
		MasterName:       o.Master,
		IsClusterMode:    o.Cluster,
		Username:         o.Username,
		Password:         o.Password,
		SentinelUsername: o.SentinelUsername,
		SentinelPassword: o.SentinelPassword,
		DB:               o.DB,
		TLSConfig:        o.TLS,

		// A repeat after an unanswered command would take the nonce that the command itself remembered for a replay.
		// Commands also say so themselves (see once), for the Cluster client repeats by other rules.
		MaxRetries:    -1,
		MaxRedirects:  3,
		DialTimeout:   d.dial,
		DialerRetries: 1,
		ReadTimeout:   d.io,
		WriteTimeout:  d.io,
		// Without it the driver waits out its own timeouts after the caller's deadline.
		ContextTimeoutEnabled: true,

		PoolSize:         o.PoolSize,
		PoolTimeout:      d.pool,
		ConnMaxIdleTime:  idleLifetime,
		PipelinePoolSize: -1, // every Enter is a pipeline: one pool for all
		ReadBufferSize:   4 << 10,
		WriteBufferSize:  4 << 10,

		// Two round trips fewer on each new connection, and no look for server pushes before each command.
		Protocol:                 2,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

// muteDriver silences the driver's logger, which is one for the whole process and writes a line to standard error for
// every failed dial. What matters of it reaches Options.OnState.
var muteDriver = sync.OnceFunc(logging.Disable)
