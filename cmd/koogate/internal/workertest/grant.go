// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"sync"
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// end is how a grant ended.
type end string

const (
	done   end = "done"
	failed end = "failed" // for good
	back   end = "given back"
	over   end = "over" // the lease ended, was taken or died with the worker
)

// grant is a task that was handed to the worker.
type grant struct {
	task *koogatev1.Task
	at   time.Time

	mu        sync.Mutex
	length    time.Duration // of its lease
	until     time.Time     // when its lease ends
	lapsed    bool          // the worker has held it beyond that
	ended     end           // empty while it is held
	took      time.Duration // until then
	beaten    bool          // a heartbeat came
	arrived   bool          // a report came
	reporting bool          // it is being dealt with, and the lease does not end meanwhile
	told      bool          // the worker was told that its lease is lost
	after     int           // calls since
	later     bool          // a webhook's program has answered 202
}

func (x *grant) lease() lease { return lease{x.task.GetTaskId(), x.task.GetFencingToken()} }

// once says whether a thing happens for the first time.
func (x *grant) once(was *bool) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	first := !*was
	*was = true
	return first
}

// called notes a call about it.
func (x *grant) called() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.told {
		x.after++
	}
}

// answered notes what the worker is told.
func (x *grant) answered(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.told = x.told || stale(err)
}

// accept leaves it with a webhook's program, which completes it later.
func (x *grant) accept(now time.Time, by time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.later = true; x.ended == "" {
		x.lapsed = x.lapsed || now.After(x.until)
		x.took, x.until = now.Sub(x.at), now.Add(by)
	}
}

// byAPI says that it is completed by the API.
func (x *grant) byAPI() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.later
}

// prolong moves its end; false when that is over.
func (x *grant) prolong(now time.Time, by time.Duration) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended != "" || !now.Before(x.until) {
		x.lapsed = x.lapsed || x.ended == ""
		return false
	}
	x.until, x.length = now.Add(by), by
	return true
}

// arrive notes that a report has come, and says whether it is the first. A lease that was over by then was held too long, even when the
// report is in time for Koogate.
func (x *grant) arrive() (first bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := clock.System{}.Now()
	if x.ended == "" {
		x.lapsed = x.lapsed || now.After(x.until)
		x.took = now.Sub(x.at)
	}
	first = !x.arrived
	x.arrived, x.reporting = true, true
	return first
}

// finish notes what has come of a report; empty when it was not taken.
func (x *grant) finish(how end) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reporting = false
	if how != "" {
		x.ended = how
	}
}

// end notes that its lease ended without a report.
func (x *grant) end() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended == "" {
		x.ended = over
	}
}

// seen is a grant as it stands.
type seen struct {
	task         *koogatev1.Task
	length, took time.Duration
	lapsed       bool
	beaten       bool
	ended        end
	after        int
}

func (x *grant) seen() seen {
	x.mu.Lock()
	defer x.mu.Unlock()
	return seen{x.task, x.length, x.took, x.lapsed, x.beaten, x.ended, x.after}
}

// grant notes that a task is handed out.
func (g *gate) grant(t *koogatev1.Task, now time.Time, length time.Duration) *grant {
	x := &grant{task: t, at: now, length: length, until: now.Add(length)}
	g.mu.Lock()
	g.grants[x.lease()] = x
	g.log = append(g.log, x)
	g.calls++
	p := g.plans[t.GetOrderId()]
	g.mu.Unlock()
	if p.leased != nil {
		p.leased(x)
	}
	return x
}

// of are the grants of an order's kind of task, in their order. The order that caused a task counts, too.
func (g *gate) of(order string, kind koogatev1.TaskKind) (all []seen) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, x := range g.log {
		if (x.task.GetOrderId() == order || x.task.GetCauseOrderId() == order) && x.task.GetKind() == kind {
			all = append(all, x.seen())
		}
	}
	return all
}

// all are the grants that were ever made.
func (g *gate) all() (all []seen) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, x := range g.log {
		all = append(all, x.seen())
	}
	return all
}

// open are the grants that the worker holds.
func (g *gate) open() (all []*grant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, x := range g.log {
		if x.seen().ended == "" {
			all = append(all, x)
		}
	}
	return all
}

// died gives back all that a worker held that was killed.
func (g *gate) died() {
	g.asks.Lock()
	defer g.asks.Unlock()
	g.born++
	for _, x := range g.open() {
		x.end()
		g.giveBack(x.lease())
	}
}

// planOf is what is done to an order's tasks.
func (g *gate) planOf(order string) plan {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.plans[order]
}

// note notes a call about what was not given.
func (g *gate) note(verb string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.alien = append(g.alien, verb)
}

// strangers are the calls about what the worker did not have.
func (g *gate) strangers() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.alien...)
}

// count is how often the worker has called, leases that got nothing aside.
func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls
}

// askedByAPI is how often the program has called about a task that it has.
func (g *gate) askedByAPI() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked
}

// will sets what is done to an order's tasks.
func (g *gate) will(order string, p plan) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.plans[order] = p
}
