// SPDX-License-Identifier: Apache-2.0

// Package gap says what is answered about an instance that the database does not know. Usually there is none. After a restore
// from a backup the database may lack it, so while a gap of the seller is open the answer is to come again, and the call is
// counted for the operator, who adopts the instance or closes the gap (ADR 29). A gap is a row of the database and is read
// when an instance is missed, so every replica sees it at once.
package gap

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Deps are what the service works with; all are required.
type Deps struct {
	Store   store.Gaps
	Clock   clock.Clock
	Metrics *telemetry.Metrics
	Log     *slog.Logger
}

// Service knows the gaps. Safe for concurrent use. A nil service knows of none.
type Service struct{ Deps }

// New returns a service.
func New(d Deps) *Service { return &Service{d} }

const (
	// retryAfter is what callers of the internal API are told; the marketplace has pauses of its own.
	retryAfter = time.Minute
	// lookEvery is how often a process says whether a gap is open.
	lookEvery = 30 * time.Second
)

// Unknown returns the error about instances that the database does not know; there is at least one. A call inside a gap is
// counted under its activity for each of them. Errors: INSTANCE_NOT_FOUND, RESTORE_GAP, STORE_UNAVAILABLE.
func (s *Service) Unknown(ctx context.Context, seller, activity string, ids ...string) error {
	missing := errs.New(errs.NotFound, errs.InstanceNotFound, "instance %s does not exist", ids[0])
	if s == nil {
		return missing
	}
	g, err := s.Store.OpenedGap(ctx, seller)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return missing
	case err != nil:
		return storefault.Of(err)
	}
	for _, id := range ids {
		s.count(ctx, &g, activity, id)
	}
	e := errs.New(errs.Unavailable, errs.RestoreGap, "instance %s is not known since a restore; call again", ids[0])
	e.Retry = retryAfter
	return e
}

// Open says whether a gap of the seller is open. Errors: STORE_UNAVAILABLE.
func (s *Service) Open(ctx context.Context, seller string) (bool, error) {
	_, open, err := s.Since(ctx, seller)
	return open, err
}

// Since is the time since which the database may lack what was committed for a seller; open is false while no gap is. Errors:
// STORE_UNAVAILABLE.
func (s *Service) Since(ctx context.Context, seller string) (since time.Time, open bool, err error) {
	if s == nil {
		return time.Time{}, false, nil
	}
	g, err := s.Store.OpenedGap(ctx, seller)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return time.Time{}, false, nil
	case err != nil:
		return time.Time{}, false, storefault.Of(err)
	}
	return g.Since, true, nil
}

// count notes a call. The answer does not depend on the note.
func (s *Service) count(ctx context.Context, g *store.Gap, activity, id string) {
	s.Metrics.GapCall(g.Seller, activity)
	noted, err := s.Store.CountGapCall(ctx, store.GapCall{
		Seller: g.Seller, GapID: g.ID, InstanceID: id, Activity: activity, LastAt: s.Clock.Now(),
	})
	s.Log.WarnContext(ctx, "a call names an instance that is not known, and a gap is open; `koogate restore status` lists them",
		"seller", g.Seller, "activity", activity, "instance_id", id, "noted", noted, "error", err)
}

// Look tells the metrics whether a gap of the seller is open, so that nobody forgets it, and when to look again.
func (s *Service) Look(ctx context.Context, seller string) (next time.Time, err error) {
	open, err := s.Open(ctx, seller)
	if err == nil {
		s.Metrics.GapOpen(seller, open)
	}
	return s.Clock.Now().Add(lookEvery), err
}
