// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// free is how many bytes of a body need no budget: the connection that brings them costs more. Nearly every call of the base
	// interfaces is shorter, and so is answered however many strangers there are.
	free = 4 << 10
	// patience is how long a call waits for budget, and dearPatience for its turn to be put into canonical form.
	patience     = 500 * time.Millisecond
	dearPatience = 2 * time.Second
	// slowest is how much of a body has to come in every pace until it is whole.
	slowest = 64 << 10
	pace    = 2 * time.Second
)

// budget bounds the memory of calls that nobody has verified yet, over the whole process. The Kit has three quarters of it and
// the base interfaces the rest, so that the long bodies of the one do not keep out the short ones of the others.
type budget struct {
	base, kit *semaphore.Weighted // bytes of bodies
	dear      *semaphore.Weighted // bytes of bodies that are verified at a time; each takes a few times its length
}

func newBudget(cfg *Config) *budget {
	kit := int64(cfg.MaxUnverified) / 4 * 3
	return &budget{
		base: semaphore.NewWeighted(int64(cfg.MaxUnverified) - kit), kit: semaphore.NewWeighted(kit), dear: semaphore.NewWeighted(int64(max(cfg.MaxKitBody, cfg.MaxBody))),
	}
}

// of returns the part of the budget that calls at a door draw from.
func (b *budget) of(d *door) *semaphore.Weighted {
	if d.kit {
		return b.kit
	}
	return b.base
}

// reserve takes n bytes for the body, or refuses the call when there are none for a while.
func (x *exchange) reserve(ctx context.Context, n int) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if x.f.budget.of(x.door).Acquire(ctx, int64(n)) != nil {
		return x.busy(rejectedBusy)
	}
	x.reserved += n
	return true
}

// settle gives back what the body took: the call is verified, or refused.
func (x *exchange) settle() {
	if x.reserved > 0 {
		x.f.budget.of(x.door).Release(int64(x.reserved))
		x.reserved = 0
	}
}

// dearly runs f, which verifies the body, when it is the body's turn. Short bodies need not wait.
func (x *exchange) dearly(ctx context.Context, f func()) bool {
	if len(x.body) <= free {
		f()
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, dearPatience)
	defer cancel()
	n := int64(len(x.body))
	if x.f.budget.dear.Acquire(ctx, n) != nil {
		return x.busy(rejectedBusy)
	}
	defer x.f.budget.dear.Release(n)
	f()
	return true
}
