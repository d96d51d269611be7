// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/judge"
)

// Config is what a vendor's server is.
type Config struct {
	Families []judge.Family // that it serves at its one address
	Keys     []string       // all that are valid now, the one that signs answers first
	KitKeys  []string       // those of the Kit; default: Keys
	Clock    clock.Clock
	Ready    time.Duration // how long after its creation an instance is there; 0: at once
	Faults   []string      // IDs of mutants; none: everything is right
}

// Vendor is a seller's server. It is safe for concurrent use.
type Vendor struct {
	cfg Config

	mu   sync.Mutex
	disk disk   // what survives a crash
	ram  memory // what does not

	inside  int         // calls between two steps that should be one
	killing atomic.Bool // a crash is at hand
}

// memory is what a server holds in its process.
type memory struct {
	nonces    map[string]time.Time // signatures of calls that were answered, and when they are too old to matter
	unwritten []string             // instances that were made by the last call
}

// New returns a server that holds nothing yet.
func New(cfg Config) *Vendor {
	if cfg.KitKeys == nil {
		cfg.KitKeys = cfg.Keys
	}
	v := &Vendor{cfg: cfg, disk: newDisk()}
	v.start()
	return v
}

func (v *Vendor) start() {
	v.ram = memory{nonces: map[string]time.Time{}}
}

// has tells whether the server makes a mistake.
func (v *Vendor) has(fault string) bool { return slices.Contains(v.cfg.Faults, fault) }

// serves tells whether one of the families is served.
func (v *Vendor) serves(any ...judge.Family) bool {
	return slices.ContainsFunc(any, func(f judge.Family) bool { return slices.Contains(v.cfg.Families, f) })
}

// ServeHTTP implements http.Handler.
func (v *Vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.inside == 0 {
		v.ram.unwritten = nil
	}
	switch {
	case strings.Contains(r.URL.Path, "/produceAPI/"):
		v.kit(w, r)
	case r.Method == http.MethodGet:
		v.get(w, r)
	case r.Method == http.MethodPost:
		v.post(w, r)
	default:
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

// Kill ends the server as a crash does and starts it anew: what is only in memory is gone.
func (v *Vendor) Kill(context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.has("provisioned-first") { // it crashes where it hurts
		v.window(func() bool { return v.inside > 1 })
	}
	v.killing.Store(true)
	v.window(func() bool { return v.inside == 1 })
	v.killing.Store(false)
	v.lose()
	v.start()
	return nil
}

// State tells what the server holds.
func (v *Vendor) State(context.Context) ([]probe.Instance, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.disk.instances(), nil
}

// Hooks are those of the server.
func (v *Vendor) Hooks() probe.Hooks {
	return probe.Hooks{Kill: v.Kill, State: v.State, Store: v.Store}
}
