// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

var leaseCases = []testCase{
	withStore("HandsOutEarliestDueFirst", leaseByDue),
	withStore("OnlyWhatIsDueAndOpen", leaseOnlyDue),
	withStore("OverSeveralQueues", leaseQueues),
	withStore("NoTaskTwice", noDoubleLease),
	withStore("ExpiredLeaseIsHandedOutWithABiggerFence", expiredLease),
	withStore("Heartbeat", heartbeat),
	withStore("StaleFenceCannotComplete", staleFence),
	withStore("PutCanReturnATaskToTheQueue", returnToQueue),
	withStore("NextDue", nextDue),
	{"NoTaskTwiceThroughTwoHandles", func(t *testing.T, s *suite) {
		if s.second == nil {
			t.Skip("one handle at a time")
		}
		first := s.open(t)
		drain(t, first, s.second(t, first))
	}},
}

func request(limit int, queues ...string) store.LeaseRequest {
	if len(queues) == 0 {
		queues = []string{Queue}
	}
	return store.LeaseRequest{Seller: Seller, Queues: queues, Worker: "w1", Max: limit, For: time.Minute}
}

func mustLease(t *testing.T, s store.Store, r store.LeaseRequest) []store.Task {
	t.Helper()
	tasks, err := s.Lease(background(t), r)
	if err != nil {
		t.Fatalf("Lease: %v", err)
	}
	return tasks
}

// addTasks admits an order with these tasks only.
func addTasks(t *testing.T, s store.Store, orderID string, tasks ...store.Task) {
	t.Helper()
	c := Admission(orderID, Epoch)
	c.NewTasks = tasks
	mustApply(t, s, c)
}

func leaseByDue(t *testing.T, s store.Store) {
	var tasks []store.Task
	for i, n := range rand.Perm(30) {
		tasks = append(tasks, NewTask("CS1", fmt.Sprint("inst-", i), 1, Epoch.Add(time.Duration(n)*time.Second)))
	}
	addTasks(t, s, "CS1", tasks...)
	now := Epoch.Add(time.Hour)
	var got []store.Task
	for _, limit := range []int{1, 7, 100} {
		got = append(got, mustLease(t, at(s, now), request(limit))...)
		wantEqual(t, "leased so far", len(got), min(len(got), 30))
	}
	wantEqual(t, "leased", len(got), 30)
	for i, g := range got {
		if want := Epoch.Add(time.Duration(i) * time.Second); !g.CreatedAt.Equal(want) {
			t.Fatalf("task %d was due at %v, want %v", i, g.CreatedAt, want)
		}
	}
	for _, was := range tasks {
		want := was
		want.State, want.Attempt, want.Fence, want.Worker = store.TaskLeased, 1, 1, "w1"
		want.DueAt, want.UpdatedAt = now.Add(time.Minute), now
		wantEqual(t, "stored task", mustTask(t, s, was.ID), want)
		for _, g := range got {
			if g.ID == was.ID {
				wantEqual(t, "leased task", g, want)
			}
		}
	}
}

func leaseOnlyDue(t *testing.T, s store.Store) {
	now := Epoch
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
		task := NewTask("CS1", fmt.Sprint("inst-", i), 1, now)
		task.State, task.DueAt = c.state, c.due
		tasks = append(tasks, task)
		if c.out {
			want = append(want, task.ID)
		}
	}
	addTasks(t, s, "CS1", tasks...)
	wantEqual(t, "another seller's", len(mustLease(t, at(s, now), store.LeaseRequest{
		Seller: "other", Queues: []string{Queue}, Worker: "w", Max: 9, For: time.Minute,
	})), 0)
	wantEqual(t, "leased", ids(mustLease(t, at(s, now), request(100)), taskID), want)
	wantEqual(t, "leased again", len(mustLease(t, at(s, now), request(100))), 0)
}

