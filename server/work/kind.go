// SPDX-License-Identifier: Apache-2.0

package work

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Handler does one leased job and says how it ended. Its context ends when the attempt may take no longer or the lease is lost.
type Handler func(ctx context.Context, t store.Task) Outcome

// Kind is a sort of job. Name is required, and either Workers or both Queue and Do.
type Kind struct {
	Name store.TaskKind
	// Workers says that provisioners do the jobs. They wait in the provisioners' queues, which are configuration.
	Workers bool
	// Queue is where the jobs wait that Koogate does itself; it begins with [Prefix]. No other kind has it.
	Queue string
	// Do does a job of Koogate's own.
	Do Handler
	// Nobody says that the jobs belong to no seller.
	Nobody bool
	// Standing says that there is one job, for each seller or for nobody, that never ends: its handler says when it comes again.
	Standing bool
	// Retry says how often a job is tried again.
	Retry Retry
	// Within is how long after its creation a job may still begin. A job that comes later is cancelled. 0 for no limit.
	Within time.Duration
	// Limit is how long one attempt may take. The lease is prolonged as long. 0 for one lease.
	Limit time.Duration
	// Lapse cancels a job whose deadline has passed, together with what follows from it. nil cancels the row alone.
	Lapse func(ctx context.Context, t store.Task, reason string) error
	// Awaited is until when somebody outside waits for a job of a payload; zero for nobody. nil when nobody waits for any.
	Awaited func(payload string) time.Time
	// Trace says which trace the spans of a job belong to.
	Trace Trace
}

// Trace is a policy for the spans of a job.
type Trace uint8

const (
	// TraceCause continues the trace of the call that caused the job, which for a job of an order is the order's.
	TraceCause Trace = iota
	// TraceRun gives each attempt a trace of its own, and no spans for leasing and ending it: for jobs that repeat for ever.
	TraceRun
)

// Prefix begins the names of Koogate's own queues, and of no provisioner.
const Prefix = "koogate-"

// Reserved says whether a queue can only be Koogate's own.
func Reserved(queue string) bool { return strings.HasPrefix(queue, Prefix) }

// check says what is wrong with a kind.
func (k Kind) check() error {
	switch own := k.Queue != "" && k.Do != nil; {
	case k.Name == "":
		return fmt.Errorf("work: a kind without a name")
	case k.Workers == own || k.Workers && (k.Queue != "" || k.Do != nil):
		return fmt.Errorf("work: kind %s: either workers do it, or it has a queue and a handler", k.Name)
	case own && !Reserved(k.Queue):
		return fmt.Errorf("work: kind %s: the queue %s does not begin with %s", k.Name, k.Queue, Prefix)
	case k.Workers && (k.Nobody || k.Standing || k.Limit != 0):
		return fmt.Errorf("work: kind %s: what workers do belongs to a seller, ends, and has the workers' leases", k.Name)
	}
	return nil
}

// deadline is when a job that is made now may no longer begin; zero when it may for ever.
func (k Kind) deadline(now time.Time) time.Time {
	if k.Within <= 0 {
		return time.Time{}
	}
	return now.Add(k.Within)
}

// under returns a context whose spans belong to a job's trace.
func (k Kind) under(ctx context.Context, t store.Task) context.Context {
	if t.OrderID != "" && k.Trace == TraceCause {
		ctx = telemetry.UnderOrder(ctx, t.Seller, t.OrderID)
	}
	return telemetry.FromTraceparent(ctx, t.Traceparent)
}
