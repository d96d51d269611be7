// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// Queue is what waits in a queue, for whom, and when workers last came.
type Queue struct {
	Name     string
	Kinds    []QueueKind // by kind
	More     bool        // more is open than was looked at
	AskedAt  time.Time   // when a worker last asked for work, to within some seconds; zero for never
	LeasedAt time.Time   // when a worker last got some, likewise
	Worker   string      // who asked last
	// WaitingSince is since when the task that has waited longest could have been handed out; zero when none waits. When no
	// worker has asked since then, none is there.
	WaitingSince time.Time
	// Until is the earliest time until which the marketplace waits for one of the open tasks; zero when it waits for none.
	// Left is what is left of the time of each, negative when it is over.
	Until time.Time
	Left  []time.Duration
}

// QueueKind is how much of one kind is open in a queue.
type QueueKind struct {
	Kind               store.TaskKind
	Due, Later, Leased int       // ready now, after a pause, in a worker's hands
	Oldest             time.Time // when the oldest of them was made
}

const (
	// queueDepth bounds what is looked at in each queue. A queue with more is as good as any that needs somebody.
	queueDepth = 5000
	// lookLimit bounds how long that takes.
	lookLimit = 5 * time.Second
	// noteEvery is how often it is written down that workers come to a queue.
	noteEvery = 10 * time.Second
	// noteLimit bounds how long a worker's tasks wait for that.
	noteLimit = 2 * time.Second
)

// Queues returns what waits in the queues of a seller: those that the configuration names, those in which something is open and
// those for which a worker has asked. Those who ask while it is read share the answer, which nobody may change: a deep backlog is
// read once at a time, however many look at it. Errors: STORE_UNAVAILABLE.
func (s *Service) Queues(ctx context.Context, seller string) ([]Queue, error) {
	shared := s.looking.DoChan(seller, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookLimit)
		defer cancel()
		return s.readQueues(ctx, seller)
	})
	select {
	case <-ctx.Done():
		return nil, s.storeError(ctx, ctx.Err(), errs.TaskNotFound, "")
	case r := <-shared:
		queues, _ := r.Val.([]Queue)
		return queues, r.Err
	}
}

func (s *Service) readQueues(ctx context.Context, seller string) ([]Queue, error) {
	rows, err := s.Store.Queues(ctx, seller, queueDepth)
	if err != nil {
		return nil, s.storeError(ctx, err, errs.TaskNotFound, "")
	}
	now := s.now()
	queues := make([]Queue, 0, len(rows))
	for _, r := range rows {
		queues = append(queues, queueOf(r, now))
	}
	for name := range s.queues[seller] {
		if !slices.ContainsFunc(queues, func(q Queue) bool { return q.Name == name }) {
			queues = append(queues, Queue{Name: name})
		}
	}
	slices.SortFunc(queues, func(a, b Queue) int { return cmp.Compare(a.Name, b.Name) })
	return queues, nil
}

func queueOf(r store.Queue, now time.Time) Queue {
	q := Queue{Name: r.Name, AskedAt: r.AskedAt, LeasedAt: r.LeasedAt, Worker: r.Worker, More: len(r.Open) >= queueDepth}
	for _, t := range r.Open {
		at, found := slices.BinarySearchFunc(q.Kinds, t.Kind, func(k QueueKind, kind store.TaskKind) int { return cmp.Compare(k.Kind, kind) })
		if !found {
			q.Kinds = slices.Insert(q.Kinds, at, QueueKind{Kind: t.Kind, Oldest: t.CreatedAt})
		}
		k := &q.Kinds[at]
		switch {
		case t.DueAt.After(now) && t.State == store.TaskLeased:
			k.Leased++
		case t.DueAt.After(now):
			k.Later++
		default: // also what a worker has let lapse
			k.Due++
			q.WaitingSince = earlier(q.WaitingSince, t.DueAt)
		}
		k.Oldest = earlier(k.Oldest, t.CreatedAt)
		if until := PayloadOf(store.Task{Payload: t.Payload}).Until.At; !until.IsZero() {
			q.Until = earlier(q.Until, until)
			q.Left = append(q.Left, until.Sub(now))
		}
	}
	return q
}

// earlier returns the earlier of two times, of which the zero time is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// queuesOf are the queues that endpoints give their tasks to, by seller.
func queuesOf(endpoints map[string]*Endpoint) map[string]map[string]bool {
	queues := make(map[string]map[string]bool)
	for _, e := range endpoints {
		if queues[e.Seller] == nil {
			queues[e.Seller] = make(map[string]bool)
		}
		for _, rule := range e.Products {
			if rule.Provisioner != "" {
				queues[e.Seller][rule.Provisioner] = true
			}
		}
	}
	return queues
}

// notes remembers what was written down of workers that came, so that it is seldom written again.
type notes struct {
	mu            sync.Mutex
	asked, leased map[string]time.Time // by seller and queue
}

// due says whether a visit is worth a note, and remembers that it was taken.
func (n *notes) due(key string, leased bool, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.asked == nil {
		n.asked, n.leased = make(map[string]time.Time), make(map[string]time.Time)
	}
	old := func(at time.Time) bool { return now.Sub(at).Abs() >= noteEvery }
	if !old(n.asked[key]) && (!leased || !old(n.leased[key])) {
		return false
	}
	n.asked[key] = now
	if leased {
		n.leased[key] = now
	}
	return true
}

// note writes down that a worker came. A queue that nobody knows is not worth it: its name may be anything.
func (s *Service) note(ctx context.Context, r Lease, tasks []store.Task) {
	var asked, leased []string
	now := s.now()
	for _, queue := range r.Queues {
		got := slices.ContainsFunc(tasks, func(t store.Task) bool { return t.Queue == queue })
		if !got && !OwnQueue(queue) && !s.queues[r.Seller][queue] || !s.notes.due(r.Seller+"\x1f"+queue, got, now) {
			continue
		}
		asked = append(asked, queue)
		if got {
			leased = append(leased, queue)
		}
	}
	if len(asked) == 0 {
		return
	}
	limited, cancel := context.WithTimeout(ctx, noteLimit)
	defer cancel()
	if err := s.Store.NoteLease(limited, r.Seller, r.Worker, asked, leased); err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "it was not written down that a worker came", "queues", asked, "error", err)
	}
}
