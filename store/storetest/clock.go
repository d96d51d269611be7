// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

// moment is a clock that stands until it is set.
type moment struct {
	mu sync.Mutex
	at time.Time
}

func (m *moment) read() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

func (m *moment) set(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = at
}

// clocked is a store whose clock the suite sets; handles on one database share it.
type clocked struct {
	store.Store
	now *moment
}

// at sets a store's clock.
func at(s store.Store, now time.Time) store.Store {
	s.(*clocked).now.set(now)
	return s
}

var clockCases = []testCase{
	withStore("TheInjectedOneRules", injectedClock),
	{"ItsOwnOrdersWork", func(t *testing.T, s *suite) {
		first := s.real(t)
		second := first
		if s.second != nil {
			second = s.second(t, first)
		}
		ownClock(t, first, second)
	}},
	withStore("PullInFindsWhatAClockPutOff", pullIn),
}

var usageClockCases = []testCase{withLedger("PullInFindsRecordsThatAClockPutOff", pullInRecords)}

func injectedClock(t *testing.T, s store.Store) {
	want := Epoch.Add(41*time.Minute + 123456*time.Microsecond)
	got, err := at(s, want.Add(700*time.Nanosecond)).Now(background(t))
	wantError(t, err, nil)
	wantEqual(t, "now", got, want)
}

// ownClock: nothing that a caller says moves a lease, because no caller says what time it is.
func ownClock(t *testing.T, first, second store.Store) {
	ctx := background(t)
	before, err := first.Now(ctx)
	wantError(t, err, nil)
	after, err := second.Now(ctx)
	wantError(t, err, nil)
	if d := after.Sub(before); d < 0 || d > patience {
		t.Fatalf("the second handle's clock is %s after the first's", d)
	}
	wantNear(t, "the store's clock", before, time.Now()) // which runs on this machine
	addTasks(t, first, "CS1", NewTask("CS1", "inst-1", 1, after), NewTask("CS1", "inst-2", 1, after.Add(time.Hour)))
	held := mustLease(t, first, request(9))
	wantEqual(t, "leased", len(held), 1)
	wantNear(t, "its end", held[0].DueAt, after.Add(time.Minute))
	wantNear(t, "its last change", held[0].UpdatedAt, after)
	wantEqual(t, "leased elsewhere meanwhile", len(mustLease(t, second, request(9))), 0)
	longer, err := second.Heartbeat(ctx, held[0].ID, held[0].Fence, 10*time.Minute)
	wantError(t, err, nil)
	wantNear(t, "its end after a heartbeat", longer.DueAt, after.Add(10*time.Minute))
	short, err := first.Heartbeat(ctx, held[0].ID, held[0].Fence, time.Millisecond)
	wantError(t, err, nil)
	wantEqual(t, "still the same lease", short.Fence, held[0].Fence)
	time.Sleep(20 * time.Millisecond)
	_, err = first.Heartbeat(ctx, held[0].ID, held[0].Fence, time.Minute)
	wantError(t, err, store.ErrFenced)
	wantEqual(t, "leased again", ids(mustLease(t, second, request(9)), taskID), ids(held, taskID))
}

// wantNear checks a time against the clock of this machine, on which calls take a while.
func wantNear(t *testing.T, what string, got, want time.Time) {
	t.Helper()
	if d := got.Sub(want).Abs(); d > patience {
		t.Fatalf("%s is %s, %s from %s", what, got, d, want)
	}
}

// pullIn plays a process that was eight hours ahead until its clock was corrected.
func pullIn(t *testing.T, s store.Store) {
	ctx := background(t)
	ahead := Epoch.Add(8 * time.Hour)
	put := func(name, queue string, state store.TaskState, written, due time.Time) store.Task {
		task := NewTask("CS1", "inst-"+name, 1, written)
		task.Queue, task.State, task.DueAt = queue, state, due
		return task
	}
	backoff := put("backoff", "a", store.TaskReady, ahead, ahead.Add(5*time.Minute))
	ready := put("ready", "b", store.TaskReady, ahead, ahead)
	lease := put("lease", "b", store.TaskLeased, ahead, ahead.Add(time.Minute))
	later := put("later", "a", store.TaskReady, Epoch, Epoch.Add(20*time.Hour)) // a worker asked for that
	close := put("close", "a", store.TaskReady, Epoch.Add(30*time.Second), Epoch.Add(40*time.Second))
	due := put("due", "a", store.TaskReady, ahead, Epoch)
	waiting := put("waiting", "a", store.TaskWaiting, ahead, ahead)
	done := put("done", "a", store.TaskDone, ahead, ahead)
	foreign := put("foreign", "a", store.TaskReady, ahead, ahead)
	foreign.Seller = "other"
	addTasks(t, s, "CS1", backoff, ready, lease, later, close, due, waiting, done, foreign)

	n, err := at(s, Epoch).PullIn(ctx, Seller, time.Minute)
	wantError(t, err, nil)
	wantEqual(t, "corrected", n, 3)
	for _, c := range []struct {
		task store.Task
		due  time.Time
	}{
		{backoff, Epoch.Add(5 * time.Minute)},
		{ready, Epoch},
		{lease, Epoch.Add(time.Minute)},
	} {
		want := c.task
		want.DueAt, want.UpdatedAt = c.due, Epoch
		wantEqual(t, "corrected task", mustTask(t, s, want.ID), want)
	}
	for _, want := range []store.Task{later, close, due, waiting, done, foreign} {
		wantEqual(t, "task "+want.InstanceID, mustTask(t, s, want.ID), want)
	}
	n, err = s.PullIn(ctx, Seller, time.Minute)
	wantError(t, err, nil)
	wantEqual(t, "corrected again", n, 0)
}

func pullInRecords(t *testing.T, s Ledger) {
	ctx := background(t)
	now, err := s.Now(ctx)
	wantError(t, err, nil)
	ahead := now.Add(8 * time.Hour)
	mustAdd(t, s, NewUsage("k1", "inst-1", 0, 5), NewUsage("k2", "inst-2", 0, 5), NewUsage("k3", "inst-3", 0, 5))
	made := closeAll(t, s, now, 9)
	wantEqual(t, "records", len(made), 3)
	for i, written := range []time.Time{ahead, now, now.Add(-time.Hour)} {
		wantError(t, s.SettleUsage(ctx, []store.UsageVerdict{
			{Seller: Seller, ID: made[i].ID, State: store.UsageSending, DueAt: written.Add(5 * time.Minute)},
		}, written), nil)
	}
	n, err := s.PullIn(ctx, Seller, time.Minute)
	wantError(t, err, nil)
	wantEqual(t, "corrected", n, 1)
	list, err := s.ListUsageRecords(ctx, store.ListQuery{Seller: Seller, Limit: 9})
	wantError(t, err, nil)
	for i, want := range []time.Time{now, now, now.Add(-time.Hour)} {
		for _, r := range list {
			if r.ID == made[i].ID {
				wantNear(t, "due time", r.DueAt, want.Add(5*time.Minute))
			}
		}
	}
}
