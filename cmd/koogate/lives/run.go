// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
)

// Config is how many orders are lived, and which.
type Config struct {
	Seed    uint64
	First   int    // number of the first life, from 1; default 1
	N       int    // how many
	Workers int    // how many worlds live at the same time; default 1
	Dir     string // where databases are made; default: the system's temporary directory

	// Progress is told after each life, from any goroutine; nil for nobody.
	Progress func()

	flaw func(c *store.Change) bool
}

// Report is what a run has found.
type Report struct {
	Lives, Steps, Faults int
	Failed               *Failure // the first that was found; nil when every promise was kept
}

// Failure is a life that breaks a promise.
type Failure struct {
	Seed    uint64
	Life    int   // its number
	Plan    Plan  // as it was drawn
	Broken  error // *Broken
	Minimal Plan  // the shortest plan that was found to break the same promise
	Shows   error // what Minimal breaks
}

// worldLives is how many lives a world has: then its database is as large as it should get.
const worldLives = 500

// Run lives orders until all are lived or a promise is broken. Only what keeps lives from being lived is an error.
func Run(ctx context.Context, cfg Config) (Report, error) {
	cfg.First, cfg.Workers = max(cfg.First, 1), max(cfg.Workers, 1)
	shared, err := newParts(ctx)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = shared.telemetry.Shutdown(context.WithoutCancel(ctx)) }()
	shared.flaw = cfg.flaw
	var (
		mu   sync.Mutex
		all  Report
		next = cfg.First
		work errgroup.Group
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		n := next
		if n >= cfg.First+cfg.N || all.Failed != nil || ctx.Err() != nil {
			return 0, false
		}
		next++
		return n, true
	}
	for range cfg.Workers {
		work.Go(func() error {
			for {
				more, err := cfg.world(ctx, shared, take, func(r Report) {
					mu.Lock()
					defer mu.Unlock()
					all.Lives, all.Steps, all.Faults = all.Lives+r.Lives, all.Steps+r.Steps, all.Faults+r.Faults
					if r.Failed != nil && (all.Failed == nil || r.Failed.Life < all.Failed.Life) {
						all.Failed = r.Failed
					}
				})
				if err != nil || !more {
					return err
				}
			}
		})
	}
	err = errors.Join(work.Wait(), ctx.Err())
	if err == nil && all.Failed != nil {
		err = all.Failed.shrink(ctx, cfg, shared)
	}
	return all, err
}

func newParts(ctx context.Context) (p parts, err error) {
	keyset, err := vault.Generate()
	if err != nil {
		return p, err
	}
	if p.sealer, err = vault.Open(keyset); err != nil {
		return p, err
	}
	signing, err := evidence.Generate()
	if err != nil {
		return p, err
	}
	if p.keys, err = evidence.Parse(signing); err != nil {
		return p, err
	}
	p.telemetry, err = telemetry.Setup(ctx, telemetry.Options{Getenv: func(string) string { return "" }})
	return p, err
}

// world lives orders in one world. more is false when there are none left.
func (cfg Config) world(ctx context.Context, p parts, take func() (int, bool), tell func(Report)) (more bool, err error) {
	err = cfg.inWorld(ctx, p, func(w *world) error {
		for range worldLives {
			n, ok := take()
			if !ok {
				return nil
			}
			plan, had := planOf(cfg.Seed, n), w.struck
			err := liveOne(ctx, w, cfg.Seed, n, plan)
			r := Report{Lives: 1, Steps: len(plan), Faults: w.struck - had}
			if b := (*Broken)(nil); errors.As(err, &b) {
				r.Failed = &Failure{Seed: cfg.Seed, Life: n, Plan: plan, Broken: err}
			} else if err != nil {
				return fmt.Errorf("life %d of seed %d: %w", n, cfg.Seed, err)
			}
			tell(r)
			if cfg.Progress != nil {
				cfg.Progress()
			}
			if r.Failed != nil {
				return nil
			}
		}
		more = true
		return nil
	})
	return more, err
}

// inWorld makes a world for as long as f runs.
func (cfg Config) inWorld(ctx context.Context, p parts, f func(*world) error) (err error) {
	dir, err := os.MkdirTemp(cfg.Dir, "koogate-lives-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := newWorld(ctx, p, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	return f(w)
}

// chance is the chance of one life.
func chance(seed uint64, n int) *rand.Rand {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(n))
	return rand.New(rand.NewChaCha8(key)) //nolint:gosec // chance that can be repeated
}

// character is what is drawn of a life besides its plan.
type character struct {
	metered bool
	skews   [replicas]time.Duration // of the machines' clocks
}

// skews are how wrong a machine's clock is: less than what makes it refuse the marketplace's calls.
var skews = [...]time.Duration{0, 7 * time.Second, 40 * time.Second, -40 * time.Second}

func characterOf(r *rand.Rand) (c character) {
	c.metered = r.IntN(3) == 0
	for k := range c.skews {
		c.skews[k] = skews[r.IntN(len(skews))]
	}
	return c
}

func planOf(seed uint64, n int) Plan {
	r := chance(seed, n)
	if characterOf(r).metered {
		return draw(r, metered)
	}
	return draw(r, weights)
}

// between is how much time passes between two lives: more than anything of the one before can take.
const between = 10 * time.Minute

// start is the minute of an hour at which every life begins: what is used is counted by the hour, and soon there is another one.
const start = 50 * time.Minute

func liveOne(ctx context.Context, w *world, seed uint64, n int, plan Plan) error {
	free := w.clock.Now().Add(between)
	begin := free.Truncate(time.Hour).Add(start)
	if begin.Before(free) {
		begin = begin.Add(time.Hour)
	}
	w.clock.Advance(begin.Sub(w.clock.Now()))
	c := characterOf(chance(seed, n))
	if err := w.set(ctx, c.skews); err != nil {
		return err
	}
	l, err := newLife(ctx, w, seed, n, c.metered)
	if err != nil {
		return err
	}
	defer l.close()
	return l.live(plan)
}

// shrink looks for the shortest plan that breaks the same promise, each in a world of its own.
func (f *Failure) shrink(ctx context.Context, cfg Config, p parts) error {
	f.Minimal, f.Shows = f.Plan, f.Broken
	for shorter := true; shorter; {
		shorter = false
		for _, plan := range f.Minimal.simpler() {
			err := cfg.inWorld(ctx, p, func(w *world) error { return liveOne(ctx, w, f.Seed, f.Life, plan) })
			if ctx.Err() != nil {
				return ctx.Err()
			}
			was, is := (*Broken)(nil), (*Broken)(nil)
			if errors.As(f.Broken, &was) && errors.As(err, &is) && was.Promise == is.Promise {
				f.Minimal, f.Shows, shorter = plan, err, true
				break
			}
		}
	}
	return nil
}
