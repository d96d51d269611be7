// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// queue returns the queue of that name.
func (r *rig) queue(name string) work.QueueState {
	r.t.Helper()
	queues, err := r.Work.Queues(r.t.Context(), "demo")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, q := range queues {
		if q.Name == name {
			return q
		}
	}
	r.t.Fatalf("no queue %s in %+v", name, queues)
	return work.QueueState{}
}

func (q counts) of(kind store.TaskKind, oldest time.Time) []work.KindState {
	return []work.KindState{{Kind: kind, Due: q[0], Later: q[1], Leased: q[2], Oldest: oldest}}
}

// counts are tasks due, later and leased.
type counts [3]int

// A worker is away, comes, fails a task, and goes again with another in its hands.
func TestWhatWaitsForAWorkerIsSeen(t *testing.T) {
	t.Parallel()
	r, c := fakeClock(t)
	began := c.Now()
	if q := r.queue("worker"); len(q.Kinds) != 0 || !q.AskedAt.IsZero() || !q.WaitingSince.IsZero() {
		t.Errorf("nothing waits: %+v", q)
	}
	for _, order := range []string{"CS1", "CS2", "CS3"} {
		r.mustCall(order, "b-"+order)
		r.RunOrderQuery(t.Context(), r.now(fulfil.QueueOrderQuery))
	}
	c.Advance(time.Hour)
	see := func(what string, want counts, since, asked, leased time.Time, left time.Duration) {
		t.Helper()
		q := r.queue("worker")
		if len(q.Kinds) != 1 || q.Kinds[0] != want.of(store.TaskCreate, began)[0] {
			t.Errorf("%s: %+v, want %v", what, q.Kinds, want)
		}
		if !q.WaitingSince.Equal(since) || !q.AskedAt.Equal(asked) || !q.LeasedAt.Equal(leased) {
			t.Errorf("%s: waiting since %v, asked %v, leased %v", what, q.WaitingSince, q.AskedAt, q.LeasedAt)
		}
		if len(q.Left) != 3 || q.Left[0] != left || !q.Until.Equal(c.Now().Add(left)) {
			t.Errorf("%s: left %v until %v", what, q.Left, q.Until)
		}
	}
	none := time.Time{}
	see("away", counts{3, 0, 0}, began, none, none, 2*time.Hour)

	came := c.Now()
	task := r.now("worker")
	see("came", counts{2, 0, 1}, began, came, came, 2*time.Hour)
	if _, err := r.FailTask(t.Context(), fulfil.Failure{Seller: "demo", TaskID: task.ID, Fence: task.Fence, RetryAfter: time.Hour}); err != nil {
		t.Fatal(err)
	}
	see("failed one", counts{2, 1, 0}, began, came, came, 2*time.Hour)
	c.Advance(20 * time.Second)
	r.now("worker")
	r.now("worker")
	again := c.Now()
	see("took two", counts{0, 1, 2}, none, again, again, 2*time.Hour-20*time.Second)
	c.Advance(30 * time.Minute)
	see("went with two", counts{2, 1, 0}, again.Add(time.Minute), again, again, 90*time.Minute-20*time.Second)
	c.Advance(2 * time.Hour)
	if q := r.queue("worker"); q.Left[0] >= 0 {
		t.Errorf("the window is over: %+v", q)
	}
}

// A queue that no configuration names and in which nothing waits leaves no row, whatever is asked for.
func TestAskingForAnyQueueLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, name := range []string{"worker", "anything", "worker"} {
		if _, err := r.Work.Lease(t.Context(), work.Ask{Seller: "demo", Queues: []string{name}, Worker: "w", Max: 1, For: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	queues, err := r.store.Queues(t.Context(), "demo", 1)
	if err != nil || len(queues) != 1 || queues[0].Name != "worker" || queues[0].Worker != "w" {
		t.Errorf("%+v %v", queues, err)
	}
}

// slowQueues holds the reading of queues until it is let go.
type slowQueues struct {
	store.Store
	reads   *atomic.Int32
	release chan struct{}
}

func (s slowQueues) Queues(ctx context.Context, seller string, limit int) ([]store.Queue, error) {
	s.reads.Add(1)
	<-s.release
	return s.Store.Queues(ctx, seller, limit)
}

// Whoever looks at queues while they are read shares the answer, and one who goes away takes it from nobody.
func TestManyWhoLookCostOneReading(t *testing.T) {
	t.Parallel()
	slow := slowQueues{reads: &atomic.Int32{}, release: make(chan struct{})}
	r := newRig(t, func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) {
		slow.Store, d.Store = d.Store.(store.Store), &slow
	})
	gone, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := r.Work.Queues(gone, "demo")
		left <- err
	}()
	for slow.reads.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	leave()
	if err := <-left; err == nil {
		t.Error("who went away was answered")
	}
	var wg sync.WaitGroup
	for range 24 {
		wg.Go(func() {
			if queues, err := r.Work.Queues(t.Context(), "demo"); err != nil || len(queues) == 0 {
				t.Errorf("%v %v", queues, err)
			}
		})
	}
	time.Sleep(50 * time.Millisecond) // most have come by now; who has not reads for itself
	close(slow.release)
	wg.Wait()
	if n := slow.reads.Load(); n > 5 {
		t.Errorf("%d readings for 25 who looked", n)
	}
}
