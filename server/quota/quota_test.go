// SPDX-License-Identifier: Apache-2.0

package quota_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

func TestReserveCommitCancel(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.pack("P1", "10")
	r.pack("P2", "5.5")
	res, err := r.reserve("r1", "12.25")
	if err != nil || len(res.Parts) != 2 || res.State != store.ReservationHeld || !res.ExpireAt.Equal(r.clock.Now().Add(quota.DefaultHold).Truncate(time.Microsecond)) {
		t.Fatalf("got %+v, %v", res, err)
	}
	r.stands("P1 0+10/10", "P2 0+2.25/5.5")
	r.must(r.reserve("r1", "12.25")) // again
	r.stands("P1 0+10/10", "P2 0+2.25/5.5")
	_, err = r.reserve("r1", "1")
	r.want(err, errs.ConflictingRepeat)
	_, err = r.reserve("r2", "4")
	r.want(err, errs.QuotaExhausted)
	r.must(r.reserve("r3", "3.25"))
	r.must(r.Cancel(ctx, seller, "r3"))
	r.must(r.Cancel(ctx, seller, "r3"))
	_, err = r.Commit(ctx, seller, "r3", nil, time.Time{})
	r.want(err, errs.StateConflict)

	used := r.units("11")
	for range 2 {
		res, err = r.Commit(ctx, seller, "r1", &used, time.Time{})
		if err != nil || res.State != store.ReservationCommitted || res.Used != used {
			t.Fatalf("got %+v, %v", res, err)
		}
	}
	r.stands("P1 10+0/10", "P2 1+0/5.5")
	other := r.units("10")
	_, err = r.Commit(ctx, seller, "r1", &other, time.Time{})
	r.want(err, errs.StateConflict)
	_, err = r.Cancel(ctx, seller, "r1")
	r.want(err, errs.StateConflict)
	more := r.units("12.2501")
	_, err = r.Commit(ctx, seller, "r1", &more, time.Time{})
	r.want(err, errs.InvalidField)
	enough, left, err := r.Check(ctx, seller, "inst-OD", r.units("4.5"))
	if !enough || left != r.units("4.5") || err != nil {
		t.Fatalf("got %v %v %v", enough, left, err)
	}
	if enough, _, _ = r.Check(ctx, seller, "inst-OD", r.units("4.5001")); enough {
		t.Error("more than is left is enough")
	}
	r.ledger(map[string]store.Units{"inst-P1": r.units("10"), "inst-P2": r.units("1")})
}

// ledger checks what the windows of the packages sum up to, and that each agrees with its raw records.
func (r *rig) ledger(want map[string]store.Units) {
	r.t.Helper()
	proofs, err := r.store.ProveUsage(r.t.Context(), seller, store.UsageWindowKey{}, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	sum := map[string]store.Units{}
	for _, p := range proofs {
		if p.Difference() != 0 || p.InstanceID != "inst-OD" || p.Meter != "calls" {
			r.t.Errorf("window %+v", p)
		}
		sum[p.PackageID] += p.Raw
	}
	if fmt.Sprint(sum) != fmt.Sprint(want) {
		r.t.Fatalf("the ledger holds %v, want %v", sum, want)
	}
}

func TestBounds(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.pack("P1", "10")
	for name, c := range map[string]struct {
		call   func() error
		reason errs.Reason
	}{
		"no amount":       {func() error { _, err := r.reserve("x", "0"); return err }, errs.InvalidField},
		"short hold":      {func() error { _, err := r.Reserve(ctx, seller, "inst-OD", "x", 1, time.Millisecond); return err }, errs.InvalidField},
		"no instance":     {func() error { _, err := r.Reserve(ctx, seller, "inst-none", "x", 1, 0); return err }, errs.InstanceNotFound},
		"other seller":    {func() error { _, err := r.Reserve(ctx, "other", "inst-OD", "x", 1, 0); return err }, errs.InstanceNotFound},
		"no reservation":  {func() error { _, err := r.Commit(ctx, seller, "none", nil, time.Time{}); return err }, errs.ReservationNotFound},
		"nothing to free": {func() error { _, err := r.Cancel(ctx, seller, "none"); return err }, errs.ReservationNotFound},
		"list":            {func() error { _, err := r.List(ctx, seller, "inst-none"); return err }, errs.InstanceNotFound},
		"check":           {func() error { _, _, err := r.Check(ctx, seller, "inst-none", 1); return err }, errs.InstanceNotFound},
		"lower":           {func() error { _, err := r.put("P1", "9"); return err }, errs.StateConflict},
		"nothing":         {func() error { _, err := r.put("P1", "0"); return err }, errs.InvalidField},
		"itself":          {func() error { _, err := r.put("OD", "1"); return err }, errs.InvalidField},
		"no package":      {func() error { _, err := r.put("none", "1"); return err }, errs.InstanceNotFound},
		"keeps going": {func() error {
			_, err := r.put("P1", "11", func(p *quota.Package) { p.KeepGoing = true })
			return err
		}, errs.StateConflict},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			r.want(c.call(), c.reason)
		})
	}
	r.t = t
	r.must(r.reserve("r1", "1"))
	for _, off := range []time.Duration{2 * quota.Tolerance, -2 * quota.Tolerance} {
		_, err := r.Commit(ctx, seller, "r1", nil, r.clock.Now().Add(off))
		r.want(err, errs.InvalidField)
	}
}

