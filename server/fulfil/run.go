package fulfil

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

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
}

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
		tasks, err := s.LeaseTasks(ctx, Lease{
			Seller: j.Seller, Queues: queues, Worker: j.Worker, Max: free, Wait: 30 * time.Second, For: s.cfg.JobLease,
		})
		<-slots
		if err != nil && s.pause(ctx, time.Second) != nil {
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
