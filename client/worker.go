// SPDX-License-Identifier: Apache-2.0

package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Handler does one task. It must be idempotent: the same task comes again after a crash, a lost lease or a lost answer, with a higher
// attempt. It must end soon after ctx does; context.Cause says why that did: [ErrLeaseLost] or [ErrStopping]. An error gives the task
// back as [RetryLater] does, with the error's text for operators: no secrets, no personal data. A panic gives it back without a text.
//
// ctx carries the order's trace, so that spans that are begun below it stand in it.
type Handler func(ctx context.Context, t *koogatev1.Task) (Result, error)

// The causes for which the context of a handler ends.
var (
	// ErrLeaseLost says that another worker may have the task by now. What the handler has done until then counts if it completes
	// the task before somebody else leases it; Koogate decides that by the fencing token.
	ErrLeaseLost = errors.New("client: the task's lease is lost")
	// ErrStopping says that the worker stops and that its grace is over. The task is given back when the handler returns.
	ErrStopping = errors.New("client: the worker stops, and its grace is over")
)

// Worker does the tasks of a queue until it is told to stop. Any number of workers may serve a queue. One worker runs at most one
// handler of a task at a time, whatever becomes of its leases.
type Worker struct {
	// Conn is the connection to the internal API, such as that of [Dial]. Required. The token needs the scope worker.
	Conn grpc.ClientConnInterface
	// Queue is the name of a provisioner of type worker. Required.
	Queue string
	// Handler does the tasks. Required.
	Handler Handler
	// Concurrency is how many handlers run at a time, 1 to 1000. 0 means 4.
	Concurrency int
	// Lease is how long a task stays with a worker that has died, 1 s to 1 h. It is prolonged while the handler runs. 0 means 60 s.
	Lease time.Duration
	// Grace is for how long handlers may go on after a stop. 0 means 30 s; less than 0 means none.
	Grace time.Duration
	// ID names the worker in records and traces, at most 128 characters. Empty means host and process ID.
	ID string
	// Log tells what becomes of tasks, without what they are about. nil means slog.Default().
	Log *slog.Logger
}

const (
	mostPoll    = 20 * time.Second // for which Koogate waits for a task to appear
	pollSlack   = 10 * time.Second // after which a lease that was not answered is given up
	callLimit   = 10 * time.Second // of every other call
	ending      = 10 * time.Second // for handlers whose context has ended, and for reports after the grace
	mostAtOnce  = 100              // tasks of one lease
	often       = 3                // heartbeats in a lease
	refusedTime = 3 * time.Second  // for which a refusal may pass: a new token or queue is known everywhere after 2 s
)

// Run leases tasks and does them until ctx ends. Then it leases no more, lets handlers finish within the grace, ends the contexts of the
// others, gives back what was not finished, and returns nil. Handlers that do not end then are left behind, and so are their tasks,
// which come again when their leases end: Run returns an error that counts them.
//
// While Koogate is away Run goes on asking, with growing pauses. It gives up, in the same order, when Koogate refuses to lease: the
// token, the scope or the queue is wrong. That error is an [*Error] with the remedy.
func (w Worker) Run(ctx context.Context) error {
	if err := w.fill(); err != nil {
		return err
	}
	kept := context.WithoutCancel(ctx)
	handlers, stopHandlers := context.WithCancelCause(kept)
	reports, stopReports := context.WithCancel(kept)
	defer stopHandlers(nil)
	defer stopReports()
	p := &pool{
		Worker: w, tasks: koogatev1.NewTaskServiceClient(w.Conn), handlers: handlers, reports: reports,
		slots: make(chan struct{}, w.Concurrency), inHand: make(map[string]*running), poll: min(mostPoll, w.Lease/often),
	}
	err := p.lease(ctx)

	w.Log.InfoContext(ctx, "the worker stops", "queue", w.Queue, "in_hand", p.count(), "grace", max(0, w.Grace))
	ended := make(chan struct{})
	go func() { p.busy.Wait(); close(ended) }()
	if !within(ended, w.Grace) {
		stopHandlers(ErrStopping)
		if !within(ended, ending) {
			stopReports()
			if !within(ended, time.Second) {
				return errors.Join(err, fmt.Errorf("client: %d handlers have not ended %s after their contexts; their tasks come again when their leases end", p.count(), ending))
			}
		}
	}
	return err
}

