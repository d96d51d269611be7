// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/keys"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/standing"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/store"
)

// The lives of what is given out, each bounded by its session's.
const (
	CodeLife   = time.Minute
	AccessLife = time.Hour
	IDLife     = 10 * time.Minute
	// Leeway is how long a refresh token may be used once more: its answer may have been lost.
	Leeway = 20 * time.Second
)

// The paths of the provider.
const (
	PathDiscovery  = oidc.DiscoveryEndpoint
	PathAuthorize  = "/authorize"
	PathCallback   = "/authorize/callback"
	PathToken      = "/oauth/token"
	PathIntrospect = "/oauth/introspect"
	PathRevoke     = "/oauth/revoke"
	PathUserinfo   = "/userinfo"
	PathKeys       = "/keys"
	PathEndSession = "/end_session"
)

// Paths are all that [Provider.Handler] serves.
func Paths() []string {
	return []string{PathDiscovery, PathAuthorize, PathCallback, PathToken, PathIntrospect, PathRevoke, PathUserinfo, PathKeys, PathEndSession}
}

// The pages that the provider leads browsers to.
const (
	PageLogin     = "/login"      // with ?request=ID
	PageLogout    = "/logout"     // asks the person, with client_id, post_logout_redirect_uri and state as they came
	PageLoggedOut = "/logged-out" // says that it is done
)

// Upstream speaks to authentication centres; *upstream.Client is one.
type Upstream interface {
	Refresh(ctx context.Context, t upstream.Tenant, refresh upstream.Secret) (upstream.Tokens, error)
	LogoutURL(t upstream.Tenant, back string) (string, error)
	CASLogoutURL(t upstream.Tenant, back string) (string, error)
}

// Browsers knows browsers by a cookie, so that a login that one has begun comes to its end in no other.
type Browsers interface {
	// Begin returns the digest of the browser's cookie, and gives it one if it has none.
	Begin(w http.ResponseWriter, r *http.Request) []byte
	// Known returns the digest of the browser's cookie; nil if it has none.
	Known(r *http.Request) []byte
}

// Config configures a Provider. All but Log is required.
type Config struct {
	Issuer   string // scheme and host, and a port where it is not the usual one
	Book     *session.Book
	Gate     *gate.Gate
	Keys     *keys.Keys
	Upstream Upstream
	Browsers Browsers
	// Page shows a person what went wrong, by a fault of server/login/words, where the app cannot be told.
	Page func(w http.ResponseWriter, r *http.Request, fault string, status int)
	Log  *slog.Logger // nil for none
}

// Provider is the OpenID provider. Safe for concurrent use.
type Provider struct {
	cfg     Config
	store   store.Logins
	clock   clock.Clock
	judge   *standing.Judge
	handler http.Handler
}

// ErrConfig says that a Config cannot be used.
var ErrConfig = errors.New("unusable configuration of the OpenID provider")

// New returns a provider. Errors: ErrConfig.
func New(cfg Config) (*Provider, error) {
	if cfg.Book == nil || cfg.Gate == nil || cfg.Keys == nil || cfg.Upstream == nil || cfg.Browsers == nil || cfg.Page == nil {
		return nil, fmt.Errorf("%w: something is missing", ErrConfig)
	}
	u, err := url.Parse(cfg.Issuer)
	if err != nil || u.Host == "" || cfg.Issuer != u.Scheme+"://"+u.Host || !secure(u) {
		return nil, fmt.Errorf("%w: the issuer is https:// and a host without a path; http:// is for this machine alone", ErrConfig)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p := &Provider{cfg: cfg, store: cfg.Book.Store, clock: cfg.Book.Clock, judge: &standing.Judge{Book: cfg.Book, Gate: cfg.Gate}}
	routes := op.Endpoints{
		Authorization: op.NewEndpoint(PathAuthorize), Token: op.NewEndpoint(PathToken), Introspection: op.NewEndpoint(PathIntrospect),
		Userinfo: op.NewEndpoint(PathUserinfo), Revocation: op.NewEndpoint(PathRevoke), EndSession: op.NewEndpoint(PathEndSession),
		JwksURI: op.NewEndpoint(PathKeys),
	}
	p.handler = p.frame(op.RegisterServer(server{p: p}, routes, op.WithServerCORSOptions(nil)))
	return p, nil
}

// Handler serves [Paths].
func (p *Provider) Handler() http.Handler { return p.handler }

// server is what the library calls.
type server struct {
	op.UnimplementedServer
	p *Provider
}

// secure says whether what goes to an address is read by nobody on the way.
func secure(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	a, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && a.Unmap().IsLoopback())
}

