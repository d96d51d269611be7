// SPDX-License-Identifier: Apache-2.0

package usage_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// fill books one record in the hour before noon for each of n instances.
func (r *rig) fill(n int) {
	r.t.Helper()
	opened := noon.Add(-24 * time.Hour)
	o := store.Order{Seller: seller, OrderID: "order-all", Endpoint: "saas", QueryState: store.QueryDone, CreatedAt: opened, UpdatedAt: opened}
	c := store.Change{NewOrder: &o}
	var records []usage.Record
	for i := range n {
		id := fmt.Sprintf("i-%03d", i)
		c.NewInstances = append(c.NewInstances, store.Instance{
			Seller: seller, InstanceID: id, Endpoint: "saas", OrderID: o.OrderID, OrderLineID: id, State: store.InstanceActive,
			Product: store.Product{ProductID: "SMS", ChargingMode: "ON_DEMAND"}, CreatedAt: opened, UpdatedAt: opened,
		})
		records = append(records, r.record(id, "1.5", -30*time.Minute))
	}
	if err := r.store.Apply(r.t.Context(), &c); err != nil {
		r.t.Fatal(err)
	}
	r.report(records...)
}

func states(rows []store.UsageRecord) map[string]int {
	m := make(map[string]int)
	for _, r := range rows {
		m[strings.TrimSpace(string(r.State)+" "+r.Code)]++
	}
	return m
}

func TestPushTakesWhatIsDue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill(1)
	if round := r.push(); round.Calls != 0 || round.Closed != 0 {
		t.Fatalf("before the window settled: %+v", round)
	}
	r.clock.Advance(time.Minute)
	round := r.push()
	if round.Calls != 1 || round.Closed != 1 || round.Pushed != 1 || round.Late != 0 || round.Pause != 0 || round.More {
		t.Errorf("%+v", round)
	}
	rec := r.records()[0]
	sent := r.market.calls[0][0]
	if rec.State != store.UsagePushed || rec.Code != "" || rec.Value != 15000 || sent.ID != rec.ID || !sent.BeginAt.Equal(noon.Add(-time.Hour)) || !sent.EndAt.Equal(noon) {
		t.Errorf("%+v", rec)
	}
	if round := r.push(); round.Calls != 0 {
		t.Errorf("nothing was left: %+v", round)
	}
	// What comes late is a record of its own, never a change of the first.
	r.report(r.record("i-000", "0.5", -20*time.Minute))
	r.push()
	if list := r.records(); len(list) != 2 || list[1].Value != 5000 && list[0].Value != 5000 || list[0].BeginAt.Equal(list[1].BeginAt) {
		t.Errorf("%+v", list)
	}
	if p := r.proven(); p.Pushed != 20000 || p.Raw != 20000 {
		t.Errorf("%+v", p)
	}
}

