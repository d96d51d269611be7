// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/marketplace"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
)

// fromEnv reads a number of the environment.
func fromEnv(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q is not a number", name, text)
	}
	return n
}

// histories share a database, so that they share its commits; it is left for a new one before it grows large.
const historiesPerFile = 500

// TestUsageHistories plays random histories through everything between a report and a bill: the usage domain over SQLite, the
// client of the open API, and the simulator's judgement, all on one clock. There are repeats, conflicts, corrections, late
// records and releases; a process that dies between any two calls of the store, before or after the commit; refused records,
// lost answers, failures, limits, and outages up to 72 h. After each every unit is billed or refused, once.
//
// KOOGATE_HISTORIES is how many, 200 by default and 40 under the race detector; KOOGATE_SEED the seed of the first, the others follow by one.
func TestUsageHistories(t *testing.T) {
	usual := uint64(200)
	if raceDetector {
		usual = 40
	}
	count := fromEnv(t, "KOOGATE_HISTORIES", usual)
	seed := fromEnv(t, "KOOGATE_SEED", uint64(time.Now().UnixNano())/1000)
	began := time.Now()
	var all historyCounts
	for done := uint64(0); done < count && !t.Failed(); done += historiesPerFile {
		all.add(playHistories(t, seed+done, min(historiesPerFile, count-done)))
		if count > historiesPerFile {
			t.Logf("%d of %d, %s", min(done+historiesPerFile, count), count, time.Since(began).Round(time.Second))
		}
	}
	t.Logf("KOOGATE_SEED=%d KOOGATE_HISTORIES=%d, %s: %+v", seed, count, time.Since(began).Round(10*time.Millisecond), all)
	if count >= 100 && !t.Failed() && slices.Contains(all.must(), 0) {
		t.Errorf("the histories are too tame to prove anything: %+v", all)
	}
}

func playHistories(t *testing.T, seed, count uint64) (all historyCounts) {
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(fastDir(t), "koogate.db"), Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	metrics := telemetry.NewMetrics(prometheus.NewRegistry())
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := make(chan uint64)
	for range 2 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for n := range next {
				h := newHistory(t, st, metrics, n)
				err := h.play(t.Context())
				h.sim.Close()
				if err != nil {
					t.Errorf("%v\nrun it again with KOOGATE_SEED=%d KOOGATE_HISTORIES=1\n%s", err, n, strings.Join(h.log, "\n"))
				}
				mu.Lock()
				all.add(h.counts)
				mu.Unlock()
			}
		})
	}
	for n := range count {
		if t.Failed() {
			break
		}
		next <- seed + n
	}
	close(next)
	wg.Wait()
	return all
}

// fastDir is a directory in memory where there is one: the disk's own promises are not what is tested.
func fastDir(t *testing.T) string {
	t.Helper()
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err != nil || !info.IsDir() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "koogate-test-") //nolint:usetesting // not where TMPDIR is
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// historyCounts tell what histories came to.
type historyCounts struct {
	Raw, Duplicates, Conflicts, Invalid, Corrections, Settled int // reports
	Releases, Crashes, Outages, Rounds, Calls, LostAnswers    int
	Pushed, Known, Late, Refused, Expired, ExpiredTaken       int // records; Known ones were there already
}

func (a *historyCounts) add(b historyCounts) {
	for i, p := range a.all() {
		*p += *b.all()[i]
	}
}

func (a *historyCounts) all() []*int {
	return []*int{
		&a.Raw, &a.Duplicates, &a.Conflicts, &a.Invalid, &a.Corrections, &a.Settled, &a.Releases, &a.Crashes, &a.Outages, &a.Rounds,
		&a.Calls, &a.LostAnswers, &a.Pushed, &a.Known, &a.Late, &a.Refused, &a.Expired, &a.ExpiredTaken,
	}
}

// must are the counts without which histories prove little.
func (a *historyCounts) must() []int {
	return []int{
		a.Raw, a.Duplicates, a.Conflicts, a.Invalid, a.Corrections, a.Settled, a.Releases, a.Crashes, a.Outages, a.LostAnswers,
		a.Pushed, a.Known, a.Late, a.Refused, a.Expired,
	}
}

