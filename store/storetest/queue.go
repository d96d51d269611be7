// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

var queueCases = []testCase{
	withStore("WhatIsOpenEarliestFirst", openTasks),
	withStore("WhenWorkersCame", workersCame),
	withStore("JobsOfEveryOwner", everyOwner),
	withStore("WhatBelongsToNoOrderIsForgotten", forgetTasks),
}

func mustQueues(t *testing.T, s store.Store, limit int) []store.Queue {
	t.Helper()
	queues, err := s.Queues(background(t), Seller, limit)
	wantError(t, err, nil)
	return queues
}

func openTasks(t *testing.T, s store.Store) {
	wantEqual(t, "queues of nobody", len(mustQueues(t, s, 9)), 0)
	put := func(name, queue string, state store.TaskState, due time.Time) store.Task {
		task := NewTask("CS1", "inst-"+name, 1, Epoch)
		task.Queue, task.State, task.DueAt, task.Payload = queue, state, due, name
		return task
	}
	foreign := put("foreign", "a", store.TaskReady, Epoch)
	foreign.Seller = "other"
	addTasks(t, s, "CS1",
		put("late", "b", store.TaskReady, Epoch.Add(time.Hour)), put("held", "b", store.TaskLeased, Epoch.Add(time.Minute)),
		put("due", "b", store.TaskReady, Epoch), put("only", "a", store.TaskReady, Epoch), put("waits", "c", store.TaskWaiting, Epoch),
		put("done", "d", store.TaskDone, Epoch), put("failed", "d", store.TaskFailed, Epoch), foreign)
	open := func(name string, state store.TaskState, due time.Time) store.OpenTask {
		return store.OpenTask{Kind: store.TaskCreate, State: state, DueAt: due, CreatedAt: Epoch, Payload: name}
	}
	want := []store.Queue{
		{Name: "a", Open: []store.OpenTask{open("only", store.TaskReady, Epoch)}},
		{Name: "b", Open: []store.OpenTask{
			open("due", store.TaskReady, Epoch), open("held", store.TaskLeased, Epoch.Add(time.Minute)), open("late", store.TaskReady, Epoch.Add(time.Hour)),
		}},
	}
	wantEqual(t, "queues", mustQueues(t, s, 9), want)
	want[1].Open = want[1].Open[:2]
	wantEqual(t, "queues with two tasks each", mustQueues(t, s, 2), want)
}

func workersCame(t *testing.T, s store.Store) {
	ctx := background(t)
	first, second := Epoch.Add(time.Minute), Epoch.Add(time.Hour)
	wantError(t, at(s, first).NoteLease(ctx, Seller, "w1", []string{"b", "a", "b"}, []string{"b"}), nil)
	wantError(t, at(s, second).NoteLease(ctx, Seller, "w2", []string{"b", "c"}, []string{"c"}), nil)
	wantError(t, s.NoteLease(ctx, "other", "w3", []string{"a"}, nil), nil)
	task := NewTask("CS1", "inst-1", 1, Epoch)
	task.Queue = "b"
	addTasks(t, s, "CS1", task)
	want := []store.Queue{
		{Name: "a", AskedAt: first, Worker: "w1"},
		{Name: "b", AskedAt: second, LeasedAt: first, Worker: "w2", Open: []store.OpenTask{
			{Kind: task.Kind, State: task.State, DueAt: task.DueAt, CreatedAt: task.CreatedAt, Payload: task.Payload},
		}},
		{Name: "c", AskedAt: second, LeasedAt: second, Worker: "w2"},
	}
	wantEqual(t, "queues", mustQueues(t, s, 9), want)
}

