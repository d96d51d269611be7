// SPDX-License-Identifier: Apache-2.0

package tasks

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var leaseCases = []check.Case{
	check.WithStore("HandsOutEarliestDueFirst", leaseByDue),
	check.WithStore("OnlyWhatIsDueAndOpen", leaseOnlyDue),
	check.WithStore("OverSeveralQueues", leaseQueues),
	check.WithStore("NoTaskTwice", noDoubleLease),
	check.WithStore("ExpiredLeaseIsHandedOutWithABiggerFence", expiredLease),
	check.WithStore("Heartbeat", heartbeat),
	check.WithStore("StaleFenceCannotComplete", staleFence),
	check.WithStore("PutCanReturnATaskToTheQueue", returnToQueue),
	check.WithStore("NextDue", nextDue),
	check.WithSecond("NoTaskTwiceThroughTwoHandles", func(t *testing.T, first, second store.Store) { drain(t, first, second) }),
}

func leaseByDue(t *testing.T, s store.Store) {
	var tasks []store.Task
	for i, n := range rand.Perm(30) {
		tasks = append(tasks, storetest.NewTask("CS1", fmt.Sprint("inst-", i), 1, storetest.Epoch.Add(time.Duration(n)*time.Second)))
	}
	check.AddTasks(t, s, "CS1", tasks...)
	now := storetest.Epoch.Add(time.Hour)
	var got []store.Task
	for _, limit := range []int{1, 7, 100} {
		got = append(got, check.MustLease(t, check.At(s, now), check.Request(limit))...)
		check.Equal(t, "leased so far", len(got), min(len(got), 30))
	}
	check.Equal(t, "leased", len(got), 30)
	for i, g := range got {
		if want := storetest.Epoch.Add(time.Duration(i) * time.Second); !g.CreatedAt.Equal(want) {
			t.Fatalf("task %d was due at %v, want %v", i, g.CreatedAt, want)
		}
	}
	for _, was := range tasks {
		want := was
		want.State, want.Attempt, want.Fence, want.Worker = store.TaskLeased, 1, 1, "w1"
		want.DueAt, want.UpdatedAt = now.Add(time.Minute), now
		check.Equal(t, "stored task", check.MustTask(t, s, was.ID), want)
		for _, g := range got {
			if g.ID == was.ID {
				check.Equal(t, "leased task", g, want)
			}
		}
	}
}

func leaseOnlyDue(t *testing.T, s store.Store) {
	now := storetest.Epoch
	var want []string
	var tasks []store.Task
	for i, c := range []struct {
		state store.TaskState
		due   time.Time
		out   bool
	}{
		{store.TaskReady, time.Time{}, true},
		{store.TaskReady, now, true},
		{store.TaskReady, now.Add(time.Microsecond), false},
		{store.TaskLeased, now.Add(time.Microsecond), false},
		{store.TaskWaiting, now.Add(-time.Hour), false},
		{store.TaskDone, now.Add(-time.Hour), false},
		{store.TaskFailed, now.Add(-time.Hour), false},
		{store.TaskCancelled, now.Add(-time.Hour), false},
	} {
		task := storetest.NewTask("CS1", fmt.Sprint("inst-", i), 1, now)
		task.State, task.DueAt = c.state, c.due
		tasks = append(tasks, task)
		if c.out {
			want = append(want, task.ID)
		}
	}
	check.AddTasks(t, s, "CS1", tasks...)
	check.Equal(t, "another seller's", len(check.MustLease(t, check.At(s, now), store.LeaseRequest{
		Seller: "other", Queues: []string{storetest.Queue}, Worker: "w", Max: 9, For: time.Minute,
	})), 0)
	check.Equal(t, "leased", check.IDs(check.MustLease(t, check.At(s, now), check.Request(100)), check.TaskID), want)
	check.Equal(t, "leased again", len(check.MustLease(t, check.At(s, now), check.Request(100))), 0)
}

func leaseQueues(t *testing.T, s store.Store) {
	var tasks []store.Task
	for i, queue := range []string{"a", "b", "c", "a", "b", "c"} {
		task := storetest.NewTask("CS1", fmt.Sprint("inst-", i), 1, storetest.Epoch.Add(time.Duration(i)*time.Second))
		task.Queue = queue
		tasks = append(tasks, task)
	}
	check.AddTasks(t, s, "CS1", tasks...)
	now := storetest.Epoch.Add(time.Hour)
	got := check.IDs(check.MustLease(t, check.At(s, now), check.Request(3, "c", "a", "a")), check.TaskID)
	check.Equal(t, "first three of a and c", got, []string{tasks[0].ID, tasks[2].ID, tasks[3].ID})
	got = check.IDs(check.MustLease(t, check.At(s, now), check.Request(100, "c", "a", "none")), check.TaskID)
	check.Equal(t, "rest of a and c", got, []string{tasks[5].ID})
	got = check.IDs(check.MustLease(t, check.At(s, now), check.Request(100, "b")), check.TaskID)
	check.Equal(t, "b", got, []string{tasks[1].ID, tasks[4].ID})
}