// The products of histories, by how they are counted. Nothing waits in SPLIT's windows of an hour although bills are daily.
var historyMeters = map[string]usage.Meter{
	"SUM":   {Name: "calls", Mode: store.UsageSum, Window: usage.Hour, Settle: usage.DefaultSettle},
	"DAILY": {Name: "gb", Mode: store.UsageSum, Window: usage.Day, Settle: 5 * time.Minute, Daily: true},
	"SPLIT": {Name: "gb", Mode: store.UsageSum, Window: usage.Hour, Daily: true},
	"PEAK":  {Name: "users", Mode: store.UsageMax, Window: usage.Hour, Settle: usage.DefaultSettle},
	"LEVEL": {Name: "disk", Mode: store.UsageLast, Window: usage.Hour, Settle: usage.DefaultSettle},
	"COUNT": {Name: "calls", Mode: store.UsageCount, Window: usage.Hour},
}

// usageHistory is one history: the world, and what must have come of it.
type usageHistory struct {
	*rand.Rand
	t       testing.TB
	seed    uint64
	seller  string
	log     []string
	counts  historyCounts
	clock   *clocktest.Clock
	began   time.Time
	store   *sqlite.Store
	metrics *telemetry.Metrics
	market  *marketplace.Marketplace
	sim     *simulator.Simulator
	line    *direct

	process *mortal // that runs now
	service *usage.Service

	instances []*historyInstance
	reported  []*historyRaw // that were booked, in their order
	keys      int
	wrong     error // found on the way
}

type historyInstance struct {
	id, product string
	meter       usage.Meter
	opened      time.Time
	released    time.Time // zero while in use
	packages    []string
	adoption    market.Adoption
	refusals    []string // codes for which the weather made the marketplace refuse records
}

// historyRaw is a booked use and what stands for it now.
type historyRaw struct {
	usage.Record
	in    *historyInstance
	value store.Units      // after corrections
	place store.UsagePlace // of the newest of them, among uses that end at the same time
}

// window is what it counts to, by rules that are written here a second time.
func (r *historyRaw) window() string {
	at := r.EndAt
	if !r.BeginAt.IsZero() && r.BeginAt.Before(r.EndAt) {
		at = at.Add(-time.Microsecond)
	}
	if r.in.meter.Window == usage.Day {
		return at.In(time.FixedZone("Beijing", 8*60*60)).Format(time.DateOnly) + r.PackageID
	}
	return at.UTC().Format("2006-01-02T15") + r.PackageID
}

