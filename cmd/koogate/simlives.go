// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/cmd/koogate/lives"
)

// simLivesCmd is koogate sim lives.
type simLivesCmd struct {
	N       int     `short:"n" help:"How many orders are lived." default:"1000" placeholder:"COUNT"`
	Seed    *uint64 `help:"Chance: the same seed gives the same lives. Default: a new one, which is printed." placeholder:"NUMBER"`
	Life    int     `help:"Only the life with this number, as a failure names it." placeholder:"NUMBER"`
	Workers int     `help:"How many are lived at the same time. Default: one for each processor." placeholder:"COUNT"`
	Dir     string  `help:"Where the databases are made, and removed again. Default: the system's temporary directory; one in memory is faster." type:"existingdir" placeholder:"DIR"`
}

// Help is shown by koogate sim lives --help.
func (simLivesCmd) Help() string {
	return `Lives made-up orders on an embedded Koogate of two processes, in virtual time and without the network: purchases, renewals,
freezes, releases, reported and corrected usage, workers that lose their lease and order queries whose answers come late, while writes
fail before and after their commit, answers are lost, processes end in the middle, machines' clocks are wrong and Redis forgets.
After each step every promise is checked: one instance for an order line, the first verdict wins, no fact is put back by an older
answer, no state moves backward, what was acknowledged is written, a lease is one worker's, a task is completed once, the store's
clock says when, what was used is told and told once, the chain of events holds, and every record ends in a named state.

A life that breaks a promise is shrunk to the shortest one that does, and the command that lives it again is printed.

Exit codes: 0 every promise was kept; 1 one was broken, or the lives could not be lived; 2 the command line is wrong.

Examples:
  koogate sim lives
  koogate sim lives -n 20000 --seed 7 --dir /dev/shm
  koogate sim lives --seed 7 --life 326`
}

// Validate refuses what means nothing.
func (c *simLivesCmd) Validate() error {
	if c.N < 1 || c.Life < 0 || c.Workers < 0 {
		return errors.New("--n is at least 1, and neither --life nor --workers is negative")
	}
	return nil
}

// Run implements the command.
func (c *simLivesCmd) Run(ctx context.Context, out *terminal.Console) error {
	cfg := lives.Config{Seed: chosen(c.Seed), N: c.N, Workers: c.Workers, Dir: c.Dir}
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Life > 0 {
		cfg.First, cfg.N = c.Life, 1
	}
	began := machine.Now()
	var lived atomic.Int64
	cfg.Progress = func() {
		const every = 1000
		if n := lived.Add(1); n%every == 0 && int(n) < cfg.N {
			fmt.Fprintf(out.Err, "%d of %d lives\n", n, cfg.N)
		}
	}
	r, err := lives.Run(ctx, cfg)
	took := machine.Now().Sub(began)
	fmt.Fprintf(out.Out, "seed %d: %d lives, %d steps, %d faults in %s (%.0f lives a second)\n",
		cfg.Seed, r.Lives, r.Steps, r.Faults, took.Round(1e6), float64(r.Lives)/took.Seconds())
	if f := r.Failed; f != nil {
		fmt.Fprintf(out.Out, "\nlife %d breaks a promise: %v\n\n%s\nThe shortest that was found: %v\n\n%s\nLive it again:  koogate sim lives --seed %d --life %d\n",
			f.Life, f.Broken, f.Plan, f.Shows, f.Minimal, f.Seed, f.Life)
		return errors.Join(err, errReported)
	}
	if err == nil {
		fmt.Fprintln(out.Out, "every promise was kept")
	}
	return err
}

// chosen is the seed that was asked for, or a new one.
func chosen(seed *uint64) uint64 {
	if seed != nil {
		return *seed
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return uint64(binary.LittleEndian.Uint32(b[:]))
}