func TestPackageBelongsToOneInstance(t *testing.T) {
	r := newRig(t)
	r.instance("OD2", "ON_DEMAND")
	r.pack("P1", "10")
	_, err := r.put("P1", "10", func(p *quota.Package) { p.InstanceID = "inst-OD2" })
	r.want(err, errs.StateConflict)
	r.instance("PEAK", "ON_DEMAND")
	r.instance("P2", "ON_DEMAND_PKG")
	_, err = r.put("P2", "10", func(p *quota.Package) { p.InstanceID = "inst-PEAK" })
	r.want(err, errs.StateConflict) // peaks do not add up to a package
	_, err = r.put("OD2", "10")
	r.want(err, errs.StateConflict) // an on-demand instance is no package
	_, err = r.put("OD2", "10", func(p *quota.Package) { p.InstanceID = "inst-P1" })
	r.want(err, errs.StateConflict) // and a package no on-demand instance
	if _, err := r.core.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.endpoint(), InstanceID: "inst-P1"}); err != nil {
		t.Fatal(err)
	}
	_, err = r.put("P1", "11")
	r.want(err, errs.InstanceNotFound)
}

func (r *rig) endpoint() *fulfil.Endpoint {
	ep, _ := r.core.Endpoint("demo")
	return ep
}

// TestThirtyOfOneOrder is the documented bound (open-apis §7.3), and a hundred the instance's.
func TestThirtyOfOneOrder(t *testing.T) {
	r := newRig(t)
	add := func(order string, n int) (last error) {
		c := storetest.Admission(order, storetest.Epoch)
		c.NewTasks, c.NewInstances = nil, nil
		for i := range n {
			pkg := storetest.NewInstance(order, fmt.Sprintf("inst-%s-%02d", order, i), storetest.Epoch)
			pkg.State = store.InstanceActive
			c.NewInstances = append(c.NewInstances, pkg)
		}
		if err := r.store.Apply(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if last != nil {
				t.Fatal(last)
			}
			_, last = r.put(fmt.Sprintf("%s-%02d", order, i), "1")
		}
		return last
	}
	r.want(add("A", 31), errs.StateConflict)
	for _, order := range []string{"B", "C"} {
		if err := add(order, 30); err != nil {
			t.Fatal(err)
		}
	}
	r.want(add("D", 11), errs.StateConflict)
	if _, err := r.put("A-00", "2"); err != nil { // what is there may still be raised
		t.Fatal(err)
	}
}

func TestExpiry(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.pack("P1", "10")
	r.must(r.reserve("r1", "10"))
	next, err := r.Expire(ctx, seller)
	if err != nil || !next.Equal(r.clock.Now().Add(quota.Sweep).Truncate(time.Microsecond)) {
		t.Fatalf("got %v, %v", next, err)
	}
	r.stands("P1 0+10/10")
	r.clock.Advance(quota.DefaultHold)
	// Nobody came by: what is refused frees it.
	r.must(r.reserve("r2", "4"))
	r.stands("P1 0+4/10")
	_, err = r.Commit(ctx, seller, "r1", nil, time.Time{})
	r.want(err, errs.StateConflict)
	r.clock.Advance(quota.DefaultHold)
	if _, err := r.Expire(ctx, seller); err != nil {
		t.Fatal(err)
	}
	r.stands("P1 0+0/10")
	// A package whose time is over holds nothing.
	r.pack("P2", "5", func(p *quota.Package) { p.ExpireAt = r.clock.Now().Add(time.Hour) })
	r.clock.Advance(time.Hour)
	if _, left, err := r.Check(ctx, seller, "inst-OD", 1); left != r.units("10") || err != nil {
		t.Fatalf("got %v, %v", left, err)
	}
	_, err = r.reserve("r3", "11")
	r.want(err, errs.QuotaExhausted)
}

const (
	frozenEvent = `instance.frozen {"reason":"quota_used_up"}`
	thawedEvent = `instance.unfrozen {"reason":"quota_used_up"}`
)

