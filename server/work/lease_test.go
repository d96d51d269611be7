// SPDX-License-Identifier: Apache-2.0

package work_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// looks counts how often a store is asked for jobs.
type looks struct {
	store.Store
	n    atomic.Int64
	over atomic.Int64 // those that have their answer
}

func (l *looks) Lease(ctx context.Context, r store.LeaseRequest) ([]store.Task, error) {
	l.n.Add(1)
	defer l.over.Add(1)
	return l.Store.Lease(ctx, r)
}

// Of many workers that wait in one process a new job wakes one, so the database is not asked by all of them for each job. Jobs that come
// together all find a worker, also when a wake-up stands for several of them.
func TestAJobWakesOneOfThoseThatWaitOnBoth(t *testing.T) {
	each(t, func(t *testing.T, st store.Store) {
		const waiting = 8
		l := &looks{Store: st}
		r := over(t, l, work.Kind{Name: "PARCEL", Queue: "koogate-parcel", Trace: work.TraceRun, Do: func(context.Context, store.Task) work.Outcome { return work.Outcome{} }})
		still := clocktest.New(time.Now().Add(-time.Second)) // so that nobody looks but by a wake-up
		r.Clock = still
		leased := make(chan store.Task, waiting)
		var all sync.WaitGroup
		for range waiting {
			all.Go(func() {
				tasks, err := r.Lease(t.Context(), work.Ask{Seller: seller, Queues: []string{"koogate-parcel"}, Worker: "w", Max: 1, Wait: 10 * time.Second, For: time.Hour})
				if err != nil || len(tasks) != 1 {
					t.Errorf("%+v %v", tasks, err)
					return
				}
				leased <- tasks[0]
			})
		}
		for end := time.Now().Add(soon); l.over.Load() < waiting; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d of %d looked", l.over.Load(), waiting)
			}
		}
		time.Sleep(50 * time.Millisecond) // all have found nothing and wait
		before := l.n.Load()
		r.add(work.Job{Kind: "PARCEL", Seller: seller})
		<-leased
		time.Sleep(100 * time.Millisecond)
		if n := l.n.Load() - before; n > 2 { // who was woken, and who has the turn after it
			t.Errorf("%d looks for one job", n)
		}
		together := &store.Change{}
		for range waiting - 1 {
			together.NewTasks = append(together.NewTasks, r.New(t.Context(), work.Job{Kind: "PARCEL", Seller: seller}))
		}
		if err := st.Apply(t.Context(), together); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			all.Wait()
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(soon):
			still.Advance(time.Minute) // they look by the clock, and leave
			<-done
			t.Error("jobs that came together wait although workers wait for them")
		}
	})
}
