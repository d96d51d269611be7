// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// Run writes what is taken until ctx ends, and then once more. It returns when that is done, or could not be.
func (j *Journal) Run(ctx context.Context) {
	for wait := linger; ; {
		timer := j.Clock.NewTimer(fold / 2) // when nothing comes: rows of looks end
		select {
		case <-j.wake:
			timer.Stop()
			timer = j.Clock.NewTimer(wait)
			select {
			case <-timer.C():
			case <-ctx.Done():
			}
		case <-timer.C():
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
			defer cancel()
			if err := j.Flush(end); err != nil {
				j.Log.WarnContext(ctx, "calls were not recorded before the stop", "calls", j.open(), "error", err)
			}
			return
		}
		wait = linger
		if err := j.write(ctx, false); err != nil && ctx.Err() == nil {
			wait = pause
			j.awake()
		}
	}
}

// Flush writes everything that was taken. Errors: those of the store; what was not written waits on.
func (j *Journal) Flush(ctx context.Context) error { return j.write(ctx, true) }

// open is how many calls wait.
func (j *Journal) open() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.held
}

// write writes batch after batch until nothing waits; rows of looks whose minute is not over only if all is asked for.
func (j *Journal) write(ctx context.Context, all bool) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.sweep(all)
	j.ask()
	for {
		if all {
			j.ask()
		}
		calls, refusals := j.next()
		if len(calls)+len(refusals) == 0 {
			if j.more(all) {
				continue // they were nobody's
			}
			return nil
		}
		limited, cancel := context.WithTimeout(ctx, patience)
		err := j.Store.RecordCalls(limited, calls, refusals)
		cancel()
		j.settle(ctx, calls, refusals, err)
		if err != nil && storefault.Outage(err) {
			return err
		}
	}
}

// more tells whether anything is left to be written, with doubts if all is asked for.
func (j *Journal) more(all bool) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.waiting)+len(j.refusals) > 0 || all && len(j.doubts) > 0
}

// sweep ends the rows of looks whose minute is over, and lets the others be written as they are if all is asked for.
func (j *Journal) sweep(all bool) {
	now := j.Clock.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	for k, f := range j.folds {
		switch age := now.Sub(f.call.CreatedAt); {
		case age >= fold || age < 0:
			j.unfold(k, f)
		case all && f.call.Times > f.told && j.held < most:
			f.told = f.call.Times
			j.add(f.call, lostLook, 0, most)
		}
	}
}

// next takes what is to be written in one transaction.
func (j *Journal) next() (calls []store.Call, refusals []store.CallRefusal) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := min(len(j.waiting), batch)
	calls = slices.DeleteFunc(j.waiting[:n:n], func(c store.Call) bool { return c.Seller == "" })
	j.held -= n - len(calls)
	if j.waiting = j.waiting[n:]; len(j.waiting) == 0 {
		j.waiting = nil // what was written is not kept
	}
	for k, r := range j.refusals {
		if len(refusals) == batch {
			break
		}
		if delete(j.refusals, k); k.seller != "" {
			refusals = append(refusals, *r)
		}
	}
	return calls, refusals
}

// settle notes how a batch has ended. After an outage it waits again, and when its commit is not known it may have been written: calls
// are found by their IDs then, and counts of refusals count twice. What the database refuses is lost.
func (j *Journal) settle(ctx context.Context, calls []store.Call, refusals []store.CallRefusal, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	was := j.failing
	j.failing = err != nil
	switch {
	case err == nil:
		j.done(calls)
		if was {
			j.Log.InfoContext(ctx, "calls are recorded again")
		}
		return
	case !storefault.Outage(err):
		j.done(calls)
		for i := range calls {
			j.Metrics.CallsUnrecorded(lostCall, calls[i].Times)
		}
		for i := range refusals {
			j.Metrics.CallsUnrecorded(lostRefusal, refusals[i].Calls)
		}
		j.Log.ErrorContext(ctx, "the database refuses records of calls; they are lost", "calls", len(calls), "error", err)
		return
	case !was && !errors.Is(err, context.Canceled):
		j.Log.WarnContext(ctx, "calls are not recorded now; they are answered all the same and recorded later, as many as there is room for",
			"error", err)
	}
	j.waiting = append(calls, j.waiting...)
	for _, r := range refusals {
		k := refusal{r.Seller, r.Endpoint, r.Cause, r.Hour}
		if more := j.refusals[k]; more != nil {
			r.Calls += more.Calls
			r.LastAt = later(r.LastAt, more.LastAt)
		}
		j.refusals[k] = &r
	}
}

// done gives back the room of calls that wait no more.
func (j *Journal) done(calls []store.Call) {
	j.held -= len(calls)
	for i := range calls {
		j.bodies -= len(calls[i].Body)
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
