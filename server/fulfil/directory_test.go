// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

func tenant(instance string, at time.Time) *store.DirectoryChange {
	key := store.TenantKey{Seller: "demo", InstanceID: instance, TenantID: "T1"}
	return &store.DirectoryChange{
		Key: key, Now: at, Tenant: &store.Tenant{TenantKey: key, Name: "Acme", Stamp: store.Stamp{At: at}, CreatedAt: at, UpdatedAt: at},
	}
}

func TestDirectoryChangesAreOnTheChain(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	record := func(instance string, at time.Time) bool {
		t.Helper()
		changed, err := r.RecordDirectory(t.Context(), "demo", instance, map[string]any{"activity": "tenantSync", "tenantId": "T1"}, tenant(instance, at))
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	var wg sync.WaitGroup
	var n atomic.Int64
	for range 100 {
		wg.Go(func() {
			if record("biz-CS1", at) {
				n.Add(1)
			}
		})
	}
	wg.Wait()
	if n.Load() != 1 {
		t.Errorf("%d calls changed something", n.Load())
	}
	if record("biz-CS1", at.Add(-time.Hour)) { // a late call
		t.Error("an older call changed something")
	}
	if record("biz-CS1", at.Add(-time.Hour)) {
		t.Error("an older call changed something")
	}
	es := r.events("CS1", append(created, fulfil.EventDirectory, fulfil.EventDirectoryIgnored)...) // the same once more is not said again
	if e := es[4]; !strings.Contains(e.Data, `"rows":1`) || !strings.Contains(e.Data, `"activity":"tenantSync"`) {
		t.Errorf("event %s", e.Data)
	}
	if e := es[3]; e.InstanceID != "biz-CS1" || !strings.Contains(e.Data, `"tenantId":"T1"`) {
		t.Errorf("event %+v", e)
	}
	if !strings.Contains(r.log.String(), "came too late and had no effect") {
		t.Error("nothing in the log")
	}
	r.wantCode2(r.release())
	if !record("biz-CS1", at.Add(time.Hour)) || record("biz-CS1", at.Add(time.Hour)) {
		t.Error("after the release")
	}
	r.events("CS1", append(created, fulfil.EventDirectory, fulfil.EventDirectoryIgnored, fulfil.EventReleased, fulfil.EventDirectory)...)
}

func TestDirectoryOfAnUnknownInstance(t *testing.T) {
	r := newRig(t)
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, want := range []bool{true, false} {
		changed, err := r.RecordDirectory(t.Context(), "demo", "elsewhere", nil, tenant("elsewhere", at))
		if err != nil || changed != want {
			t.Errorf("changed %v %v, want %v", changed, err, want)
		}
	}
	if orders, err := r.Orders(t.Context(), store.ListQuery{Seller: "demo", Limit: 10}); err != nil || len(orders) != 0 {
		t.Errorf("orders %v %v", orders, err)
	}
}

// A full list of departments leaves a report of what it differed by in its event, from the transaction that merged it, and takes
// nothing away that it does not name.
func TestAFullListTellsWhatItDiffersBy(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	list := func(minute int, names ...string) {
		t.Helper()
		key := store.TenantKey{Seller: "demo", InstanceID: "biz-CS1", TenantID: "T1"}
		c := &store.DirectoryChange{Key: key, Now: at, Full: true}
		for _, n := range names {
			code, name, _ := strings.Cut(n, "=")
			c.Departments = append(c.Departments, store.Department{OrgCode: code, Name: name, Stamp: store.Stamp{At: at.Add(time.Duration(minute) * time.Minute)}})
		}
		if _, err := r.RecordDirectory(t.Context(), "demo", "biz-CS1", map[string]any{"activity": "allOrgSync"}, c); err != nil {
			t.Fatal(err)
		}
	}
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprintf("m%02d=x", i)
	}
	list(0, "a=A", "b=B", "c=C")
	list(0, "a=A", "b=B", "c=C") // the same call again
	list(1, "a=A", "b=other", "d=D")
	list(-5, "a=old", "e=E") // a late one: what was told later is neither changed nor absent
	list(2, many...)
	var got []string
	for _, e := range r.events("CS1", append(created, fulfil.EventDirectory, fulfil.EventDirectory, fulfil.EventDirectory, fulfil.EventDirectoryIgnored, fulfil.EventDirectory)...)[3:] {
		got = append(got, e.Data)
	}
	for i, want := range []string{
		`{"absent":0,"activity":"allOrgSync","added":3,"addedCodes":["a","b","c"],"changed":0}`,
		`{"absent":1,"absentCodes":["c"],"activity":"allOrgSync","added":1,"addedCodes":["d"],"changed":1,"changedCodes":["b"]}`,
		`{"absent":0,"activity":"allOrgSync","added":1,"addedCodes":["e"],"changed":0}`,
		`{"activity":"allOrgSync","rows":1}`,
	} {
		if got[i] != want {
			t.Errorf("event %d: %s\nwant %s", i, got[i], want)
		}
	}
	if last := got[4]; !strings.Contains(last, `"added":30`) || !strings.Contains(last, `"m19"]`) || strings.Contains(last, `"m20"`) || !strings.Contains(last, `"absent":5,"absentCodes":["a","b","c","d","e"]`) {
		t.Errorf("event %s", last)
	}
	units, err := r.store.ListDepartments(t.Context(), store.ListQuery{Seller: "demo", Limit: 100})
	if err != nil || len(units) != 35 {
		t.Errorf("%d departments, %v", len(units), err)
	}
	if chain, err := r.VerifyOrder(t.Context(), "demo", "CS1"); err != nil || chain.Broken != nil {
		t.Errorf("the chain: %+v, %v", chain, err)
	}
	if !strings.Contains(r.log.String(), "does not name some that are there") {
		t.Error("nothing in the log")
	}
}
