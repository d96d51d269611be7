// SPDX-License-Identifier: Apache-2.0

package work

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/singleflight"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Store is what the queue needs of the store.
type Store interface {
	store.Changes
	store.Tasks
	store.Watcher
}

// Deps are what the queue works with; all are required, but NewID, Tracer and Metrics only by a process that does more than look.
type Deps struct {
	Store   Store
	Clock   clock.Clock   // the store's, by which work is ordered
	NewID   func() string // time-ordered unique IDs (UUIDv7)
	Tracer  trace.Tracer
	Metrics *telemetry.Metrics
	Log     *slog.Logger
}

// Service is the lease queue. Safe for concurrent use.
type Service struct {
	Deps
	Registry

	notes   notes
	looking singleflight.Group // at queues, by seller
}

// New returns a queue that knows no kinds but its own, which belongs to nobody.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.Register(s.forgetting())
	return s
}

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// fault turns a store's error into the domain's.
func (s *Service) fault(ctx context.Context, err error, id string) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errs.New(errs.NotFound, errs.TaskNotFound, "no task %s", id)
	case errors.Is(err, store.ErrFenced):
		return errs.Wrap(err, errs.Conflict, errs.FencingTokenStale, "the lease is over; lease the task again")
	}
	if ctx.Err() == nil {
		s.Log.ErrorContext(ctx, "store failed", "error", err)
	}
	return storefault.Of(err)
}

// Task returns a seller's job. Errors: TASK_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Task(ctx context.Context, seller, id string) (store.Task, error) {
	t, err := s.Store.Task(ctx, id)
	if err == nil && t.Seller != seller {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Task{}, s.fault(ctx, err, id)
	}
	return t, nil
}
