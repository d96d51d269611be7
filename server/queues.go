// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"sync"
	"time"

	"github.com/koogate/koogate/server/telemetry"
)

// queuesFor is how long the metrics of queues are shown before they are read again, and queuesLimit how long reading may take.
const (
	queuesFor   = 5 * time.Second
	queuesLimit = 2 * time.Second
)

// queueGauges reads the queues of all sellers for the metrics, at most every few seconds, whoever asks.
type queueGauges struct {
	mu   sync.Mutex
	at   time.Time
	last []telemetry.Queue
}

func (s *Server) queueGauges() []telemetry.Queue {
	g := &s.gauges
	g.mu.Lock()
	defer g.mu.Unlock()
	now := s.deps.Clock.Now()
	if !g.at.IsZero() && now.Sub(g.at).Abs() < queuesFor {
		return g.last
	}
	ctx, cancel := context.WithTimeout(context.Background(), queuesLimit)
	defer cancel()
	g.at, g.last = now, nil
	for _, seller := range owners(s.deps.Sellers.Snapshot()) {
		queues, err := s.work.Queues(ctx, seller)
		if err != nil {
			s.deps.Log.WarnContext(ctx, "the metrics of queues are missing", "seller", shown(seller), "error", err)
			return g.last
		}
		stored := s.clocks.store.Now()
		for _, q := range queues {
			m := telemetry.Queue{Seller: shown(seller), Name: q.Name, AskedAt: q.AskedAt, LeasedAt: q.LeasedAt, Left: q.Left}
			if !q.WaitingSince.IsZero() {
				m.Waiting = max(0, stored.Sub(q.WaitingSince))
			}
			for _, k := range q.Kinds {
				m.Kinds = append(m.Kinds, telemetry.QueueKind{
					Kind: string(k.Kind), Due: k.Due, Later: k.Later, Leased: k.Leased, Oldest: stored.Sub(k.Oldest),
				})
			}
			g.last = append(g.last, m)
		}
	}
	return g.last
}
