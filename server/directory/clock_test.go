// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

// ahead moves a call's time.
func ahead(by time.Duration) func(directory.Scope) directory.Scope {
	return func(s directory.Scope) directory.Scope { s.At = s.At.Add(by); return s }
}

// House rule 10: foreign clocks are bounded. A call with a time from the future does not outlive the calls that follow it, a
// removal included, and its repeats do not come back.
func TestACallFromTheFutureDoesNotOutliveTheNext(t *testing.T) {
	for _, by := range []time.Duration{directory.MaxAhead + time.Minute, 8 * time.Hour, 200 * 365 * 24 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			r := newRig(t)
			calls := joint(true)
			for _, c := range calls[:4] {
				r.want(true)(c.call(r, ahead(by)))
			}
			before := r.show(storetest.Seller)
			r.clock.Advance(time.Minute)
			for _, c := range calls[:4] { // the same calls again, also much later
				r.want(false)(c.call(r, ahead(by)))
				r.clock.Advance(time.Hour)
			}
			if got := r.show(storetest.Seller); got != before {
				t.Errorf("repeats changed the directory:\n%s\nwas\n%s", got, before)
			}
			s := scope(0)
			s.At = r.clock.Now() // a clock that is right
			r.want(true)(r.SyncUsers(t.Context(), directory.Users{Scope: s, Flag: directory.Delete, AppID: "app", Users: []directory.User{{UserName: "zhangsan01"}}}))
			r.want(true)(r.SyncTenant(t.Context(), directory.Tenant{Scope: s, Flag: directory.Delete}))
			if got := r.show(storetest.Seller); got != "" {
				t.Errorf("left: %s", got)
			}
			for _, c := range calls[:4] { // what was captured does not bring anybody back
				_, err := c.call(r, ahead(by))
				r.must(err)
			}
			if got := r.show(storetest.Seller); got != "" {
				t.Errorf("came back: %s", got)
			}
		})
	}
}

// What an earlier release has written with a time from the future is mended by the migration; what is less than that ahead
// is over in minutes.
func TestACallSlightlyAheadIsOverInMinutes(t *testing.T) {
	r := newRig(t)
	c := joint(true)[0]
	r.want(true)(c.call(r, ahead(directory.MaxAhead-2*time.Second)))
	r.clock.Advance(directory.MaxAhead)
	s := scope(0)
	s.At = r.clock.Now()
	r.want(true)(r.SyncTenant(t.Context(), directory.Tenant{Scope: s, Flag: directory.Delete}))
	if got := r.show(storetest.Seller); got != "" {
		t.Errorf("left: %s", got)
	}
}

// Random histories, with callers whose clocks are right, behind or far ahead, calls that are shuffled and doubled, and
// replicas whose clocks differ: whoever calls last with the right time is heard, whatever came before, and no repeat of an
// earlier call undoes it.
func TestForeignClocksOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		first := over(t, st)
		second := &rig{t: t, store: st, recorder: first.recorder, clock: clocktest.New(storetest.Epoch.Add(2 * time.Minute)), sealer: first.sealer}
		second.Service = directory.New(directory.Deps{Store: st, Recorder: first.recorder, Sealer: first.sealer, Clock: second.clock})
		replicas := []*rig{first, second}
		histories, steps := 0, 0
		rapid.Check(t, func(rt *rapid.T) {
			histories++
			tenant := fmt.Sprintf("tenant-%d", histories)
			var done []func(r *rig)
			call := func(s directory.Scope, user int, flag directory.Flag) func(r *rig) {
				return func(r *rig) {
					_, err := r.SyncUsers(t.Context(), directory.Users{
						Scope: s, Flag: flag, AppID: "app", Users: []directory.User{{UserName: fmt.Sprint("user-", user), Enabled: true}},
					})
					r.must(err)
				}
			}
			now := func(skew time.Duration) directory.Scope {
				s := scope(0)
				s.TenantID, s.At = tenant, first.clock.Now().Add(skew)
				return s
			}
			state := func() map[string]store.UserState {
				users, err := first.Users(t.Context(), store.ListQuery{
					Seller: storetest.Seller, Filter: []store.Term{{Field: "tenant_id", Value: tenant}}, Limit: 100,
				})
				first.must(err)
				m := map[string]store.UserState{}
				for _, u := range users {
					m[u.UserName] = u.State
				}
				return m
			}
			flags := []directory.Flag{directory.Add, directory.Modify, directory.Withdraw, directory.Delete}
			for range rapid.IntRange(1, 25).Draw(rt, "calls") {
				steps++
				skew := rapid.SampledFrom([]time.Duration{0, -time.Hour, time.Second, 8 * time.Hour, 365 * 24 * time.Hour}).Draw(rt, "skew")
				c := call(now(skew), rapid.IntRange(0, 2).Draw(rt, "user"), rapid.SampledFrom(flags).Draw(rt, "flag"))
				done = append(done, c)
				for range rapid.IntRange(1, 2).Draw(rt, "times") {
					c(replicas[rapid.IntRange(0, 1).Draw(rt, "replica")])
				}
				step := time.Duration(rapid.IntRange(1, 3600).Draw(rt, "seconds")) * time.Second
				first.clock.Advance(step)
				second.clock.Advance(step)
			}
			// All clocks have passed what is slightly ahead; the last word is a caller's whose clock is right.
			first.clock.Advance(10 * time.Minute)
			second.clock.Advance(10 * time.Minute)
			gone := rapid.Bool().Draw(rt, "gone")
			flag, want := directory.Add, store.UserActive
			if gone {
				flag = directory.Delete
			}
			for user := range 3 {
				call(now(0), user, flag)(replicas[rapid.IntRange(0, 1).Draw(rt, "replica")])
			}
			check := func(when string) {
				got := state()
				for user := range 3 {
					if s, ok := got[fmt.Sprint("user-", user)]; ok == gone || ok && s != want {
						rt.Fatalf("%s: user %d is %q (there: %v), the last call said gone=%v", when, user, s, ok, gone)
					}
				}
			}
			check("after the last word")
			for _, k := range rapid.Permutation(done).Draw(rt, "repeats") {
				k(replicas[rapid.IntRange(0, 1).Draw(rt, "replica")])
			}
			check("after repeats of all that was said before")
		})
		t.Logf("%d histories, %d calls", histories, steps)
	})
}
