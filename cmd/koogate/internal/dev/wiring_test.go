// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/marketplace"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store/memory"
	"github.com/koogate/koogate/store/sqlite"
)

// wire is the [Start] of these tests. That of the command line is in package main, whose tests run koogate dev as a process.
func wire(ctx context.Context, cfg config.Config, log *slog.Logger, c clock.Clock) (Server, error) {
	c = cmp.Or[clock.Clock](c, clock.System{})
	registry := prometheus.NewRegistry()
	d := server.Deps{
		Clock: c, Market: clock.Witness(c), NewID: uuid.NewString, Password: rand.Text, Guard: memory.New(c.Now),
		Metrics: telemetry.NewMetrics(registry), Gatherer: registry, Log: log,
	}
	var err error
	if d.Sealer, err = vaulttest.New(); err != nil {
		return nil, err
	}
	silent := func(string) string { return "" }
	if d.Telemetry, err = telemetry.Setup(ctx, telemetry.Options{Getenv: silent, Clock: c, Logger: log}); err != nil {
		return nil, err
	}
	path, _ := cfg.Database.SQLitePath()
	if d.Store, err = sqlite.Open(ctx, sqlite.Options{Path: path, Migrate: true, Clock: c.Now, Logger: log}); err != nil {
		return nil, err
	}
	d.Sellers, err = server.OpenSellers(ctx, &cfg, seller.Deps{Store: d.Store, Sealer: d.Sealer, Clock: c, NewID: d.NewID, Log: log})
	if err != nil {
		return nil, err
	}
	clients := make(map[string]marketplace.Querier)
	for _, s := range cfg.Sellers {
		if clients[s.Name], err = openapi.New(openapi.Config{BaseURL: s.Marketplace.BaseURL, Credentials: demoCredentials, Now: c.Now}); err != nil {
			return nil, err
		}
	}
	market := marketplace.New(func() map[string]marketplace.Querier { return clients })
	d.Marketplace, d.Pusher, d.Codes = market, market, market
	return server.New(cfg, d)
}

// freeAddrs returns addresses that were free, below the ports that the kernel gives to clients.
func freeAddrs(t *testing.T, n int) []string {
	t.Helper()
	addrs := make([]string, 0, n)
	for tries := 0; len(addrs) < n; tries++ {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 10000+mathrand.IntN(10000)))
		switch {
		case err == nil:
			defer l.Close()
			addrs = append(addrs, l.Addr().String())
		case tries > 1000:
			t.Fatal(err)
		}
	}
	return addrs
}
