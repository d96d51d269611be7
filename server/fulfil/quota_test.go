// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// stopped is an instance that its used up packages stopped.
func stopped(t *testing.T) (r *rig, id string) {
	t.Helper()
	r = newRig(t)
	id = r.active("CS1")
	if err := r.FreezeInstance(t.Context(), "demo", id, fulfil.CauseQuota); err != nil {
		t.Fatal(err)
	}
	r.wantFrozen(id, true, fulfil.CauseQuota)
	return r, id
}

func (r *rig) wantFrozen(id string, frozen bool, reason string) {
	r.t.Helper()
	i, err := r.Instance(r.t.Context(), "demo", id)
	state := store.InstanceActive
	if frozen {
		state = store.InstanceFrozen
	}
	if err != nil || i.Frozen != frozen || i.State != state || i.Reason != reason {
		r.t.Fatalf("got %v, frozen %v for %q, %v, want %v for %q", i.State, i.Frozen, i.Reason, err, frozen, reason)
	}
}

func (r *rig) dataOf(order, kind string) (data []string) {
	r.t.Helper()
	events, err := r.store.Events(r.t.Context(), "demo", order, 0, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range events {
		if e.Kind == kind {
			data = append(data, e.Data)
		}
	}
	return data
}

func TestUsedUpIsThawedByAPackageOnly(t *testing.T) {
	r, id := stopped(t)
	ctx := t.Context()
	if err := r.FreezeInstance(ctx, "demo", id, fulfil.CauseQuota); err != nil { // a repeat
		t.Fatal(err)
	}
	if got := r.dataOf("CS1", fulfil.EventFrozen); !slices.Equal(got, []string{`{"reason":"quota_used_up"}`}) {
		t.Fatalf("got %q", got)
	}
	for range 2 {
		if err := r.ThawInstance(ctx, "demo", id, fulfil.CauseQuota); err != nil {
			t.Fatal(err)
		}
		r.wantFrozen(id, false, "")
	}
	if got := r.dataOf("CS1", fulfil.EventUnfrozen); !slices.Equal(got, []string{`{"reason":"quota_used_up"}`}) {
		t.Fatalf("got %q", got)
	}
	tasks := r.leaseAll("worker", 0)
	if len(tasks) != 1 || tasks[0].Kind != store.TaskFreeze {
		t.Fatalf("got %v", tasks)
	}
}

// TestUsedUpAndFrozenByTheMarketplace: a package does not lift what the marketplace wants.
func TestUsedUpAndFrozenByTheMarketplace(t *testing.T) {
	r, id := stopped(t)
	ctx := t.Context()
	if _, err := r.UpdateInstanceStatus(ctx, fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: id, Freeze: true}); err != nil {
		t.Fatal(err)
	}
	if err := r.ThawInstance(ctx, "demo", id, fulfil.CauseQuota); err != nil {
		t.Fatal(err)
	}
	r.wantFrozen(id, true, "")
	if err := r.FreezeInstance(ctx, "demo", id, fulfil.CauseQuota); err != nil {
		t.Fatal(err)
	}
	r.wantFrozen(id, true, "")
	if _, err := r.UpdateInstanceStatus(ctx, fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: id}); err != nil {
		t.Fatal(err)
	}
	r.wantFrozen(id, false, "")
}

// TestUsedUpThenExpired: the renewal thaws it, a package does not.
func TestUsedUpThenExpired(t *testing.T) {
	r, id := stopped(t)
	ctx := t.Context()
	if _, err := r.UpdateInstanceStatus(ctx, fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: id, Freeze: true, Expired: true}); err != nil {
		t.Fatal(err)
	}
	if err := r.ThawInstance(ctx, "demo", id, fulfil.CauseQuota); err != nil {
		t.Fatal(err)
	}
	r.wantFrozen(id, true, "expired")
}

func TestFreezeUnknownInstance(t *testing.T) {
	r := newRig(t)
	for _, err := range []error{
		r.FreezeInstance(t.Context(), "demo", "no-such", fulfil.CauseQuota), r.WarnQuota(t.Context(), fulfil.QuotaWarning{Seller: "demo", PackageID: "no-such", Quota: "1"}, []int32{80}),
		r.PackageAssigned(t.Context(), "demo", "no-such", fulfil.PackageItem{}), r.PackageWaits(t.Context(), "demo", "no-such", "p", "why"),
	} {
		if errs.As(err).Reason != errs.InstanceNotFound {
			t.Errorf("got %v", err)
		}
	}
}

// TestWarningsOnce: each per cent of each quota is told once, by however many at once.
func TestWarningsOnce(t *testing.T) {
	r := newRig(t)
	id := r.active("CS1")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := r.WarnQuota(t.Context(), fulfil.QuotaWarning{Seller: "demo", PackageID: id, InstanceID: "sms", Quota: "100"}, []int32{80, 95}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, w := range []fulfil.QuotaWarning{{InstanceID: "sms", Quota: "100"}, {InstanceID: "sms", Quota: "200"}, {InstanceID: "mms", Quota: "100", Cycle: 2}} {
		w.Seller, w.PackageID = "demo", id
		if err := r.WarnQuota(t.Context(), w, []int32{80}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`{"percent":80,"quota":"100","relatedInstanceId":"sms"}`, `{"percent":95,"quota":"100","relatedInstanceId":"sms"}`,
		`{"percent":80,"quota":"200","relatedInstanceId":"sms"}`, `{"cycle":2,"percent":80,"quota":"100","relatedInstanceId":"mms"}`,
	}
	if got := r.dataOf("CS1", fulfil.EventQuotaWarned); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}
