// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

// activities are one activity of each step in each family.
var activities = map[deadline.Family]map[deadline.Step]string{
	deadline.SaasV2: {
		deadline.Open: "newInstance", deadline.Upgrade: "upgradeInstance", deadline.Refresh: "refreshInstance", deadline.Status: "updateInstanceStatus",
		deadline.Release: "releaseInstance", deadline.Check: "changeInstanceCheck",
	},
	deadline.SaasV1: {
		deadline.Open: "newInstance", deadline.Upgrade: "upgrade", deadline.Refresh: "refreshInstance", deadline.Status: "instanceStatus",
		deadline.Release: "releaseInstance",
	},
	deadline.LicenseV1: {
		deadline.Open: "getLicense", deadline.Refresh: "refreshLicense", deadline.Status: "expireLicense", deadline.Release: "releaseLicense",
	},
	deadline.LicenseCode: {
		deadline.Refresh: "refreshLicenseCode", deadline.Status: "updateLicenseCodeStatus", deadline.Release: "releaseLicenseCode",
	},
	deadline.LicenseOnline: {
		deadline.Open: "getLicenseAsync", deadline.Refresh: "refreshInstance", deadline.Status: "updateInstanceStatus", deadline.Release: "releaseInstance",
	},
	deadline.OrderNotify: {deadline.Open: "orderNotify"}, deadline.KitV1: {deadline.Sync: "tenantSync"}, deadline.KitV2: {deadline.Sync: "authSync"},
}

// As often as the marketplace repeats a call of any family, the rows count from 1 and name one end; what comes after the window begins anew.
func TestEveryRuleHasItsSeriesOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := newRig(nil)
		r.Store = st
		for _, rule := range deadline.Rules() {
			e := entry(0, r.clock.Now())
			e.Family, e.Activity, e.Code, e.Reason = string(rule.Family), activities[rule.Family][rule.Step], "000005", "INTERNAL"
			e.Identity = storetest.NewID()
			began := e.Arrived
			for n := range rule.Attempts() {
				e.Arrived = began.Add(time.Duration(n)*rule.Every + time.Duration(n)*time.Second) // repetitions are never on time
				c := recorded(t, r, e)
				o, ok := journal.OutlookOf(c)
				if c.Attempt != int64(n)+1 || !ok || !o.Until.Equal(began.Add(rule.Window)) || o.End != rule.End {
					t.Fatalf("%s %s: attempt %d of %d, %+v, %v", rule.Family, rule.Step, c.Attempt, n+1, o, ok)
				}
				if again := n+1 < rule.Attempts() && n == 0; again && !o.Next.Equal(e.Arrived.Add(rule.Every)) || rule.Every == 0 && !o.Next.IsZero() {
					t.Fatalf("%s %s: attempt %d is repeated at %s", rule.Family, rule.Step, n+1, o.Next)
				}
			}
			e.Arrived = began.Add(rule.Window + rule.Every + time.Second)
			if c := recorded(t, r, e); c.Attempt != 1 {
				t.Fatalf("%s %s: a call after the window is attempt %d", rule.Family, rule.Step, c.Attempt)
			}
		}
	})
}

func recorded(t *testing.T, r *rig, e journal.Entry) store.Call {
	t.Helper()
	id := r.Take(e)
	flush(t, r)
	c, err := r.Call(t.Context(), e.Seller, id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Nothing follows from an answer that is no failure, and in the V1.0 generation only one is none.
func TestWhatFollowsFromAnAnswer(t *testing.T) {
	for _, c := range []struct {
		family, activity, code string
		follows                bool
	}{
		{"saas_v2", "newInstance", "000000", false}, {"saas_v2", "newInstance", "000004", false}, {"saas_v2", "newInstance", "000005", true},
		{"saas_v1", "newInstance", "000000", false}, {"saas_v1", "newInstance", "000004", true}, {"saas_v2", "queryInstance", "000005", false},
		{"license_online", "getLicenseAsync", "000004", false}, {"saas_v2", "refreshInstance", "000004", true}, {"saas_v2", "upgradeInstance", "000004", true},
		{"license_code", "refreshLicenseCode", "000004", true}, {"saas_v2", "updateInstanceStatus", "000004", true},
		{"", "", "000001", false},
	} {
		_, ok := journal.OutlookOf(store.Call{Family: c.family, Activity: c.activity, Code: c.code, FirstAt: noon, LastAt: noon})
		if ok != c.follows {
			t.Errorf("%+v: %v", c, ok)
		}
	}
}

// Every activity that is served is known here, so that a new one has its series.
func TestEveryActivityHasAStep(t *testing.T) {
	for _, f := range family.All() {
		for _, s := range f.Services {
			methods, err := s.Methods(f.Door)
			if err != nil {
				t.Fatal(err)
			}
			for activity := range methods {
				if activity != "queryInstance" && !journal.Knows(activity) {
					t.Errorf("%s: no step for %s", f.Name, activity)
				}
			}
		}
	}
}