// Discovery implements op.Server. It tells of nothing that is not served.
func (s server) Discovery(context.Context, *op.Request[struct{}]) (*op.Response, error) {
	at := func(path string) string { return s.p.cfg.Issuer + path }
	methods := []oidc.AuthMethod{oidc.AuthMethodBasic, oidc.AuthMethodPost}
	return op.NewResponse(oidc.DiscoveryConfiguration{
		Issuer: s.p.cfg.Issuer, AuthorizationEndpoint: at(PathAuthorize), TokenEndpoint: at(PathToken), IntrospectionEndpoint: at(PathIntrospect),
		RevocationEndpoint: at(PathRevoke), UserinfoEndpoint: at(PathUserinfo), JwksURI: at(PathKeys), EndSessionEndpoint: at(PathEndSession),
		ScopesSupported: gate.Scopes(), ResponseTypesSupported: []string{string(oidc.ResponseTypeCode)},
		ResponseModesSupported:                    []string{string(oidc.ResponseModeQuery), string(oidc.ResponseModeFormPost)},
		GrantTypesSupported:                       []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken},
		SubjectTypesSupported:                     []string{"public"},
		IDTokenSigningAlgValuesSupported:          []string{keys.Algorithm},
		TokenEndpointAuthMethodsSupported:         methods,
		RevocationEndpointAuthMethodsSupported:    methods,
		IntrospectionEndpointAuthMethodsSupported: methods,
		ClaimTypesSupported:                       []string{"normal"},
		ClaimsSupported:                           append([]string{"iss", "aud", "azp", "exp", "iat", "auth_time", "nonce", "sid", "at_hash"}, gate.ClaimNames()...),
		CodeChallengeMethodsSupported:             []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
		BackChannelLogoutSupported:                true, BackChannelLogoutSessionSupported: true,
	}), nil
}

// Keys implements op.Server.
func (s server) Keys(ctx context.Context, _ *op.Request[struct{}]) (*op.Response, error) {
	set, err := s.p.cfg.Keys.Published(ctx)
	if err != nil {
		return nil, s.p.broken(ctx, err)
	}
	return op.NewResponse(set), nil
}

// client is an application as the library sees one.
type client struct{ app store.LoginApplication }

func (c client) GetID() string { return c.app.AppID }

// RedirectURIs are those registered, whatever let them be: none that anybody on the way can read.
func (c client) RedirectURIs() []string {
	return slices.DeleteFunc(slices.Clone(c.app.Settings.RedirectURIs), func(text string) bool {
		u, err := url.Parse(text)
		return err != nil || !secure(u) || u.User != nil || u.Fragment != ""
	})
}

func (c client) PostLogoutRedirectURIs() []string  { return c.app.Settings.PostLogoutURIs }
func (client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (client) ResponseTypes() []oidc.ResponseType  { return []oidc.ResponseType{oidc.ResponseTypeCode} }
func (client) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken}
}
func (client) LoginURL(id string) string                                { return PageLogin + "?request=" + url.QueryEscape(id) }
func (client) AccessTokenType() op.AccessTokenType                      { return op.AccessTokenTypeBearer }
func (client) IDTokenLifetime() time.Duration                           { return IDLife }
func (client) DevMode() bool                                            { return false }
func (client) RestrictAdditionalIdTokenScopes() func([]string) []string { return nil }
func (client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return nil
}
func (client) IsScopeAllowed(string) bool           { return false }
func (client) IDTokenUserinfoClaimsAssertion() bool { return false }
func (client) ClockSkew() time.Duration             { return 0 }

// VerifyClient implements op.Server: only an app that shows one of its secrets that count is one.
func (s server) VerifyClient(ctx context.Context, r *op.Request[op.ClientCredentials]) (op.Client, error) {
	return s.p.verify(ctx, r.Data)
}

func (p *Provider) verify(ctx context.Context, c *op.ClientCredentials) (op.Client, error) {
	unknown := op.NewStatusError(oidc.ErrInvalidClient().WithDescription("the client is unknown or has not shown a secret that counts"), http.StatusUnauthorized)
	if c.ClientAssertion != "" || c.ClientAssertionType != "" {
		return nil, unknown
	}
	app, err := p.store.LoginApplication(ctx, c.ClientID)
	switch {
	case errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrBadText):
		registry.Shows(&store.LoginApplication{}, c.ClientSecret, p.clock.Now())
		return nil, unknown
	case err != nil:
		return nil, p.broken(ctx, err)
	case !registry.Shows(&app, c.ClientSecret, p.clock.Now()) || app.State != store.LoginEnabled:
		return nil, unknown
	}
	return client{app}, nil
}

// broken is the answer when the fault is ours. The log has its cause, and nobody else.
func (p *Provider) broken(ctx context.Context, err error) error {
	p.cfg.Log.ErrorContext(ctx, "the OpenID provider cannot answer", "error", err)
	return op.NewStatusError(oidc.ErrServerError().WithDescription("the login service cannot answer now; repeat the call"), http.StatusServiceUnavailable)
}

// grant is a refusal at the token address. It does not say what is wrong: whoever guesses should learn nothing.
func invalidGrant() error {
	return oidc.ErrInvalidGrant().WithDescription("the code or token does not count, or its session is over")
}
