package fulfil_test

import (
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
