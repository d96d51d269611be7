// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// book is a store of calls that remembers what it was told and fails on demand.
type book struct {
	store.Calls

	mu       sync.Mutex
	err      error
	batches  int
	calls    map[string]store.Call
	order    []string
	refusals map[string]int64
	hang     bool // RecordCalls waits for its context
}

func (b *book) RecordCalls(ctx context.Context, calls []store.Call, refusals []store.CallRefusal) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hang {
		b.mu.Unlock()
		<-ctx.Done()
		b.mu.Lock()
		return ctx.Err()
	}
	if b.batches++; b.err != nil {
		return b.err
	}
	for _, c := range calls {
		if _, there := b.calls[c.ID]; !there {
			b.order = append(b.order, c.ID)
		}
		b.calls[c.ID] = c
	}
	for _, r := range refusals {
		b.refusals[r.ID()] += r.Calls
	}
	return nil
}

func (b *book) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

type rig struct {
	*journal.Journal

	book     *book
	clock    *clocktest.Clock
	log      *strings.Builder
	registry *prometheus.Registry
}

func newRig(c clock.Clock) *rig {
	r := &rig{
		book: &book{calls: make(map[string]store.Call), refusals: make(map[string]int64)}, clock: clocktest.New(noon), log: &strings.Builder{},
		registry: prometheus.NewRegistry(),
	}
	if c == nil {
		c = r.clock
	}
	r.Journal = journal.New(journal.Deps{
		Store: r.book, Sealer: reversing{}, Bodies: true, Clock: c, NewID: storetest.NewID, Metrics: telemetry.NewMetrics(r.registry), Log: slog.New(slog.NewTextHandler(r.log, nil)),
	})
	return r
}

// lost is how many calls of a kind the metric counts as not recorded.
func (r *rig) lost(t *testing.T, what string) float64 {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "koogate_calls_unrecorded_total" && m.GetLabel()[0].GetValue() == what {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func entry(n int, at time.Time) journal.Entry {
	return journal.Entry{
		Seller: "acme", Endpoint: "main", Family: "saas_v2", Activity: "newInstance", OrderID: fmt.Sprint("CS", n), Identity: fmt.Sprint("CS", n),
		Code: "000000", Status: 200, Arrived: at,
	}
}

func flush(t *testing.T, r *rig) {
	t.Helper()
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A call does not wait for its record, whatever the database does: what there is no room for is counted.
func TestACallDoesNotWaitForADatabaseThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(clock.System{})
		r.book.hang = true
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		start := time.Now()
		for n := range 5000 {
			r.Take(entry(n, time.Now()))
			if n%1000 == 0 {
				synctest.Wait()
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("taking calls waited for %s", took)
		}
		if lost := r.lost(t, "call"); lost != 5000-4096 {
			t.Errorf("%v calls are counted as lost, want %d", lost, 5000-4096)
		}
		time.Sleep(time.Minute)
		cancel()
		stop := time.Now()
		running.Wait()
		if took := time.Since(stop); took > 2*time.Second {
			t.Errorf("the stop waited for %s", took)
		}
	})
}

// While the database is away calls wait, and are all there afterwards, each once and in order; the log says it once.
func TestCallsAreRecordedWhenTheDatabaseIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(clock.System{})
		r.book.fail(errors.New("away"))
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		var want []string
		for n := range 300 {
			want = append(want, r.Take(entry(n, time.Now())))
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if tries := r.book.batches; tries < 3 || tries > 5 {
			t.Errorf("%d tries within three seconds, want about one in a second", tries)
		}
		refused := entry(0, time.Now())
		refused.Cause = store.CauseKey
		want = append(want, r.Take(refused))
		r.book.fail(nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if strings.Join(r.book.order, " ") != strings.Join(want, " ") || r.book.refusals["main/KEY"] != 1 {
			t.Errorf("%d calls are recorded and %v refusals, want %d and 1", len(r.book.order), r.book.refusals, len(want))
		}
		want = append(want, r.Take(entry(301, time.Now())))
		cancel()
		running.Wait() // the stop writes what is left
		if len(r.book.order) != len(want) {
			t.Errorf("%d calls are recorded after the stop, want %d", len(r.book.order), len(want))
		}
		if strings.Count(r.log.String(), "not recorded now") != 1 || strings.Count(r.log.String(), "recorded again") != 1 {
			t.Errorf("the log says\n%s", r.log)
		}
	})
}