func leaseQueues(t *testing.T, s store.Store) {
	var tasks []store.Task
	for i, queue := range []string{"a", "b", "c", "a", "b", "c"} {
		task := NewTask("CS1", fmt.Sprint("inst-", i), 1, Epoch.Add(time.Duration(i)*time.Second))
		task.Queue = queue
		tasks = append(tasks, task)
	}
	addTasks(t, s, "CS1", tasks...)
	now := Epoch.Add(time.Hour)
	got := ids(mustLease(t, at(s, now), request(3, "c", "a", "a")), taskID)
	wantEqual(t, "first three of a and c", got, []string{tasks[0].ID, tasks[2].ID, tasks[3].ID})
	got = ids(mustLease(t, at(s, now), request(100, "c", "a", "none")), taskID)
	wantEqual(t, "rest of a and c", got, []string{tasks[5].ID})
	got = ids(mustLease(t, at(s, now), request(100, "b")), taskID)
	wantEqual(t, "b", got, []string{tasks[1].ID, tasks[4].ID})
}

func noDoubleLease(t *testing.T, s store.Store) { drain(t, s) }

// drain lets many leasers empty two queues at once and checks that every task went to exactly one of them.
func drain(t *testing.T, handles ...store.Store) {
	const tasks, leasers = 400, 16
	var all []store.Task
	for i := range tasks {
		task := NewTask("CS1", fmt.Sprint("inst-", i), 1, Epoch.Add(time.Duration(i%7)*time.Second))
		task.Queue = []string{Queue, "second"}[i%2]
		all = append(all, task)
	}
	addTasks(t, handles[0], "CS1", all...)
	ctx := background(t)
	var mu sync.Mutex
	holders := make(map[string]int)
	at(handles[0], Epoch.Add(time.Hour))
	errs := together(leasers, func(i int) error {
		for {
			r := request(1+i%5, Queue, "second")
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
	wantError(t, errors.Join(errs...), nil)
	for id, n := range holders {
		if n != 1 {
			t.Errorf("task %s was handed out %d times", id, n)
		}
	}
}

func expiredLease(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	first := mustLease(t, at(s, Epoch), request(1))[0]
	wantEqual(t, "before the end", len(mustLease(t, at(s, first.DueAt.Add(-time.Microsecond)), request(1))), 0)
	r := request(1)
	r.Worker = "w2"
	again := mustLease(t, at(s, first.DueAt), r)
	wantEqual(t, "at the end", len(again), 1)
	wantEqual(t, "task", []any{again[0].ID, again[0].Worker, again[0].Attempt}, []any{first.ID, "w2", int32(2)})
	if again[0].Fence <= first.Fence {
		t.Fatalf("fence %d after %d", again[0].Fence, first.Fence)
	}
}

func heartbeat(t *testing.T, s store.Store) {
	ctx := background(t)
	mustApply(t, s, Admission("CS1", Epoch))
	id := mustAggregate(t, s, "CS1").Tasks[1].ID
	_, err := at(s, Epoch).Heartbeat(ctx, id, 0, time.Minute)
	wantError(t, err, store.ErrFenced) // it is not leased
	held := mustLease(t, at(s, Epoch), request(1))[0]
	wantEqual(t, "leased", held.ID, id)

	now, until := Epoch.Add(30*time.Second), Epoch.Add(90*time.Second)
	got, err := at(s, now).Heartbeat(ctx, id, held.Fence, time.Minute)
	wantError(t, err, nil)
	want := held
	want.DueAt, want.UpdatedAt = until, now
	wantEqual(t, "task", got, want)
	wantEqual(t, "stored task", mustTask(t, s, id), want)
	wantEqual(t, "leased at the old end", len(mustLease(t, at(s, held.DueAt), request(1))), 0)

	for name, fence := range map[string]int64{"older": held.Fence - 1, "newer": held.Fence + 1} {
		if _, err := at(s, now).Heartbeat(ctx, id, fence, time.Minute); !errors.Is(err, store.ErrFenced) {
			t.Fatalf("%s fence: error = %v", name, err)
		}
	}
	_, err = at(s, until).Heartbeat(ctx, id, held.Fence, time.Minute)
	wantError(t, err, store.ErrFenced) // its end has come
	again := mustLease(t, at(s, until), request(1))
	wantEqual(t, "leased again", ids(again, taskID), []string{id})
	_, err = at(s, until).Heartbeat(ctx, id, held.Fence, time.Minute)
	wantError(t, err, store.ErrFenced)
	_, err = at(s, until).Heartbeat(ctx, id, again[0].Fence, time.Minute)
	wantError(t, err, nil)
	done := again[0]
	done.State = store.TaskDone
	c := next(mustAggregate(t, s, "CS1"))
	c.PutTasks = []store.TaskPut{{Task: done, ExpectState: store.TaskLeased, ExpectFence: done.Fence}}
	mustApply(t, s, c)
	_, err = at(s, until).Heartbeat(ctx, id, done.Fence, time.Hour)
	wantError(t, err, store.ErrFenced)
}

func staleFence(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	lost := mustLease(t, at(s, Epoch), request(1))[0]
	held := mustLease(t, at(s, lost.DueAt), request(1))[0]
	before := mustAggregate(t, s, "CS1")
	done := lost
	done.State = store.TaskDone
	c := next(before)
	c.PutInstances = []store.Instance{before.Instances[0]}
	c.PutInstances[0].State = store.InstanceActive
	c.NewTasks = []store.Task{NewTask("CS1", "inst-CS1", 2, Epoch)}
	c.PutTasks = []store.TaskPut{{Task: done, ExpectState: store.TaskLeased, ExpectFence: lost.Fence}}
	wantError(t, s.Apply(background(t), c), store.ErrFenced)
	wantEqual(t, "aggregate", mustAggregate(t, s, "CS1"), before)
	done.Fence = held.Fence
	c.PutTasks = []store.TaskPut{{Task: done, ExpectState: store.TaskLeased, ExpectFence: held.Fence}}
	mustApply(t, s, c)
	wantEqual(t, "state", mustTask(t, s, lost.ID).State, store.TaskDone)
}

func returnToQueue(t *testing.T, s store.Store) {
	mustApply(t, s, Admission("CS1", Epoch))
	held := mustLease(t, at(s, Epoch), request(1))[0]
	retry := held
	retry.State, retry.DueAt, retry.Worker, retry.Reason = store.TaskReady, Epoch.Add(time.Hour), "", "try later"
	c := next(mustAggregate(t, s, "CS1"))
	c.PutTasks = []store.TaskPut{{Task: retry, ExpectState: store.TaskLeased, ExpectFence: held.Fence}}
	mustApply(t, s, c)
	wantEqual(t, "leased before it is due", len(mustLease(t, at(s, Epoch.Add(59*time.Minute)), request(1))), 0)
	again := mustLease(t, at(s, Epoch.Add(time.Hour)), request(1))
	wantEqual(t, "leased when due", len(again), 1)
	wantEqual(t, "attempt and fence", []int64{int64(again[0].Attempt), again[0].Fence}, []int64{2, held.Fence + 1})
}

func nextDue(t *testing.T, s store.Store) {
	var tasks []store.Task
	for i, queue := range []string{"a", "b", "b"} {
		task := NewTask("CS1", fmt.Sprint("inst-", i), 1, Epoch.Add(time.Duration(10-i)*time.Second))
		task.Queue = queue
		tasks = append(tasks, task)
	}
	waiting := NewTask("CS1", "inst-9", 1, Epoch)
	waiting.Queue, waiting.State = "a", store.TaskWaiting
	addTasks(t, s, "CS1", append(tasks, waiting)...)
	want := func(want time.Time, wantOK bool, queues ...string) {
		t.Helper()
		at, ok, err := s.NextDue(background(t), Seller, queues)
		wantError(t, err, nil)
		wantEqual(t, fmt.Sprint("next due of ", queues), fmt.Sprint(at, ok), fmt.Sprint(want, wantOK))
	}
	want(Epoch.Add(10*time.Second), true, "a")
	want(Epoch.Add(8*time.Second), true, "b", "a", "none")
	want(time.Time{}, false, "none")
	want(time.Time{}, false)
	leased := mustLease(t, at(s, Epoch.Add(9*time.Second)), request(9, "b"))
	wantEqual(t, "leased", len(leased), 2)
	want(leased[0].DueAt, true, "b")
	want(Epoch.Add(10*time.Second), true, "a", "b")
}
