// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every promise is kept in as many lives as KOOGATE_LIVES says, from the seed KOOGATE_SEED on.
func TestEveryPromiseIsKept(t *testing.T) {
	cfg := Config{Seed: number(t, "KOOGATE_SEED", 1), N: int(number(t, "KOOGATE_LIVES", 60)), Workers: 2, Dir: inMemory(t)}
	began := time.Now()
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d lives, %d steps, %d faults in %s", r.Lives, r.Steps, r.Faults, time.Since(began))
	if f := r.Failed; f != nil {
		t.Fatalf("life %d of seed %d: %v\n%s\nshortest: %v\n%s", f.Life, f.Seed, f.Broken, f.Plan, f.Shows, f.Minimal)
	}
	if r.Lives != cfg.N || r.Faults == 0 {
		t.Errorf("%d lives with %d faults were lived, want %d", r.Lives, r.Faults, cfg.N)
	}
}

// inMemory is a directory in memory where there is one: what is lived here proves nothing about disks.
func inMemory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "koogate-lives-") //nolint:usetesting // which has none in memory
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// A seed tells the whole of a life: the same one has the same faults, and another has others.
func TestASeedTellsTheLives(t *testing.T) {
	lived := func(seed uint64) Report {
		r, err := Run(t.Context(), Config{Seed: seed, N: 12, Dir: inMemory(t)})
		if err != nil || r.Failed != nil {
			t.Fatalf("%+v %v", r.Failed, err)
		}
		return r
	}
	first := lived(7)
	if again := lived(7); again != first {
		t.Errorf("seed 7: %+v, then %+v", first, again)
	}
	if other := lived(8); other == first {
		t.Errorf("seeds 7 and 8: both %+v", other)
	}
}

// recorded tells whether a change records an event of the kind.
func recorded(c *store.Change, kind string) bool {
	return slices.ContainsFunc(c.Events, func(e store.Event) bool { return e.Kind == kind })
}

// Faults that are planted between Koogate and its rows are found, by the promise that they break, and the life that shows one is shrunk to
// a few steps that break the same promise again.
func TestPlantedFaultsAreFound(t *testing.T) {
	purchased := time.Date(2027, 3, 2, 15, 59, 59, 0, time.UTC) // a year from the epoch, until the end of the day in Beijing
	for name, c := range map[string]struct {
		flaw    func(c *store.Change) bool
		promise string
	}{
		"the query's answer overwrites a renewal": {func(c *store.Change) bool {
			if recorded(c, fulfil.EventOrderQueried) {
				for k := range c.PutInstances { // a late answer, to a purchase that was renewed meanwhile
					c.PutInstances[k].ExpireAt = purchased
				}
			}
			return true
		}, promiseNewest},
		"an order has two instances": {func(c *store.Change) bool {
			if len(c.NewInstances) == 1 {
				second := c.NewInstances[0]
				second.InstanceID += "-2"
				c.NewInstances = append(c.NewInstances, second)
			}
			return true
		}, promiseOne},
		"a purchase is acknowledged and not written": {func(c *store.Change) bool { return c.NewOrder == nil }, promiseDurable},
		"a renewal is acknowledged and not written":  {func(c *store.Change) bool { return !recorded(c, fulfil.EventRefreshed) }, promiseNewest},
		"a release is acknowledged and not written":  {func(c *store.Change) bool { return !recorded(c, fulfil.EventReleased) }, promiseDurable},
		"a freeze puts the instance back": {func(c *store.Change) bool {
			for k := range c.PutInstances {
				if c.PutInstances[k].State == store.InstanceFrozen && recorded(c, fulfil.EventFrozen) {
					c.PutInstances[k].State = store.InstanceProvisioning
				}
			}
			return true
		}, promiseForward},
		"an instance in use is failed by an unfreeze, and takes no usage": {func(c *store.Change) bool {
			for k := range c.PutInstances {
				if recorded(c, fulfil.EventUnfrozen) {
					c.PutInstances[k].State = store.InstanceFailed
				}
			}
			return true
		}, promiseUsage},
		"an event is changed after it was hashed": {func(c *store.Change) bool {
			for k := range c.Events {
				if c.Events[k].Kind == fulfil.EventTaskCompleted {
					c.Events[k].Data = `{}`
				}
			}
			return true
		}, promiseChain},
		"a row is written by a machine's clock": {func(c *store.Change) bool {
			for k := range c.PutInstances {
				c.PutInstances[k].UpdatedAt = c.PutInstances[k].UpdatedAt.Add(40 * time.Second)
			}
			return true
		}, promiseClock},
		"a task is never done": {func(c *store.Change) bool {
			for k := range c.PutTasks {
				if c.PutTasks[k].Kind == store.TaskRefresh && c.PutTasks[k].State == store.TaskDone {
					c.PutTasks[k].State = store.TaskFailed
				}
			}
			return true
		}, promiseTerminal},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Run(t.Context(), Config{Seed: 3, N: 200, Workers: 2, Dir: inMemory(t), flaw: c.flaw})
			if err != nil {
				t.Fatal(err)
			}
			f := r.Failed
			if f == nil {
				t.Fatalf("not found in %d lives", r.Lives)
			}
			b := (*Broken)(nil)
			if !errors.As(f.Shows, &b) || b.Promise != c.promise {
				t.Errorf("life %d: %v, want %q\n%s", f.Life, f.Shows, c.promise, f.Minimal)
			}
			t.Logf("found in life %d: %v; %d steps, shrunk to\n%s", f.Life, f.Shows, len(f.Plan), f.Minimal)
			if len(f.Minimal) > 6 {
				t.Errorf("the shortest life has %d steps", len(f.Minimal))
			}
		})
	}
}

// What is simpler than a plan has one thing less, and nothing else.
func TestSimplerPlans(t *testing.T) {
	plan := Plan{{Op: OpRenew, Number: 1, Fault: FaultAfter, At: 1, Lost: true}, {Op: OpJobs, Process: 1, During: []Step{{Op: OpFreeze}}}}
	for _, p := range plan.simpler() {
		if p.size() >= plan.size() {
			t.Errorf("not simpler:\n%s", p)
		}
	}
	if n := len(plan.simpler()); n != 7 {
		t.Errorf("%d simpler plans, want 7", n)
	}
}

// size counts what happens in a plan.
func (p Plan) size() (n int) {
	for _, s := range p {
		n += 1 + Plan(s.During).size()
		if s.Fault != FaultNone {
			n++
		}
		if s.Lost {
			n++
		}
		n += s.Process
	}
	return n
}
