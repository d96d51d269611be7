// SPDX-License-Identifier: Apache-2.0

package usage_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// lease takes the standing task, if it is due.
func (r *rig) lease() (store.Task, bool) {
	r.t.Helper()
	list, err := r.store.Lease(r.t.Context(), store.LeaseRequest{
		Seller: seller, Queues: []string{usage.QueuePush}, Worker: "w", Max: 10, For: 15 * time.Second,
	})
	if err != nil || len(list) > 1 {
		r.t.Fatal(list, err)
	}
	if len(list) == 0 {
		return store.Task{}, false
	}
	return list[0], true
}

func (r *rig) task() store.Task {
	r.t.Helper()
	task, err := r.store.Task(r.t.Context(), work.StandingID(usage.QueuePush, seller))
	if err != nil {
		r.t.Fatal(err)
	}
	return task
}

func TestStandingTask(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill(1)
	for range 3 { // every replica arms at its start
		if err := r.Work.Arm(t.Context(), usage.KindPush, seller); err != nil {
			t.Fatal(err)
		}
	}
	task, ok := r.lease()
	if !ok || task.Kind != usage.KindPush || task.OrderID != "" || task.InstanceID != "" || task.Seq != 0 || task.Attempt != 1 {
		t.Fatalf("%+v", task)
	}
	r.RunPush(t.Context(), task)
	// Nothing is due before the window closes in a minute, which is also how long it rests at most.
	if got := r.task(); got.State != store.TaskReady || !got.DueAt.Equal(noon.Add(time.Minute)) || got.Attempt != 0 || got.Worker != "" {
		t.Errorf("%+v", got)
	}
	if _, ok := r.lease(); ok {
		t.Error("leased before it is due")
	}
	r.clock.Advance(time.Minute)
	task, _ = r.lease()
	r.RunPush(t.Context(), task)
	if len(r.market.has) != 1 || !r.task().DueAt.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("%d records, next at %v", len(r.market.has), r.task().DueAt)
	}
	// A holder whose lease is over changes nothing.
	r.clock.Advance(time.Minute)
	stale, _ := r.lease()
	r.clock.Advance(time.Minute)
	newer, ok := r.lease()
	if !ok || newer.Fence <= stale.Fence {
		t.Fatalf("%+v", newer)
	}
	r.RunPush(t.Context(), stale)
	if got := r.task(); got.State != store.TaskLeased || got.Fence != newer.Fence {
		t.Errorf("%+v", got)
	}
	r.RunPush(t.Context(), newer)
	// After an operator has ended it, it is armed again.
	done := r.task()
	put := store.TaskPut{Task: done, ExpectState: done.State, ExpectFence: done.Fence}
	put.State = store.TaskCancelled
	if err := r.store.Apply(t.Context(), &store.Change{PutTasks: []store.TaskPut{put}}); err != nil {
		t.Fatal(err)
	}
	if err := r.Work.Arm(t.Context(), usage.KindPush, seller); err != nil || r.task().State != store.TaskReady {
		t.Errorf("%+v, %v", r.task(), err)
	}
}

func TestPauseOfTheTask(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill(1)
	r.clock.Advance(time.Minute)
	r.market.before = func([]store.UsageRecord) ([]usage.Verdict, error) {
		return nil, &usage.PushError{Class: usage.PushLimited, RetryAfter: 5 * time.Minute}
	}
	if err := r.Work.Arm(t.Context(), usage.KindPush, seller); err != nil {
		t.Fatal(err)
	}
	task, _ := r.lease()
	r.RunPush(t.Context(), task)
	if got := r.task().DueAt.Sub(r.clock.Now()); got != 5*time.Minute {
		t.Errorf("rests %v", got)
	}
}

func TestAlarm(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill(3)
	run := func() {
		t.Helper()
		if err := r.Work.Arm(t.Context(), usage.KindPush, seller); err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(time.Minute)
		task, ok := r.lease()
		if !ok {
			t.Fatal("no task")
		}
		r.RunPush(t.Context(), task)
	}
	const text = "usage misses its bill"
	r.market.before = func([]store.UsageRecord) ([]usage.Verdict, error) { return nil, errors.New("away") }
	run()
	if n := r.log.count(text); n != 0 || r.metric("koogate_usage_backlog", "state=record") != 3 || r.metric("koogate_usage_deadline_seconds") != 14*60 {
		t.Errorf("%d alarms with 14 minutes left", n)
	}
	for range 4 { // 10 minutes are left after them, then 9
		run()
	}
	if n := r.log.count(text); n != 0 {
		t.Errorf("%d alarms with 10 minutes left", n)
	}
	run()
	run()
	if n := r.log.count(text); n != 1 {
		t.Errorf("%d alarms with 8 minutes left", n)
	}
	for range 5 {
		run()
	}
	if n := r.log.count(text); n != 2 {
		t.Errorf("%d alarms after 5 minutes more", n)
	}
	r.market.before = nil
	r.clock.Advance(10 * time.Minute)
	run()
	before := r.log.count(text)
	r.clock.Advance(10 * time.Minute)
	run()
	if n := r.log.count(text); n != before {
		t.Error("an alarm although nothing waits")
	}
}