// Every code of a record, and what becomes of it.
func TestRecordVerdicts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill(6)
	r.market.say = map[string]usage.Verdict{
		"i-001": {Kind: usage.VerdictRefused, Code: "012"}, "i-002": {Kind: usage.VerdictAgain, Code: "013"},
		"i-003": {Kind: usage.VerdictDuplicate, Code: "005"}, "i-004": {Kind: usage.VerdictDuplicate, Code: "010"},
		"i-005": {Kind: usage.VerdictRefused, Code: "999"},
	}
	r.clock.Advance(time.Minute)
	round := r.push()
	if round.Pushed != 3 || round.Duplicates != 2 || round.Refused != 2 || round.Again != 1 {
		t.Errorf("%+v", round)
	}
	got := states(r.records())
	for want, n := range map[string]int{"PUSHED": 3, "REFUSED 012": 1, "SENDING 013": 1, "REFUSED 999": 1} {
		if got[want] != n {
			t.Errorf("no %s in %v", want, got)
		}
	}
	if r.metric("koogate_usage_refused_total", "code=012") != 1 || r.metric("koogate_usage_duplicates_total") != 2 || r.metric("koogate_usage_pushed_total", "seller=acme") != 3 {
		t.Error("metrics")
	}
	if p := r.proven(); p.Refused["012"] != 15000 || p.Sending != 15000 || p.Pushed != 45000 {
		t.Errorf("%+v", p)
	}
	// The identical record goes out again, after its pause, and the operator sends refused ones again.
	first := r.market.calls[0]
	r.market.say = nil
	if n, err := r.Retry(t.Context(), usage.Retry{Seller: seller, InstanceID: "i-001"}); n != (usage.Retried{Records: 1}) || err != nil {
		t.Fatal(n, err)
	}
	if round := r.push(); round.Pushed != 1 {
		t.Errorf("revived: %+v", round)
	}
	r.clock.Advance(5 * time.Second)
	if round := r.push(); round.Pushed != 1 {
		t.Errorf("after the pause: %+v", round)
	}
	again := r.market.calls[2][0]
	for _, f := range first {
		if f.ID == again.ID && (f.Value != again.Value || !f.BeginAt.Equal(again.BeginAt) || !f.EndAt.Equal(again.EndAt) || !f.CreatedAt.Equal(again.CreatedAt)) {
			t.Errorf("%+v then %+v", f, again)
		}
	}
}

// A call that was taken and whose answer was lost is repeated, and the duplicate is the answer.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]error{
		"timeout": errors.New("deadline exceeded"), "unknown": &usage.PushError{Class: usage.PushUnknown, Code: "NETWORK"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.fill(3)
			r.clock.Advance(time.Minute)
			r.market.after = func() error { return lost }
			if round := r.push(); round.Pushed != 0 || round.Again != 3 || round.Pause == 0 {
				t.Errorf("%+v", round)
			}
			if p := r.proven(); p.Sending != 45000 || p.Pushed != 0 {
				t.Errorf("success without an answer: %+v", p)
			}
			r.market.after = nil
			if round := r.push(); round.Calls != 0 {
				t.Errorf("before the pause is over: %+v", round)
			}
			r.clock.Advance(5 * time.Second)
			if round := r.push(); round.Pushed != 3 || round.Duplicates != 3 {
				t.Errorf("%+v", round)
			}
			if len(r.market.has) != 3 || r.proven().Pushed != 45000 {
				t.Errorf("%d records", len(r.market.has))
			}
		})
	}
}

// One record that the marketplace cannot take does not hold up the others.
func TestPoison(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		class usage.PushClass
		state string
		calls int // at most
	}{
		{"content", usage.PushContent, "REFUSED MKT.9001", 20},
		{"suspect", usage.PushSuspect, "SENDING MKT.9001", 20},
		{"a failure of the marketplace", usage.PushFailed, "SENDING MKT.9001", 20},
		{"no answer", usage.PushUnknown, "SENDING MKT.9001", 200},
	} {
		for _, place := range []string{"i-000", "i-021", "i-039"} {
			t.Run(c.name+"/"+place, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				r.fill(40)
				r.clock.Advance(time.Minute)
				r.market.before = func(list []store.UsageRecord) ([]usage.Verdict, error) {
					for _, u := range list {
						if u.InstanceID == place {
							return nil, &usage.PushError{Class: c.class, Code: "MKT.9001"}
						}
					}
					return nil, nil
				}
				for range 100 {
					if r.push(); len(r.market.has) == 39 {
						break
					}
					r.clock.Advance(10 * time.Second)
				}
				if got := states(r.records()); len(r.market.has) != 39 || got["PUSHED"] != 39 || got[c.state] != 1 || len(r.market.calls) > c.calls {
					t.Errorf("%d taken in %d calls: %v", len(r.market.has), len(r.market.calls), got)
				}
				r.proven()
			})
		}
	}
}

