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

// rounds returns the rounds of this process, by seller. Every process may make them, because the database decides what they
// do.
func (s *Server) rounds() []round {
	if !s.cfg.Jobs.Enabled {
		return nil
	}
	var list []round
	for _, seller := range s.cfg.Sellers {
		list = append(list,
			round{"look for a gap", seller.Name, s.gaps.Look},
			round{"expire reservations", seller.Name, s.quotas.Expire},
			round{"fill packages", seller.Name, s.quotas.Fill},
			round{"report licence use", seller.Name, s.licences.ReportDays},
			round{"prove usage", seller.Name, s.usage.KeepProved},
		)
	}
	return list
}

// run makes turns until ctx ends. A failure is logged and the round goes on.
func (r round) run(ctx context.Context, c clock.Clock, log *slog.Logger) {
	for {
		next, err := r.do(ctx, r.seller)
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "a round failed; it will be repeated", "round", r.name, "seller", r.seller, "error", err)
		}
		timer := c.NewTimer(min(max(next.Sub(c.Now()), shortestRound), longestRound))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C():
		}
	}
}