func TestWarningsFreezeAndThaw(t *testing.T) {
	r := newRig(t)
	r.pack("P1", "10")
	r.use("a", "7.9999")
	r.events("P1")
	r.use("b", "0.0001")
	r.use("c", "0.5")
	r.events("P1", `quota.warned {"percent":80,"quota":"10","relatedInstanceId":"inst-OD"}`)
	r.use("d", "1")
	r.events("P1", `quota.warned {"percent":80,"quota":"10","relatedInstanceId":"inst-OD"}`, `quota.warned {"percent":95,"quota":"10","relatedInstanceId":"inst-OD"}`)
	r.frozen(false)
	r.Service = r.service() // another process tells nothing again
	r.use("e", "0.5")
	r.events("P1", `quota.warned {"percent":80,"quota":"10","relatedInstanceId":"inst-OD"}`, `quota.warned {"percent":95,"quota":"10","relatedInstanceId":"inst-OD"}`, `quota.warned {"percent":100,"quota":"10","relatedInstanceId":"inst-OD"}`)
	r.events("OD", frozenEvent)
	r.frozen(true)
	_, err := r.reserve("f", "0.0001")
	r.want(err, errs.QuotaExhausted)
	r.pack("P2", "1")
	r.frozen(false)
	r.events("OD", frozenEvent, thawedEvent)
	r.use("g", "1")
	r.events("P2", `quota.warned {"percent":80,"quota":"1","relatedInstanceId":"inst-OD"}`, `quota.warned {"percent":95,"quota":"1","relatedInstanceId":"inst-OD"}`, `quota.warned {"percent":100,"quota":"1","relatedInstanceId":"inst-OD"}`)
	r.frozen(true)
	r.pack("P1", "20") // what grew is announced anew
	r.frozen(false)
	r.use("h", "6")
	r.events("OD", frozenEvent, thawedEvent, frozenEvent, thawedEvent)
	r.events("P1", `quota.warned {"percent":80,"quota":"10","relatedInstanceId":"inst-OD"}`, `quota.warned {"percent":95,"quota":"10","relatedInstanceId":"inst-OD"}`,
		`quota.warned {"percent":100,"quota":"10","relatedInstanceId":"inst-OD"}`, `quota.warned {"percent":80,"quota":"20","relatedInstanceId":"inst-OD"}`)
}

func TestKeepGoing(t *testing.T) {
	r := newRig(t)
	r.pack("P1", "1", func(p *quota.Package) { p.KeepGoing = true })
	r.use("a", "1")
	r.frozen(false)
}

// TestNewPackageDoesNotThawTheMarketplacesFreeze: only what was frozen for the quota alone.
func TestNewPackageDoesNotThawTheMarketplacesFreeze(t *testing.T) {
	r := newRig(t)
	r.pack("P1", "1")
	r.use("a", "1")
	r.frozen(true)
	if _, err := r.core.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.endpoint(), InstanceID: "inst-OD", Freeze: true}); err != nil {
		t.Fatal(err)
	}
	r.pack("P2", "1")
	r.frozen(true)
}

// TestWhatFollowsIsCaughtUpWith: a commit stands although warnings and freeze fail; the job and the next refusal both make
// up for it.
func TestWhatFollowsIsCaughtUpWith(t *testing.T) {
	for name, heal := range map[string]func(r *rig){
		"by the job": func(r *rig) {
			if _, err := r.Expire(r.t.Context(), seller); err != nil {
				r.t.Fatal(err)
			}
		},
		"by a refusal after a restart": func(r *rig) {
			r.Service = r.service()
			_, err := r.reserve("b", "1")
			r.want(err, errs.QuotaExhausted)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.pack("P1", "1")
			r.broken.Store(true)
			r.use("a", "1")
			r.frozen(false)
			r.events("P1")
			r.broken.Store(false)
			heal(r)
			r.frozen(true)
			r.events("P1", `quota.warned {"percent":80,"quota":"1","relatedInstanceId":"inst-OD"}`, `quota.warned {"percent":95,"quota":"1","relatedInstanceId":"inst-OD"}`, `quota.warned {"percent":100,"quota":"1","relatedInstanceId":"inst-OD"}`)
		})
	}
	t.Run("a thaw by the next reservation", func(t *testing.T) {
		r := newRig(t)
		r.pack("P1", "1")
		r.use("a", "1")
		r.instance("P2", "ON_DEMAND_PKG")
		r.broken.Store(true)
		if _, err := r.put("P2", "1"); errs.As(err).Reason != errs.StoreUnavailable {
			t.Fatal(err)
		}
		r.broken.Store(false)
		r.frozen(true)
		r.must(r.reserve("b", "1"))
		r.frozen(false)
	})
}

// TestReservationOfAnotherProcess: whoever reserved, anybody may commit.
func TestReservationOfAnotherProcess(t *testing.T) {
	r := newRig(t)
	r.pack("P1", "1")
	r.must(r.reserve("a", "1"))
	r.must(r.service().Commit(t.Context(), seller, "a", nil, time.Time{}))
	r.stands("P1 1+0/1")
}