// A call that took no effect changes nothing, and the marketplace is left alone for a while.
func TestPauses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill(2)
	r.clock.Advance(time.Minute)
	var fault *usage.PushError
	r.market.before = func([]store.UsageRecord) ([]usage.Verdict, error) { return nil, fault }
	for _, c := range []struct {
		fault *usage.PushError
		pause time.Duration
	}{
		{&usage.PushError{Class: usage.PushUnsent, Code: "NETWORK"}, time.Second},
		{&usage.PushError{Class: usage.PushUnsent, Code: "NETWORK"}, 2 * time.Second},
		{&usage.PushError{Class: usage.PushLimited, Code: "MKT.0250", RetryAfter: 90 * time.Second}, 90 * time.Second},
		{&usage.PushError{Class: usage.PushDenied, Code: "MKT.0154"}, 30 * time.Second},
		{&usage.PushError{Class: usage.PushDenied, Code: "MKT.0154"}, 30 * time.Second},
		{&usage.PushError{Class: usage.PushUnsent, Code: "NETWORK"}, 30 * time.Second},
	} {
		fault = c.fault
		if round := r.push(); round.Calls != 1 || round.Pause != c.pause || round.Again != 0 || round.Refused != 0 {
			t.Errorf("%+v: %+v", c, round)
		}
	}
	for _, u := range r.records() {
		if u.State != store.UsageSending || u.Attempt != 0 {
			t.Errorf("%+v", u)
		}
	}
	if n := r.log.count("refuses the keys"); n != 1 {
		t.Errorf("%d alarms about keys", n)
	}
	r.market.before = nil
	if round := r.push(); round.Pushed != 2 {
		t.Errorf("%+v", round)
	}
	fault = &usage.PushError{Class: usage.PushUnsent}
	r.market.before = func([]store.UsageRecord) ([]usage.Verdict, error) { return nil, fault }
	r.report(r.record("i-000", "1", -time.Minute))
	if round := r.push(); round.Pause != time.Second {
		t.Errorf("the answer did not end the silence: %+v", round)
	}
}

// Whatever the marketplace does, nothing is tried for ever, and nothing is sent that it refuses for its age.
func TestExpiry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill(2)
	r.clock.Advance(time.Minute)
	r.market.before = func([]store.UsageRecord) ([]usage.Verdict, error) { return nil, errors.New("away") }
	for range 25 * 24 {
		r.push()
		r.clock.Advance(time.Hour)
	}
	sent := 0
	for _, call := range r.market.calls {
		sent += len(call)
	}
	if got := states(r.records()); got["REFUSED EXPIRED_UNKNOWN"] != 2 {
		t.Errorf("%v", got)
	}
	calls := len(r.market.calls)
	if n, err := r.Retry(t.Context(), usage.Retry{Seller: seller, InstanceID: "i-000"}); errs.As(err).Reason != errs.DeadlinePassed || n != (usage.Retried{}) {
		t.Fatal(n, err)
	}
	if round := r.push(); round.Expired != 0 || len(r.market.calls) != calls {
		t.Errorf("revived after its time: %+v", round)
	}
	if p := r.proven(); p.Refused["EXPIRED_UNKNOWN"] != 30000 {
		t.Errorf("%+v", p)
	}
	if at, ok, err := r.store.NextUsage(t.Context(), seller); ok || err != nil {
		t.Errorf("something waits: %v %v", at, err)
	}
}

// The earliest deadline goes first, over old and new records alike.
func TestOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *usage.Config, _ *usage.Deps) { c.Batch = 1 })
	r.open("day", "DAILY")
	r.open("hour", "SMS")
	r.report(r.record("day", "1", -10*time.Hour), r.record("day", "1", -time.Hour), r.record("hour", "1", -2*time.Hour), r.record("hour", "1", -5*time.Hour))
	r.clock.Advance(time.Minute)
	r.push()
	var got []string
	for _, call := range r.market.calls {
		got = append(got, fmt.Sprintf("%s %s", call[0].InstanceID, call[0].DeadlineAt.Format("02T15:04")))
	}
	want := []string{"hour 01T08:15", "hour 01T11:15"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	r.clock.Advance(5 * time.Hour)
	if round := r.push(); round.Pushed != 1 || r.market.calls[2][0].InstanceID != "day" || r.market.calls[2][0].Value != 20000 {
		t.Errorf("%+v", round)
	}
}

