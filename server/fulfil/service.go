// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/gap"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// Sealer encrypts what must not be readable at rest. Its context binds a ciphertext to its place. Digest is the keyed digest
// of texts, always the same.
type Sealer interface {
	Digest(texts ...string) ([]byte, error)
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Marketplace is what Koogate asks of the marketplace by itself.
type Marketplace interface {
	// QueryOrder returns what is known of one order line (open-apis §2). A *QueryError tells whether asking again makes
	// sense.
	QueryOrder(ctx context.Context, seller, orderID, orderLineID string) (OrderFacts, error)
	// UploadLicence delivers the licence of a getLicenseAsync event (saas-v1 §6.1). A *QueryError tells whether trying
	// again makes sense.
	UploadLicence(ctx context.Context, seller, eventID string, l Licence) error
}

// OrderFacts is what the order query told about one line.
type OrderFacts struct {
	OrderType string // NEW, TRIAL, …
	Product   store.Product
	ExpireAt  time.Time // zero when the mode has no expiry
	Buyer     []byte    // JSON; personal data, sealed before it is kept
	Terms     Terms     // what else was agreed; no personal data
	Unread    []string  // names what of the answer could not be read, by its place and never by its content
}

// QueryError is a failed call to the marketplace.
type QueryError struct {
	Retryable bool
	Code      string // the marketplace's code or a class such as "NETWORK"; no personal data
	Cause     error
}

// Error implements error.
func (e *QueryError) Error() string { return "marketplace: " + e.Code }

// Unwrap returns the cause.
func (e *QueryError) Unwrap() error { return e.Cause }

// Store is what the core needs of the store, and what the queue needs.
type Store interface {
	store.Orders
	store.Instances
	store.Gaps
	store.Questions
	work.Store
}

// Deps are what the service works with; all but Work, Keys, Given, Gaps and Calls are required.
type Deps struct {
	Store       Store
	Work        *work.Service  // where New registers the kinds of the core's jobs; nil for a queue of the core's own
	Keys        *evidence.Keys // sign the chains; nil leaves them unsigned
	Guard       store.Guard
	Sealer      Sealer
	Marketplace Marketplace
	Clock       clock.Clock
	NewID       func() string // time-ordered unique IDs (UUIDv7)
	Password    func() string // a fresh random password for the template provisioner
	// Given names the instance of an admission before the endpoint's rule does; empty leaves it to that. A copy of the core that follows another
	// server has it (ADR 56); nil everywhere else.
	Given   func(k store.LineKey) string
	Gaps    *gap.Service  // what restores have left open; nil for no gaps
	Calls   call.Journal  // hears of the calls to the marketplace; nil for no records of them
	Rules   func() *Rules // the endpoints as they are now; nil for those that New is given
	Tracer  trace.Tracer
	Metrics *telemetry.Metrics
	Log     *slog.Logger
}

// Config holds the rules that are not per endpoint. Zero values mean the defaults.
type Config struct {
	// QueryWindow is how long a failing order query is retried before the order fails, and a failing upload before an
	// operator is needed; an endpoint may have its own. Default 3 h, the marketplace's own window for creation (saas-v2
	// §8.1).
	QueryWindow time.Duration
	// TaskWindow is how long a task that fails with "try again" is retried. Default 72 h.
	TaskWindow time.Duration
	// BackoffBase and BackoffMax bound the pause between attempts: base·2^(attempt-1), at most max. Defaults 1 s and 5 min.
	BackoffBase, BackoffMax time.Duration
}

// Service is the core. Safe for concurrent use.
type Service struct {
	Deps
	cfg    Config
	others others
}

// New returns a service for endpoints that do not change, or for those of Deps.Rules, and registers the kinds of its jobs. It fails when
// two endpoints share a name or a rule is out of bounds.
func New(cfg Config, endpoints []Endpoint, d Deps) (*Service, error) {
	def := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	creation, _ := deadline.Of(deadline.SaasV2, deadline.Open)
	def(&cfg.QueryWindow, creation.Window)
	def(&cfg.TaskWindow, 72*time.Hour)
	def(&cfg.BackoffBase, time.Second)
	def(&cfg.BackoffMax, 5*time.Minute)
	if d.Rules == nil {
		fixed, err := NewRules(endpoints)
		if err != nil {
			return nil, err
		}
		d.Rules = func() *Rules { return fixed }
	}
	s := &Service{Deps: d, cfg: cfg}
	if s.Work == nil {
		s.Work = work.New(work.Deps{Store: d.Store, Clock: d.Clock, NewID: d.NewID, Tracer: d.Tracer, Metrics: d.Metrics, Log: d.Log})
	}
	s.Work.Register(s.kinds()...)
	return s, nil
}

// Endpoint returns the endpoint of that name.
func (s *Service) Endpoint(name string) (*Endpoint, bool) {
	e, ok := s.Rules().endpoints[name]
	return e, ok
}

// endpoint is Endpoint, nil when there is none.
func (s *Service) endpoint(name string) *Endpoint { return s.Rules().endpoints[name] }

// seal encrypts what must not be readable at rest; a failure is an internal error.
func (s *Service) seal(plain []byte, context string) ([]byte, error) {
	sealed, err := s.Sealer.Seal(plain, context)
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	return sealed, nil
}
