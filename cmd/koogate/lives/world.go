// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
	"github.com/koogate/koogate/store/sqlite"
)

// What the one seller of a world is called and holds.
const (
	sellerName = "lives"
	workQueue  = "workers"
	accessKey  = "a-key-of-lives-0123456789abcdef"
	apiToken   = "a-token-of-lives-0123456789abcdef01"
	address    = "http://lives.invalid/produce/lives"
)

// epoch is when every world begins.
var epoch = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is a Koogate that lives orders one after the other, over one database.
type world struct {
	parts
	clock  *clocktest.Clock
	rows   *sqlite.Store
	guard  store.Guard    // what Redis holds: it outlives the process
	locks  sync.WaitGroup // that were taken and not given back
	market *market
	struck int // faults so far

	store    *frail // of the process that runs now
	embedded server.Embedded
	core     *fulfil.Service
	ids      uint64
}

// parts are what all worlds share.
type parts struct {
	sealer    fulfil.Sealer
	keys      *evidence.Keys
	telemetry *telemetry.Provider
	flaw      func(c *store.Change) bool // nil for none
}

// newWorld makes a database in a directory and starts the first process over it.
func newWorld(ctx context.Context, p parts, dir string) (w *world, err error) {
	w = &world{parts: p, clock: clocktest.New(epoch), market: &market{facts: map[string]fulfil.OrderFacts{}}}
	w.rows, err = sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(dir, "lives.db"), Migrate: true, Clock: w.clock.Now})
	if err != nil {
		return nil, err
	}
	w.guard = memory.New(w.clock.Now)
	if err := w.restart(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) close() error { return errors.Join(w.guard.Close(), w.rows.Close()) }

// loseRedis empties what Redis held.
func (w *world) loseRedis() error {
	old := w.guard
	w.guard = memory.New(w.clock.Now)
	return old.Close()
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

// restart starts a process over the rows that there are; the one before is gone.
func (w *world) restart(ctx context.Context) error {
	w.store = &frail{Store: w.rows, struck: &w.struck, flaw: w.flaw}
	cfg := config.Default()
	cfg.Listen = config.Listen{Facade: "127.0.0.1:0", API: "127.0.0.1:0", GRPC: "127.0.0.1:0", Ops: "127.0.0.1:0"}
	cfg.Sellers = []config.Seller{{Name: sellerName, APITokens: []config.Secret{apiToken}}}
	cfg.Provisioners = []config.Provisioner{{Name: workQueue, Type: config.ProvisionerWorker}}
	cfg.Endpoints = []config.Endpoint{{
		Name: "lives", Seller: sellerName, Keys: []config.Secret{accessKey}, Products: map[string]config.Product{"*": {Provisioner: workQueue}},
	}}
	own := hurried{w.clock}
	registry := prometheus.NewRegistry()
	d := server.Deps{
		Store: w.store, Keys: w.keys, Guard: guarded{w, w.store}, Marketplace: w.market, Pusher: w.market, Codes: w.market,
		Clock: own, Market: clock.Witness(own), Sealer: w.sealer, NewID: w.newID, Password: w.newID, Telemetry: w.telemetry,
		Metrics: telemetry.NewMetrics(registry), Gatherer: registry, Log: slog.New(slog.DiscardHandler),
	}
	var err error
	if d.Sellers, err = server.OpenSellers(ctx, &cfg, seller.Deps{Store: w.store, Sealer: w.sealer, Clock: w.clock, NewID: w.newID, Log: d.Log}); err != nil {
		return fmt.Errorf("start Koogate: %w", err)
	}
	s, err := server.New(cfg, d)
	if err != nil {
		return fmt.Errorf("start Koogate: %w", err)
	}
	w.embedded, w.core = s.Embedded(), s.Core()
	return nil
}

// hurried is Koogate's clock. Nobody else moves it while a step waits a moment for somebody else, so it moves by itself then.
type hurried struct{ *clocktest.Clock }

// moment is the longest wait for somebody else who is about to be done.
const moment = 100 * time.Millisecond

// NewTimer implements clock.Clock.
func (c hurried) NewTimer(d time.Duration) clock.Timer {
	if d > 0 && d <= moment {
		c.Advance(d)
		d = 0
	}
	return c.Clock.NewTimer(d)
}

// newID returns UUIDs in their order that follow from how many there were.
func (w *world) newID() string {
	w.ids++
	var id uuid.UUID
	ms := uint64(w.clock.Now().UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6], id[8] = 0x70|byte(w.ids>>60), 0x80
	for i := range 7 {
		id[9+i] = byte(w.ids >> (48 - 8*i))
	}
	return id.String()
}

// RoundTrip carries the marketplace's calls to the facade of the process that runs now.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.RequestURI(), r.Body)
	in.Header = r.Header.Clone()
	in.Host = r.URL.Host
	w.embedded.Facade().ServeHTTP(rec, in)
	w.locks.Wait()
	return rec.Result(), nil
}

// api makes an internal call and reads the answer; status is 0 when the process has ended over it.
func (w *world) api(ctx context.Context, path string, in, out any) (status int, err error) {
	text, err := json.Marshal(in)
	if err != nil {
		return 0, err
	}
	rec := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(text))
	r.Header.Set("Authorization", "Bearer "+apiToken)
	r.Header.Set("Content-Type", "application/json")
	w.embedded.API().ServeHTTP(rec, r)
	if w.store.dead {
		return 0, nil
	}
	answer, err := io.ReadAll(rec.Body)
	if err != nil || rec.Code != http.StatusOK || out == nil {
		return rec.Code, err
	}
	return rec.Code, json.Unmarshal(answer, out)
}
