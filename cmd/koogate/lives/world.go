// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/memory"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqllist"
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

// world is a Koogate of two processes that lives orders one after the other, over one database and one Redis.
type world struct {
	parts
	clock  *clocktest.Clock // the store's and the marketplace's
	rows   *sqlite.Store
	guard  store.Guard    // what Redis holds: it outlives the processes
	locks  sync.WaitGroup // that were taken and not given back
	market *market
	struck int // faults so far
	writes int // of all processes so far, done or tried
	booked int // those of usage among them

	processes [replicas]*process
	here      int // the process that is called now
	ids       uint64
}

// parts are what all worlds share.
type parts struct {
	sealer    fulfil.Sealer
	keys      *evidence.Keys
	telemetry *telemetry.Provider
	flaw      func(c *store.Change) bool // nil for none
}

// unhurried is how long what is bounded by the machine's clock may take in a life, whose own clock stands meanwhile: a busy machine
// breaks no promise.
const unhurried = time.Hour

// newWorld makes a database in a directory and starts the first processes over it.
func newWorld(ctx context.Context, p parts, dir string) (w *world, err error) {
	w = &world{parts: p, clock: clocktest.New(epoch), market: newMarket()}
	w.rows, err = sqlite.Open(ctx, sqlite.Options{
		Path: filepath.Join(dir, "lives.db"), Migrate: true, Clock: w.clock.Now, Lists: sqllist.Limits{Patience: unhurried, Time: unhurried},
	})
	if err != nil {
		return nil, err
	}
	w.guard = memory.New(w.clock.Now)
	for k := range w.processes {
		w.here = k
		if err := w.restart(ctx); err != nil {
			return nil, errors.Join(err, w.close())
		}
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
	w.on().Facade().ServeHTTP(rec, in)
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
	w.on().API().ServeHTTP(rec, r)
	if w.dead() {
		return 0, nil
	}
	answer, err := io.ReadAll(rec.Body)
	if err != nil || rec.Code != http.StatusOK || out == nil {
		return rec.Code, err
	}
	return rec.Code, json.Unmarshal(answer, out)
}
