// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"errors"
	"sync"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

const (
	pageSize = 100 // events that a watcher holds
	maxLooks = 50  // pages of a filtered list
	atOnce   = 2   // pages that are read at the same time in a process, so that the marketplace's calls keep their connections
)

// Service reads the feeds of all sellers.
type Service struct {
	store store.Feed
	clock clock.Clock
	turns chan struct{}

	mu    sync.Mutex
	bells map[string]*bell
}

// New returns a service on a store. The clock times heartbeats.
func New(s store.Feed, c clock.Clock) *Service {
	return &Service{store: s, clock: c, turns: make(chan struct{}, atOnce), bells: make(map[string]*bell)}
}

// Mark is what a reader keeps: the event behind which it goes on. The zero Mark is before the first event.
type Mark struct {
	Place store.FeedPlace
	Hash  string // of the event, or the beginning of its hash
}

// hashKept is how much of an event's hash tells it from another that took its place after a restore.
const hashKept = 16

func markOf(e *store.FeedEvent) Mark {
	return Mark{Place: e.Place(), Hash: e.Hash[:min(hashKept, len(e.Hash))]}
}

// Check makes sure that the event of a mark is still there. Errors: PAGE_TOKEN_INVALID when a restore has removed it: what was committed
// since stands where the reader has been.
func (s *Service) Check(ctx context.Context, seller string, m Mark) error {
	if m == (Mark{}) {
		return nil
	}
	e, err := s.store.EventAt(ctx, seller, m.Place)
	if err == nil && e.Hash[:min(hashKept, len(e.Hash))] != m.Hash {
		err = store.ErrNotFound
	}
	if errors.Is(err, store.ErrNotFound) {
		return errs.New(errs.Invalid, errs.PageTokenInvalid,
			"the event that the token names is not there, as after a restore from a backup; begin with an earlier token, or from the beginning")
	}
	return storefault.Told(err)
}

// End is the mark of the last event. Without one it is the zero Mark.
func (s *Service) End(ctx context.Context, seller string) (Mark, error) {
	e, err := s.store.FeedEnd(ctx, seller)
	if errors.Is(err, store.ErrNotFound) {
		return Mark{}, nil
	}
	if err != nil {
		return Mark{}, storefault.Told(err)
	}
	return markOf(&e), nil
}

// List reads up to size events that match all terms, and the mark behind the last that was looked at. more is false when the feed ended there.
func (s *Service) List(ctx context.Context, seller string, from Mark, terms []store.Term, size int) (events []store.FeedEvent, next Mark, more bool, err error) {
	if err := s.Check(ctx, seller, from); err != nil {
		return nil, from, false, err
	}
	next = from
	place := from.Place
	for looks := 0; looks < maxLooks; {
		p, err := s.page(ctx, seller, place)
		if err != nil {
			return nil, from, false, err
		}
		for i := range p.Events {
			if len(events) == size {
				return events, next, true, nil
			}
			next = markOf(&p.Events[i])
			if Matches(&p.Events[i].Event, terms) {
				events = append(events, p.Events[i])
			}
		}
		if place = p.End; !p.More {
			return events, next, false, nil
		}
		if len(p.Events) > 0 { // a token can name the place
			looks++
		}
	}
	return events, next, true, nil
}

// page reads the piece of the feed behind a place, when it is its turn.
func (s *Service) page(ctx context.Context, seller string, after store.FeedPlace) (store.FeedPage, error) {
	select {
	case s.turns <- struct{}{}:
	case <-ctx.Done():
		return store.FeedPage{}, ctx.Err()
	}
	defer func() { <-s.turns }()
	p, err := s.store.EventsBehind(ctx, seller, after, pageSize)
	if ctx.Err() != nil {
		return p, ctx.Err()
	}
	return p, storefault.Told(err)
}

// Matches says whether an event has all values of a filter. Fields: kind, order_id, instance_id.
func Matches(e *store.Event, terms []store.Term) bool {
	return store.Match(terms, func(field string) string {
		switch field {
		case "kind":
			return e.Kind
		case "order_id":
			return e.OrderID
		case "instance_id":
			return e.InstanceID
		}
		return ""
	})
}
