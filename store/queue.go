// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"slices"
	"time"
)

// Queue is a queue of a seller: what waits in it, and when workers last came.
type Queue struct {
	Name     string
	AskedAt  time.Time // when a worker last asked for work; zero for never
	LeasedAt time.Time // when a worker last got some; zero for never
	Worker   string    // who asked last
	// Open are its READY and LEASED tasks, the earliest due first.
	Open []OpenTask
}

// OpenTask is what there is to know of a task that waits.
type OpenTask struct {
	Kind             TaskKind
	State            TaskState
	DueAt, CreatedAt time.Time // a lease's end, when it is LEASED
	Payload          string
}

// FillQueues adds what is open to queues, which are ordered by name, and the queues in which something is open and that are
// missing. next names the queue after another in which something is open, and open reads what. Backends implement
// Store.Queues with it.
func FillQueues(queues []Queue, next func(after string) (queue string, ok bool, err error), open func(queue string) ([]OpenTask, error)) ([]Queue, error) {
	for after := ""; ; {
		name, ok, err := next(after)
		if err != nil || !ok {
			return queues, err
		}
		at, found := slices.BinarySearchFunc(queues, name, func(q Queue, name string) int { return cmp.Compare(q.Name, name) })
		if !found {
			queues = slices.Insert(queues, at, Queue{Name: name})
		}
		if queues[at].Open, err = open(name); err != nil {
			return queues, err
		}
		after = name
	}
}
