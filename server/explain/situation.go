// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/store"
)

// Situation is everything that an account is written from.
type Situation struct {
	// Order has the order with its lines, instances and every task that is neither done nor cancelled.
	Order *store.Aggregate
	// Events are of the order's chain, ascending. Some in the middle may be left out; the account says how many.
	Events []store.Event
	// Waiting are the lines that the marketplace waits for, or has waited for in vain.
	Waiting map[store.LineKey]Deadline
	// Awaited says by task ID until when the marketplace waits for what a task does; tasks that it does not wait for are missing.
	Awaited map[string]Deadline
	// OnCompletion are the steps that the order's endpoint answers when their tasks are done.
	OnCompletion map[deadline.Step]bool
	// Queues are the queues of the tasks, by name. A queue that nobody knows any more is missing.
	Queues map[string]Queue
	// GapSince is the time since which the database may lack what was committed, because it was restored from a backup; zero
	// for none.
	GapSince time.Time
	// Now is the time at which the account is written.
	Now time.Time
	// TraceID is the order's trace, and TraceURL where to look at it; empty when no page of traces is configured.
	TraceID, TraceURL string
}

// Deadline is until when the marketplace waits, and what it does then.
type Deadline struct {
	At  time.Time // zero for never
	End deadline.End
}

// Queue is who works off a queue.
type Queue struct {
	Koogate bool      // Koogate itself: its own work, and templates
	AskedAt time.Time // when a worker last asked for work, to within some seconds; zero for never
	Worker  string    // who that was
}

// patience is how long a task may wait for a worker that has not asked before that worker counts as away. Workers ask in a
// loop, and that they did is written down every ten seconds.
const patience = time.Minute

// away says whether a task that is due has no worker.
func (s *Situation) away(t *store.Task) bool {
	q, known := s.Queues[t.Queue]
	return known && !q.Koogate && due(t, s.Now) && s.Now.Sub(t.DueAt) > patience && s.Now.Sub(q.AskedAt) > patience
}

// due says whether a worker could lease a task now.
func due(t *store.Task, now time.Time) bool {
	return (t.State == store.TaskReady || t.State == store.TaskLeased) && !t.DueAt.After(now)
}

// instance returns an instance of the order; nil when there is none of that ID.
func (s *Situation) instance(id string) *store.Instance {
	for k := range s.Order.Instances {
		if s.Order.Instances[k].InstanceID == id {
			return &s.Order.Instances[k]
		}
	}
	return nil
}

// creation returns the line that created an instance; nil when there is none.
func (s *Situation) creation(instanceID string) *store.Line {
	for k := range s.Order.Lines {
		if l := &s.Order.Lines[k]; l.InstanceID == instanceID && l.Action == "newInstance" {
			return l
		}
	}
	return nil
}

// family is the protocol family of an instance.
func (s *Situation) family(instanceID string) deadline.Family {
	if i := s.instance(instanceID); i != nil && i.Family != "" {
		return deadline.Family(i.Family)
	}
	return deadline.SaasV2
}

// held says whether a family's calls know no asynchronous answer, so that a creation is answered when it ends.
func held(f deadline.Family) bool { return f == deadline.SaasV1 || f == deadline.LicenseV1 }
