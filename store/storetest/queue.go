// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

var queueCases = []testCase{
	withStore("WhatIsOpenEarliestFirst", openTasks),
	withStore("WhenWorkersCame", workersCame),
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
