// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"sync"
	"time"

	"github.com/koogate/koogate/store"
)

const (
	// recent is how long the speed of pushing is remembered.
	recent = 5 * time.Minute
	// alarmEvery is how often the same alarm is logged.
	alarmEvery = 5 * time.Minute
	// After a look at the backlog that took longLook or more, the next one waits restful times as long, because a look counts every
	// waiting record.
	restful  = 10
	longLook = 100 * time.Millisecond
	// When the marketplace takes nothing, a deadline that is nearer than tight raises the alarm.
	tight = 10 * time.Minute
)

// flow is how a seller's rounds have gone lately in this process. A new process starts with an empty one.
type flow struct {
	mu       sync.Mutex
	quiet    int // failures since the last answer
	spans    []span
	missAt   time.Time // of the last alarm
	deniedAt time.Time
	lookAt   time.Time // when the backlog may be looked at again
}

// span is a round that called the marketplace.
type span struct {
	at     time.Time
	took   time.Duration
	pushed int
}

func (s *Service) flow(seller string) *flow {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.flows[seller]
	if f == nil {
		f = &flow{}
		s.flows[seller] = f
	}
	return f
}

// heard ends a silence of the marketplace.
func (f *flow) heard() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.quiet = 0
}

// unheard counts a failure and returns how many came before it.
func (f *flow) unheard() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.quiet++
	return f.quiet - 1
}

// add remembers a round.
func (f *flow) add(now time.Time, r Round) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Calls > 0 {
		f.spans = append(f.spans, span{now, max(r.Took, time.Millisecond), r.Pushed})
	}
	for len(f.spans) > 0 && now.Sub(f.spans[0].at) > recent {
		f.spans = f.spans[1:]
	}
}

// rate is how many records a second got through while there was something to push; tried is false when there was nothing.
func (f *flow) rate() (perSecond float64, tried bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var took time.Duration
	pushed := 0
	for _, s := range f.spans {
		took, pushed = took+s.took, pushed+s.pushed
	}
	if took == 0 {
		return 0, false
	}
	return float64(pushed) / took.Seconds(), true
}

// missAlarm and deniedAlarm say whether the alarm is due again.
func (f *flow) missAlarm(now time.Time) bool   { return f.again(&f.missAt, now) }
func (f *flow) deniedAlarm(now time.Time) bool { return f.again(&f.deniedAt, now) }

func (f *flow) again(last *time.Time, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !last.IsZero() && now.Sub(*last) < alarmEvery {
		return false
	}
	*last = now
	return true
}

// rests says whether it is too early to look at the backlog; looked remembers a look.
func (f *flow) rests(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return now.Before(f.lookAt)
}

func (f *flow) looked(from, to time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if took := to.Sub(from); took >= longLook {
		f.lookAt = to.Add(restful * took)
	}
}

// alarm shows the backlog, and says so when a deadline is missed or is going to be at the speed of the last minutes.
func (s *Service) alarm(ctx context.Context, seller string, r Round) {
	flow, from := s.flow(seller), s.now()
	if flow.rests(from) {
		return
	}
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	b, err := s.Store.UsageAges(look, seller)
	flow.looked(from, s.now())
	if err != nil {
		s.Log.WarnContext(ctx, "usage backlog unknown", "seller", seller, "error", err)
		return
	}
	now := s.now()
	var left time.Duration
	if !b.Deadline.IsZero() {
		left = b.Deadline.Sub(now)
	}
	s.Metrics.UsageBacklog(seller, b.Windows, b.Records, b.Refused, left, !b.Deadline.IsZero())
	rate, tried := flow.rate()
	if missed(b, left, rate, tried) && flow.missAlarm(now) {
		s.Log.ErrorContext(ctx, "usage misses its bill, or is going to: the backlog does not get through in time",
			"seller", seller, "deadline", b.Deadline, "left", left.Round(time.Second), "windows", b.Windows, "records", b.Records,
			"records_per_second", rate, "pause", r.Pause)
	}
}

// missed says whether the earliest deadline is over or cannot be held.
func missed(b store.UsageBacklog, left time.Duration, rate float64, tried bool) bool {
	switch {
	case b.Deadline.IsZero():
		return false
	case left < 0:
		return true
	case !tried:
		return false
	case rate == 0:
		return left < tight
	}
	return left.Seconds() < float64(b.Windows+b.Records)/rate
}
