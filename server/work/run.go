// SPDX-License-Identifier: Apache-2.0

package work

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// Runner does the jobs that this process does itself for one seller, or those that belong to nobody.
type Runner struct {
	Work        *Service
	Seller      string        // empty for the jobs that belong to nobody
	Worker      string        // names this process in records
	Concurrency int           // jobs at a time, 1 to 100
	Lease       time.Duration // default 15 s
	Completed   func()        // is told of every look for jobs that the store answered; nil for nobody
	Armed       func()        // is told when the standing jobs are there; nil for nobody
}

const (
	// lookWait is how long one look for jobs waits for the first: what is told of progress is no older than that.
	lookWait = 5 * time.Second
	// lookPause is the pause after a look that the store did not answer.
	lookPause = time.Second
	// armPause is the pause after a failed attempt to arm, armLimit the time that an attempt has.
	armPause = 5 * time.Second
	armLimit = 15 * time.Second
	// settleLimit bounds the writing of an outcome.
	settleLimit = 5 * time.Second
)

// Run arms the standing jobs, leases and does jobs until ctx ends, then waits for those that run. When the store does not answer,
// it tries again.
func (r Runner) Run(ctx context.Context) error {
	r.Lease = cmp.Or(r.Lease, defaultLease)
	var running errgroup.Group
	running.Go(func() error {
		r.arm(ctx)
		return nil
	})
	slots := make(chan struct{}, r.Concurrency)
	for ctx.Err() == nil {
		slots <- struct{}{} // a slot for the first job
		free := 1 + cap(slots) - len(slots)
		tasks, err := r.look(ctx, free)
		<-slots
		if err != nil && clock.Sleep(ctx, r.Work.Clock, lookPause) != nil {
			break
		}
		for _, t := range tasks {
			slots <- struct{}{}
			running.Go(func() error {
				defer func() { <-slots }()
				r.Work.do(context.WithoutCancel(ctx), t, r.Lease) // a stop does not cut a job short; its limit bounds it
				return nil
			})
		}
	}
	return running.Wait()
}

// look leases jobs of the queues that there are now.
func (r Runner) look(ctx context.Context, free int) ([]store.Task, error) {
	look, cancel := context.WithTimeout(ctx, lookWait+r.Lease) // whatever the store does
	defer cancel()
	tasks, err := r.Work.Lease(look, Ask{
		Seller: r.Seller, Queues: r.Work.here(r.Seller), Worker: r.Worker, Max: free, Wait: lookWait, For: r.Lease,
	})
	if err == nil && look.Err() == nil && r.Completed != nil {
		r.Completed()
	}
	return tasks, err
}

// arm arms the standing jobs, again and again until that has worked or ctx ends.
func (r Runner) arm(ctx context.Context) {
	for _, k := range r.Work.standing(r.Seller) {
		for {
			err := r.armSoon(ctx, k.Name)
			if err == nil || ctx.Err() != nil {
				break
			}
			r.Work.Log.WarnContext(ctx, "a standing job is not armed; trying again", "kind", k.Name, "seller", r.Seller, "error", err)
			if clock.Sleep(ctx, r.Work.Clock, armPause) != nil {
				return
			}
		}
	}
	if r.Armed != nil {
		r.Armed()
	}
}

// armSoon arms within the time that a store has for it.
func (r Runner) armSoon(ctx context.Context, kind store.TaskKind) error {
	ctx, cancel := context.WithTimeout(ctx, armLimit)
	defer cancel()
	return r.Work.Arm(ctx, kind, r.Seller)
}

// defaultLease is the lease of Koogate's own jobs.
const defaultLease = 15 * time.Second

// ArmAll arms the standing jobs of a seller, or of nobody. Errors: STORE_UNAVAILABLE.
func (s *Service) ArmAll(ctx context.Context, seller string) error {
	var all error
	for _, k := range s.standing(seller) {
		all = errors.Join(all, s.Arm(ctx, k.Name, seller))
	}
	return all
}

// Step does the jobs of this process that are due for a seller now, one after the other, and tells how many there were: for who
// drives a process that runs nothing by itself. Errors: STORE_UNAVAILABLE.
func (s *Service) Step(ctx context.Context, seller string) (int, error) {
	tasks, err := s.Lease(ctx, Ask{Seller: seller, Queues: s.here(seller), Worker: "step", Max: 100, For: defaultLease})
	for _, t := range tasks {
		s.Do(ctx, t)
	}
	return len(tasks), err
}

// Do does one leased job and writes how it ended.
func (s *Service) Do(ctx context.Context, t store.Task) { s.do(ctx, t, defaultLease) }

func (s *Service) do(ctx context.Context, t store.Task, lease time.Duration) {
	do, ok := s.handler(t.Queue)
	if !ok { // the queue was taken away meanwhile; the lease ends
		return
	}
	k, _ := s.Kind(t.Kind)
	if !k.Workers {
		ctx = k.under(ctx, t)
	}
	limit := max(lease, k.Limit)
	run, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var prolonging sync.WaitGroup
	if limit > lease {
		prolonging.Go(func() { s.prolong(run, cancel, t, lease) })
	}
	o := do(run, t)
	cancel()
	prolonging.Wait()
	write, end := context.WithTimeout(ctx, settleLimit)
	defer end()
	if err := s.Settle(write, t, o); err != nil {
		s.Log.WarnContext(ctx, "the outcome of a job was not recorded; the job runs again when its lease ends", "task_id", t.ID, "error", err)
	}
}

// prolong prolongs a lease until the attempt is over, and ends the attempt when another has the lease.
func (s *Service) prolong(ctx context.Context, lost context.CancelFunc, t store.Task, lease time.Duration) {
	for clock.Sleep(ctx, s.Clock, lease/3) == nil {
		_, err := s.heartbeat(ctx, t.ID, t.Fence, lease)
		if err != nil && errs.As(err).Reason == errs.FencingTokenStale {
			lost()
			return
		}
	}
}
