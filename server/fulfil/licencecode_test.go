// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

func FuzzLicenceInstanceID(f *testing.F) {
	f.Add("a", "bc", "ab", "c")
	f.Add("", "x", "x", "")
	f.Fuzz(func(t *testing.T, s1, c1, s2, c2 string) {
		a, b := fulfil.LicenceInstanceID(s1, c1), fulfil.LicenceInstanceID(s2, c2)
		if (a == b) != (s1 == s2 && c1 == c2) || len(a) != 48 {
			t.Errorf("%q %q and %q %q: %s %s", s1, c1, s2, c2, a, b)
		}
	})
}

func TestLicenceCodeIsAdoptedOnce(t *testing.T) {
	r := newRig(t)
	const code = "PLcanary0001"
	id := fulfil.LicenceInstanceID("demo", code)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if got, err := r.LicenceCode(context.Background(), r.ep, code, "OFFI-7", time.Now()); err != nil || got != id {
				t.Errorf("%s %v", got, err)
			}
		})
	}
	wg.Wait()
	es := r.events(id, fulfil.EventAdopted)
	i := r.state(id, store.InstanceActive)
	if i.Family != fulfil.FamilyLicenseCode || i.Product.ProductID != "OFFI-7" || i.OrderID != id {
		t.Errorf("instance %+v", i)
	}
	if o, err := r.Order(t.Context(), "demo", id); err != nil || o.Order.QueryState != store.QueryDone {
		t.Errorf("order %+v %v", o, err)
	}
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	refresh := func(id string) (fulfil.Answer, error) {
		return r.RefreshInstance(t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr", OrderLineID: "CSr-000001", InstanceID: id, ExpireAt: at, Told: true,
			Activity: "refreshLicenseCode",
		})
	}
	r.wantCode2(refresh(id))
	r.wantCode2(refresh(id))
	second, err := r.LicenceCode(t.Context(), r.ep, "PLcanary0002", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.wantCode2(refresh(second)) // a line may hold several codes
	for range 2 {
		task := r.lease("worker")
		in, ok, err := r.InputOf(t.Context(), task)
		want := map[string]string{id: code, second: "PLcanary0002"}[task.InstanceID]
		if err != nil || !ok || in.LicenceCode != want || task.Kind != store.TaskRefresh {
			t.Errorf("%s: input %v %v", task.Kind, ok, err)
		}
		r.complete(task)
	}
	release := func() (fulfil.Answer, error) {
		return r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: id, Activity: "releaseLicenseCode"})
	}
	r.wantCode2(release())
	r.wantCode2(release())
	if got, err := r.LicenceCode(t.Context(), r.ep, code, "", time.Now()); err != nil || got != id {
		t.Errorf("after the release: %s %v", got, err)
	}
	r.wantCode2(refresh(id))
	r.work(store.TaskRelease)
	r.none("worker")
	es = append(es, r.events(id, fulfil.EventAdopted, fulfil.EventRefreshed, fulfil.EventTaskCompleted, fulfil.EventReleased, fulfil.EventTaskCompleted)...)
	rows, err := json.Marshal(es)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{
		"events": string(rows), "log": r.log.String(), "spans": fmt.Sprintf("%+v", r.spans.GetSpans()), "instance": fmt.Sprintf("%+v %s", i, i.Access),
	} {
		if strings.Contains(s, "canary") {
			t.Errorf("the code is in the %s", name)
		}
	}
}

func TestUnknownLicenceCodeIsRefused(t *testing.T) {
	r := newRig(t, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.RefuseCodes = true })
	_, err := r.LicenceCode(t.Context(), r.ep, "PLcanary0001", "", time.Now())
	if e := errs.As(err); e.Reason != errs.InstanceNotFound || strings.Contains(e.Error(), "canary") {
		t.Errorf("%v", err)
	}
	if orders, err := r.Orders(t.Context(), store.ListQuery{Seller: "demo", Limit: 10}); err != nil || len(orders) != 0 {
		t.Errorf("orders %v %v", orders, err)
	}
}

// Only the marketplace's call freezes a code; when it is set so, one that has expired is shown as frozen, and nothing else
// changes (third-reading T29).
func TestCodeShownAtExpiry(t *testing.T) {
	for _, set := range []bool{false, true} {
		r := newRig(t, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.FreezeAtExpiry = set })
		for expiry, expired := range map[time.Time]bool{
			{}: false, time.Now().Add(time.Hour): false, time.Now().Add(-time.Hour): true,
		} {
			code := "PL" + expiry.String()[:19]
			id, err := r.LicenceCode(t.Context(), r.ep, code, "OFFI-7", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if !expiry.IsZero() {
				r.wantCode2(r.RefreshInstance(t.Context(), fulfil.Refresh{
					Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CS" + code, OrderLineID: "1", InstanceID: id, ExpireAt: expiry, Told: true,
					Activity: "refreshLicenseCode",
				}))
			}
			i := r.state(id, store.InstanceActive)
			want := store.InstanceActive
			if expired && set {
				want = store.InstanceFrozen
			}
			if got := r.Shown(i); got.State != want || (got.Reason == "expired") != (want == store.InstanceFrozen) {
				t.Errorf("set %v, expiry %s: shown as %s (%s)", set, expiry, got.State, got.Reason)
			}
			a, err := r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: id, Freeze: true})
			r.wantCode(a, err, "000000")
			if got := r.Shown(r.state(id, store.InstanceFrozen)); got.State != store.InstanceFrozen || got.Reason != "" {
				t.Errorf("after the call: %s (%s)", got.State, got.Reason)
			}
		}
		// What is no code stays as it is, whatever its expiry.
		i := store.Instance{Endpoint: "demo", State: store.InstanceActive, ExpireAt: time.Now().Add(-time.Hour), Family: fulfil.FamilySaasV2}
		if got := r.Shown(i); got.State != store.InstanceActive {
			t.Errorf("an instance that is no code is shown as %s", got.State)
		}
	}
}
