// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
)

// Handler does one leased task and takes it back; a task that it does not take back runs again when its lease ends.
type Handler func(ctx context.Context, t store.Task)

// Jobs is the work that this process does itself for one seller: order queries, licence uploads and template provisioners.
type Jobs struct {
	Seller      string
	Handlers    map[string]Handler // by queue
	Worker      string             // names this process in records
	Concurrency int                // tasks at a time, 1 to 100
	Completed   func()             // is told of every look for tasks that the store answered; nil for nobody
}

// jobWait is how long one look for tasks waits for the first: what is told of progress is no older than that.
const jobWait = 5 * time.Second

// RunJobs leases and does tasks until ctx ends, then waits for those that run. When the store does not answer, they try
// again.
func (s *Service) RunJobs(ctx context.Context, j Jobs) error {
	queues := make([]string, 0, len(j.Handlers))
	for q := range j.Handlers {
		queues = append(queues, q)
	}
	var running errgroup.Group
	slots := make(chan struct{}, j.Concurrency)
	for ctx.Err() == nil {
		slots <- struct{}{} // a slot for the first task
		free := 1 + cap(slots) - len(slots)
		look, cancel := context.WithTimeout(ctx, jobWait+s.cfg.JobLease) // whatever the store does
		tasks, err := s.LeaseTasks(look, Lease{
			Seller: j.Seller, Queues: queues, Worker: j.Worker, Max: free, Wait: jobWait, For: s.cfg.JobLease,
		})
		if err == nil && look.Err() == nil && j.Completed != nil {
			j.Completed()
		}
		cancel()
		<-slots
		if err != nil && clock.Sleep(ctx, s.Clock, time.Second) != nil {
			break
		}
		for _, t := range tasks {
			slots <- struct{}{}
			running.Go(func() error {
				defer func() { <-slots }()
				// A stop does not cut a task short; its lease bounds it.
				run, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.JobLease)
				defer cancel()
				j.Handlers[t.Queue](run, t)
				return nil
			})
		}
	}
	return running.Wait()
}