func newHistory(t testing.TB, st *sqlite.Store, metrics *telemetry.Metrics, seed uint64) *usageHistory {
	random := rand.New(rand.NewPCG(seed, 1))
	began := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(random.Int64N(int64(48 * time.Hour)))).Truncate(time.Microsecond)
	h := &usageHistory{
		Rand: random, t: t, seed: seed, seller: fmt.Sprintf("seller-%d", seed), clock: clocktest.New(began), began: began, store: st, metrics: metrics,
	}
	credentials := sign.Credentials{AccessKey: "ak", SecretKey: "history-test-secret-key-01234567"}
	var err error
	h.sim, err = simulator.New(simulator.Config{
		FacadeURL: "http://127.0.0.1:1/", AccessKey: testKey, Credentials: credentials, Clock: h.clock,
		Strict: h.chance(0.5), UsageAKSK: h.chance(0.5),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.line = &direct{handler: h.sim.Handler()}
	client, err := openapi.New(openapi.Config{
		BaseURL: "http://127.0.0.1:1", Credentials: credentials, UsageKey: testKey, HTTPClient: &http.Client{Transport: h.line}, Now: h.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.market = marketplace.New(func() map[string]marketplace.Querier { return map[string]marketplace.Querier{h.seller: client} })
	h.restart()
	return h
}

func (h *usageHistory) chance(p float64) bool { return h.Float64() < p }

func (h *usageHistory) note(format string, args ...any) {
	h.log = append(h.log, h.clock.Now().Format("01-02 15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// fail remembers the first thing that is wrong.
func (h *usageHistory) fail(format string, args ...any) {
	if h.wrong == nil {
		h.wrong = fmt.Errorf(format, args...)
	}
}

// restart begins a new process over the same database.
func (h *usageHistory) restart() {
	h.process = &mortal{Store: h.store}
	h.service = usage.New(usage.Config{
		Rules: usage.Rules{Meters: map[string]map[string]usage.Meter{"main": historyMeters}}, Batch: []int{3, 20, 1000}[h.IntN(3)],
	}, usage.Deps{
		Store: h.process, Pusher: h, Clock: h.clock, Tracer: noop.NewTracerProvider().Tracer(""), Metrics: h.metrics,
		Log: slog.New(slog.DiscardHandler),
	})
}

// alive repeats what a process died of, until it is done by one.
func (h *usageHistory) alive(what string, do func() error) error {
	for {
		err := do()
		if !h.died(what) {
			return err
		}
	}
}

// died tells whether the process did, and then begins another.
func (h *usageHistory) died(what string) bool {
	if !h.process.dead {
		return false
	}
	h.counts.Crashes++
	h.note("crash in %s: %s", what, h.process.last)
	h.restart()
	return true
}

// PushUsage implements usage.Pusher: the real one, watched.
func (h *usageHistory) PushUsage(ctx context.Context, seller string, records []store.UsageRecord) ([]usage.Verdict, error) {
	h.counts.Calls++
	if h.process.dead {
		h.fail("a dead process pushed")
	}
	now := h.clock.Now()
	for _, r := range records {
		if now.Sub(r.BeginAt) > 21*24*time.Hour {
			h.fail("record %s is sent %s after its begin", r.ID, now.Sub(r.BeginAt))
		}
	}
	verdicts, err := h.market.PushUsage(ctx, seller, records)
	var fault *usage.PushError
	switch {
	case errors.As(err, &fault):
		h.note("push of %d: %s %s", len(records), fault.Class, fault.Code)
		if fault.Class == usage.PushUnknown || fault.Class == usage.PushFailed {
			h.counts.LostAnswers++
		}
	case err != nil:
		h.note("push of %d: %v", len(records), err)
	default:
		kinds := map[usage.VerdictKind]int{}
		for _, v := range verdicts {
			kinds[v.Kind]++
		}
		h.note("push of %d: %v (0 again, 1 taken, 2 known, 3 refused)", len(records), kinds)
	}
	return verdicts, err
}

// play plays the history and compares.
func (h *usageHistory) play(ctx context.Context) error {
	if err := h.open(ctx); err != nil {
		return err
	}
	for range 15 + h.IntN(30) {
		if err := h.step(ctx); err != nil {
			return err
		}
		if h.wrong != nil {
			return h.wrong
		}
	}
	if err := h.finish(ctx); err != nil {
		return err
	}
	if h.wrong != nil {
		return h.wrong
	}
	return h.compare(ctx)
}

// open makes instances and packages, here and there.
func (h *usageHistory) open(ctx context.Context) error {
	products := []string{"SUM", "SUM", "DAILY", "SPLIT", "PEAK", "LEVEL", "COUNT"}
	order := store.Order{
		Seller: h.seller, OrderID: "CS" + h.seller, Endpoint: "main", QueryState: store.QueryDone, CreatedAt: h.began, UpdatedAt: h.began,
	}
	change := store.Change{NewOrder: &order}
	var quotas []store.Quota
	for i := range 1 + h.IntN(3) {
		in := &historyInstance{id: fmt.Sprintf("i%d-%d", h.seed, i), product: products[h.IntN(len(products))]}
		in.meter = historyMeters[in.product]
		in.opened = h.began.Add(-time.Duration(h.Int64N(int64(30 * 24 * time.Hour)))).Truncate(time.Microsecond)
		in.adoption = market.Adoption{Billing: billing.Hourly, Start: in.opened.Truncate(time.Second)}
		if in.meter.Daily {
			in.adoption.Billing = billing.Daily
		}
		if err := h.sim.Adopt(in.id, in.adoption); err != nil {
			return err
		}
		change.NewInstances = append(change.NewInstances, store.Instance{
			Seller: h.seller, InstanceID: in.id, Endpoint: "main", OrderID: order.OrderID, OrderLineID: strconv.Itoa(i), State: store.InstanceActive,
			Product: store.Product{ProductID: in.product, ChargingMode: "ON_DEMAND"}, CreatedAt: in.opened, UpdatedAt: in.opened,
		})
		for p := range h.IntN(3) {
			id := fmt.Sprintf("%s-p%d", in.id, p)
			in.packages = append(in.packages, id)
			quotas = append(quotas, store.Quota{
				Seller: h.seller, PackageID: id, InstanceID: in.id, Meter: in.meter.Name, Quota: 1 << 50, CreatedAt: h.began, UpdatedAt: h.began,
			})
			if err := h.sim.Adopt(id, market.Adoption{Kind: catalogue.Package, Quota: 1 << 50}); err != nil {
				return err
			}
		}
		h.instances = append(h.instances, in)
		h.note("instance %s counts %s, opened %s, packages %v", in.id, in.product, in.opened.Format(time.DateTime), in.packages)
	}
	if err := h.store.Apply(ctx, &change); err != nil {
		return err
	}
	for _, q := range quotas {
		if _, err := h.store.PutQuota(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// step does one thing.
func (h *usageHistory) step(ctx context.Context) error {
	if h.chance(0.15) {
		h.process.left, h.process.after = 1+h.IntN(12), h.chance(0.5)
	}
	switch n := h.IntN(100); {
	case n < 35:
		return h.report(ctx)
	case n < 42:
		return h.correct(ctx)
	case n < 70:
		return h.round(ctx)
	case n < 88:
		h.pass(h.someTime())
	case n < 90:
		return h.release(ctx)
	case n < 93:
		return h.retry(ctx)
	default:
		if err := h.weather(); err != nil {
			return err
		}
	}
	if h.chance(0.2) {
		return h.prove(ctx)
	}
	return nil
}

// someTime is mostly a piece of an hour, sometimes days, rarely all of the 21.
func (h *usageHistory) someTime() time.Duration {
	scale := []time.Duration{time.Minute, 20 * time.Minute, 2 * time.Hour, 2 * time.Hour, 30 * time.Hour, 72 * time.Hour}[h.IntN(6)]
	if h.chance(0.03) {
		scale = 23 * 24 * time.Hour
	}
	return time.Duration(h.Int64N(int64(scale)) + 1)
}

func (h *usageHistory) pass(d time.Duration) {
	h.clock.Advance(d.Truncate(time.Microsecond))
	h.note("%s passed", d.Round(time.Second))
}

// clear ends all weather but an outage, which has its own time.
func (h *usageHistory) clear() error {
	h.sim.SetFaults(fault.Plan{})
	h.sim.SetChaos(fault.Chaos{})
	h.sim.FailRecords("")
	h.line.unreachable = false
	for _, in := range h.instances {
		if err := h.sim.Adopt(in.id, in.adoption); err != nil {
			return err
		}
	}
	return nil
}

// weather changes what the marketplace is like.
func (h *usageHistory) weather() error {
	if err := h.clear(); err != nil {
		return err
	}
	switch h.IntN(8) {
	case 0:
		h.note("weather: fine")
	case 1:
		d := time.Duration(h.Int64N(int64(72*time.Hour))) + time.Minute
		h.line.unreachable = h.chance(0.3) // for longer than the outage, until the weather changes
		h.sim.SetOutages(fault.Outage{From: h.clock.Now(), Until: h.clock.Now().Add(d)})
		h.counts.Outages++
		h.note("weather: outage of %s, unreachable %v", d.Round(time.Minute), h.line.unreachable)
	case 2:
		h.sim.SetFaults(fault.Plan{DropAfter: 1 + h.IntN(4)})
		h.note("weather: answers lost")
	case 3:
		h.sim.SetFaults(fault.Plan{FailAfter: 1 + h.IntN(20), Status: []int{0, 502, 500}[h.IntN(3)]})
		h.note("weather: failures after the fact")
	case 4:
		h.sim.SetFaults(fault.Plan{RateLimit: 1 + h.IntN(5), RateStatus: []int{0, 429}[h.IntN(2)], RetryAfter: time.Duration(h.IntN(90)) * time.Second})
		h.note("weather: limits")
	case 5: // what it has it still knows; the rest it refuses, until the weather changes
		in := h.instances[h.IntN(len(h.instances))]
		a := in.adoption
		code := []string{"006", "009", "011", "012", "013", ""}[h.IntN(6)]
		switch code {
		case "006":
			a.Delisted = true
		case "009":
			a.Owner = "another"
		case "011":
			a.Start = h.clock.Now()
		case "012":
			a.Kind = catalogue.Package
		case "013":
			a.FrozenAt = h.clock.Now().Add(-time.Hour)
		default:
			h.sim.FailRecords("013", h.IntN(3), h.IntN(10), h.IntN(30))
		}
		in.refusals = append(in.refusals, code)
		h.note("weather: %s is %+v", in.id, a)
		return h.sim.Adopt(in.id, a)
	default:
		c := fault.Chaos{
			Seed: h.Uint64(), Drop: h.Float64() * 0.2, RateLimit: h.Float64() * 0.1, Fail: h.Float64() * 0.2, DropAfter: h.Float64() * 0.3,
			FailAfter: h.Float64() * 0.2, Record: h.Float64() * 0.2,
		}
		h.sim.SetChaos(c)
		h.note("weather: %+v", c)
	}
	return nil
}

// report books new records, repeats, conflicts and nonsense, and repeats the report whenever the process dies of it.
func (h *usageHistory) report(ctx context.Context) error {
	var records []usage.Record
	var want []usage.Result
	var fresh []*historyRaw
	taken := map[string]bool{}
	for range 1 + h.IntN(12) {
		if len(h.reported) > 0 && h.chance(0.2) {
			old := h.reported[h.IntN(len(h.reported))]
			if taken[old.Key] || old.stale(h.clock.Now()) { // too old to be looked up
				continue
			}
			taken[old.Key] = true
			repeat, result := old.Record, usage.Duplicate
			if h.chance(0.3) && old.in.meter.Mode != store.UsageCount {
				repeat.Value, result = "7.7777", usage.Conflict
			}
			records, want = append(records, repeat), append(want, result)
			continue
		}
		r, ok := h.use()
		switch {
		case !ok:
			continue
		case h.chance(0.05):
			records, want = append(records, h.nonsense(r.Record, r.in)), append(want, usage.Invalid)
		default:
			fresh = append(fresh, r)
			records, want = append(records, r.Record), append(want, usage.Added)
		}
	}
	if len(records) == 0 {
		return nil
	}
	first := true
	return h.alive("report", func() error {
		outcomes, err := h.service.Report(ctx, h.seller, records)
		if err != nil {
			first = false
			return err
		}
		h.note("reported %d records", len(records))
		for i, o := range outcomes {
			ok := o.Result == want[i] || !first && want[i] == usage.Added && o.Result == usage.Duplicate
			if !ok || o.Key != records[i].Key {
				return fmt.Errorf("%+v is %+v, want %s", records[i], o, want[i])
			}
			h.tellOutcome(want[i])
		}
		for _, r := range fresh {
			h.note("  %s %s %s to %s %s", r.Key, r.Value, r.BeginAt.Format("01-02 15:04:05"), r.EndAt.Format("01-02 15:04:05"), r.PackageID)
		}
		for _, r := range fresh {
			r.place = store.UsagePlace{EndAt: r.EndAt, ReportedAt: h.clock.Now(), Key: r.Key}
		}
		h.reported = append(h.reported, fresh...)
		return nil
	})
}

func (h *usageHistory) tellOutcome(r usage.Result) {
	switch r {
	case usage.Added:
		h.counts.Raw++
	case usage.Duplicate:
		h.counts.Duplicates++
	case usage.Conflict:
		h.counts.Conflicts++
	default:
		h.counts.Invalid++
	}
}

// use is a use of an instance that the service has to book: inside its life, not in the future, in a window that the
// marketplace still takes.
func (h *usageHistory) use() (*historyRaw, bool) {
	in := h.instances[h.IntN(len(h.instances))]
	now := h.clock.Now()
	from, to := in.opened, now
	if oldest := now.Add(-21*24*time.Hour + 25*time.Hour); from.Before(oldest) {
		from = oldest
	}
	if !in.released.IsZero() {
		to = in.released
	}
	if near := to.Add(-3 * time.Hour); h.chance(0.7) && from.Before(near) { // most are not that late
		from = near
	}
	if !from.Before(to) {
		return nil, false
	}
	r := &historyRaw{in: in}
	h.keys++
	r.Key, r.InstanceID = fmt.Sprintf("k%05d", h.keys), in.id
	r.EndAt = from.Add(time.Duration(h.Int64N(int64(to.Sub(from)) + 1))).Truncate(time.Microsecond)
	if r.EndAt.Before(in.opened) {
		r.EndAt = in.opened
	}
	if h.chance(0.3) { // on the hour, which still belongs to the one before if it took any time
		if hour := r.EndAt.Truncate(time.Hour); hour.After(from) {
			r.EndAt = hour
		}
	}
	r.BeginAt = r.EndAt
	if h.chance(0.6) {
		if begin := r.EndAt.Add(-time.Duration(h.Int64N(int64(2 * time.Hour)))).Truncate(time.Microsecond); !begin.Before(in.opened) {
			r.BeginAt = begin
		}
	}
	if len(in.packages) > 0 && h.chance(0.6) {
		r.PackageID = in.packages[h.IntN(len(in.packages))]
	}
	r.value = h.amount(in, r.EndAt)
	r.Value = usage.FormatAmount(r.value)
	if in.meter.Mode == store.UsageCount {
		r.value = store.CountUnit
	}
	return r, true
}

// amount is above zero. A level only rises in the course of its window: what would fall below what the marketplace was told
// does not count, and whether it was told is not known here.
func (h *usageHistory) amount(in *historyInstance, end time.Time) store.Units {
	switch {
	case in.meter.Mode == store.UsageLast:
		return store.Units(end.Sub(in.opened)/time.Millisecond) + 1
	case h.chance(0.02):
		return store.MaxRecordValue - store.Units(h.IntN(3))
	case h.chance(0.3):
		return store.Units(1 + h.IntN(9))
	}
	return store.Units(1 + h.IntN(5_000_000))
}

// stale says that the window is, or is nearly, too old to be reported to.
func (r *historyRaw) stale(now time.Time) bool {
	return now.Sub(r.EndAt) > 21*24*time.Hour-25*time.Hour
}

// nonsense spoils a record.
func (h *usageHistory) nonsense(r usage.Record, in *historyInstance) usage.Record {
	r.Key += "x"
	switch n := h.IntN(6); {
	case n == 0:
		r.BeginAt, r.EndAt = time.Time{}, in.opened.Add(-2*time.Second)
	case n == 1:
		r.EndAt = h.clock.Now().Add(3 * time.Minute)
	case n == 2:
		r.InstanceID = "nobody"
	case n == 3 && len(in.packages) > 0:
		r.PackageID = "another"
	case n == 4 && in.meter.Mode != store.UsageCount:
		r.Value = "0"
	default:
		r.BeginAt, r.EndAt = time.Time{}, h.clock.Now().Add(-23*24*time.Hour)
	}
	return r
}

// correct replaces a value, unless something of the window was settled.
func (h *usageHistory) correct(ctx context.Context) error {
	if len(h.reported) == 0 {
		return nil
	}
	r := h.reported[h.IntN(len(h.reported))]
	if h.chance(0.7) { // of late ones something is left to correct
		r = h.reported[len(h.reported)-1-h.IntN(min(4, len(h.reported)))]
	}
	var value store.Units
	switch r.in.meter.Mode {
	case store.UsageCount: // can only be taken back, and given again
		value = store.Units(h.IntN(2))
	case store.UsageLast:
		value = store.Units(h.Int64N(int64(r.value) + 1)) // see amount
		if h.chance(0.2) {
			value = 0
		}
	default:
		if h.chance(0.8) {
			value = h.amount(r.in, r.EndAt)
		}
	}
	h.keys++
	key := fmt.Sprintf("c%05d", h.keys)
	return h.alive("correct", func() error {
		result, err := h.service.Correct(ctx, h.seller, key, r.Key, usage.FormatAmount(value))
		switch {
		case err != nil && strings.Contains(err.Error(), "a record for the marketplace was made"):
			h.counts.Settled++
			h.note("too late to correct %s", r.Key)
			return h.settled(ctx, r)
		case err != nil:
			return fmt.Errorf("correct %s: %w", r.Key, err)
		case result != usage.Added && result != usage.Duplicate:
			return fmt.Errorf("correct %s: %s", r.Key, result)
		}
		h.counts.Corrections++
		if r.value = value; value > 0 && r.in.meter.Mode == store.UsageCount {
			r.value = store.CountUnit
		}
		r.place = store.UsagePlace{EndAt: r.EndAt, ReportedAt: h.clock.Now(), Key: key}
		h.note("%s corrects %s to %s", key, r.Key, usage.FormatAmount(value))
		return nil
	})
}

// settled checks that a correction was refused for a reason.
func (h *usageHistory) settled(ctx context.Context, r *historyRaw) error {
	rows, err := h.store.ListUsageWindows(ctx, store.ListQuery{Seller: h.seller, Limit: 10_000, Filter: []store.Term{{Field: "instance_id", Value: r.InstanceID}}})
	if err != nil {
		return err
	}
	for _, w := range rows {
		if w.PackageID == r.PackageID && !r.EndAt.Before(w.StartAt) && !r.EndAt.After(w.EndAt) && w.Settled > 0 {
			return nil
		}
	}
	return fmt.Errorf("%s cannot be corrected although nothing was settled", r.Key)
}

// round is a round of pushing, as the standing task would do it or by itself.
func (h *usageHistory) round(ctx context.Context) error {
	h.counts.Rounds++
	if h.chance(0.7) {
		round, err := h.service.Push(ctx, h.seller)
		return h.ended("push", round, err)
	}
	if err := h.alive("arm", func() error { return h.service.Work.Arm(ctx, usage.KindPush, h.seller) }); err != nil {
		return err
	}
	if err := h.lease(ctx); err != nil {
		return err
	}
	return h.ended("run", usage.Round{}, nil)
}

// lease does the standing task when it is due. Many histories share the store, each with a clock of its own, so the lease is
// written by hand.
func (h *usageHistory) lease(ctx context.Context) error {
	now := h.clock.Now()
	t, err := h.store.Task(ctx, work.StandingID(usage.QueuePush, h.seller))
	if errors.Is(err, store.ErrNotFound) || err == nil && t.DueAt.After(now) {
		return nil
	}
	if err != nil {
		return err
	}
	p := store.TaskPut{Task: t, ExpectState: t.State, ExpectFence: t.Fence}
	p.State, p.DueAt, p.Worker, p.UpdatedAt = store.TaskLeased, now.Add(15*time.Second), "w", now
	p.Attempt++
	p.Fence++
	if err := h.store.Apply(ctx, &store.Change{PutTasks: []store.TaskPut{p}}); err != nil {
		return err
	}
	h.service.RunPush(ctx, p.Task)
	return nil
}

// ended looks at the end of a round, which may have been the end of the process too.
func (h *usageHistory) ended(what string, round usage.Round, err error) error {
	if h.died(what) {
		return nil
	}
	if err != nil {
		return err
	}
	h.counts.Known += round.Duplicates
	h.counts.Late += round.Late
	if round.Calls > 0 || round.Closed > 0 {
		h.note("round: %+v", round)
	}
	return nil
}

// release ends an instance, here and there, at the same moment.
func (h *usageHistory) release(ctx context.Context) error {
	in := h.instances[h.IntN(len(h.instances))]
	if !in.released.IsZero() {
		return nil
	}
	now := h.clock.Now()
	rows, err := h.store.Instances(ctx, h.seller, []string{in.id})
	if err != nil || len(rows) != 1 {
		return fmt.Errorf("%v, %w", rows, err)
	}
	rows[0].State, rows[0].UpdatedAt = store.InstanceReleased, now
	all, err := h.store.Aggregate(ctx, h.seller, rows[0].OrderID)
	if err != nil {
		return err
	}
	all.Order.Head = store.Head{Seq: all.Order.Head.Seq + 1, Hash: "h"}
	err = h.store.Apply(ctx, &store.Change{PutOrder: &all.Order, PutInstances: rows, Events: []store.Event{{
		Seller: h.seller, OrderID: all.Order.OrderID, Seq: all.Order.Head.Seq, Kind: fulfil.EventReleased, InstanceID: in.id, At: now, Data: "{}", Hash: "h",
	}}})
	if err != nil {
		return err
	}
	in.released = now
	in.adoption.Close, in.adoption.Released = now.Truncate(time.Second).Add(time.Second), true
	h.counts.Releases++
	h.note("%s is released", in.id)
	h.pass(2 * time.Second) // as long as an instance is remembered
	return h.sim.Adopt(in.id, in.adoption)
}

// retry sends what was refused again, as an operator does.
func (h *usageHistory) retry(ctx context.Context) error {
	in := h.instances[h.IntN(len(h.instances))]
	return h.alive("retry", func() error {
		n, err := h.service.Retry(ctx, usage.Retry{Seller: h.seller, InstanceID: in.id})
		h.note("retry of %s: %+v", in.id, n)
		if err != nil && errs.As(err).Reason == errs.DeadlinePassed {
			return nil
		}
		return err
	})
}

func (h *usageHistory) prove(ctx context.Context) error {
	return h.alive("prove", func() error {
		p, err := h.service.Prove(ctx, h.seller)
		switch {
		case err != nil:
			return err
		case p.Difference != 0 || p.BrokenCount != 0:
			return fmt.Errorf("the ledger does not hold: %+v", p)
		}
		return h.sim.AuditBills()
	})
}

// finish lets the weather clear, all windows close and all bills be made.
func (h *usageHistory) finish(ctx context.Context) error {
	h.process.left = 0
	if err := h.clear(); err != nil {
		return err
	}
	h.sim.SetOutages()
	for n := range 12 {
		h.pass([]time.Duration{30 * time.Hour, 11 * time.Minute}[min(n, 1)])
		round, err := h.service.Push(ctx, h.seller)
		if err := h.ended("push", round, err); err != nil {
			return err
		}
		backlog, err := h.store.UsageAges(ctx, h.seller)
		switch {
		case err != nil:
			return err
		case backlog.Windows+backlog.Records == 0:
			h.pass(26 * time.Hour)
			return nil
		case n == 10: // what the marketplace never takes, like a record of nothing but the moment of the release
			h.pass(22 * 24 * time.Hour)
		}
	}
	return errors.New("something is still on its way, 21 days later")
}

// compare holds the bills against what was reported.
func (h *usageHistory) compare(ctx context.Context) error {
	if err := h.prove(ctx); err != nil {
		return err
	}
	p, err := h.service.Prove(ctx, h.seller)
	if err != nil {
		return err
	}
	if p.Pending != 0 || p.Sending != 0 {
		return fmt.Errorf("not all is settled: %+v", p)
	}
	rows, err := h.store.ListUsageRecords(ctx, store.ListQuery{Seller: h.seller, Limit: 100_000})
	if err != nil {
		return err
	}
	taken := map[string]billing.Record{}
	for _, r := range h.sim.UsageRecords("", 0) {
		if r.Code == "007" {
			return fmt.Errorf("a record of more than 21 days was sent: %+v", r)
		}
		if r.State != billing.Abnormal {
			taken[r.MeteringSN] = r
		}
	}
	for _, in := range h.instances {
		if err := h.compareInstance(in, rows, taken); err != nil {
			return fmt.Errorf("%s: %w", in.id, err)
		}
	}
	if len(taken) > 0 {
		return fmt.Errorf("the marketplace has records of nobody: %v", taken)
	}
	return nil
}

func (h *usageHistory) compareInstance(in *historyInstance, rows []store.UsageRecord, taken map[string]billing.Record) error {
	ingested := h.ingested(in)
	var billed, refused store.Units
	for _, r := range rows {
		if r.InstanceID != in.id {
			continue
		}
		b, there := taken[r.ID]
		delete(taken, r.ID)
		switch {
		case there && (store.Units(b.Amount) != r.Value || b.PackageID != r.PackageID || b.State != billing.Billed):
			return fmt.Errorf("billed %+v of record %+v", b, r)
		case r.State == store.UsagePushed && there:
			h.counts.Pushed++
		case r.State == store.UsageRefused && r.Code == usage.CodeExpiredUnknown && there:
			// The answer was lost and the marketplace away for the rest of the 21 days: the code says that nobody knows.
			h.counts.ExpiredTaken++
		case r.State == store.UsageRefused && !there && (strings.HasPrefix(r.Code, usage.CodeExpired) || slices.Contains(in.refusals, r.Code)):
			refused += r.Value
			if h.counts.Refused++; strings.HasPrefix(r.Code, usage.CodeExpired) {
				h.counts.Expired++
			}
		default:
			return fmt.Errorf("record %+v, which the marketplace has: %v", r, there)
		}
		if there {
			billed += r.Value
		}
	}
	totals := h.sim.Billed(in.id)
	switch {
	case totals.Waiting != 0 || store.Units(totals.Billed) != billed:
		return fmt.Errorf("records of %d were taken, the bills say %+v", billed, totals)
	case billed+refused != ingested:
		return fmt.Errorf("billed %s + refused %s != ingested %s", usage.FormatAmount(billed), usage.FormatAmount(refused), usage.FormatAmount(ingested))
	}
	return nil
}

// ingested aggregates what was reported, by rules of its own.
func (h *usageHistory) ingested(in *historyInstance) (sum store.Units) {
	windows := map[string][]*historyRaw{}
	for _, r := range h.reported {
		if r.in == in {
			windows[r.window()] = append(windows[r.window()], r)
		}
	}
	for _, raws := range windows {
		var total store.Units
		var last store.UsagePlace
		for _, r := range raws {
			switch in.meter.Mode {
			case store.UsageMax:
				total = max(total, r.value)
			case store.UsageLast:
				if r.value > 0 && (last.Key == "" || r.place.Compare(last) > 0) {
					last, total = r.place, r.value
				}
			default:
				total += r.value
			}
		}
		sum += total
	}
	return sum
}
