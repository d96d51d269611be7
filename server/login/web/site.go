// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/store"
)

// Gate says who may come in; *gate.Gate is one.
type Gate interface {
	Tenant(ctx context.Context, app store.LoginApplication, tenantID string) (gate.Tenant, error)
	Person(ctx context.Context, app store.LoginApplication, tenantID string, said upstream.Person) (gate.Right, error)
	SessionRight(ctx context.Context, app store.LoginApplication, s store.LoginSession) (gate.Right, error)
}

// Centre speaks to authentication centres; *upstream.Client is one.
type Centre interface {
	AuthorizeURL(t upstream.Tenant, state string) (string, error)
	CASLoginURL(t upstream.Tenant) (string, error)
	Exchange(ctx context.Context, t upstream.Tenant, code upstream.Secret) (upstream.Tokens, error)
	Userinfo(ctx context.Context, t upstream.Tenant, access upstream.Secret) (upstream.Person, error)
	Validate(ctx context.Context, t upstream.Tenant, ticket upstream.Secret) (upstream.Person, error)
}

// Provider is the OpenID provider, which begins logins at /login and goes on with those that have come to a session; *provider.Provider is
// one.
type Provider interface {
	Handler() http.Handler
	// Fail sends an error of OpenID Connect back to the app.
	Fail(w http.ResponseWriter, r *http.Request, requestID, code, description string)
	// LogOut ends a session and says where the browser goes then.
	LogOut(ctx context.Context, app *store.LoginApplication, s *store.LoginSession, back, state string) (string, error)
}

// Store is what the pages read themselves.
type Store interface {
	LoginApplication(ctx context.Context, appID string) (store.LoginApplication, error)
	TenantsByCode(ctx context.Context, seller, code string, limit int) ([]store.Tenant, error)
	LoginRequest(ctx context.Context, id string) (store.LoginRequest, error)
}

// Metrics count what becomes of logins.
type Metrics interface {
	// Login counts a login that is over; fault is empty when it has led to a session.
	Login(entrance, fault string)
	// Centre measures a call to an authentication centre; fault is empty when it went well.
	Centre(call, fault string, took time.Duration)
}

// Deps are what the pages work with; all are required but Limit.
type Deps struct {
	Issuer     string // the address of the listener for browsers, without a path
	UnifiedURL string // of the unified login page (kit §B.3), without its fragment
	Store      Store
	Book       *session.Book
	Gate       Gate
	Centre     Centre
	Limit      func(address string) (wait time.Duration) // takes a visit from the budget of an address; nil for no limit
	Clock      clock.Clock
	Tracer     trace.Tracer
	Metrics    Metrics
	Log        *slog.Logger
}

// Site serves the pages. It is the provider's Browsers, too.
type Site struct {
	Deps
	secure   bool // the issuer is https
	mux      *http.ServeMux
	provider Provider
}

// New returns the pages. [Site.With] completes them.
func New(d Deps) *Site {
	s := &Site{Deps: d, secure: strings.HasPrefix(d.Issuer, "https://"), mux: http.NewServeMux()}
	s.Issuer = strings.TrimSuffix(s.Issuer, "/")
	for pattern, serve := range map[string]func(*visit){
		"GET /login":                 s.login,
		"GET /start/{app}":           s.start,
		"GET /tenant":                s.tenant,
		"POST /tenant":               s.tenantChosen,
		"GET /callback/{app}":        s.callback,
		"GET /ended":                 s.ended,
		"GET /confirm":               s.confirm,
		"POST /confirm":              s.confirmed,
		"GET /logout":                s.logout,
		"POST /logout":               s.logsOut,
		"GET /logged-out":            s.loggedOut,
		"GET /try/{request}":         s.trial,
		"POST /try/{request}":        s.trialBegun,
		"GET /{$}":                   s.nothing,
		"GET /assets/" + styleName(): s.style,
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, serve) })
	}
	return s
}

// With serves a provider at every address that is none of the pages', and returns the whole.
func (s *Site) With(p Provider) *Site {
	s.provider = p
	s.mux.Handle("/", s.sparing(p.Handler()))
	return s
}

// sparing takes the visits of browsers to the provider from the same budgets: each writes a row. What apps ask is theirs.
func (s *Site) sparing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case provider.PathAuthorize, provider.PathCallback, provider.PathEndSession:
			if wait := s.limited(r); wait > 0 {
				s.visit(w, r).tooMany(wait)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// The budget of an address that Limit should have: what a company behind one address needs at nine in the morning, and nobody needs for
// longer.
const (
	Rate  = 50 // a second; a login takes about five
	Burst = 1500
)

// visit makes a visit of a request. Nothing of a login rests in a cache, and no address of it goes on to another site.
func (s *Site) visit(w http.ResponseWriter, r *http.Request) *visit {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
	v := &visit{s: s, w: w, r: r, ctx: r.Context()}
	v.lang = v.language()
	return v
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request, serve func(*visit)) {
	v := s.visit(w, r)
	if wait := s.limited(r); wait > 0 {
		v.tooMany(wait)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	defer v.done()
	serve(v)
}

const maxForm = 16 << 10

func (s *Site) limited(r *http.Request) time.Duration {
	if s.Limit == nil || strings.HasPrefix(r.URL.Path, "/assets/") {
		return 0
	}
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	return s.Limit(address)
}

// tooMany says that the budget of the browser's address is spent.
func (v *visit) tooMany(wait time.Duration) {
	v.w.Header().Set("Retry-After", seconds(wait))
	v.fail(words.TooMany)
}

// Page shows a fault with a status, for the provider: where the app cannot be told.
func (s *Site) Page(w http.ResponseWriter, r *http.Request, fault string, status int) {
	s.visit(w, r).shown(fault, status)
}

// Begin implements provider.Browsers.
func (s *Site) Begin(w http.ResponseWriter, r *http.Request) []byte {
	v := &visit{s: s, w: w, r: r, ctx: r.Context()}
	return v.browser()
}

// Known implements provider.Browsers.
func (s *Site) Known(r *http.Request) []byte {
	v := &visit{s: s, r: r, ctx: r.Context()}
	if name := v.cookie(browserCookie); name != "" {
		return session.Digest(name)
	}
	return nil
}
