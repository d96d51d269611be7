// SPDX-License-Identifier: Apache-2.0

package quota_test

import (
	"testing"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/store"
)

func reset(to store.Reset, begin time.Time) func(*quota.Package) {
	return func(p *quota.Package) { p.Reset, p.BeginAt = &to, begin }
}

// TestCycle: a package that is used up stops its instance until its next cycle, without anybody's call, and tells its per
// cents in each cycle; on both databases.
func TestCycle(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			r := over(t, open(t))
			begin := r.clock.Now().Add(-24 * time.Hour)
			r.pack("P1", "10", reset(store.ResetMonth, begin))
			r.use("a", "10")
			r.frozen(true)
			r.clock.Advance(31 * 24 * time.Hour)
			for range 2 {
				if _, err := r.Expire(t.Context(), seller); err != nil {
					t.Fatal(err)
				}
			}
			r.frozen(false)
			r.events("OD", frozenEvent, thawedEvent)
			r.stands("P1 0+0/10")
			if enough, left, err := r.Check(t.Context(), seller, "inst-OD", r.units("10")); !enough || left != r.units("10") || err != nil {
				t.Fatalf("got %v %v %v", enough, left, err)
			}
			r.use("b", "8")
			r.events("P1", `quota.warned {"percent":80,"quota":"10","relatedInstanceId":"inst-OD"}`, `quota.warned {"percent":95,"quota":"10","relatedInstanceId":"inst-OD"}`,
				`quota.warned {"percent":100,"quota":"10","relatedInstanceId":"inst-OD"}`, `quota.warned {"cycle":1,"percent":80,"quota":"10","relatedInstanceId":"inst-OD"}`)
			r.ledger(map[string]store.Units{"inst-P1": r.units("18")})
			q := r.pack("P1", "12") // what is not said of the cycles leaves them
			if q.Reset != store.ResetMonth || !q.BeginAt.Equal(begin.UTC()) {
				t.Fatalf("got %+v", q)
			}
			for _, mod := range []func(*quota.Package){
				reset(store.ResetNone, time.Time{}), reset(store.ResetYear, begin), reset(store.ResetMonth, begin.Add(time.Second)),
			} {
				_, err := r.put("P1", "12", mod)
				r.want(err, errs.StateConflict)
			}
			_, err := r.put("P1", "12", reset(store.ResetMonth, r.clock.Now().Add(time.Hour)))
			r.want(err, errs.InvalidField)
		})
	}
}

// TestAPackageEndsByItsDate: the job stops the instance, no refused reservation is needed.
func TestAPackageEndsByItsDate(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			r := over(t, open(t))
			r.pack("P1", "10", func(p *quota.Package) { p.ExpireAt = r.clock.Now().Add(time.Hour) })
			r.clock.Advance(time.Hour)
			r.broken.Store(true) // what fails is made up for
			if _, err := r.Expire(t.Context(), seller); errs.As(err).Reason != errs.StoreUnavailable {
				t.Fatal(err)
			}
			r.frozen(false)
			r.broken.Store(false)
			r.Service = r.service() // nothing is remembered
			if _, err := r.Expire(t.Context(), seller); err != nil {
				t.Fatal(err)
			}
			r.frozen(true)
		})
	}
}
