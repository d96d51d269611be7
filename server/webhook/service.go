// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Store is what the domain needs of the store.
type Store interface {
	store.Webhooks
	store.Feed
	// Events reads an order's events behind a seq.
	Events(ctx context.Context, seller, orderID string, after int64, limit int) ([]store.Event, error)
}

// Caller calls addresses that are allowed; see package outbound.
type Caller interface {
	// Check says what can be seen to be wrong with an address. Errors: [outbound.ErrForbidden] among others.
	Check(u *url.URL) error
	Do(r *http.Request) (*http.Response, error)
}

// Sealer encrypts what must not be readable at rest. Its context binds a ciphertext to its place.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Deps are what the domain works with; all are required, but Show, Caller and Tracer only by who delivers.
type Deps struct {
	Store  Store
	Caller Caller
	Sealer Sealer
	// Show makes the JSON of an event, the same bytes each time; no secrets, no personal data.
	Show    func(store.Event) ([]byte, error)
	Clock   clock.Clock   // the store's, by which deliveries are due
	NewID   func() string // time-ordered unique IDs (UUIDv7)
	Tracer  trace.Tracer
	Metrics *telemetry.Metrics
	Log     *slog.Logger
}

// Service is the domain. Safe for concurrent use.
type Service struct {
	Deps
	healthy chan struct{} // attempts of this process at webhooks that work
	sick    chan struct{} // and at those that do not, so that they take nothing from the others
}

// The bounds of deliveries.
const (
	// Most is how many webhooks a seller may have.
	Most = 20
	// Window is for how long a delivery is attempted, from its first attempt.
	Window = 72 * time.Hour
	// Limit is how long one attempt may take, from connecting to the end of the answer.
	Limit = 10 * time.Second

	atOnce      = 64               // attempts of a process in either pool
	leaseFor    = 30 * time.Second // longer than an attempt and the writing of its end
	writeLimit  = 5 * time.Second
	backlogMost = 10000 // open deliveries of a webhook; the rest waits in the feed
)

// New returns the domain.
func New(d Deps) *Service {
	return &Service{Deps: d, healthy: make(chan struct{}, atOnce), sick: make(chan struct{}, atOnce)}
}

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// fault turns a store's error about a webhook into the domain's.
func fault(err error, id string) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errs.New(errs.NotFound, errs.SettingNotFound, "webhook %s does not exist", id)
	case errors.Is(err, store.ErrConflict):
		return errs.New(errs.Precondition, errs.StateConflict, "another webhook has this name: take another name, or change that webhook")
	case errors.Is(err, store.ErrExhausted):
		return errs.New(errs.Precondition, errs.StateConflict, "the seller has %d webhooks, and that is the most: delete one that is not needed", Most)
	}
	return storefault.Told(err)
}
