// SPDX-License-Identifier: Apache-2.0

package usage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

// fromEnv reads a number of the environment.
func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestAnyHistory plays random histories: vendors that report, repeat and correct; a marketplace that takes records and loses
// the answer, refuses some, chokes on one, limits, fails, or is away for days; a process that dies between any two calls of
// the store. After each the ledger holds, and the marketplace has billed what was reported, each unit once.
//
// KOOGATE_USAGE_HISTORIES is how many (300, or 60 with the race detector), KOOGATE_USAGE_SEED the first seed; a failure names its own.
func TestAnyHistory(t *testing.T) {
	histories := fromEnv(t, "KOOGATE_USAGE_HISTORIES", manyHistories)
	seed := fromEnv(t, "KOOGATE_USAGE_SEED", rand.Uint64N(1<<32))
	if testing.Short() {
		histories = min(histories, 30)
	}
	t.Logf("KOOGATE_USAGE_SEED=%d KOOGATE_USAGE_HISTORIES=%d", seed, histories)
	st := backendtest.SQLite(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all tally
	next := make(chan uint64)
	for range 16 { // they wait for the disk together
		wg.Go(func() {
			for n := range next {
				h := newHistory(st, n)
				if err := h.play(t.Context()); err != nil {
					t.Errorf("KOOGATE_USAGE_SEED=%d KOOGATE_USAGE_HISTORIES=1: %v", n, err)
				}
				mu.Lock()
				all.add(h.tally)
				mu.Unlock()
			}
		})
	}
	for n := range histories {
		if t.Failed() {
			break
		}
		next <- seed + n
	}
	close(next)
	wg.Wait()
	t.Logf("%+v", all)
	if histories >= 60 && (all.Pushed == 0 || all.Duplicates == 0 || all.Refused == 0 || all.Lost == 0 || all.Crashes == 0 || all.Corrected == 0) {
		t.Errorf("the histories are too tame: %+v", all)
	}
}

// tally counts what histories came to.
type tally struct{ Raw, Corrected, Records, Pushed, Refused, Expired, Duplicates, Lost, Crashes, Calls int }

func (a *tally) add(b tally) {
	a.Raw, a.Corrected, a.Records, a.Pushed = a.Raw+b.Raw, a.Corrected+b.Corrected, a.Records+b.Records, a.Pushed+b.Pushed
	a.Refused, a.Expired, a.Duplicates, a.Lost = a.Refused+b.Refused, a.Expired+b.Expired, a.Duplicates+b.Duplicates, a.Lost+b.Lost
	a.Crashes, a.Calls = a.Crashes+b.Crashes, a.Calls+b.Calls
}

type history struct {
	tally
	*rand.Rand
	seller  string
	store   store.Store
	faults  *storetest.FaultyStore
	ledger  *storetest.FaultyUsageStore
	clock   *clocktest.Clock
	metrics *telemetry.Metrics
	service *usage.Service

	instances []string
	truth     map[string]usage.Record // what was added, by key, with corrections
	keys      []string                // its keys, in their order
	made      int

	// The marketplace.
	weather weather
	until   time.Time         // when it changes
	poison  string            // an instance that whole calls are refused for
	refused map[string]string // instances whose records it refuses, with the code
	billed  map[string]store.UsageRecord
	periods map[string]string // serial number by instance, begin and end
	wrong   []string
}

type weather int

const (
	fine  weather = iota
	lossy         // takes the call, and the answer is lost
	gone          // nobody is reached
	failing
	limited
	denied
	partly // some records again later
	weathers
)

func newHistory(st store.Store, seed uint64) *history {
	h := &history{
		Rand: rand.New(rand.NewPCG(seed, 1)), seller: fmt.Sprintf("seller-%d", seed), store: st,
		faults: storetest.Faulty(st, seed), clock: clocktest.New(noon),
		metrics: telemetry.NewMetrics(prometheus.NewRegistry()),
		truth:   make(map[string]usage.Record), refused: make(map[string]string),
		billed: make(map[string]store.UsageRecord), periods: make(map[string]string),
	}
	h.ledger = storetest.FaultyUsage(h.faults, seed)
	h.rates(0.05)
	h.start()
	return h
}

func (h *history) rates(p float64) {
	h.faults.Rates(p, p)
	h.ledger.Rates(p, p)
}

// start is a new process.
func (h *history) start() {
	h.service = usage.New(usage.Config{Rules: usage.Rules{Meters: map[string]map[string]usage.Meter{"saas": meters}}, Batch: 1 + h.IntN(20)}, usage.Deps{
		Store: h.ledger, Pusher: h, Clock: h.clock, Tracer: noop.NewTracerProvider().Tracer(""), Metrics: h.metrics,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
}

var sold = []string{"SMS", "DAILY", "SPLIT", "PEAK", "CALLS"}

func (h *history) play(ctx context.Context) error {
	for i := range 2 + h.IntN(3) {
		id := fmt.Sprintf("i-%d", i)
		h.instances = append(h.instances, id)
		o := store.Order{
			Seller: h.seller, OrderID: "o-" + id, Endpoint: "saas", QueryState: store.QueryDone, CreatedAt: noon.Add(-100 * time.Hour), UpdatedAt: noon,
		}
		err := h.store.Apply(ctx, &store.Change{NewOrder: &o, NewInstances: []store.Instance{{
			Seller: h.seller, InstanceID: id, Endpoint: "saas", OrderID: o.OrderID, State: store.InstanceActive,
			Product:   store.Product{ProductID: sold[h.IntN(len(sold))], ChargingMode: "ON_DEMAND"},
			CreatedAt: noon.Add(-100*time.Hour + 17*time.Minute), UpdatedAt: noon,
		}}})
		if err != nil {
			return err
		}
	}
	for range 20 + h.IntN(40) {
		if err := h.step(ctx); err != nil {
			return err
		}
	}
	return h.finish(ctx)
}

func (h *history) step(ctx context.Context) error {
	switch n := h.IntN(100); {
	case n < 30:
		return h.report(ctx)
	case n < 35:
		return h.correct(ctx)
	case n < 60:
		h.push(ctx)
	case n < 80:
		pauses := []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, time.Hour, 5 * time.Hour}
		h.clock.Advance(pauses[h.IntN(len(pauses))])
		if h.IntN(150) == 0 {
			h.clock.Advance(21 * 24 * time.Hour)
		}
	case n < 92:
		h.change()
	case n < 95:
		if _, err := h.service.Retry(ctx, usage.Retry{Seller: h.seller, InstanceID: h.any()}); err != nil && errs.As(err).Reason != errs.DeadlinePassed {
			h.Crashes++
		}
	default:
		h.start()
	}
	return nil
}

func (h *history) any() string { return h.instances[h.IntN(len(h.instances))] }

// change is what the marketplace does next.
func (h *history) change() {
	h.weather = weather(h.IntN(int(weathers)))
	h.poison, h.until = "", h.clock.Now().Add(time.Duration(1+h.IntN(120))*time.Minute)
	switch h.IntN(5) {
	case 0:
		h.poison = h.any()
	case 1:
		codes := []string{"001", "006", "012"}
		h.refused[h.any()] = codes[h.IntN(len(codes))]
	case 2:
		clear(h.refused)
	case 3:
		h.weather, h.until = gone, h.clock.Now().Add(72*time.Hour)
	}
}

// push does a round.
func (h *history) push(ctx context.Context) {
	if _, err := h.service.Push(ctx, h.seller); err != nil {
		h.Crashes++
	}
}

// report reports some uses until the answer is heard, as a vendor does who keeps them until then.
func (h *history) report(ctx context.Context) error {
	var batch []usage.Record
	for range 1 + h.IntN(8) {
		h.made++
		now := h.clock.Now()
		end := now.Add(-time.Duration(h.IntN(7200)) * time.Second)
		if h.IntN(10) == 0 {
			end = now.Add(-time.Duration(h.IntN(23*24)) * time.Hour)
		}
		u := usage.Record{
			Key: fmt.Sprintf("%s/%d", h.seller, h.made), InstanceID: h.any(), EndAt: end,
			Value: usage.FormatAmount(store.Units(1 + h.IntN(1_000_000))),
		}
		if h.IntN(2) == 0 {
			u.BeginAt = end.Add(-time.Duration(h.IntN(600)) * time.Second)
		}
		if h.IntN(4) == 0 {
			u.PackageID = "p"
		}
		batch = append(batch, u)
		if h.IntN(6) == 0 {
			batch = append(batch, u)
		}
	}
	for range 100 {
		outcomes, err := h.service.Report(ctx, h.seller, batch)
		if err != nil {
			h.Crashes++
			if h.IntN(2) == 0 {
				h.start()
			}
			continue
		}
		for i, o := range outcomes {
			switch o.Result {
			case usage.Added, usage.Duplicate:
				if _, ok := h.truth[o.Key]; !ok {
					h.keys = append(h.keys, o.Key)
				}
				h.truth[o.Key] = batch[i]
			case usage.Conflict:
				return fmt.Errorf("a repeat is a conflict: %+v", o)
			}
		}
		return nil
	}
	return errors.New("no report got through")
}

func (h *history) correct(ctx context.Context) error {
	if len(h.keys) > 0 {
		key := h.keys[len(h.keys)-1-h.IntN(min(len(h.keys), 10))]
		h.made++
		value := usage.FormatAmount(store.Units(h.IntN(1_000_000)))
		for range 100 {
			result, err := h.service.Correct(ctx, h.seller, fmt.Sprintf("%s/c%d", h.seller, h.made), key, value)
			if err == nil && (result == usage.Added || result == usage.Duplicate) {
				u := h.truth[key]
				u.Value = value
				h.truth[key] = u
				h.Corrected++
				return nil
			}
			if !errors.Is(err, storetest.ErrInjected) {
				return nil // settled
			}
			h.Crashes++
		}
		return errors.New("no correction got through")
	}
	return nil
}

// PushUsage is the marketplace.
func (h *history) PushUsage(_ context.Context, _ string, list []store.UsageRecord) ([]usage.Verdict, error) {
	h.Calls++
	now := h.clock.Now()
	if now.After(h.until) {
		h.weather, h.poison = fine, ""
	}
	switch h.weather {
	case gone:
		return nil, &usage.PushError{Class: usage.PushUnsent, Code: "NETWORK"}
	case limited:
		return nil, &usage.PushError{Class: usage.PushLimited, Code: "MKT.0250", RetryAfter: time.Minute}
	case denied:
		return nil, &usage.PushError{Class: usage.PushDenied, Code: "MKT.0154"}
	case failing:
		if h.IntN(2) == 0 {
			return nil, &usage.PushError{Class: usage.PushFailed, Code: "94060001"}
		}
	}
	for _, r := range list {
		if r.InstanceID == h.poison {
			return nil, &usage.PushError{Class: usage.PushContent, Code: "MKT.9001"}
		}
	}
	out := make([]usage.Verdict, len(list))
	for i, r := range list {
		out[i] = h.take(now, r)
	}
	if h.weather == lossy || h.weather == failing || h.IntN(20) == 0 {
		h.Lost++
		return nil, errors.New("the answer is lost")
	}
	return out, nil
}

func (h *history) take(now time.Time, r store.UsageRecord) usage.Verdict {
	if !now.Before(r.RefuseAt) {
		h.wrong = append(h.wrong, fmt.Sprintf("%s was sent %v after its time", r.ID, now.Sub(r.RefuseAt)))
	}
	if r.Value <= 0 || r.Value > 999_999_999_999 || r.EndAt.Before(r.BeginAt) || r.EndAt.After(now) {
		h.wrong = append(h.wrong, fmt.Sprintf("unusable record %+v", r))
	}
	if was, ok := h.billed[r.ID]; ok {
		if was.Value != r.Value || !was.BeginAt.Equal(r.BeginAt) || !was.EndAt.Equal(r.EndAt) || was.PackageID != r.PackageID || !was.CreatedAt.Equal(r.CreatedAt) {
			h.wrong = append(h.wrong, fmt.Sprintf("%s came as %+v and then as %+v", r.ID, was, r))
		}
		h.Duplicates++
		return usage.Verdict{Kind: usage.VerdictDuplicate, Code: "005"}
	}
	if code := h.refused[r.InstanceID]; code != "" {
		return usage.Verdict{Kind: usage.VerdictRefused, Code: code}
	}
	if h.weather == partly && h.IntN(3) == 0 {
		return usage.Verdict{Kind: usage.VerdictAgain, Code: "013"}
	}
	period := fmt.Sprintf("%s %v %v", r.InstanceID, r.BeginAt.Unix(), r.EndAt.Unix())
	if other, ok := h.periods[period]; ok {
		h.wrong = append(h.wrong, fmt.Sprintf("%s and %s have begin and end in common: %s", other, r.ID, period))
	}
	h.periods[period] = r.ID
	h.billed[r.ID] = r
	return usage.Verdict{Kind: usage.VerdictAccepted}
}

// finish lets the weather clear up and everything come to its end, and compares.
func (h *history) finish(ctx context.Context) error {
	h.rates(0)
	h.weather, h.poison = fine, ""
	h.start()
	for n := 0; ; n++ {
		if n > 5000 {
			return errors.New("it does not come to an end")
		}
		if _, err := h.service.Push(ctx, h.seller); err != nil {
			return err
		}
		at, ok, err := h.store.NextUsage(ctx, h.seller)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if wait := at.Sub(h.clock.Now()); wait > 0 {
			h.clock.Advance(wait)
		}
	}
	if len(h.wrong) > 0 {
		return fmt.Errorf("%d wrong: %s", len(h.wrong), h.wrong[0])
	}
	return h.compare(ctx)
}

func (h *history) compare(ctx context.Context) error {
	p, err := h.service.Prove(ctx, h.seller)
	if err != nil {
		return err
	}
	var refused store.Units
	for _, v := range p.Refused {
		refused += v
	}
	if p.Difference != 0 || p.Pending != 0 || p.Sending != 0 || p.Raw != p.Pushed+refused {
		return fmt.Errorf("the proof: %+v", p)
	}
	want, err := h.expected(ctx)
	if err != nil {
		return err
	}
	if p.Raw != want {
		return fmt.Errorf("booked %d, reported %d", p.Raw, want)
	}
	h.Raw += len(h.truth)
	rows, err := h.service.Records(ctx, store.ListQuery{Seller: h.seller, Limit: 10000})
	if err != nil {
		return err
	}
	taken := 0
	var billed, pushed store.Units
	for _, r := range rows {
		h.Records++
		b, ok := h.billed[r.ID]
		if ok {
			taken++
			billed += b.Value
		}
		switch {
		case r.State == store.UsagePushed:
			h.Pushed++
			pushed += r.Value
			if !ok || b.Value != r.Value {
				return fmt.Errorf("pushed and not billed: %+v", r)
			}
		case r.Code == usage.CodeExpired && !ok:
			h.Expired++
		case r.Code == usage.CodeExpiredUnknown: // its answer may have been lost for three weeks
			h.Expired++
			pushed += map[bool]store.Units{true: r.Value}[ok]
		default:
			h.Refused++
			if ok && r.Code != "MKT.9001" { // refused as the reason of a whole call, after its answer was lost
				return fmt.Errorf("refused and billed: %+v", r)
			}
			pushed += map[bool]store.Units{true: r.Value}[ok]
		}
	}
	if taken != len(h.billed) || billed != pushed {
		return fmt.Errorf("%d of %d billed records are known; billed %d, known %d", taken, len(h.billed), billed, pushed)
	}
	return nil
}

// expected aggregates what was reported, by rules of its own.
func (h *history) expected(ctx context.Context) (sum store.Units, err error) {
	rows, err := h.store.Instances(ctx, h.seller, h.instances)
	if err != nil {
		return 0, err
	}
	product := make(map[string]string)
	for _, i := range rows {
		product[i.InstanceID] = i.Product.ProductID
	}
	peaks := make(map[string]store.Units)
	for _, u := range h.truth {
		value, _ := usage.ParseAmount(u.Value)
		switch product[u.InstanceID] {
		case "CALLS":
			sum += 10000
		case "PEAK":
			end := u.EndAt
			if !u.BeginAt.IsZero() && u.BeginAt.Before(end) {
				end = end.Add(-time.Microsecond)
			}
			key := fmt.Sprintf("%s %s %d", u.InstanceID, u.PackageID, end.Unix()/3600)
			peaks[key] = max(peaks[key], value)
		default:
			sum += value
		}
	}
	for _, v := range peaks {
		sum += v
	}
	return sum, nil
}
