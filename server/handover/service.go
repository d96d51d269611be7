// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// Target is where the tasks of a provisioner are sent.
type Target struct {
	Name     string
	Seller   string // whose tasks alone are sent there; empty for everybody's
	URL      string
	Keys     [][]byte      // sign, each with a signature of its own; none when no secret opens
	Timeout  time.Duration // of one attempt, from connecting to the end of the answer
	AskAgain time.Duration // after an answer 202, until the task is sent again
}

// Queue is the part of the lease queue that is used.
type Queue interface {
	Lease(ctx context.Context, r work.Ask) ([]store.Task, error)
	Heartbeat(ctx context.Context, seller, id string, fence int64, length time.Duration) (store.Task, error)
	Under(ctx context.Context, t store.Task) context.Context
}

// Caller calls addresses that are allowed; see package outbound.
type Caller interface {
	Do(r *http.Request) (*http.Response, error)
}

// Tasks is the form of tasks and of results, and what they do.
type Tasks interface {
	// Show is a leased task as workers over REST get it: with its fencing token and what is known of the buyer.
	Show(ctx context.Context, t store.Task) ([]byte, error)
	// Complete ends a task by an answer in the form of CompleteTask. Errors: RESULT_INVALID and INVALID_FIELD for what is not valid, without a value of it,
	// FENCING_TOKEN_STALE, TASK_NOT_FOUND, STORE_UNAVAILABLE.
	Complete(ctx context.Context, t store.Task, answer []byte) error
	// Refuse ends a task for good by an answer that may be in the form of FailTask; what cannot be read of it counts for nothing. why is the message when the answer
	// has none. Errors: FENCING_TOKEN_STALE, TASK_NOT_FOUND, STORE_UNAVAILABLE.
	Refuse(ctx context.Context, t store.Task, why string, answer []byte) error
	// Return gives a task back to be tried again after a pause, of which 0 is the queue's own, or to end when its time is over. Errors: as Refuse.
	Return(ctx context.Context, t store.Task, why string, pause time.Duration) error
}

// Deps are what the domain works with; all but Seen are required.
type Deps struct {
	Queue   Queue
	Tasks   Tasks
	Caller  Caller
	Targets func() []Target // the webhook provisioners that there are now, by name
	Clock   clock.Clock     // the store's, by which tasks are leased
	Worker  string          // names this process in records
	Tracer  trace.Tracer
	Metrics *telemetry.Metrics
	Log     *slog.Logger
	// Seen is told what has come of each attempt; status is 0 without an answer.
	Seen func(t store.Task, outcome string, status int, took time.Duration)
}

// Service is the domain. Safe for concurrent use.
type Service struct {
	Deps
}

const (
	// AtOnce is how many tasks of one seller a process sends to one provisioner at a time.
	AtOnce = 4
	// AnswerMost is how long an answer may be, in bytes: a licence in a file of 512 KiB fits in.
	AnswerMost = 1 << 20
	// RetryAfterMost bounds what an answer may ask to wait.
	RetryAfterMost = time.Hour

	writeLimit = 5 * time.Second  // for writing what came of an attempt
	spare      = 15 * time.Second // that a lease is longer than an attempt: for reading the task and for writing
	lookWait   = 5 * time.Second  // for which a look waits for the first task
	lookIdle   = 2 * time.Second  // between looks while there are no webhook provisioners
	lookFull   = 500 * time.Millisecond
	lookAgain  = time.Second // after a look that failed
)

// New returns the domain.
func New(d Deps) *Service { return &Service{Deps: d} }

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// sender sends for one seller in this process.
type sender struct {
	s      *Service
	seller string
	wake   chan struct{} // an attempt has ended

	running sync.WaitGroup
	mu      sync.Mutex
	busy    map[string]int // attempts that run, by provisioner
}

func (s *Service) sender(seller string) *sender {
	return &sender{s: s, seller: seller, wake: make(chan struct{}, 1), busy: make(map[string]int)}
}

