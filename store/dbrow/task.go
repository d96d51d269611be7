// SPDX-License-Identifier: Apache-2.0

package dbrow

import (
	"slices"

	"github.com/koogate/koogate/store"
)

// FromTask makes the row of a task.
func FromTask(t *store.Task) Task {
	return Task{
		ID: t.ID, Seller: t.Seller, Queue: t.Queue, Kind: string(t.Kind), State: string(t.State),
		OrderID: t.OrderID, InstanceID: t.InstanceID, LineOrderID: t.LineOrderID, LineID: t.LineID, Seq: t.Seq,
		DueAt: Micros(t.DueAt), Deadline: Micros(t.Deadline), RetryUntil: Micros(t.RetryUntil),
		Attempt: int64(t.Attempt), Worker: t.Worker, Fence: t.Fence,
		Payload: t.Payload, Result: t.Result, Reason: t.Reason, Traceparent: t.Traceparent,
		CreatedAt: Micros(t.CreatedAt), UpdatedAt: Micros(t.UpdatedAt),
	}
}

// TaskUpdate makes what replaces the row of a task.
func TaskUpdate(p *store.TaskPut) TaskUpdateParams {
	t := FromTask(&p.Task)
	return TaskUpdateParams{
		Seller: t.Seller, Queue: t.Queue, Kind: t.Kind, State: t.State, OrderID: t.OrderID, InstanceID: t.InstanceID,
		LineOrderID: t.LineOrderID, LineID: t.LineID, Seq: t.Seq, DueAt: t.DueAt, Deadline: t.Deadline,
		RetryUntil: t.RetryUntil, Attempt: t.Attempt, Worker: t.Worker, Fence: t.Fence, Payload: t.Payload, Result: t.Result, Reason: t.Reason, Traceparent: t.Traceparent,
		UpdatedAt: t.UpdatedAt, ID: t.ID, ExpectState: string(p.ExpectState), ExpectFence: p.ExpectFence,
	}
}

// ToTask makes a task of its row.
func ToTask(r Task) store.Task {
	return store.Task{
		ID: r.ID, Seller: r.Seller, Queue: r.Queue, Kind: store.TaskKind(r.Kind), State: store.TaskState(r.State),
		OrderID: r.OrderID, InstanceID: r.InstanceID, LineOrderID: r.LineOrderID, LineID: r.LineID, Seq: r.Seq,
		DueAt: Time(r.DueAt), Deadline: Time(r.Deadline), RetryUntil: Time(r.RetryUntil),
		Attempt: int32(r.Attempt), Worker: r.Worker, Fence: r.Fence,
		Payload: r.Payload, Result: r.Result, Reason: r.Reason, Traceparent: r.Traceparent,
		CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
	}
}

// ToQueue makes a queue that a worker has asked for of its row.
func ToQueue(r QueueLease) store.Queue {
	return store.Queue{Name: r.Queue, AskedAt: Time(r.AskedAt), LeasedAt: Time(r.LeasedAt), Worker: r.Worker}
}

// ToOpenTask makes an open task of its row.
func ToOpenTask(r QueueOpenRow) store.OpenTask {
	return store.OpenTask{
		Kind: store.TaskKind(r.Kind), State: store.TaskState(r.State), DueAt: Time(r.DueAt), CreatedAt: Time(r.CreatedAt), Payload: r.Payload,
	}
}

// Distinct are the queues of a request in order, each once.
func Distinct(queues []string) []string {
	if len(queues) < 2 {
		return queues
	}
	sorted := slices.Clone(queues)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
