// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/koogate/koogate/cmd/koogate/internal/dev"
	"github.com/koogate/koogate/cmd/koogate/internal/doctor"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/marketplace"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/shadow"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
	"github.com/koogate/koogate/store/postgres"
	"github.com/koogate/koogate/store/redis"
	"github.com/koogate/koogate/store/sqlite"
)

// This file is the only place that knows which backends there are.

// wiring says how backends are opened.
type wiring struct {
	log *slog.Logger
	// prepare migrates the database and makes a missing keyset. For koogate serve, other commands do both.
	prepare bool
	// clock is a virtual one, for the store too; nil for the clocks that there are: the machine's, and the database's for what is
	// ordered between processes.
	clock clock.Clock
}

// app is a wired server together with the function that releases what it leaves.
type app struct {
	*server.Server
	after func()
}

// Run is server.Run.
func (a *app) Run(ctx context.Context) error {
	defer a.after()
	return a.Server.Run(ctx)
}

// startDev is how dev mode starts its servers, whose configurations hold the demo values.
func startDev(ctx context.Context, cfg config.Config, log *slog.Logger, c clock.Clock) (dev.Server, error) {
	app, err := newServer(ctx, cfg, wiring{log: log, prepare: true, clock: c})
	if err != nil {
		return nil, err
	}
	return app, nil
}

// newServer opens the backends that a configuration names and wires a server over them.
func newServer(ctx context.Context, cfg config.Config, w wiring) (*app, error) {
	deps, after, err := openBackends(ctx, cfg, w)
	if err != nil {
		return nil, err
	}
	s, err := server.New(cfg, deps)
	if err != nil {
		after()
		return nil, errors.Join(err, deps.Store.Close(), deps.Guard.Close(), deps.Telemetry.Shutdown(ctx))
	}
	return &app{Server: s, after: after}, nil
}

// scratchReaders is how many connections read a database in memory, over which one call is answered at a time.
const scratchReaders = 2

