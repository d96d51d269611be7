// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// KindPush is the standing job that runs the rounds of a seller.
const KindPush store.TaskKind = "USAGE_PUSH"

// QueuePush is where it waits.
const QueuePush = "koogate-usage-push"

// lookAnyway is how long the job rests when nothing is known to be due: new records wait for it at most that long.
const lookAnyway = 60 * time.Second

// kind is the standing job that runs the rounds.
func (s *Service) kind() work.Kind {
	return work.Kind{Name: KindPush, Queue: QueuePush, Do: s.RunPush, Standing: true, Trace: work.TraceRun}
}

// RunPush does one leased round and puts the job back for the next. When that cannot be written the lease ends and the
// next holder goes on; two that run at once send identical records, which the marketplace takes once.
func (s *Service) RunPush(ctx context.Context, t store.Task) work.Outcome {
	ctx = telemetry.FromTraceparent(ctx, t.Traceparent)
	round, err := s.Push(ctx, t.Seller)
	if err != nil {
		s.Log.WarnContext(ctx, "usage push round cut short", "seller", t.Seller, "error", err)
	}
	defer s.alarm(ctx, t.Seller, round) // not before the job is back: of a long backlog it takes a while
	write, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := s.Work.Settle(write, t, work.Rest(s.next(write, t.Seller, round, err))); err != nil {
		s.Log.WarnContext(ctx, "usage push not put back; it runs again when its lease ends", "seller", t.Seller, "error", err)
	}
	return work.Settled()
}

// next is when the next round begins, computed from what waits and not from when this one ran.
func (s *Service) next(ctx context.Context, seller string, r Round, failed error) time.Time {
	now := s.now()
	at := now.Add(lookAnyway)
	switch due, ok, err := s.Store.NextUsage(ctx, seller); {
	case failed != nil || err != nil:
		at = now.Add(firstPause)
	case r.More:
		at = now
	case ok && due.Before(at):
		at = due
	}
	if pause := now.Add(r.Pause); pause.After(at) {
		at = pause
	}
	if at.Before(now) {
		return now
	}
	return at
}