func noDoubleLease(t *testing.T, s store.Store) { drain(t, s) }

// drain lets many leasers empty two queues at once and checks that every task went to exactly one of them.
func drain(t *testing.T, handles ...store.Store) {
	const tasks, leasers = 400, 16
	var all []store.Task
	for i := range tasks {
		task := storetest.NewTask("CS1", fmt.Sprint("inst-", i), 1, storetest.Epoch.Add(time.Duration(i%7)*time.Second))
		task.Queue = []string{storetest.Queue, "second"}[i%2]
		all = append(all, task)
	}
	check.AddTasks(t, handles[0], "CS1", all...)
	ctx := check.Context(t)
	var mu sync.Mutex
	holders := make(map[string]int)
	check.At(handles[0], storetest.Epoch.Add(time.Hour))
	errs := check.Together(leasers, func(i int) error {
		for {
			r := check.Request(1+i%5, storetest.Queue, "second")
			r.Worker = fmt.Sprint("w", i)
			got, err := handles[i%len(handles)].Lease(ctx, r)
			if err != nil {
				return err
			}
			mu.Lock()
			for _, g := range got {
				holders[g.ID]++
				if g.Worker != r.Worker || g.Fence != 1 || g.Attempt != 1 {
					err = fmt.Errorf("handed out %+v", g)
				}
			}
			left := tasks - len(holders)
			mu.Unlock()
			if err != nil || left == 0 {
				return err
			}
		}
	})
	check.Error(t, errors.Join(errs...), nil)
	for id, n := range holders {
		if n != 1 {
			t.Errorf("task %s was handed out %d times", id, n)
		}
	}
}

func expiredLease(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	first := check.MustLease(t, check.At(s, storetest.Epoch), check.Request(1))[0]
	check.Equal(t, "before the end", len(check.MustLease(t, check.At(s, first.DueAt.Add(-time.Microsecond)), check.Request(1))), 0)
	r := check.Request(1)
	r.Worker = "w2"
	again := check.MustLease(t, check.At(s, first.DueAt), r)
	check.Equal(t, "at the end", len(again), 1)
	check.Equal(t, "task", []any{again[0].ID, again[0].Worker, again[0].Attempt}, []any{first.ID, "w2", int32(2)})
	if again[0].Fence <= first.Fence {
		t.Fatalf("fence %d after %d", again[0].Fence, first.Fence)
	}
}

func heartbeat(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	id := check.MustAggregate(t, s, "CS1").Tasks[1].ID
	_, err := check.At(s, storetest.Epoch).Heartbeat(ctx, id, 0, time.Minute)
	check.Error(t, err, store.ErrFenced) // it is not leased
	held := check.MustLease(t, check.At(s, storetest.Epoch), check.Request(1))[0]
	check.Equal(t, "leased", held.ID, id)

	now, until := storetest.Epoch.Add(30*time.Second), storetest.Epoch.Add(90*time.Second)
	got, err := check.At(s, now).Heartbeat(ctx, id, held.Fence, time.Minute)
	check.Error(t, err, nil)
	want := held
	want.DueAt, want.UpdatedAt = until, now
	check.Equal(t, "task", got, want)
	check.Equal(t, "stored task", check.MustTask(t, s, id), want)
	check.Equal(t, "leased at the old end", len(check.MustLease(t, check.At(s, held.DueAt), check.Request(1))), 0)

	for name, fence := range map[string]int64{"older": held.Fence - 1, "newer": held.Fence + 1} {
		if _, err := check.At(s, now).Heartbeat(ctx, id, fence, time.Minute); !errors.Is(err, store.ErrFenced) {
			t.Fatalf("%s fence: error = %v", name, err)
		}
	}
	_, err = check.At(s, until).Heartbeat(ctx, id, held.Fence, time.Minute)
	check.Error(t, err, store.ErrFenced) // its end has come
	again := check.MustLease(t, check.At(s, until), check.Request(1))
	check.Equal(t, "leased again", check.IDs(again, check.TaskID), []string{id})
	_, err = check.At(s, until).Heartbeat(ctx, id, held.Fence, time.Minute)
	check.Error(t, err, store.ErrFenced)
	_, err = check.At(s, until).Heartbeat(ctx, id, again[0].Fence, time.Minute)
	check.Error(t, err, nil)
	done := again[0]
	done.State = store.TaskDone
	c := check.Next(check.MustAggregate(t, s, "CS1"))
	c.PutTasks = []store.TaskPut{{Task: done, ExpectState: store.TaskLeased, ExpectFence: done.Fence}}
	check.MustApply(t, s, c)
	_, err = check.At(s, until).Heartbeat(ctx, id, done.Fence, time.Hour)
	check.Error(t, err, store.ErrFenced)
}