// fill puts the defaults in and checks the rest.
func (w *Worker) fill() error {
	host, _ := os.Hostname()
	w.Concurrency, w.Lease, w.Grace = cmp.Or(w.Concurrency, 4), cmp.Or(w.Lease, time.Minute), cmp.Or(w.Grace, 30*time.Second)
	w.ID = cmp.Or(w.ID, fmt.Sprintf("%s-%d", host, os.Getpid()))
	if w.Log == nil {
		w.Log = slog.Default()
	}
	switch {
	case w.Conn == nil:
		return errors.New("client: Worker.Conn is missing: client.Dial makes one")
	case w.Handler == nil:
		return errors.New("client: Worker.Handler is missing")
	case w.Queue == "":
		return errors.New("client: Worker.Queue is missing: name a provisioner of type worker")
	case w.Concurrency < 1 || w.Concurrency > 1000:
		return fmt.Errorf("client: Worker.Concurrency is %d; it must be 1 to 1000", w.Concurrency)
	case w.Lease < time.Second || w.Lease > time.Hour:
		return fmt.Errorf("client: Worker.Lease is %s; it must be 1 s to 1 h", w.Lease)
	}
	return nil
}

// within waits for the end, and tells whether it came in time.
func within(ended <-chan struct{}, d time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), max(0, d))
	defer cancel()
	select {
	case <-ended:
		return true
	case <-ctx.Done():
		return false
	}
}

// pool is a worker that runs.
type pool struct {
	Worker

	tasks             koogatev1.TaskServiceClient
	handlers, reports context.Context // end when handlers and reports must
	slots             chan struct{}   // one for each handler that may run; full means all are taken
	poll              time.Duration   // a wait; a lease may have begun when it did, and most of it has to be left at its end
	busy              sync.WaitGroup

	mu     sync.Mutex
	inHand map[string]*running // by task ID
}

func (p *pool) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.inHand)
}

// lease hands out tasks to handlers until ctx ends or Koogate refuses.
func (p *pool) lease(ctx context.Context) error {
	pauses := newPauses()
	var refusedSince time.Time
	for {
		free := p.take(ctx)
		if free == 0 {
			return nil
		}
		asked := now()
		tasks, err := p.ask(ctx, free)
		used := 0
		for _, t := range tasks {
			if p.begin(t, asked.Add(p.Lease)) {
				used++
			}
		}
		p.release(free - used)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the stop has cut the lease short
		case len(tasks) > 0:
			refusedSince, pauses = time.Time{}, newPauses()
			continue
		case err == nil:
			refusedSince = time.Time{}
			if now().Sub(asked) >= p.poll/2 {
				pauses = newPauses()
				continue
			} // an answer that did not wait is no reason to ask at once
		case !refused(err):
			refusedSince = time.Time{}
			p.Log.WarnContext(ctx, "no tasks are leased; trying again", "queue", p.Queue, "error", err)
		case refusedSince.IsZero():
			refusedSince = now()
		case now().Sub(refusedSince) >= refusedTime:
			e, _ := AsError(err)
			p.Log.ErrorContext(ctx, "Koogate hands out no tasks", "queue", p.Queue, "error", err, "remedy", e.Remedy)
			return err
		}
		if !sleep(ctx, max(pauses.NextBackOff(), retryAfter(err))) {
			return nil
		}
	}
}

// newPauses are the pauses while Koogate is away: half a second at first, 15 s at last, half as much more or less by chance, so that
// workers do not come back all at once.
func newPauses() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: 500 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: 15 * time.Second}
}

// take waits for a free slot and takes all that are free; 0 when ctx has ended.
func (p *pool) take(ctx context.Context) (n int) {
	select {
	case <-ctx.Done():
		return 0
	case p.slots <- struct{}{}:
		n++
	}
	for n < mostAtOnce {
		select {
		case p.slots <- struct{}{}:
			n++
		default:
			return n
		}
	}
	return n
}

func (p *pool) release(n int) {
	for range n {
		<-p.slots
	}
}

func (p *pool) ask(ctx context.Context, most int) ([]*koogatev1.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, p.poll+pollSlack)
	defer cancel()
	r, err := p.tasks.LeaseTasks(ctx, &koogatev1.LeaseTasksRequest{
		Queue: p.Queue, WorkerId: p.ID, MaxTasks: int32(most), Wait: durationpb.New(p.poll), LeaseDuration: durationpb.New(p.Lease),
	})
	return r.GetTasks(), typed(err)
}

// begin starts the handler of a leased task, which takes a slot; false when it is running here already under an earlier lease.
func (p *pool) begin(t *koogatev1.Task, over time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.inHand[t.GetTaskId()]; r != nil {
		r.relet(t, over)
		return false
	}
	r := &running{pool: p, id: t.GetTaskId(), next: &lease{task: t, over: over}}
	p.inHand[t.GetTaskId()] = r
	p.busy.Go(func() {
		defer p.release(1)
		r.run()
	})
	return true
}

// refused says that asking again does not help: who asks, or for what, is wrong.
func refused(err error) bool {
	e, ok := AsError(err)
	if !ok || e.Retryable {
		return false
	}
	switch e.Code {
	case codes.Unauthenticated, codes.PermissionDenied, codes.InvalidArgument, codes.NotFound, codes.FailedPrecondition, codes.Unimplemented:
		return true
	default:
		return false
	}
}

func retryAfter(err error) time.Duration {
	if e, ok := AsError(err); ok {
		return e.RetryAfter
	}
	return 0
}