// Run sends a seller's tasks until ctx ends, then waits for the attempts that run, which is no longer than their timeout and a write. completed is
// told of every look that the store answered.
func (s *Service) Run(ctx context.Context, seller string, completed func()) {
	x := s.sender(seller)
	defer x.running.Wait()
	for ctx.Err() == nil {
		rest, err := x.look(ctx)
		switch {
		case err == nil && ctx.Err() == nil:
			completed()
		case ctx.Err() == nil:
			s.Log.WarnContext(ctx, "tasks for webhook provisioners were not looked for; it is tried again", "seller", seller, "error", err)
			rest = lookAgain
		}
		if rest > 0 && !clock.Wait(ctx, s.Clock, rest, x.wake) {
			return
		}
	}
}

// Step sends what is due for a seller now, until nothing is, and waits for the attempts: for who drives a process that runs nothing by itself. It
// returns how many attempts were made. Errors: STORE_UNAVAILABLE.
func (s *Service) Step(ctx context.Context, seller string) (n int, err error) {
	x := s.sender(seller)
	for {
		made, _, err := x.start(ctx, 0)
		x.running.Wait()
		if n += made; err != nil || made == 0 {
			return n, err
		}
	}
}

// look starts what is due, as far as there are slots, and returns how long to rest.
func (x *sender) look(ctx context.Context) (time.Duration, error) {
	made, state, err := x.start(ctx, lookWait)
	switch {
	case state == none:
		return lookIdle, err
	case made == 0 && state == full:
		return lookFull, err
	}
	return 0, err
}

// state is what a look has found.
type state uint8

const (
	none state = iota // there is no webhook provisioner
	full              // one of them, or all, has no slot free
	free              // each has
)

// start leases tasks of the provisioners that have slots and sends them. It waits for the first only while each has: a slot that becomes free
// must not wait for the tasks of others.
func (x *sender) start(ctx context.Context, wait time.Duration) (made int, st state, err error) {
	targets := 0
	ask := work.Ask{Seller: x.seller, Worker: x.s.Worker, Max: AtOnce}
	longest := time.Duration(0)
	for _, t := range x.s.Targets() {
		if t.Seller != "" && t.Seller != x.seller {
			continue
		}
		targets++
		slots := AtOnce - x.count(t.Name, 0)
		if slots <= 0 {
			continue
		}
		ask.Queues, ask.Max, longest = append(ask.Queues, t.Name), min(ask.Max, slots), max(longest, t.Timeout)
	}
	if targets == 0 {
		return 0, none, nil
	}
	st = full
	if len(ask.Queues) == targets {
		st, ask.Wait = free, wait
	}
	if len(ask.Queues) == 0 {
		return 0, st, nil
	}
	ask.For = longest + spare
	look, cancel := context.WithTimeout(ctx, lookWait+spare) // whatever the store does
	defer cancel()
	tasks, err := x.s.Queue.Lease(look, ask)
	for _, t := range tasks {
		x.count(t.Queue, 1)
		x.running.Go(func() {
			defer func() {
				x.count(t.Queue, -1)
				select {
				case x.wake <- struct{}{}:
				default:
				}
			}()
			x.s.attempt(context.WithoutCancel(ctx), t) // a stop does not cut an attempt short; its timeout bounds it
		})
	}
	return len(tasks), st, err
}

// target is a provisioner as it is now: it may have changed, or become another kind, while its tasks were waited for.
func (s *Service) target(name string) (Target, bool) {
	list := s.Targets()
	i := slices.IndexFunc(list, func(t Target) bool { return t.Name == name })
	if i < 0 {
		return Target{}, false
	}
	return list[i], true
}

// count adds to the attempts that run at a provisioner and returns how many do.
func (x *sender) count(name string, n int) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.busy[name] += n
	if x.busy[name] == 0 {
		delete(x.busy, name)
		return 0
	}
	return x.busy[name]
}
