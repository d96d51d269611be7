// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/telemetry"
)

const (
	// jobsLate is how long a seller's jobs may take between two looks at the database. They look every 5 s, unless every slot is
	// taken by a task, which ends with its lease of 15 s.
	jobsLate = 30 * time.Second
	// roundLate is how long after it was due a round may end; a round that comes seldom may take as long as its pause.
	roundLate = time.Minute
	// firstRound is how long the first turn of a round may take, which may have much to catch up with.
	firstRound = 5 * time.Minute
	// progressPause is how often late loops are looked for, for the log.
	progressPause = 5 * time.Second
)

// progress knows when each loop of this process last completed a turn. That a goroutine runs says nothing: it may wait for
// an answer that never comes.
type progress struct {
	clock clock.Clock
	mu    sync.Mutex
	loops []*loop
}

// loop is one of a seller's loops. Jobs are vital: nobody else in this process does orders. A round that is late only degrades,
// because a round also fails for what is no fault of this process, such as a marketplace that is away.
type loop struct {
	progress     *progress
	seller, name string
	vital        bool
	last         time.Time     // when it last completed a turn
	limit        time.Duration // how long after that the next one is late; 0 for never
	suspect      time.Time     // what last was when the loop was found late; zero when it was not
	told         bool          // the log knows that it is late
}

// follow begins to watch a loop, whose first turn begins now.
func (p *progress) follow(seller, name string, vital bool, limit time.Duration) *loop {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &loop{progress: p, seller: seller, name: name, vital: vital, last: p.clock.Now(), limit: limit}
	p.loops = append(p.loops, l)
	return l
}

// forget stops watching loops that have ended.
func (p *progress) forget(loops []*loop) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loops = slices.DeleteFunc(p.loops, func(l *loop) bool { return slices.Contains(loops, l) })
}

// completed notes the end of a turn; the next one is late after limit, or never with 0.
func (l *loop) completed(limit time.Duration) {
	l.progress.mu.Lock()
	defer l.progress.mu.Unlock()
	l.last, l.limit = l.progress.clock.Now(), limit
}

func (l *loop) late(now time.Time) bool { return l.limit > 0 && now.Sub(l.last) > l.limit }

// check is the readiness of the jobs: it names what is late, what is vital first.
func (p *progress) check() check {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	var vital, late []string
	c := check{Status: stateOK}
	for _, l := range p.loops {
		if !l.late(now) {
			continue
		}
		text := fmt.Sprintf("%s of %s: nothing completed for %s", l.name, l.seller, now.Sub(l.last).Round(time.Second))
		if l.vital {
			vital = append(vital, text)
		} else {
			late = append(late, text)
		}
	}
	switch {
	case len(vital) > 0:
		c.Status = stateFailing
	case len(late) > 0:
		c.Status = stateDegraded
	}
	c.Detail = strings.Join(append(vital, late...), "; ")
	return c
}

// ages are what the metrics show.
func (p *progress) ages() []telemetry.Round {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	list := make([]telemetry.Round, len(p.loops))
	for i, l := range p.loops {
		list[i] = telemetry.Round{Seller: l.seller, Name: l.name, Age: now.Sub(l.last), Late: l.late(now)}
	}
	return list
}

// alarm logs what becomes late and what comes back, until ctx ends. A loop has to be late at two looks with nothing completed in
// between, and a look that comes late itself does not count: a clock that jumps, and a machine that was asleep, make every loop late
// before it has had a chance.
func (p *progress) alarm(ctx context.Context, log *slog.Logger) {
	for {
		before := p.clock.Now()
		if clock.Sleep(ctx, p.clock, progressPause) != nil {
			return
		}
		p.mu.Lock()
		now := p.clock.Now()
		if now.Sub(before) > 2*progressPause {
			for _, l := range p.loops {
				l.suspect = time.Time{}
			}
			p.mu.Unlock()
			continue
		}
		for _, l := range p.loops {
			late := l.late(now)
			again := late && l.suspect.Equal(l.last)
			l.suspect = time.Time{}
			if late {
				l.suspect = l.last
			}
			switch {
			case again && !l.told:
				l.told = true
				log.ErrorContext(ctx, "a loop makes no progress", "round", l.name, "seller", l.seller, "last_completed", l.last, "limit", l.limit)
			case !late && l.told:
				l.told = false
				log.InfoContext(ctx, "a loop makes progress again", "round", l.name, "seller", l.seller)
			}
		}
		p.mu.Unlock()
	}
}
