// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/store"
)

// errFault is what the store answers instead of the truth, and errDead what it answers to a process that has ended.
var (
	errFault = errors.New("lives: a fault of the store")
	errDead  = errors.New("lives: the process has ended")
)

// frail is the store as one process has it: one of its writes can go wrong, and after the end of the process nothing is written.
type frail struct {
	store.Store
	fault  Fault
	at     int // of which write; 0 for none
	dead   bool
	struck *int // how many faults there were
	writes *int // how many writes, done or tried
	booked *int // how many of usage
	// flaw spoils a change before it is written, as a fault in Koogate would; it says whether the change is written at all. Tests plant
	// flaws to see them found.
	flaw func(c *store.Change) bool
}

// plan sets what happens to the at-th write from now.
func (f *frail) plan(fault Fault, at int) { f.fault, f.at = fault, at }

func write[T any](f *frail, call func() (T, error)) (none T, err error) {
	if f.dead {
		return none, errDead
	}
	*f.writes++
	if f.at--; f.at != 0 || f.fault == FaultNone {
		return call()
	}
	*f.struck++
	switch f.fault {
	case FaultBefore:
		return none, errFault
	case FaultCrashBefore:
		f.dead = true
		return none, errDead
	}
	out, err := call()
	if err != nil {
		return out, err
	}
	f.dead = f.fault == FaultCrashAfter
	return none, errFault
}

// Apply implements store.Changes.
func (f *frail) Apply(ctx context.Context, c *store.Change) error {
	if f.flaw != nil && !f.flaw(c) {
		return nil
	}
	_, err := write(f, func() (struct{}, error) { return struct{}{}, f.Store.Apply(ctx, c) })
	return err
}

// Lease implements store.Tasks.
func (f *frail) Lease(ctx context.Context, r store.LeaseRequest) ([]store.Task, error) {
	return write(f, func() ([]store.Task, error) { return f.Store.Lease(ctx, r) })
}

// Heartbeat implements store.Tasks.
func (f *frail) Heartbeat(ctx context.Context, id string, fence int64, length time.Duration) (store.Task, error) {
	return write(f, func() (store.Task, error) { return f.Store.Heartbeat(ctx, id, fence, length) })
}

// AddUsage implements store.Ledger.
func (f *frail) AddUsage(ctx context.Context, raws []store.UsageRaw) ([]store.UsageOutcome, error) {
	*f.booked++
	return write(f, func() ([]store.UsageOutcome, error) { return f.Store.AddUsage(ctx, raws) })
}

// CorrectUsage implements store.Ledger.
func (f *frail) CorrectUsage(ctx context.Context, c store.UsageCorrection) (store.UsageOutcome, error) {
	*f.booked++
	return write(f, func() (store.UsageOutcome, error) { return f.Store.CorrectUsage(ctx, c) })
}

// CloseUsage implements store.Ledger.
func (f *frail) CloseUsage(ctx context.Context, seller string, now time.Time, spans store.UsageSpans, limit int) ([]store.UsageRecord, error) {
	*f.booked++
	return write(f, func() ([]store.UsageRecord, error) { return f.Store.CloseUsage(ctx, seller, now, spans, limit) })
}

// SettleUsage implements store.Ledger.
func (f *frail) SettleUsage(ctx context.Context, verdicts []store.UsageVerdict, now time.Time) error {
	*f.booked++
	_, err := write(f, func() (struct{}, error) { return struct{}{}, f.Store.SettleUsage(ctx, verdicts, now) })
	return err
}