func staleFence(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	lost := check.MustLease(t, check.At(s, storetest.Epoch), check.Request(1))[0]
	held := check.MustLease(t, check.At(s, lost.DueAt), check.Request(1))[0]
	before := check.MustAggregate(t, s, "CS1")
	done := lost
	done.State = store.TaskDone
	c := check.Next(before)
	c.PutInstances = []store.Instance{before.Instances[0]}
	c.PutInstances[0].State = store.InstanceActive
	c.NewTasks = []store.Task{storetest.NewTask("CS1", "inst-CS1", 2, storetest.Epoch)}
	c.PutTasks = []store.TaskPut{{Task: done, ExpectState: store.TaskLeased, ExpectFence: lost.Fence}}
	check.Error(t, s.Apply(check.Context(t), c), store.ErrFenced)
	check.Equal(t, "aggregate", check.MustAggregate(t, s, "CS1"), before)
	done.Fence = held.Fence
	c.PutTasks = []store.TaskPut{{Task: done, ExpectState: store.TaskLeased, ExpectFence: held.Fence}}
	check.MustApply(t, s, c)
	check.Equal(t, "state", check.MustTask(t, s, lost.ID).State, store.TaskDone)
}

func returnToQueue(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	held := check.MustLease(t, check.At(s, storetest.Epoch), check.Request(1))[0]
	retry := held
	retry.State, retry.DueAt, retry.Worker, retry.Reason = store.TaskReady, storetest.Epoch.Add(time.Hour), "", "try later"
	c := check.Next(check.MustAggregate(t, s, "CS1"))
	c.PutTasks = []store.TaskPut{{Task: retry, ExpectState: store.TaskLeased, ExpectFence: held.Fence}}
	check.MustApply(t, s, c)
	check.Equal(t, "leased before it is due", len(check.MustLease(t, check.At(s, storetest.Epoch.Add(59*time.Minute)), check.Request(1))), 0)
	again := check.MustLease(t, check.At(s, storetest.Epoch.Add(time.Hour)), check.Request(1))
	check.Equal(t, "leased when due", len(again), 1)
	check.Equal(t, "attempt and fence", []int64{int64(again[0].Attempt), again[0].Fence}, []int64{2, held.Fence + 1})
}

func nextDue(t *testing.T, s store.Store) {
	var tasks []store.Task
	for i, queue := range []string{"a", "b", "b"} {
		task := storetest.NewTask("CS1", fmt.Sprint("inst-", i), 1, storetest.Epoch.Add(time.Duration(10-i)*time.Second))
		task.Queue = queue
		tasks = append(tasks, task)
	}
	waiting := storetest.NewTask("CS1", "inst-9", 1, storetest.Epoch)
	waiting.Queue, waiting.State = "a", store.TaskWaiting
	check.AddTasks(t, s, "CS1", append(tasks, waiting)...)
	want := func(want time.Time, wantOK bool, queues ...string) {
		t.Helper()
		at, ok, err := s.NextDue(check.Context(t), storetest.Seller, queues)
		check.Error(t, err, nil)
		check.Equal(t, fmt.Sprint("next due of ", queues), fmt.Sprint(at, ok), fmt.Sprint(want, wantOK))
	}
	want(storetest.Epoch.Add(10*time.Second), true, "a")
	want(storetest.Epoch.Add(8*time.Second), true, "b", "a", "none")
	want(time.Time{}, false, "none")
	want(time.Time{}, false)
	leased := check.MustLease(t, check.At(s, storetest.Epoch.Add(9*time.Second)), check.Request(9, "b"))
	check.Equal(t, "leased", len(leased), 2)
	want(leased[0].DueAt, true, "b")
	want(storetest.Epoch.Add(10*time.Second), true, "a", "b")
}
