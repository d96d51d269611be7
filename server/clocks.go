// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/clock"
)

const (
	// clockPause is how often the database's clock is read. In between it is followed by this machine's monotonic clock.
	clockPause = 2 * time.Second
	// clockAlarm is a difference that no healthy clock has.
	clockAlarm = 5 * time.Second
	// clockLimit is the difference from which the marketplace's calls are refused.
	clockLimit = sign.DefaultSkew
	// pullInPause is how often a process looks for what a wrong clock has put off, and pullInTolerance how far ahead the time of
	// writing must lie.
	pullInPause     = time.Minute
	pullInTolerance = time.Minute
	pullInLimit     = 30 * time.Second
)

// The clocks that this process's is measured against.
const (
	againstDatabase    = "database"
	againstMarketplace = "marketplace"
)

// clocks are this machine's clock and what is known of the two others. Work is ordered by the store's, calls are signed and
// verified by the machine's.
type clocks struct {
	store *clock.Followed
	// answers is the marketplace's by its answers, calls by its calls. Who has caught a call can send it again, so calls are good
	// for alarms only.
	answers, calls *clock.Witnessed
}

// market returns how far the marketplace's clock is ahead: both signs name a time that has passed there, so the later counts.
func (c *clocks) market() (ahead time.Duration, ok bool) {
	ahead, ok = c.answers.Offset()
	if called, heard := c.calls.Offset(); heard && (!ok || called > ahead) {
		return called, true
	}
	return ahead, ok
}

// readClock reads the database's clock once.
func (s *Server) readClock(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	began := s.deps.Clock.Now()
	now, err := s.deps.Store.Now(ctx)
	if err != nil {
		return err
	}
	s.clocks.store.Heard(now, began, s.deps.Clock.Now())
	return nil
}

// keepTime reads the database's clock until ctx ends, shows the differences, and says when they become too great.
func (s *Server) keepTime(ctx context.Context) {
	was := stateOK
	for {
		if err := s.readClock(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.WarnContext(ctx, "the database's clock was not read; it is followed by this machine's", "error", err)
		}
		s.showClocks()
		switch is := s.clockCheck(); {
		case is.Status == was:
		case is.Status == stateOK:
			s.deps.Log.InfoContext(ctx, "the clocks agree again")
			was = is.Status
		default:
			s.deps.Log.WarnContext(ctx, "the clocks disagree", "state", is.Status, "detail", is.Detail)
			was = is.Status
		}
		if clock.Sleep(ctx, s.deps.Clock, clockPause) != nil {
			return
		}
	}
}

func (s *Server) showClocks() {
	ahead, ok := s.clocks.store.Offset()
	s.deps.Metrics.ClockOffset(againstDatabase, ahead, ok)
	ahead, ok = s.clocks.market()
	s.deps.Metrics.ClockOffset(againstMarketplace, ahead, ok)
}

// clockCheck judges the machine's clock. Only one that disagrees with both others by more than calls may be off makes a process
// unready: then this machine is wrong, and others can serve. When the database's alone is wrong every process would see it, and
// work goes on by it all the same, because nothing but distances is taken from it.
func (s *Server) clockCheck() check {
	database, known := s.clocks.store.Offset()
	market, heard := s.clocks.market()
	if known && heard && min(database.Abs(), market.Abs()) > clockLimit {
		return check{stateFailing, "this machine's clock is wrong: " + difference(againstDatabase, database) + ", " + difference(againstMarketplace, market)}
	}
	var off []string
	if known && database.Abs() > clockAlarm {
		off = append(off, difference(againstDatabase, database))
	}
	if heard && market.Abs() > clockAlarm {
		off = append(off, difference(againstMarketplace, market))
	}
	switch {
	case !known:
		return check{stateDegraded, "the database's clock has not been read yet"}
	case len(off) > 0:
		return check{stateDegraded, strings.Join(off, ", ")}
	}
	return check{Status: stateOK}
}

func difference(against string, ahead time.Duration) string {
	where := "ahead of"
	if ahead < 0 {
		where = "behind"
	}
	return fmt.Sprintf("the %s's clock is %s %s this machine's", against, ahead.Abs().Round(time.Second), where)
}

// pullIn is the round that finds what a wrong clock has put off.
func (s *Server) pullIn(ctx context.Context, seller string) (next time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, pullInLimit)
	defer cancel()
	next = s.clocks.store.Now().Add(pullInPause)
	n, err := s.deps.Store.PullIn(ctx, seller, pullInTolerance)
	if n > 0 {
		s.deps.Metrics.PulledIn(shown(seller), n)
		s.deps.Log.WarnContext(ctx, "a clock was wrong: what it had put off was pulled in", "seller", seller, "count", n)
	}
	return next, err
}