// The last window of a released instance ends with it, on every attempt.
func TestReleaseCutsTheWindow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.open("i-1", "SMS")
	r.report(r.record("i-1", "1", -50*time.Minute))
	r.release("i-1", noon.Add(-20*time.Minute-500*time.Millisecond))
	r.clock.Advance(time.Minute)
	r.market.after = func() error { return errors.New("lost") }
	r.push()
	r.clock.Advance(time.Hour)
	r.push()
	for _, call := range r.market.calls {
		if want := noon.Add(-20*time.Minute - time.Second); !call[0].EndAt.Equal(want) {
			t.Errorf("ends at %v, want %v", call[0].EndAt, want)
		}
	}
	if len(r.market.calls) != 2 {
		t.Errorf("%d calls", len(r.market.calls))
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 20 {
		id := fmt.Sprintf("i-%03d", i)
		r.open(id, "SMS")
		r.report(r.record(id, "1.5", -30*time.Minute))
	}
	r.clock.Advance(time.Minute)
	r.push()
	spans := r.spans.GetSpans()
	if len(spans) != 1 || spans[0].Name != "usage push" || len(spans[0].Links) != 16 {
		t.Fatalf("%d spans", len(spans))
	}
	order := telemetry.TraceID(seller, "order-i-000")
	found := false
	for _, l := range spans[0].Links {
		found = found || l.SpanContext.TraceID() == order
	}
	if !found {
		t.Error("no link to the order's trace")
	}
}

func TestLateIsCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill(1)
	r.clock.Advance(16 * time.Minute)
	if round := r.push(); round.Late != 1 || round.Pushed != 1 || r.metric("koogate_usage_late_total") != 1 {
		t.Errorf("%+v", round)
	}
}

// TestATakenSpanIsNoSuccess: where packages share begin and end, "there is a record of that time" may speak of another's.
func TestATakenSpanIsNoSuccess(t *testing.T) {
	t.Parallel()
	for spans, want := range map[store.UsageSpans]store.UsageState{store.SpansApart: store.UsagePushed, store.SpansShared: store.UsageRefused} {
		r := newRig(t, func(cfg *usage.Config, _ *usage.Deps) { cfg.Spans = map[string]store.UsageSpans{seller: spans} })
		r.fill(1)
		r.clock.Advance(time.Minute)
		r.market.say = map[string]usage.Verdict{"i-000": {Kind: usage.VerdictDuplicate, Code: "010"}}
		r.push()
		if rec := r.records()[0]; rec.State != want {
			t.Errorf("spans %d: %s, want %s", spans, rec.State, want)
		}
	}
}

// TestSpansAreToldAsConfigured: records of one instance and hour that are drawn from several packages begin a second apart, or
// together where that is configured; what one package has twice is apart in any case, and so is what the ledger keeps.
func TestSpansAreToldAsConfigured(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spans store.UsageSpans
		want  []time.Duration
	}{
		"apart":  {store.SpansApart, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}},
		"shared": {store.SpansShared, []time.Duration{0, 0, 0, time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(cfg *usage.Config, _ *usage.Deps) { cfg.Spans = map[string]store.UsageSpans{seller: c.spans} })
			r.open("i", "SMS")
			for _, id := range []string{"p", "q"} {
				r.open(id, "PKG", func(i *store.Instance) { i.Product.ChargingMode = "ON_DEMAND_PKG" })
			}
			of := func(packageID, value string) usage.Record {
				u := r.record("i", value, -30*time.Minute)
				u.PackageID = packageID
				return u
			}
			r.report(of("", "1"), of("p", "2"), of("q", "3"))
			r.clock.Advance(time.Minute)
			r.push()
			r.report(of("q", "4"))
			r.push()
			var told []time.Duration
			begins := map[time.Time]bool{}
			for _, call := range r.market.calls {
				for _, sent := range call {
					told = append(told, sent.Told().Sub(noon.Add(-time.Hour)))
				}
			}
			for _, rec := range r.records() {
				begins[rec.BeginAt] = true
			}
			if slices.Sort(told); !slices.Equal(told, c.want) || len(begins) != 4 {
				t.Errorf("told %v, want %v; %d begins", told, c.want, len(begins))
			}
		})
	}
}