func TestUsageOf(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.open("i-1", "SMS", func(i *store.Instance) { i.CreatedAt = noon.Add(-1000 * time.Hour) })
	r.open("i-2", "SMS")
	r.open("i-none", "NONE")
	r.open("i-year", "SMS", func(i *store.Instance) { i.Product.ChargingMode = "PERIOD" })
	pkg := func(i *store.Instance) { i.Product.ChargingMode = "ON_DEMAND_PKG" }
	r.open("pkg", "SMS", pkg)
	r.open("unused", "SMS", pkg)
	r.open("put", "NONE", pkg)
	if _, err := r.store.PutQuota(t.Context(), store.Quota{Seller: seller, PackageID: "put", InstanceID: "i-none", Quota: 30_000, UsedElsewhere: 20_000}); err != nil {
		t.Fatal(err)
	}
	drawn := func(id, value string) usage.Record {
		u := r.record(id, value, -time.Minute)
		u.PackageID = "pkg"
		return u
	}
	r.report(r.record("i-1", "1.25", -time.Minute), r.record("i-1", "2", -20*time.Hour), drawn("i-1", "3.5"), drawn("i-2", "4"))
	ask := func() map[string][]usage.Info {
		t.Helper()
		got, err := r.UsageOf(t.Context(), r.rows("i-1", "i-2", "i-none", "i-year", "pkg", "unused", "put"))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	check := func(got map[string][]usage.Info, first string) {
		t.Helper()
		if len(got) != 5 || len(got["i-1"]) != 1 || got["i-1"][0] != (usage.Info{Value: first, At: r.clock.Now()}) || got["i-2"][0].Value != "4" {
			t.Errorf("%+v", got)
		}
		// C9: a package shows itself before anything was drawn from it.
		if p := got["unused"]; len(p) != 1 || p[0] != (usage.Info{Value: "0", At: r.clock.Now()}) {
			t.Errorf("%+v", p)
		}
		if p := got["put"]; len(p) != 1 || p[0] != (usage.Info{RelatedInstanceID: "i-none", Value: "2", At: r.clock.Now()}) {
			t.Errorf("%+v", p)
		}
		if p := got["pkg"]; len(p) != 2 || p[0].RelatedInstanceID != "i-1" || p[0].Value != "3.5" || p[1].RelatedInstanceID != "i-2" || p[1].Value != "4" {
			t.Errorf("%+v", p)
		}
	}
	check(ask(), "6.75")
	check(ask(), "6.75")
	// Weeks later the old windows are summed up once, and new ones come on top.
	r.clock.Advance(30 * 24 * time.Hour)
	check(ask(), "6.75")
	r.report(r.record("i-1", "0.0001", 30*24*time.Hour))
	check(ask(), "6.7501")
	check(ask(), "6.7501")
}

// TestWhatIsNotMeteredAsksNobody: queryInstance knows from the rows that it has read that they have no usage.
func TestWhatIsNotMeteredAsksNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(_ *usage.Config, d *usage.Deps) { d.Store = nil })
	r.open("i-none", "NONE")
	r.open("i-year", "SMS", func(i *store.Instance) { i.Product.ChargingMode = "PERIOD" })
	r.open("i-waits", "", func(i *store.Instance) { i.Product = store.Product{} })
	if got, err := r.UsageOf(t.Context(), r.rows("i-none", "i-year", "i-waits")); err != nil || got != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// forgetful is a ledger that cannot say what a package holds.
type forgetful struct {
	usage.Store
	pkg string
}

func (f forgetful) PackageQuotas(ctx context.Context, seller, packageID string) ([]store.Quota, error) {
	if packageID == f.pkg {
		return nil, errors.New("the disk is gone")
	}
	return f.Store.PackageQuotas(ctx, seller, packageID)
}

func TestUsageThatCannotBeReadCostsOnlyItself(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(_ *usage.Config, d *usage.Deps) { d.Store = forgetful{d.Store, "pkg-2"} })
	pkg := func(i *store.Instance) { i.Product.ChargingMode = "ON_DEMAND_PKG" }
	r.open("pkg-1", "SMS", pkg)
	r.open("pkg-2", "SMS", pkg)
	r.open("i-1", "SMS")
	r.report(r.record("i-1", "2", -time.Minute))
	got, err := r.UsageOf(t.Context(), r.rows("pkg-2", "pkg-1", "i-1"))
	if err == nil || !strings.Contains(err.Error(), "pkg-2") || strings.Contains(err.Error(), "pkg-1") {
		t.Errorf("the error is %v", err)
	}
	if len(got) != 2 || got["i-1"][0].Value != "2" || got["pkg-1"][0].Value != "0" {
		t.Errorf("%+v", got)
	}
}

// lying is a ledger whose raw records have lost something.
type lying struct {
	usage.Store
	off *store.Units
}

func (l lying) ProveUsage(ctx context.Context, seller string, after store.UsageWindowKey, limit int) ([]store.UsageProof, error) {
	list, err := l.Store.ProveUsage(ctx, seller, after, limit)
	for i := range list {
		list[i].Raw -= *l.off
	}
	return list, err
}

// The ledger is recomputed every hour, and whoever watches the metric or the log hears of a difference.
func TestDifferenceIsShown(t *testing.T) {
	t.Parallel()
	var off store.Units
	r := newRig(t, func(_ *usage.Config, d *usage.Deps) { d.Store = lying{d.Store, &off} })
	r.fill(1)
	prove := func() {
		t.Helper()
		if next, err := r.KeepProved(t.Context(), seller); err != nil || !next.Equal(r.clock.Now().Add(time.Hour)) {
			t.Errorf("%s, %v", next, err)
		}
	}
	const text = "does not add up"
	if prove(); r.metric("koogate_usage_difference") != 0 || r.log.count(text) != 0 {
		t.Errorf("a sound ledger: %v, %d alarms", r.metric("koogate_usage_difference"), r.log.count(text))
	}
	off = 2500
	if prove(); r.metric("koogate_usage_difference") != 0.25 || r.log.count(text) != 1 {
		t.Errorf("a broken one: %v, %d alarms", r.metric("koogate_usage_difference"), r.log.count(text))
	}
}
