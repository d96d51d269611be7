// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/koogate/koogate/koogallery/compare"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Store is a database of its own that the calls of old servers are answered over.
type Store interface {
	fulfil.Store
	store.Directory
	Close() error
}

// OldServers answers what only they and the database of Koogate know.
type OldServers struct {
	// Shows asks an old server whether it has an instance.
	Shows func(ctx context.Context, k facade.Kept, instanceID string) (bool, error)
	// Ended tells whether an old server has released an instance, whichever process saw it.
	Ended func(ctx context.Context, seller, instanceID string) (bool, error)
}

// Deps are what the service works with; all are required.
type Deps struct {
	Open     func(ctx context.Context) (Store, error) // an empty database in memory
	Rules    func() *fulfil.Rules                     // whose products belong to Provisioner
	Settings func() map[string]production.Settings
	Table    func() *facade.Table // without old servers
	Sellers  func() []string
	Chain    grpc.UnaryServerInterceptor // that production's handlers stand behind
	Limits   facade.Config
	Sealer   fulfil.Sealer
	Old      OldServers
	Clock    clock.Clock // this machine's
	NewID    func() string
	Metrics  *telemetry.Metrics
	Log      *slog.Logger
}

// The service's bounds.
const (
	most      = 512              // calls that wait
	mostBytes = 32 << 20         // of their bodies and answers
	worldSize = 5000             // calls after which what is known is forgotten
	budget    = 5 * time.Second  // for one call
	idle      = 10 * time.Minute // without a call, after which what is known is forgotten
)

// Service compares. Safe for concurrent use.
type Service struct {
	Deps

	wake chan struct{} // holds a token while something waits

	mu      sync.Mutex
	waiting []facade.Shadowed
	bytes   int
	missed  bool // a call was dropped since the last one was taken
	closed  bool

	world *world // of Run alone; nil when there is none
}

var _ facade.Shadow = (*Service)(nil)

// New returns a service. Whoever has one runs it: calls wait until then.
func New(d Deps) *Service { return &Service{Deps: d, wake: make(chan struct{}, 1)} }

func size(c *facade.Shadowed) int { return len(c.Body) + len(c.Answer) }

// Take implements facade.Shadow. A call for which there is no room is recorded without a comparison.
func (s *Service) Take(c facade.Shadowed) {
	s.mu.Lock()
	full := s.closed || len(s.waiting) >= most || s.bytes+size(&c) > mostBytes
	if full {
		s.missed = true
	} else {
		s.waiting = append(s.waiting, c)
		s.bytes += size(&c)
	}
	s.mu.Unlock()
	if full {
		s.skip(c)
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// skip records a call that was not compared.
func (s *Service) skip(c facade.Shadowed) {
	s.Metrics.Shadowed(c.Endpoint, string(store.CompareSkipped))
	c.Record(store.CompareSkipped, "", "")
}

// next takes the first call that waits. gap says that one was dropped before.
func (s *Service) next() (c facade.Shadowed, gap, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return c, false, false
	}
	c, gap = s.waiting[0], s.missed
	s.waiting[0], s.waiting = facade.Shadowed{}, s.waiting[1:]
	s.bytes -= size(&c)
	s.missed = false
	return c, gap, true
}

// Run compares what is taken until ctx ends; then it records what waits without a comparison.
func (s *Service) Run(ctx context.Context) {
	defer s.forget()
	for {
		timer := s.Clock.NewTimer(idle)
		select {
		case <-s.wake:
		case <-timer.C():
			s.forget()
		case <-ctx.Done():
		}
		timer.Stop()
		for ctx.Err() == nil {
			c, gap, ok := s.next()
			if !ok {
				break
			}
			if gap {
				s.forget() // what is known lacks a call
			}
			s.compare(ctx, c)
		}
		if ctx.Err() == nil {
			continue
		}
		s.mu.Lock()
		left := s.waiting
		s.waiting, s.bytes, s.closed = nil, 0, true
		s.mu.Unlock()
		for _, c := range left {
			s.skip(c)
		}
		return
	}
}

// forget gives up what is known.
func (s *Service) forget() {
	if s.world != nil {
		s.world.close()
		s.world = nil
	}
}

// compare compares one call and records it.
func (s *Service) compare(ctx context.Context, c facade.Shadowed) {
	if s.world != nil && s.world.calls >= worldSize {
		s.forget()
	}
	if s.world == nil {
		w, err := newWorld(ctx, s.Deps)
		if err != nil {
			s.Log.WarnContext(ctx, "the answers of old servers cannot be compared", "error", err)
			s.skip(c)
			return
		}
		s.world = w
	}
	limited, cancel := context.WithTimeout(ctx, budget)
	r, err := s.world.answer(limited, &c)
	cancel()
	if err != nil {
		if ctx.Err() == nil {
			s.Log.WarnContext(ctx, "the answer of an old server was not compared", "endpoint", c.Endpoint, "activity", c.Action, "order_id", c.OrderID, "error", err)
		}
		s.forget() // nobody knows how far it came
		s.skip(c)
		return
	}
	found, comparable := s.world.hold(&c, r)
	if !comparable {
		s.skip(c)
		return
	}
	verdict := store.CompareSame
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = string(f.Rule)
		verdict = store.CompareDiffers
	}
	s.Metrics.Shadowed(c.Endpoint, string(verdict), names...)
	rules := strings.Join(names, ",")
	if verdict == store.CompareDiffers {
		s.Log.InfoContext(ctx, "the old server's answer differs from Koogate's", "endpoint", c.Endpoint, "activity", c.Action, "order_id", c.OrderID,
			"rules", rules, "severe", severe(found), "result_code", string(c.Code), "own_result_code", string(r.Code))
	}
	c.Record(verdict, string(r.Code), rules)
}

func severe(found []compare.Found) bool {
	for _, f := range found {
		if f.Rule.Severe() {
			return true
		}
	}
	return false
}