// acts remembers what was recorded, and fails when told to.
type acts struct {
	err  error
	told []string
}

func (a *acts) RecordUsageRetry(_ context.Context, seller, instanceID string, data map[string]any) error {
	if a.err == nil {
		a.told = append(a.told, fmt.Sprint(seller, " ", instanceID, " ", data))
	}
	return a.err
}

// What the marketplace takes no more is sent again by force alone, for a day, and never without a record of who wanted it and why.
// What is in time goes out beside it.
func TestRetryBeyondTheWindowNeedsForce(t *testing.T) {
	t.Parallel()
	recorder := &acts{}
	r := newRig(t, func(_ *usage.Config, d *usage.Deps) { d.Recorder = recorder })
	r.fill(2)
	r.clock.Advance(time.Minute)
	refuse := func(list []store.UsageRecord) ([]usage.Verdict, error) {
		v := make([]usage.Verdict, len(list))
		for i := range v {
			v[i] = usage.Verdict{Kind: usage.VerdictRefused, Code: "012"}
		}
		return v, nil
	}
	r.market.before = refuse
	r.push()
	if got := states(r.records()); got["REFUSED 012"] != 2 {
		t.Fatalf("%v", got)
	}
	retry := func(q usage.Retry) (usage.Retried, error) {
		q.Seller, q.InstanceID = seller, "i-000"
		return r.Retry(t.Context(), q)
	}
	r.clock.Advance(21*24*time.Hour + time.Hour)
	calls := len(r.market.calls)
	for name, c := range map[string]struct {
		retry usage.Retry
		want  errs.Reason
	}{
		"plain": {usage.Retry{Reason: "why not"}, errs.DeadlinePassed}, "force without a reason": {usage.Retry{Force: true}, errs.InvalidField},
		"force for no reason": {usage.Retry{Force: true, Reason: "  "}, errs.InvalidField},
	} {
		if n, err := retry(c.retry); errs.As(err).Reason != c.want || n != (usage.Retried{}) {
			t.Errorf("%s: %v, %v", name, n, err)
		}
	}
	recorder.err = errs.New(errs.Unavailable, errs.StoreUnavailable, "away")
	forced := usage.Retry{Force: true, Reason: "agreed with the marketplace", Who: "support"}
	if n, err := retry(forced); errs.As(err).Reason != errs.StoreUnavailable || n != (usage.Retried{}) {
		t.Errorf("without a record: %v, %v", n, err)
	}
	if r.push(); len(r.market.calls) != calls || len(recorder.told) != 0 {
		t.Errorf("sent without force or record: %v %v", r.market.calls[calls:], recorder.told)
	}
	recorder.err = nil
	if n, err := retry(forced); n != (usage.Retried{Records: 1}) || err != nil {
		t.Fatal(n, err)
	}
	if want := "acme i-000 map[forced:true reason:agreed with the marketplace records:1 who:support]"; len(recorder.told) != 1 || recorder.told[0] != want {
		t.Errorf("recorded %q", recorder.told)
	}
	r.market.before = nil
	if round := r.push(); round.Pushed != 1 || len(r.market.calls) != calls+1 {
		t.Errorf("by force: %+v", round)
	}
	r.proven()
}
