// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/koogate/koogate/server/work"
)

// sellersLate is how long no look at the sellers' revision may succeed before that degrades the process.
const sellersLate = 30 * time.Second

// team is this process's own work for one seller, or for nobody: its jobs and its rounds.
type team struct {
	loops []*loop
	stop  context.CancelFunc
}

// keepTeams starts a team for every seller and for nobody, and stops it when the seller has ended, until ctx ends. Then it waits for the
// jobs that run.
func (s *Server) keepTeams(ctx context.Context) {
	teams := make(map[string]*team)
	worker := "koogate/" + s.deps.NewID()
	var running sync.WaitGroup
	defer running.Wait()
	for ctx.Err() == nil {
		snapshot, changed := s.deps.Sellers.Follow()
		present := owners(snapshot)
		for _, name := range present {
			if teams[name] == nil {
				teams[name] = s.startTeam(ctx, name, worker, &running)
			}
		}
		for name, t := range teams {
			if !slices.Contains(present, name) {
				s.deps.Log.InfoContext(ctx, "a seller has ended; its work stops", "seller", name)
				t.stop()
				s.progress.forget(t.loops)
				delete(teams, name)
			}
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// startTeam starts the work for a seller or for nobody. Readiness follows its looks for jobs; only a seller's are vital.
func (s *Server) startTeam(ctx context.Context, name, worker string, running *sync.WaitGroup) *team {
	t := &team{}
	ctx, t.stop = context.WithCancel(ctx)
	follow := func(what string, vital bool, limit time.Duration) *loop {
		l := s.progress.follow(shown(name), what, vital, limit)
		t.loops = append(t.loops, l)
		return l
	}
	looks, armed := follow("jobs", name != nobody, jobsLate), follow("arm the standing jobs", false, roundLate)
	runner := work.Runner{
		Work: s.work, Seller: name, Worker: worker, Concurrency: s.cfg.Jobs.Concurrency,
		Completed: func() { looks.completed(jobsLate) }, Armed: func() { armed.completed(0) },
	}
	running.Go(func() {
		if err := runner.Run(ctx); err != nil {
			s.deps.Log.ErrorContext(ctx, "jobs ended", "seller", shown(name), "error", err)
		}
	})
	if name != nobody {
		deliveries := follow("deliver to webhooks", false, firstRound)
		running.Go(func() { s.webhooks.Run(ctx, name, func() { deliveries.completed(roundLate) }) })
		sent := follow("send tasks to webhook provisioners", false, firstRound)
		running.Go(func() { s.handover.Run(ctx, name, func() { sent.completed(roundLate) }) })
	}
	for _, r := range s.rounds(name) {
		turns := follow(r.name, false, firstRound)
		running.Go(func() { r.run(ctx, s.clocks.store, turns, s.deps.Log) })
	}
	return t
}