// What the database refuses for good does not stand in the way of what follows.
func TestWhatTheDatabaseRefusesIsLost(t *testing.T) {
	r := newRig(nil)
	r.book.fail(store.ErrBadData)
	r.Take(entry(1, noon))
	flush(t, r)
	r.book.fail(nil)
	id := r.Take(entry(2, noon))
	flush(t, r)
	if r.lost(t, "call") != 1 || len(r.book.order) != 1 || r.book.order[0] != id {
		t.Errorf("%v are lost, recorded %v", r.lost(t, "call"), r.book.order)
	}
}

// Looks at the same instances that are answered alike within a minute are one row, which counts them.
func TestLooksAreFolded(t *testing.T) {
	r := newRig(nil)
	look := func(instances, code string) string {
		e := entry(0, r.clock.Now())
		e.Activity, e.Identity, e.Look, e.InstanceID, e.Code = "queryInstance", "", instances, instances, code
		return r.Take(e)
	}
	first := look("i-1", "000004")
	for range 9 {
		r.clock.Advance(5 * time.Second)
		if id := look("i-1", "000004"); id != first {
			t.Fatalf("the look has another row, %s", id)
		}
	}
	done, long := look("i-1", "000000"), look(strings.Repeat("i,", 300), "000000")
	if look("i-2", "000004") == first || done == first || look(strings.Repeat("i,", 300), "000000") != long {
		t.Error("other instances or another answer share a row, or a long list has none")
	}
	flush(t, r)
	if c := r.book.calls[first]; c.Times != 10 || !c.LastAt.Equal(noon.Add(45*time.Second)) || !c.CreatedAt.Equal(noon) || c.Subject != "" {
		t.Errorf("the row is %+v", c)
	}
	r.clock.Advance(20 * time.Second)
	if next := look("i-1", "000004"); next == first {
		t.Error("a look after the minute has no row of its own")
	}
	flush(t, r)
	if n := len(r.book.calls); n != 5 {
		t.Errorf("there are %d rows, want 5", n)
	}
}

// A stranger writes 60 rows a minute at an endpoint, whatever he sends; each of his calls is counted, by its cause.
func TestAStrangerFillsNoTable(t *testing.T) {
	r := newRig(nil)
	rows := 0
	for n := range 3 * 60 * 10 { // three minutes, ten calls a second
		for _, endpoint := range []string{"main", "second"} {
			e := entry(n, r.clock.Now())
			e.Endpoint, e.Code, e.Reason, e.Cause, e.OrderID = endpoint, "000001", "signature", store.CauseKey, "CS-of-a-stranger"
			if n%2 == 1 {
				e.Cause = store.CauseClock
			}
			if r.Take(e) != "" && endpoint == "main" {
				rows++
			}
		}
		r.clock.Advance(100 * time.Millisecond)
		if n%10 == 0 {
			flush(t, r)
		}
	}
	for range 1000 {
		nobodys := journal.Entry{Code: "000001", Cause: store.CauseKey, Arrived: r.clock.Now()}
		r.Take(nobodys)
	}
	flush(t, r)
	if n := len(r.book.refusals); n != 4 {
		t.Errorf("%d counts: what is nobody's is counted", n)
	}
	if rows != 3*60 {
		t.Errorf("%d rows in three minutes, want 180", rows)
	}
	for id, want := range map[string]int64{"main/KEY": 900, "main/CLOCK": 900, "second/KEY": 900} {
		if r.book.refusals[id] != want {
			t.Errorf("%s is counted %d times, want %d", id, r.book.refusals[id], want)
		}
	}
	for _, c := range r.book.calls {
		if c.Seller == "" || c.Verdict != store.CallRefused || c.OrderID+c.Activity+c.Family+c.InstanceID+c.Subject != "" {
			t.Fatalf("a row says what nobody has verified: %+v", c)
		}
	}
}

// When room becomes scarce the marketplace's orders keep half of it.
func TestStrangersAndLooksLeaveRoomForOrders(t *testing.T) {
	r := newRig(nil)
	r.book.fail(errors.New("away"))
	for n := range 3000 {
		e := entry(n, noon)
		e.Activity, e.Look = "queryInstance", fmt.Sprint("i-", n)
		r.Take(e)
	}
	for n := range 2048 {
		if r.Take(entry(n, noon)) == "" {
			t.Fatalf("there is no room for order %d", n)
		}
	}
	if r.lost(t, "look") != 3000-2048 || r.lost(t, "call") != 0 {
		t.Errorf("%v looks and %v calls are lost", r.lost(t, "look"), r.lost(t, "call"))
	}
}