// openBackends opens what a configuration names. after closes idle connections to the marketplace; server.Run releases
// everything else.
func openBackends(ctx context.Context, cfg config.Config, w wiring) (d server.Deps, after func(), err error) {
	var opened []func() error
	defer func() {
		if err != nil {
			for _, release := range opened {
				err = errors.Join(err, release())
			}
		}
	}()
	own := w.clock
	if own == nil {
		own = machine
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	d = server.Deps{
		Clock: own, Market: clock.Witness(own), NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, Password: rand.Text,
		Metrics: telemetry.NewMetrics(registry), Gatherer: registry, Log: w.log,
		Scratch: func(ctx context.Context) (shadow.Store, error) {
			return sqlite.Open(ctx, sqlite.Options{Memory: true, Readers: scratchReaders, Clock: own.Now})
		},
	}
	if d.Sealer, err = openVault(cfg.KeysetFile, w.prepare); err != nil {
		return d, nil, err
	}
	if d.Keys, err = openSigning(cfg.SigningFile, w.prepare); err != nil {
		return d, nil, err
	}
	if d.Telemetry, err = telemetry.Setup(ctx, telemetry.Options{
		Version: version(), Getenv: tracingEnv(cfg.Tracing, os.Getenv), Clock: d.Clock, Logger: w.log,
	}); err != nil {
		return d, nil, err
	}
	opened = append(opened, func() error { return d.Telemetry.Shutdown(context.WithoutCancel(ctx)) })
	st, err := openStore(ctx, cfg.Database, w)
	if err != nil {
		return d, nil, err
	}
	d.Store = st
	opened = append(opened, d.Store.Close)
	if d.Sellers, err = openSellers(ctx, &cfg, st, d.Sealer, d); err != nil {
		return d, nil, err
	}
	transport := outgoing()
	market, err := openMarketplace(d.Sellers, &http.Client{Transport: dated{transport, d.Market}}, d.Market)
	if err != nil {
		return d, nil, err
	}
	d.Marketplace, d.Pusher, d.Codes = market, market, market
	if d.Guard, d.Limiter, err = openGuard(cfg, d); err != nil {
		return d, nil, err
	}
	return d, transport.CloseIdleConnections, nil
}

// instruments are what koogate doctor looks with.
var instruments = doctor.Instruments{
	Load: func(file string, set map[string]string) (config.Config, []config.Problem) {
		return configFlags{Config: file, Set: set}.load()
	},
	Clock: machine, Free: sqlite.Free, Outgoing: outgoing,
	Database: func(ctx context.Context, db config.Database) (store.Inspection, error) {
		if path, ok := db.SQLitePath(); ok {
			return sqlite.Inspect(ctx, path)
		}
		return postgres.Inspect(ctx, db.URL.Reveal())
	},
	Redis: func(ctx context.Context, cfg config.Config) (redis.Inspection, error) {
		return redis.Inspect(ctx, redisOptions(cfg.Redis))
	},
}

func openVault(path string, make bool) (*vault.Vault, error) {
	if _, err := os.Stat(path); make && errors.Is(err, os.ErrNotExist) {
		if err := newKeyset(path); err != nil {
			return nil, err
		}
	}
	return vault.OpenFile(path)
}

// openSigning opens the signing keys; nil without a file.
func openSigning(path string, make bool) (*evidence.Keys, error) {
	if path == "" {
		return nil, nil
	}
	if _, err := os.Stat(path); make && errors.Is(err, os.ErrNotExist) {
		if err := newSigning(path); err != nil {
			return nil, err
		}
	}
	return evidence.OpenFile(path)
}

func openStore(ctx context.Context, db config.Database, w wiring) (store.Store, error) {
	if path, ok := db.SQLitePath(); ok {
		c := w.clock
		if c == nil {
			c = machine
		}
		return sqlite.Open(ctx, sqlite.Options{Path: path, Migrate: w.prepare, Clock: c.Now, Logger: w.log})
	}
	o := postgres.Options{URL: db.URL.Reveal(), Migrate: w.prepare, Logger: w.log}
	if w.clock != nil {
		o.Clock = w.clock.Now
	}
	return postgres.Open(ctx, o)
}

// migrate brings the database up to date.
func migrate(ctx context.Context, db config.Database) (applied int, err error) {
	if path, ok := db.SQLitePath(); ok {
		return sqlite.Migrate(ctx, path)
	}
	return postgres.Migrate(ctx, db.URL.Reveal())
}

// openGuard returns the guard in Redis, behind which its twin in the process stands in while Redis is away, or the twin
// alone, which keeps its memory in a file beside the database while the process is down. The budgets of callers are in Redis too; without
// it the server keeps them itself.
func openGuard(cfg config.Config, d server.Deps) (store.Guard, store.Limiter, error) {
	r := cfg.Redis
	if len(r.Addrs) == 0 {
		if path, ok := cfg.Database.SQLitePath(); ok {
			guard, err := memory.Open(d.Clock.Now, path+".seen")
			return guard, nil, err
		}
		return memory.NewAfter(d.Clock.Now), nil, nil
	}
	o := redisOptions(r)
	o.Now = d.Clock.Now
	o.OnState = func(away bool, cause error) {
		d.Metrics.GuardAway(away)
		if away {
			d.Log.Warn("redis is away; calls go on without it", "error", cause)
		} else {
			d.Log.Info("redis is back")
		}
	}
	shared, err := redis.Open(o)
	if err != nil {
		return nil, nil, err
	}
	return redis.WithFallback(shared, memory.NewAfter(d.Clock.Now)), shared, nil
}

// openSellers reads what is sold, after the database has taken what the configuration declares.
func openSellers(ctx context.Context, cfg *config.Config, st store.Store, sealer seller.Sealer, d server.Deps) (*seller.Keeper, error) {
	return server.OpenSellers(ctx, cfg, seller.Deps{Store: st, Sealer: sealer, Clock: d.Clock, NewID: d.NewID, Log: d.Log})
}

// openMarketplace makes a client of the open APIs for every seller, and again when what the seller says of the marketplace has changed.
func openMarketplace(k *seller.Keeper, client *http.Client, c *clock.Witnessed) (*marketplace.Marketplace, error) {
	type made struct {
		as     openapi.Config
		client *openapi.Client
	}
	last := make(map[string]made)
	now := func() time.Time { return c.Corrected(signTolerance) }
	clients, err := seller.Project(k, func(s *seller.Snapshot) (map[string]marketplace.Querier, error) {
		next, all := make(map[string]made, len(s.Sellers)), make(map[string]marketplace.Querier, len(s.Sellers))
		for _, x := range s.Sellers {
			m := x.Marketplace
			as := openapi.Config{
				Site: m.Site, BaseURL: m.BaseURL, Credentials: m.Credentials(), UsageKey: s.UsageKey(x.Name).Reveal(), NoFallback: m.NoFallback,
			}
			one := last[x.Name]
			if one.client == nil || !reflect.DeepEqual(one.as, as) {
				with := as
				with.HTTPClient, with.Now = client, now
				q, err := openapi.New(with)
				if err != nil {
					return nil, fmt.Errorf("seller %s: %w", x.Name, err)
				}
				one = made{as, q}
			}
			next[x.Name], all[x.Name] = one, one.client
		}
		last = next
		return all, nil
	})
	return marketplace.New(clients.Get), err
}

// outgoing carries the order queries of all sellers.
func outgoing() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 4 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    4 * time.Second,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: 4 * time.Second}, // gives a silent connection up
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// tracingEnv lets the configuration stand in for the standard variables where they are not set.
func tracingEnv(t config.Tracing, getenv func(string) string) func(string) string {
	if t.Endpoint == "" || getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" {
		return getenv
	}
	own := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": t.Endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
	if t.Insecure {
		own["OTEL_EXPORTER_OTLP_INSECURE"] = "true"
	}
	return func(name string) string {
		if v, ok := own[name]; ok {
			return v
		}
		return getenv(name)
	}
}

// redisOptions say where Redis is.
func redisOptions(r config.Redis) redis.Options {
	o := redis.Options{
		Addrs: r.Addrs, Master: r.Master, Cluster: r.Cluster, DB: r.DB, Username: r.Username, Password: r.Password.Reveal(),
		SentinelUsername: r.SentinelUsername, SentinelPassword: r.SentinelPassword.Reveal(), Prefix: r.Prefix,
	}
	if r.TLS {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return o
}
