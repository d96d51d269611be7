// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/koogate/koogate/server/clock"
)

// A round catches up, for one seller, with what has become due, and says when to come again.
type round struct {
	name, seller string
	do           func(ctx context.Context, seller string) (next time.Time, err error)
}

// The pauses between two turns of a round are held to these bounds, so that a wrong clock can neither spin nor stop it.
const (
	shortestRound = time.Second
	longestRound  = time.Hour
)

// rounds returns the rounds for a seller or for nobody. Every process may make them, because the database decides what they do.
func (s *Server) rounds(seller string) []round {
	if seller == nobody {
		return []round{{"pull in", nobody, s.pullIn}}
	}
	return []round{
		{"look for a gap", seller, s.gaps.Look},
		{"expire reservations", seller, s.quotas.Expire},
		{"fill packages", seller, s.quotas.Fill},
		{"report licence use", seller, s.licences.ReportDays},
		{"pull in", seller, s.pullIn},
		{"prove usage", seller, s.usage.KeepProved},
		{"anchor the orders", seller, s.anchorer.Anchor},
		{"count failed orders", seller, s.sanctions.Keep},
	}
}

// run makes turns until ctx ends. A failure is logged and the round goes on.
func (r round) run(ctx context.Context, c clock.Clock, l *loop, log *slog.Logger) {
	for {
		next, err := r.turn(ctx)
		pause := min(max(next.Sub(c.Now()), shortestRound), longestRound)
		switch {
		case err == nil:
			l.completed(pause + max(pause, roundLate))
		case ctx.Err() == nil:
			log.WarnContext(ctx, "a round failed; it will be repeated", "round", r.name, "seller", r.seller, "error", err)
		}
		if clock.Sleep(ctx, c, pause) != nil {
			return
		}
	}
}

// turn makes one turn. It may take as long as the longest pause: the store bounds its calls itself, this bounds their number.
func (r round) turn(ctx context.Context) (next time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, longestRound)
	defer cancel()
	return r.do(ctx, r.seller)
}
