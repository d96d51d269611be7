// SPDX-License-Identifier: Apache-2.0

package moving

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// Store is what the service needs of the database.
type Store interface {
	store.Sides
	Instances(ctx context.Context, seller string, ids []string) ([]store.Instance, error)
	ComparedCalls(ctx context.Context, seller, endpoint string, since time.Time, limit int) ([]store.Compared, error)
}

// Gaps tells whether a restore has left a gap; *gap.Service is one.
type Gaps interface {
	Open(ctx context.Context, seller string) (bool, error)
}

// Deps are what the service works with; all are required.
type Deps struct {
	Store Store
	Gaps  Gaps
	Clock clock.Clock // the store's
	Log   *slog.Logger
}

// Service tells sides. Safe for concurrent use.
type Service struct {
	Deps

	mu    sync.Mutex
	noted map[key]struct{} // instances whose claims are known to be written
}

// key is an instance.
type key struct{ seller, id string }

// maxNoted bounds the memory; what is forgotten is written again, which changes nothing.
const maxNoted = 20_000

// Recent is for how long an order may have calls of the marketplace that are repeated: longer than any retry window.
const Recent = 24 * time.Hour

// New returns a service.
func New(d Deps) *Service { return &Service{Deps: d, noted: make(map[key]struct{})} }

// OrderSide tells on which side an order is; empty when nobody has it. Errors: STORE_UNAVAILABLE.
func (s *Service) OrderSide(ctx context.Context, seller, orderID string) (store.Side, error) {
	side, err := s.Store.SideOfOrder(ctx, seller, orderID)
	return side, storefault.Told(err)
}

// Claim claims an order for the old side of an endpoint, unless it is on a side already, and tells on which it is. Errors: STORE_UNAVAILABLE.
func (s *Service) Claim(ctx context.Context, seller, endpoint, orderID string) (store.Side, error) {
	side, err := s.Store.ClaimOrder(ctx, store.Claim{Seller: seller, Kind: store.SideOrder, ID: orderID, Endpoint: endpoint, At: s.Clock.Now()})
	return side, storefault.Told(err)
}

// Own returns those of the instances that are on our side. Koogate knows all that it has created, so every other one is the old server's, but
// while a restore has left a gap: then those that are neither known nor noted may be ours, and count as such, so that the core tells the caller
// to come again. Errors: STORE_UNAVAILABLE.
func (s *Service) Own(ctx context.Context, seller string, ids []string) ([]string, error) {
	found, err := s.Store.Instances(ctx, seller, ids)
	if err != nil {
		return nil, storefault.Of(err)
	}
	here := make(map[string]bool, len(found))
	for i := range found {
		here[found[i].InstanceID] = true
	}
	var own, others []string
	for _, id := range ids {
		if here[id] {
			own = append(own, id)
		} else {
			others = append(others, id)
		}
	}
	if len(others) == 0 {
		return own, nil
	}
	open, err := s.Gaps.Open(ctx, seller)
	if err != nil {
		return nil, err
	}
	if !open {
		return own, nil
	}
	for _, id := range others {
		claimed, err := s.Store.Claimed(ctx, seller, id)
		if err != nil {
			return nil, storefault.Of(err)
		}
		if !claimed {
			own = append(own, id)
		}
	}
	return own, nil
}

// Note writes down that instances are on the old side of an endpoint. The answers about them do not depend on it: it serves to know when
// nothing is left there.
func (s *Service) Note(ctx context.Context, seller, endpoint string, ids ...string) {
	now := s.Clock.Now()
	var claims []store.Claim
	s.mu.Lock()
	for _, id := range ids {
		if _, ok := s.noted[key{seller, id}]; !ok && store.Sound(id) {
			claims = append(claims, store.Claim{Seller: seller, Kind: store.SideInstance, ID: id, Endpoint: endpoint, At: now})
		}
	}
	s.mu.Unlock()
	if len(claims) == 0 {
		return
	}
	if err := s.Store.NoteClaims(ctx, claims); err != nil {
		s.Log.WarnContext(ctx, "instances of the old server could not be written down; the next call about them does it", "endpoint", endpoint, "error", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.noted)+len(claims) > maxNoted {
		clear(s.noted)
	}
	for _, c := range claims {
		s.noted[key{seller, c.ID}] = struct{}{}
	}
}

// Released writes down that the old server has released an instance.
func (s *Service) Released(ctx context.Context, seller, instanceID string) {
	if !store.Sound(instanceID) {
		return
	}
	if err := s.Store.EndClaim(ctx, seller, instanceID, s.Clock.Now()); err != nil {
		s.Log.WarnContext(ctx, "that the old server has released an instance could not be written down; `koogate endpoints get` goes on counting it",
			"instance_id", instanceID, "error", err)
	}
}

// LeftBehind counts what the old server of an endpoint still has: instances, and orders of which calls may be repeated. Errors: STORE_UNAVAILABLE.
func (s *Service) LeftBehind(ctx context.Context, seller, endpoint string) (store.LeftBehind, error) {
	left, err := s.Store.LeftBehind(ctx, seller, endpoint, s.Clock.Now().Add(-Recent))
	return left, storefault.Told(err)
}

// What of the comparisons with an old server's answers is told: not longer ago, and not more records, the latest first.
const (
	ComparedFor  = 7 * 24 * time.Hour
	ComparedMost = 20_000
)

// Compared counts how the answers of an endpoint's old server compare with ours. Errors: STORE_UNAVAILABLE.
func (s *Service) Compared(ctx context.Context, seller, endpoint string) ([]store.Compared, error) {
	rows, err := s.Store.ComparedCalls(ctx, seller, endpoint, s.Clock.Now().Add(-ComparedFor), ComparedMost)
	return rows, storefault.Told(err)
}
