// SPDX-License-Identifier: Apache-2.0

package work

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// QueueState is what waits in a queue, for whom, and when workers last came.
type QueueState struct {
	Name     string
	Kinds    []KindState // by kind
	More     bool        // more is open than was looked at
	AskedAt  time.Time   // when a worker last asked for work, to within some seconds; zero for never
	LeasedAt time.Time   // when a worker last got some, likewise
	Worker   string      // who asked last
	// WaitingSince is since when the job that has waited longest could have been handed out; zero when none waits. When no
	// worker has asked since then, none is there.
	WaitingSince time.Time
	// Until is the earliest time until which somebody outside waits for one of the open jobs; zero when nobody does.
	// Left is what is left of the time of each, negative when it is over.
	Until time.Time
	Left  []time.Duration
}

// KindState is how much of one kind is open in a queue.
type KindState struct {
	Kind               store.TaskKind
	Due, Later, Leased int       // ready now, after a pause, in a worker's hands
	Oldest             time.Time // when the oldest of them was made
}

const (
	// queueDepth bounds what is looked at in each queue. A queue with more is as good as any that needs somebody.
	queueDepth = 5000
	// lookLimit bounds how long that takes.
	lookLimit = 5 * time.Second
)

// Queues returns what waits in the queues of a seller: those in which the seller has jobs done by its configuration, those in which something is open and
// those for which a worker has asked. Those who ask while it is read share the answer, which nobody may change: a deep backlog is
// read once at a time, however many look at it. Errors: STORE_UNAVAILABLE.
func (s *Service) Queues(ctx context.Context, seller string) ([]QueueState, error) {
	shared := s.looking.DoChan(seller, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookLimit)
		defer cancel()
		return s.readQueues(ctx, seller)
	})
	select {
	case <-ctx.Done():
		return nil, storefault.Of(ctx.Err())
	case r := <-shared:
		queues, _ := r.Val.([]QueueState)
		return queues, r.Err
	}
}

func (s *Service) readQueues(ctx context.Context, seller string) ([]QueueState, error) {
	rows, err := s.Store.Queues(ctx, seller, queueDepth)
	if err != nil {
		return nil, s.fault(ctx, err, "")
	}
	now := s.now()
	queues := make([]QueueState, 0, len(rows))
	for _, r := range rows {
		queues = append(queues, s.stateOf(r, now))
	}
	for _, name := range s.namedQueues(seller) {
		if !slices.ContainsFunc(queues, func(q QueueState) bool { return q.Name == name }) {
			queues = append(queues, QueueState{Name: name})
		}
	}
	slices.SortFunc(queues, func(a, b QueueState) int { return cmp.Compare(a.Name, b.Name) })
	return queues, nil
}

func (s *Service) stateOf(r store.Queue, now time.Time) QueueState {
	q := QueueState{Name: r.Name, AskedAt: r.AskedAt, LeasedAt: r.LeasedAt, Worker: r.Worker, More: len(r.Open) >= queueDepth}
	for _, t := range r.Open {
		at, found := slices.BinarySearchFunc(q.Kinds, t.Kind, func(k KindState, kind store.TaskKind) int { return cmp.Compare(k.Kind, kind) })
		if !found {
			q.Kinds = slices.Insert(q.Kinds, at, KindState{Kind: t.Kind, Oldest: t.CreatedAt})
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
		kind, _ := s.Kind(t.Kind)
		if kind.Awaited == nil {
			continue
		}
		if until := kind.Awaited(t.Payload); !until.IsZero() {
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
