// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/clock"
)

// look is how often a bell asks the store.
const look = 250 * time.Millisecond

// bell tells the watchers of one seller when the feed's head has changed. It lasts as long as there are any.
type bell struct {
	watchers map[chan struct{}]struct{}
	stop     context.CancelFunc
	stopped  chan struct{}
}

// listen returns a channel that gets a token (capacity 1) when there may be something to read. leave ends that.
func (s *Service) listen(seller string) (rung <-chan struct{}, leave func()) {
	mine := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bells[seller]
	if b == nil {
		ctx, stop := context.WithCancel(context.Background())
		b = &bell{watchers: make(map[chan struct{}]struct{}), stop: stop, stopped: make(chan struct{})}
		s.bells[seller] = b
		go s.ring(ctx, seller, b)
	}
	b.watchers[mine] = struct{}{}
	return mine, func() { s.leave(seller, b, mine) }
}

func (s *Service) leave(seller string, b *bell, mine chan struct{}) {
	s.mu.Lock()
	delete(b.watchers, mine)
	last := len(b.watchers) == 0
	if last {
		delete(s.bells, seller)
		b.stop()
	}
	s.mu.Unlock()
	if last {
		<-b.stopped
	}
}

// ring looks until the last watcher has left. A look that fails rings nobody: watchers look for themselves at each heartbeat, and say so.
func (s *Service) ring(ctx context.Context, seller string, b *bell) {
	defer close(b.stopped)
	known := int64(-1)
	for {
		if head, err := s.store.FeedHead(ctx, seller); err == nil && head != known {
			known = head
			s.mu.Lock()
			for w := range b.watchers {
				select {
				case w <- struct{}{}:
				default:
				}
			}
			s.mu.Unlock()
		}
		if clock.Sleep(ctx, s.clock, look) != nil {
			return
		}
	}
}
