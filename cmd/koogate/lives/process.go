// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// replicas is how many processes a world has.
const replicas = 2

// process is one Koogate that runs.
type process struct {
	server.Embedded
	store *frail
	core  *fulfil.Service
	own   *machine
}

// on is the process that is called now.
func (w *world) on() *process { return w.processes[w.here] }

// dead says whether the process that is called now has ended.
func (w *world) dead() bool { return w.on().store.dead }

// set sets the clocks of the machines. Koogate reads the store's clock every two seconds; here it does so at once.
func (w *world) set(ctx context.Context, skews [replicas]time.Duration) error {
	for k, p := range w.processes {
		p.own.skew = skews[k]
		if err := p.Begin(ctx, sellerName); err != nil {
			return err
		}
	}
	return nil
}

// restart starts a process over the rows that there are, in place of the one that is called now, on the same machine.
func (w *world) restart(ctx context.Context) error {
	own := &machine{Clock: w.clock}
	if old := w.on(); old != nil {
		own = old.own
	}
	p := &process{store: &frail{Store: w.rows, struck: &w.struck, writes: &w.writes, booked: &w.booked, flaw: w.flaw}, own: own}
	registry := prometheus.NewRegistry()
	d := server.Deps{
		Store: p.store, Keys: w.keys, Guard: guarded{w, p.store}, Marketplace: w.market, Pusher: w.market, Codes: w.market,
		Clock: own, Market: clock.Witness(own), Sealer: w.sealer, NewID: w.newID, Password: w.newID, Telemetry: w.telemetry,
		Metrics: telemetry.NewMetrics(registry), Gatherer: registry, Log: slog.New(slog.DiscardHandler),
	}
	cfg := settings()
	var err error
	if d.Sellers, err = server.OpenSellers(ctx, &cfg, seller.Deps{Store: p.store, Sealer: w.sealer, Clock: own, NewID: w.newID, Log: d.Log}); err != nil {
		return fmt.Errorf("start Koogate: %w", err)
	}
	s, err := server.New(cfg, d)
	if err != nil {
		return fmt.Errorf("start Koogate: %w", err)
	}
	p.Embedded, p.core = s.Embedded(), s.Core()
	w.processes[w.here] = p
	return p.Begin(ctx, sellerName)
}

// settings are those of every process.
func settings() config.Config {
	cfg := config.Default()
	cfg.Listen = config.Listen{Facade: "127.0.0.1:0", API: "127.0.0.1:0", GRPC: "127.0.0.1:0", Ops: "127.0.0.1:0"}
	cfg.Sellers = []config.Seller{{Name: sellerName, APITokens: []config.Secret{apiToken}}}
	cfg.Provisioners = []config.Provisioner{{Name: workQueue, Type: config.ProvisionerWorker}}
	cfg.Endpoints = []config.Endpoint{{
		Name: "lives", Seller: sellerName, Keys: []config.Secret{accessKey},
		Products: map[string]config.Product{"*": {Provisioner: workQueue, Meter: config.Meter{Name: "units"}}},
	}}
	return cfg
}

// guarded is the guard as one process has it, which is what Redis holds now. A process that has ended gives no lock back.
type guarded struct {
	w     *world
	store *frail
}

// Enter implements store.Guard.
func (g guarded) Enter(ctx context.Context, r store.EnterRequest) (store.Entry, error) {
	e, err := g.w.guard.Enter(ctx, r)
	if e.Lock == store.LockHeld {
		g.w.locks.Add(1)
	}
	return e, err
}

// Leave implements store.Guard. Koogate gives locks back beside the call, whose step waits for it.
func (g guarded) Leave(ctx context.Context, key string, fence int64, done bool) error {
	defer g.w.locks.Done()
	if g.store.dead {
		return nil
	}
	return g.w.guard.Leave(ctx, key, fence, done)
}

// Ping implements store.Guard.
func (g guarded) Ping(ctx context.Context) error { return g.w.guard.Ping(ctx) }

// Close implements store.Guard.
func (guarded) Close() error { return nil }

// machine is the clock of a process's machine, which is wrong by skew. Nobody else moves it while a step waits a moment for somebody
// else, so it moves by itself then.
type machine struct {
	*clocktest.Clock
	skew time.Duration
}

// moment is the longest wait for somebody else who is about to be done.
const moment = 100 * time.Millisecond

// Now implements clock.Clock.
func (m *machine) Now() time.Time { return m.Clock.Now().Add(m.skew) }

// NewTimer implements clock.Clock.
func (m *machine) NewTimer(d time.Duration) clock.Timer {
	if d > 0 && d <= moment {
		m.Advance(d)
		d = 0
	}
	return m.Clock.NewTimer(d)
}
