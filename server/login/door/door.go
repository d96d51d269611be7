// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/limit"
	"github.com/koogate/koogate/server/login/desk"
	"github.com/koogate/koogate/server/login/ending"
	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/keys"
	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/standing"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/server/login/web"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Config is what the configuration says of logins.
type Config struct {
	Issuer     string // by which apps and browsers know this service, without a slash at its end; empty where nobody logs in
	UnifiedURL string // the marketplace's login page
	Rules      []upstream.Rule
	Suffixes   []string      // ends of host names that tenants may have; none for every public one
	Budget     time.Duration // of one call to an authentication centre
	KeyLife    time.Duration // for which a key signs
}

// Store is what the door's parts read and write.
type Store interface {
	store.Logins
	ListDepartments(ctx context.Context, q store.ListQuery) ([]store.Department, error)
}

// Deps are what the door works with; all are required.
type Deps struct {
	Store  Store
	Caller upstream.Guard // to the domains of tenants
	Told   Caller         // to the vendor's apps
	Sealer gate.Vault
	Clock  clock.Clock
	NewID  func() string // time-ordered unique IDs (UUIDv7)

	Tracer  trace.Tracer
	Metrics *telemetry.Metrics
	Log     *slog.Logger
}

// Caller calls the addresses of vendors' apps, and says which may be called.
type Caller interface {
	registry.Caller
	ending.Caller
}

// Door is the login as a whole. Safe for concurrent use.
type Door struct {
	cfg    Config
	Apps   *registry.Service
	Book   *session.Book
	Desk   *desk.Service
	Gate   *gate.Gate
	Keys   *keys.Keys
	Judge  *standing.Judge
	Centre *upstream.Client
	site   *web.Site       // nil where nobody logs in, as the next
	ending *ending.Service // judges sessions, and tells apps that they ended
}

// published is the part of a key's life in which it is published before it signs, at most [keys.DefaultAhead].
const published = 4

// New puts the parts together. It makes no call. Errors: [upstream.ErrConfig], [keys.ErrConfig], [provider.ErrConfig].
func New(cfg Config, d Deps) (*Door, error) {
	centre, err := upstream.New(upstream.Config{Guard: d.Caller, Rules: cfg.Rules, Budget: cfg.Budget, Suffixes: cfg.Suffixes})
	if err != nil {
		return nil, err
	}
	apps := registry.New(registry.Deps{Store: d.Store, Caller: d.Told, Sealer: d.Sealer, Clock: d.Clock, NewID: d.NewID})
	book := &session.Book{Store: d.Store, Sealer: d.Sealer, Clock: d.Clock, NewID: d.NewID}
	signing, err := keys.New(keys.Config{Store: d.Store, Sealer: d.Sealer, Clock: d.Clock, Life: cfg.KeyLife, Ahead: min(keys.DefaultAhead, cfg.KeyLife/published)})
	if err != nil {
		return nil, err
	}
	out := &Door{cfg: cfg, Apps: apps, Book: book, Centre: centre, Keys: signing, Gate: gate.New(d.Store, d.Sealer)}
	out.Judge = &standing.Judge{Book: book, Gate: out.Gate}
	desks := desk.Deps{Issuer: cfg.Issuer, Store: d.Store, Apps: apps, Book: book}
	if cfg.Issuer != "" {
		desks.Redeem = out.redeem
		if err := out.serve(d); err != nil {
			return nil, err
		}
	}
	out.Desk = desk.New(desks)
	return out, nil
}

// redeem tells whom a ticket stands for.
func (d *Door) redeem(ctx context.Context, seller, appID, ticket string) (map[string]any, error) {
	r, err := d.Judge.Redeem(ctx, seller, appID, ticket)
	var ended *standing.Ended
	switch {
	case errors.Is(err, standing.ErrTicket) || errors.As(err, &ended):
		return nil, desk.Refused(err)
	case err != nil:
		return nil, err
	}
	return r.Claims, nil
}

// Handler answers browsers and apps: the pages, and the provider at every other address. Nil where nobody logs in.
func (d *Door) Handler() http.Handler {
	if d.site == nil { // an interface that holds a nil pointer is not nil
		return nil
	}
	return d.site
}

// Ending ends sessions whose right is gone; nil where nobody logs in.
func (d *Door) Ending() *ending.Service { return d.ending }

// serve puts the pages and the provider together.
func (d *Door) serve(deps Deps) error {
	visits := limit.New(limit.Limits{Strangers: limit.Rate{Rate: web.Rate, Burst: web.Burst}}, nil, deps.Clock, deps.Metrics)
	site := web.New(web.Deps{
		Issuer: d.cfg.Issuer, UnifiedURL: d.cfg.UnifiedURL, Store: deps.Store, Book: d.Book, Gate: d.Gate, Centre: d.Centre, Limit: visits.Refused,
		Clock: deps.Clock, Tracer: deps.Tracer, Metrics: deps.Metrics, Log: deps.Log,
	})
	p, err := provider.New(provider.Config{
		Issuer: d.cfg.Issuer, Book: d.Book, Gate: d.Gate, Keys: d.Keys, Upstream: d.Centre, Browsers: site, Page: site.Page, Log: deps.Log,
	})
	if err != nil {
		return err
	}
	d.site = site.With(p)
	d.ending = ending.New(ending.Deps{
		Store: deps.Store, Judge: d.Gate, Signer: d.Keys, Caller: deps.Told, Issuer: d.cfg.Issuer, Clock: deps.Clock, Tracer: deps.Tracer, Metrics: deps.Metrics, Log: deps.Log,
	})
	return nil
}
