// SPDX-License-Identifier: Apache-2.0

package tasks

import (
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var clockCases = []check.Case{
	check.WithStore("TheInjectedOneRules", injectedClock),
	{Name: "ItsOwnOrdersWork", Run: func(t *testing.T, s *check.Suite) {
		first := s.Real(t)
		second := first
		if s.Second != nil {
			second = s.Second(t, first)
		}
		ownClock(t, first, second)
	}},
	check.WithStore("PullInFindsWhatAClockPutOff", pullIn),
}

func injectedClock(t *testing.T, s store.Store) {
	want := storetest.Epoch.Add(41*time.Minute + 123456*time.Microsecond)
	got, err := check.At(s, want.Add(700*time.Nanosecond)).Now(check.Context(t))
	check.Error(t, err, nil)
	check.Equal(t, "now", got, want)
}

// ownClock: nothing that a caller says moves a lease, because no caller says what time it is.
func ownClock(t *testing.T, first, second store.Store) {
	ctx := check.Context(t)
	before, err := first.Now(ctx)
	check.Error(t, err, nil)
	after, err := second.Now(ctx)
	check.Error(t, err, nil)
	if d := after.Sub(before); d < 0 || d > check.Patience {
		t.Fatalf("the second handle's clock is %s after the first's", d)
	}
	check.Near(t, "the store's clock", before, time.Now()) // which runs on this machine
	check.AddTasks(t, first, "CS1", storetest.NewTask("CS1", "inst-1", 1, after), storetest.NewTask("CS1", "inst-2", 1, after.Add(time.Hour)))
	held := check.MustLease(t, first, check.Request(9))
	check.Equal(t, "leased", len(held), 1)
	check.Near(t, "its end", held[0].DueAt, after.Add(time.Minute))
	check.Near(t, "its last change", held[0].UpdatedAt, after)
	check.Equal(t, "leased elsewhere meanwhile", len(check.MustLease(t, second, check.Request(9))), 0)
	longer, err := second.Heartbeat(ctx, held[0].ID, held[0].Fence, 10*time.Minute)
	check.Error(t, err, nil)
	check.Near(t, "its end after a heartbeat", longer.DueAt, after.Add(10*time.Minute))
	short, err := first.Heartbeat(ctx, held[0].ID, held[0].Fence, time.Millisecond)
	check.Error(t, err, nil)
	check.Equal(t, "still the same lease", short.Fence, held[0].Fence)
	time.Sleep(20 * time.Millisecond)
	_, err = first.Heartbeat(ctx, held[0].ID, held[0].Fence, time.Minute)
	check.Error(t, err, store.ErrFenced)
	check.Equal(t, "leased again", check.IDs(check.MustLease(t, second, check.Request(9)), check.TaskID), check.IDs(held, check.TaskID))
}

// pullIn plays a process that was eight hours ahead until its clock was corrected.
func pullIn(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	ahead := storetest.Epoch.Add(8 * time.Hour)
	put := func(name, queue string, state store.TaskState, written, due time.Time) store.Task {
		task := storetest.NewTask("CS1", "inst-"+name, 1, written)
		task.Queue, task.State, task.DueAt = queue, state, due
		return task
	}
	backoff := put("backoff", "a", store.TaskReady, ahead, ahead.Add(5*time.Minute))
	ready := put("ready", "b", store.TaskReady, ahead, ahead)
	lease := put("lease", "b", store.TaskLeased, ahead, ahead.Add(time.Minute))
	later := put("later", "a", store.TaskReady, storetest.Epoch, storetest.Epoch.Add(20*time.Hour)) // a worker asked for that
	close := put("close", "a", store.TaskReady, storetest.Epoch.Add(30*time.Second), storetest.Epoch.Add(40*time.Second))
	due := put("due", "a", store.TaskReady, ahead, storetest.Epoch)
	waiting := put("waiting", "a", store.TaskWaiting, ahead, ahead)
	done := put("done", "a", store.TaskDone, ahead, ahead)
	foreign := put("foreign", "a", store.TaskReady, ahead, ahead)
	foreign.Seller = "other"
	check.AddTasks(t, s, "CS1", backoff, ready, lease, later, close, due, waiting, done, foreign)

	n, err := check.At(s, storetest.Epoch).PullIn(ctx, storetest.Seller, time.Minute)
	check.Error(t, err, nil)
	check.Equal(t, "corrected", n, 3)
	for _, c := range []struct {
		task store.Task
		due  time.Time
	}{
		{backoff, storetest.Epoch.Add(5 * time.Minute)},
		{ready, storetest.Epoch},
		{lease, storetest.Epoch.Add(time.Minute)},
	} {
		want := c.task
		want.DueAt, want.UpdatedAt = c.due, storetest.Epoch
		check.Equal(t, "corrected task", check.MustTask(t, s, want.ID), want)
	}
	for _, want := range []store.Task{later, close, due, waiting, done, foreign} {
		check.Equal(t, "task "+want.InstanceID, check.MustTask(t, s, want.ID), want)
	}
	n, err = s.PullIn(ctx, storetest.Seller, time.Minute)
	check.Error(t, err, nil)
	check.Equal(t, "corrected again", n, 0)
}
