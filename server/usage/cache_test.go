// SPDX-License-Identifier: Apache-2.0

package usage_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

// House rule 3: a cache never decides. An instance whose packages stop when they are used up is not reported past them from the
// moment PutQuota has returned, in this replica and in every other, however long they remember what they have read.
func TestAQuotaIsSeenAtOnceOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		forLong := func(cfg *usage.Config, _ *usage.Deps) { cfg.FactFor = time.Hour }
		a := over(t, st, forLong)
		b := over(t, st, forLong)
		a.open("i-1", "SMS")
		a.report(a.record("i-1", "1", -time.Minute)) // both remember now
		b.made = 1000
		b.report(b.record("i-1", "1", -time.Minute))
		if _, err := st.PutQuota(t.Context(), store.Quota{Seller: seller, PackageID: "p-1", InstanceID: "i-1", Quota: 10, Stop: true, CreatedAt: noon, UpdatedAt: noon}); err != nil {
			t.Fatal(err)
		}
		a.open("i-2", "SMS")
		for name, r := range map[string]*rig{"the same replica": a, "another replica": b} {
			outcomes, err := r.Report(t.Context(), seller, []usage.Record{r.record("i-1", "1", -time.Minute), r.record("i-2", "1", -time.Minute)})
			if err != nil || outcomes[0].Result != usage.Invalid || outcomes[1].Result != usage.Added {
				t.Errorf("%s: %+v %v", name, outcomes, err)
			}
		}
		a.proven()
	})
}

// What is remembered of a live instance is not what a released one is judged by.
func TestAReleaseIsSeenAtOnceOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := over(t, st, func(cfg *usage.Config, _ *usage.Deps) { cfg.FactFor = time.Hour })
		r.open("i-1", "SMS")
		r.report(r.record("i-1", "1", -20*time.Minute))
		r.release("i-1", noon.Add(-10*time.Minute))
		outcomes, err := r.Report(t.Context(), seller, []usage.Record{r.record("i-1", "1", -5*time.Minute), r.record("i-1", "1", -15*time.Minute)})
		if err != nil || outcomes[0].Result != usage.Invalid || outcomes[1].Result != usage.Added {
			t.Errorf("%+v %v", outcomes, err)
		}
	})
}

// What was booked is booked, whatever could not be booked any more: a repeat is a duplicate, and other content under its key a conflict.
func TestWhatWasBookedStaysBookedOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := over(t, st)
		r.open("i-1", "SMS", func(i *store.Instance) { i.State = store.InstanceProvisioning })
		r.open("i-2", "SMS")
		booked, old := r.record("i-1", "1", -5*time.Minute), r.record("i-2", "1", -5*time.Minute)
		r.report(booked, old)
		other, elsewhere, fresh := booked, booked, r.record("i-1", "1", -4*time.Minute)
		other.Value, elsewhere.InstanceID = "2", "i-2"
		check := func(want []usage.Result, records ...usage.Record) {
			t.Helper()
			outcomes, err := r.Report(t.Context(), seller, records)
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range outcomes {
				if o.Result != want[i] || o.Key != records[i].Key || (o.Message == "") != (want[i] == usage.Duplicate) {
					t.Errorf("record %d: %+v, want %s", i, o, want[i])
				}
			}
		}
		r.end("i-1", store.InstanceFailed, fulfil.EventTaskFailed, noon)
		check([]usage.Result{usage.Duplicate, usage.Conflict, usage.Conflict, usage.Invalid}, booked, other, elsewhere, fresh)
		r.clock.Advance(30 * 24 * time.Hour)
		late := old
		late.Key = "late"
		check([]usage.Result{usage.Duplicate, usage.Duplicate, usage.Invalid}, booked, old, late)
		r.proven()
	})
}

// Random histories: replicas with caches of any length report, while quotas that stop, quotas that go on, and releases come
// in between. The model knows only the order in which the calls returned.
func TestWhatUsageIsJudgedByOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		replicas := make([]*rig, 3)
		for i := range replicas {
			replicas[i] = over(t, st, func(cfg *usage.Config, _ *usage.Deps) { cfg.FactFor = time.Duration(i) * time.Hour })
			replicas[i].made = i * 10_000_000
		}
		first := replicas[0]
		histories, steps := 0, 0
		rapid.Check(t, func(rt *rapid.T) {
			histories++
			type model struct{ stops, released bool }
			instances := make([]model, 3)
			name := func(i int) string { return fmt.Sprintf("h%d-%d", histories, i) }
			for i := range instances {
				first.open(name(i), "SMS")
			}
			for n, s := range rapid.SliceOfN(rapid.IntRange(0, 9), 5, 30).Draw(rt, "steps") {
				steps++
				i := rapid.IntRange(0, len(instances)-1).Draw(rt, "instance")
				switch {
				case s == 0 || s == 1:
					stop := s == 0
					if _, err := st.PutQuota(t.Context(), store.Quota{
						Seller: seller, PackageID: fmt.Sprintf("%s-p%d", name(i), n), InstanceID: name(i), Quota: 10, Stop: stop, CreatedAt: noon, UpdatedAt: noon,
					}); err != nil {
						rt.Fatal(err)
					}
					instances[i].stops = instances[i].stops || stop
				case s == 2 && !instances[i].released:
					first.release(name(i), noon.Add(-10*time.Minute))
					instances[i].released = true
				default:
					r := replicas[rapid.IntRange(0, 2).Draw(rt, "replica")]
					records := make([]usage.Record, len(instances))
					late := rapid.Bool().Draw(rt, "late")
					for k := range instances {
						records[k] = r.record(name(k), "1", map[bool]time.Duration{true: -5 * time.Minute, false: -15 * time.Minute}[late])
					}
					outcomes, err := r.Report(t.Context(), seller, records)
					if err != nil {
						rt.Fatal(err)
					}
					for k, m := range instances {
						want := usage.Added
						if m.stops || m.released && late {
							want = usage.Invalid
						}
						if outcomes[k].Result != want {
							rt.Fatalf("instance %d (%+v): %+v, want %s", k, m, outcomes[k], want)
						}
					}
				}
			}
		})
		first.proven()
		t.Logf("%d histories, %d steps", histories, steps)
	})
}
