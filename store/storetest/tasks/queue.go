// SPDX-License-Identifier: Apache-2.0

package tasks

import (
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var queueCases = []check.Case{
	check.WithStore("WhatIsOpenEarliestFirst", openTasks),
	check.WithStore("WhenWorkersCame", workersCame),
	check.WithStore("JobsOfEveryOwner", everyOwner),
	check.WithStore("WhatBelongsToNoOrderIsForgotten", forgetTasks),
}

func mustQueues(t *testing.T, s store.Store, limit int) []store.Queue {
	t.Helper()
	queues, err := s.Queues(check.Context(t), storetest.Seller, limit)
	check.Error(t, err, nil)
	return queues
}

func openTasks(t *testing.T, s store.Store) {
	check.Equal(t, "queues of nobody", len(mustQueues(t, s, 9)), 0)
	put := func(name, queue string, state store.TaskState, due time.Time) store.Task {
		task := storetest.NewTask("CS1", "inst-"+name, 1, storetest.Epoch)
		task.Queue, task.State, task.DueAt, task.Payload = queue, state, due, name
		return task
	}
	foreign := put("foreign", "a", store.TaskReady, storetest.Epoch)
	foreign.Seller = "other"
	check.AddTasks(t, s, "CS1",
		put("late", "b", store.TaskReady, storetest.Epoch.Add(time.Hour)), put("held", "b", store.TaskLeased, storetest.Epoch.Add(time.Minute)),
		put("due", "b", store.TaskReady, storetest.Epoch), put("only", "a", store.TaskReady, storetest.Epoch), put("waits", "c", store.TaskWaiting, storetest.Epoch),
		put("done", "d", store.TaskDone, storetest.Epoch), put("failed", "d", store.TaskFailed, storetest.Epoch), foreign)
	open := func(name string, state store.TaskState, due time.Time) store.OpenTask {
		return store.OpenTask{Kind: store.TaskCreate, State: state, DueAt: due, CreatedAt: storetest.Epoch, Payload: name}
	}
	want := []store.Queue{
		{Name: "a", Open: []store.OpenTask{open("only", store.TaskReady, storetest.Epoch)}},
		{Name: "b", Open: []store.OpenTask{
			open("due", store.TaskReady, storetest.Epoch), open("held", store.TaskLeased, storetest.Epoch.Add(time.Minute)), open("late", store.TaskReady, storetest.Epoch.Add(time.Hour)),
		}},
	}
	check.Equal(t, "queues", mustQueues(t, s, 9), want)
	want[1].Open = want[1].Open[:2]
	check.Equal(t, "queues with two tasks each", mustQueues(t, s, 2), want)
}

func workersCame(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	first, second := storetest.Epoch.Add(time.Minute), storetest.Epoch.Add(time.Hour)
	check.Error(t, check.At(s, first).NoteLease(ctx, storetest.Seller, "w1", []string{"b", "a", "b"}, []string{"b"}), nil)
	check.Error(t, check.At(s, second).NoteLease(ctx, storetest.Seller, "w2", []string{"b", "c"}, []string{"c"}), nil)
	check.Error(t, s.NoteLease(ctx, "other", "w3", []string{"a"}, nil), nil)
	task := storetest.NewTask("CS1", "inst-1", 1, storetest.Epoch)
	task.Queue = "b"
	check.AddTasks(t, s, "CS1", task)
	want := []store.Queue{
		{Name: "a", AskedAt: first, Worker: "w1"},
		{Name: "b", AskedAt: second, LeasedAt: first, Worker: "w2", Open: []store.OpenTask{
			{Kind: task.Kind, State: task.State, DueAt: task.DueAt, CreatedAt: task.CreatedAt, Payload: task.Payload},
		}},
		{Name: "c", AskedAt: second, LeasedAt: second, Worker: "w2"},
	}
	check.Equal(t, "queues", mustQueues(t, s, 9), want)
}

// ownedBy returns a ready task for each owner that a task can have.
func ownedBy() map[store.Owner]store.Task {
	owned := make(map[store.Owner]store.Task)
	for _, owner := range []store.Owner{store.OwnerInstance, store.OwnerOrder, store.OwnerSeller, store.OwnerNobody} {
		task := storetest.NewTask("CS1", "inst-CS1", 0, storetest.Epoch)
		task.Queue, task.Kind, task.LineOrderID, task.LineID, task.Deadline = "jobs", "OF_TOMORROW", "", "", time.Time{}
		switch owner {
		case store.OwnerOrder:
			task.InstanceID = ""
		case store.OwnerSeller:
			task.InstanceID, task.OrderID = "", ""
		case store.OwnerNobody:
			task.InstanceID, task.OrderID, task.Seller = "", "", ""
		}
		owned[owner] = task
	}
	return owned
}

// everyOwner takes a task of each owner through its life: made, woken for, leased, held, given back, taken in vain, done.
func everyOwner(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	for owner, task := range ownedBy() {
		check.Equal(t, "owner", task.Owner(), owner)
		wake, stop := s.Watch(store.QueueTopic(task.Seller, task.Queue))
		check.MustApply(t, s, &store.Change{NewTasks: []store.Task{task}})
		select {
		case <-wake:
		case <-time.After(check.Patience):
			t.Fatalf("%s: nobody was woken", owner)
		}
		stop()
		check.Equal(t, "stored", check.MustTask(t, s, task.ID), task)
		r := store.LeaseRequest{Seller: task.Seller, Queues: []string{"jobs"}, Worker: "w", Max: 9, For: time.Minute}
		due, ok, err := s.NextDue(ctx, task.Seller, r.Queues)
		check.Error(t, err, nil)
		check.Equal(t, "next due", []any{due, ok}, []any{storetest.Epoch, true})
		other := r
		if other.Seller = "other"; owner != store.OwnerNobody {
			check.Equal(t, "leased for nobody", len(check.MustLease(t, s, store.LeaseRequest{Queues: r.Queues, Worker: "w", Max: 9, For: time.Minute})), 0)
		}
		check.Equal(t, "leased for another", len(check.MustLease(t, s, other)), 0)
		lost := check.MustLease(t, check.At(s, storetest.Epoch), r)
		check.Equal(t, "leased", check.IDs(lost, check.TaskID), []string{task.ID})
		held := check.MustLease(t, check.At(s, lost[0].DueAt), r)
		check.Equal(t, "leased again", []any{held[0].ID, held[0].Fence}, []any{task.ID, lost[0].Fence + 1})
		queues, err := s.Queues(ctx, task.Seller, 9)
		check.Error(t, err, nil)
		if i := slices.IndexFunc(queues, func(q store.Queue) bool { return q.Name == "jobs" }); i < 0 || len(queues[i].Open) != 1 {
			t.Fatalf("%s: queues %+v", owner, queues)
		}
		done := held[0]
		done.State, done.Result = store.TaskDone, `{"ok":true}`
		put := store.TaskPut{Task: done, ExpectState: store.TaskLeased, ExpectFence: lost[0].Fence}
		check.Error(t, s.Apply(ctx, &store.Change{PutTasks: []store.TaskPut{put}}), store.ErrFenced)
		put.ExpectFence = held[0].Fence
		check.MustApply(t, s, &store.Change{PutTasks: []store.TaskPut{put}})
		check.Equal(t, "done", check.MustTask(t, s, task.ID), done)
		check.At(s, storetest.Epoch)
	}
}

func forgetTasks(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	const age = 30 * 24 * time.Hour
	now := storetest.Epoch.Add(2 * age)
	kept, gone := map[string]bool{}, map[string]bool{}
	var c store.Change
	for _, state := range []store.TaskState{
		store.TaskWaiting, store.TaskReady, store.TaskLeased, store.TaskDone, store.TaskFailed, store.TaskCancelled,
	} {
		ended := state == store.TaskDone || state == store.TaskFailed || state == store.TaskCancelled
		for owner, task := range ownedBy() {
			for _, changed := range []time.Time{now.Add(-age - time.Second), now.Add(-age)} {
				task.ID, task.State, task.UpdatedAt = storetest.NewID(), state, changed
				c.NewTasks = append(c.NewTasks, task)
				if old := changed.Before(now.Add(-age)); old && ended && (owner == store.OwnerSeller || owner == store.OwnerNobody) {
					gone[task.ID] = true
				} else {
					kept[task.ID] = true
				}
			}
		}
	}
	check.MustApply(t, s, &c)
	forget := func(limit, want int) {
		t.Helper()
		n, err := check.At(s, now).ForgetTasks(ctx, age, limit)
		check.Error(t, err, nil)
		check.Equal(t, "forgotten", n, want)
	}
	forget(len(gone)-1, len(gone)-1)
	forget(9, 1)
	forget(9, 0)
	for id := range kept {
		check.MustTask(t, s, id)
	}
	for id := range gone {
		_, err := s.Task(ctx, id)
		check.Error(t, err, store.ErrNotFound)
	}
}
