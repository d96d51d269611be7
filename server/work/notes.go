// SPDX-License-Identifier: Apache-2.0

package work

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/koogate/koogate/store"
)

const (
	// noteEvery is how often it is written down that workers come to a queue.
	noteEvery = 10 * time.Second
	// noteLimit bounds how long a worker's jobs wait for that.
	noteLimit = 2 * time.Second
)

// notes remembers what was written down of workers that came, so that it is seldom written again.
type notes struct {
	mu            sync.Mutex
	asked, leased map[string]time.Time // by seller and queue
}

// due says whether a visit is worth a note, and remembers that it was taken.
func (n *notes) due(key string, leased bool, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.asked == nil {
		n.asked, n.leased = make(map[string]time.Time), make(map[string]time.Time)
	}
	old := func(at time.Time) bool { return now.Sub(at).Abs() >= noteEvery }
	if !old(n.asked[key]) && (!leased || !old(n.leased[key])) {
		return false
	}
	n.asked[key] = now
	if leased {
		n.leased[key] = now
	}
	return true
}

// note writes down that a worker came. A queue that nobody knows is not worth it: its name may be anything.
func (s *Service) note(ctx context.Context, r Ask, tasks []store.Task) {
	var asked, leased []string
	now := s.now()
	for _, queue := range r.Queues {
		got := slices.ContainsFunc(tasks, func(t store.Task) bool { return t.Queue == queue })
		if !got && !s.owned(queue) && !s.named(r.Seller, queue) || !s.notes.due(r.Seller+"\x1f"+queue, got, now) {
			continue
		}
		asked = append(asked, queue)
		if got {
			leased = append(leased, queue)
		}
	}
	if len(asked) == 0 {
		return
	}
	limited, cancel := context.WithTimeout(ctx, noteLimit)
	defer cancel()
	if err := s.Store.NoteLease(limited, r.Seller, r.Worker, asked, leased); err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "it was not written down that a worker came", "queues", asked, "error", err)
	}
}