// ownedBy returns a ready task for each owner that a task can have.
func ownedBy() map[store.Owner]store.Task {
	owned := make(map[store.Owner]store.Task)
	for _, owner := range []store.Owner{store.OwnerInstance, store.OwnerOrder, store.OwnerSeller, store.OwnerNobody} {
		task := NewTask("CS1", "inst-CS1", 0, Epoch)
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
	ctx := background(t)
	mustApply(t, s, Admission("CS1", Epoch))
	for owner, task := range ownedBy() {
		wantEqual(t, "owner", task.Owner(), owner)
		wake, stop := s.Watch(store.QueueTopic(task.Seller, task.Queue))
		mustApply(t, s, &store.Change{NewTasks: []store.Task{task}})
		select {
		case <-wake:
		case <-time.After(patience):
			t.Fatalf("%s: nobody was woken", owner)
		}
		stop()
		wantEqual(t, "stored", mustTask(t, s, task.ID), task)
		r := store.LeaseRequest{Seller: task.Seller, Queues: []string{"jobs"}, Worker: "w", Max: 9, For: time.Minute}
		due, ok, err := s.NextDue(ctx, task.Seller, r.Queues)
		wantError(t, err, nil)
		wantEqual(t, "next due", []any{due, ok}, []any{Epoch, true})
		other := r
		if other.Seller = "other"; owner != store.OwnerNobody {
			wantEqual(t, "leased for nobody", len(mustLease(t, s, store.LeaseRequest{Queues: r.Queues, Worker: "w", Max: 9, For: time.Minute})), 0)
		}
		wantEqual(t, "leased for another", len(mustLease(t, s, other)), 0)
		lost := mustLease(t, at(s, Epoch), r)
		wantEqual(t, "leased", ids(lost, taskID), []string{task.ID})
		held := mustLease(t, at(s, lost[0].DueAt), r)
		wantEqual(t, "leased again", []any{held[0].ID, held[0].Fence}, []any{task.ID, lost[0].Fence + 1})
		queues, err := s.Queues(ctx, task.Seller, 9)
		wantError(t, err, nil)
		if i := slices.IndexFunc(queues, func(q store.Queue) bool { return q.Name == "jobs" }); i < 0 || len(queues[i].Open) != 1 {
			t.Fatalf("%s: queues %+v", owner, queues)
		}
		done := held[0]
		done.State, done.Result = store.TaskDone, `{"ok":true}`
		put := store.TaskPut{Task: done, ExpectState: store.TaskLeased, ExpectFence: lost[0].Fence}
		wantError(t, s.Apply(ctx, &store.Change{PutTasks: []store.TaskPut{put}}), store.ErrFenced)
		put.ExpectFence = held[0].Fence
		mustApply(t, s, &store.Change{PutTasks: []store.TaskPut{put}})
		wantEqual(t, "done", mustTask(t, s, task.ID), done)
		at(s, Epoch)
	}
}

func forgetTasks(t *testing.T, s store.Store) {
	ctx := background(t)
	mustApply(t, s, Admission("CS1", Epoch))
	const age = 30 * 24 * time.Hour
	now := Epoch.Add(2 * age)
	kept, gone := map[string]bool{}, map[string]bool{}
	var c store.Change
	for _, state := range []store.TaskState{
		store.TaskWaiting, store.TaskReady, store.TaskLeased, store.TaskDone, store.TaskFailed, store.TaskCancelled,
	} {
		ended := state == store.TaskDone || state == store.TaskFailed || state == store.TaskCancelled
		for owner, task := range ownedBy() {
			for _, changed := range []time.Time{now.Add(-age - time.Second), now.Add(-age)} {
				task.ID, task.State, task.UpdatedAt = NewID(), state, changed
				c.NewTasks = append(c.NewTasks, task)
				if old := changed.Before(now.Add(-age)); old && ended && (owner == store.OwnerSeller || owner == store.OwnerNobody) {
					gone[task.ID] = true
				} else {
					kept[task.ID] = true
				}
			}
		}
	}
	mustApply(t, s, &c)
	forget := func(limit, want int) {
		t.Helper()
		n, err := at(s, now).ForgetTasks(ctx, age, limit)
		wantError(t, err, nil)
		wantEqual(t, "forgotten", n, want)
	}
	forget(len(gone)-1, len(gone)-1)
	forget(9, 1)
	forget(9, 0)
	for id := range kept {
		mustTask(t, s, id)
	}
	for id := range gone {
		_, err := s.Task(ctx, id)
		wantError(t, err, store.ErrNotFound)
	}
}
