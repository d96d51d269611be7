// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"context"
	"net/netip"
	"time"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/store"
)

// Metrics are told of every decision. by is shared or process.
type Metrics interface {
	CallCounted(class, by string, limited bool)
	StrangerLimited()
}

// Limiter knows how often callers may call. Safe for concurrent use.
type Limiter struct {
	everybody [classes]Rate
	some      map[caller][classes]Rate
	strangers Rate

	shared  store.Limiter // nil where nobody shares
	own     *local
	refused *local
	metrics Metrics
}

// caller is who calls, as rules name it.
type caller struct{ seller, name string }

// New returns a limiter by limits that the configuration has checked. shared holds the budgets of all processes, nil where each has its own.
func New(l Limits, shared store.Limiter, c clock.Clock, m Metrics) *Limiter {
	some := make(map[caller][classes]Rate, len(l.Rules))
	for _, r := range l.Rules {
		some[caller{r.Seller, r.Caller}] = r.over(l.rates())
	}
	return &Limiter{
		everybody: l.rates(), some: some, strangers: l.Strangers,
		shared: shared, own: newLocal(c.Now, mostNames), refused: newLocal(c.Now, mostNames), metrics: m,
	}
}

// patience is how long a call waits for the shared budgets. It is longer than their own time for an answer, after which they count as away and
// are left alone for a while.
const patience = 200 * time.Millisecond

// Spend takes one from a caller's budget of a class. When nothing is left it takes nothing and returns after how long there is something.
// While the shared budgets do not answer, those of this process decide: a caller has at most as much from each.
func (l *Limiter) Spend(ctx context.Context, p access.Principal, class Class) (wait time.Duration) {
	who := caller{p.Seller, p.Actor()}
	rates, ok := l.some[who]
	if !ok {
		rates = l.everybody
	}
	rate := rates[class]
	if rate.Rate == 0 {
		return 0
	}
	name := who.seller + "/" + class.String() + "/" + who.name
	by := "shared"
	wait, ok = l.ask(ctx, name, rate.budget())
	if !ok {
		by, wait = "process", l.own.spend(name, rate.budget())
	}
	l.metrics.CallCounted(class.String(), by, wait > 0)
	return wait
}

// ask asks the shared budgets; ok is false when they do not answer.
func (l *Limiter) ask(ctx context.Context, name string, b store.Budget) (wait time.Duration, ok bool) {
	if l.shared == nil {
		return 0, false
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	wait, err := l.shared.Spend(ctx, name, b)
	return wait, err == nil
}

// Weary is for how long no dear work is done for callers of an address that nobody knows; 0 for a usual address. Of IPv6 a network of 64
// bits counts as one, as that is what one customer of a provider has.
func (l *Limiter) Weary(address string) time.Duration {
	if l.strangers.Rate == 0 {
		return 0
	}
	return l.refused.wait(network(address), l.strangers.budget())
}

// Refused takes a refusal from an address's budget. When nothing is left it returns after how long there is something.
func (l *Limiter) Refused(address string) time.Duration {
	if l.strangers.Rate == 0 {
		return 0
	}
	wait := l.refused.spend(network(address), l.strangers.budget())
	if wait > 0 {
		l.metrics.StrangerLimited()
	}
	return wait
}

func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	p, _ := a.WithZone("").Prefix(64) // which an address of version 6 always has
	return p.String()
}
