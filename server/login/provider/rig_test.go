// SPDX-License-Identifier: Apache-2.0

package provider_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/keys"
	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlitetest"
	"github.com/koogate/koogate/store/storetest"
)

// logged is all that the library writes to the process's logger in these tests.
var logged lockedText

type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})))
	goleak.VerifyTestMain(m)
}

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

const (
	secret = "kgl_the-secret-of-the-demo-app"
	older  = "kgl_the-older-secret-of-the-demo-app"
)

// rig is two replicas of a provider over one store, the login's pages, an app, and a browser.
type rig struct {
	*logintest.World
	t         *testing.T
	app       store.LoginApplication
	replicas  []*provider.Provider
	at        atomic.Int32 // the replica that serves
	issuer    string
	site      string // of the app
	callback  string
	book      *session.Book
	centre    *centre
	browser   *http.Client
	plain     *http.Client // of the app's server
	arrived   chan arrival // what came to the app's callback
	log       lockedText
	tenant    string // who logs in
	user      string
	held      session.Held
	protocol  store.LoginProtocol
	last      string           // the refresh token of a test
	page      http.HandlerFunc // of the login; nil for one that logs in at once
	discovery *oidc.Provider
}

type arrival struct {
	method string
	values url.Values
}

// centre is the authentication centre that the provider asks.
type centre struct {
	mu      sync.Mutex
	asked   []string
	refresh func() (upstream.Tokens, error)
}

func (c *centre) Refresh(_ context.Context, t upstream.Tenant, refresh upstream.Secret) (upstream.Tokens, error) {
	c.mu.Lock()
	c.asked = append(c.asked, t.ClientID+" "+string(refresh))
	answer := c.refresh
	c.mu.Unlock()
	return answer()
}

func (*centre) LogoutURL(t upstream.Tenant, back string) (string, error) {
	return t.Domain + "/logout?back=" + url.QueryEscape(back), nil
}

func (*centre) CASLogoutURL(t upstream.Tenant, back string) (string, error) {
	return t.Domain + "/cas/logout?back=" + url.QueryEscape(back), nil
}

// browsers knows browsers by a cookie in clear.
type browsers struct{}

func (browsers) Begin(w http.ResponseWriter, r *http.Request) []byte {
	if known := (browsers{}).Known(r); known != nil {
		return known
	}
	token, digest := session.NewToken()
	http.SetCookie(w, &http.Cookie{Name: "browser", Value: token, Path: "/", HttpOnly: true})
	return digest
}

func (browsers) Known(r *http.Request) []byte {
	c, err := r.Cookie("browser")
	if err != nil {
		return nil
	}
	return session.Digest(c.Value)
}

func newRig(t *testing.T, change ...func(*store.LoginApplication)) *rig {
	t.Helper()
	r := &rig{t: t, World: logintest.New(t, sqlitetest.Open(t)), centre: &centre{}, arrived: make(chan arrival, 10), tenant: logintest.Tenant, user: logintest.User, protocol: store.LoginOAuth2}
	r.plain = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, in *http.Request) {
		_ = in.ParseForm()
		r.arrived <- arrival{in.Method, in.Form}
	}))
	t.Cleanup(site.Close)
	r.site, r.callback = site.URL, site.URL+"/callback"
	r.book = &session.Book{Store: r.World.Store, Sealer: r.Vault, Clock: r.Clock, NewID: storetest.NewID}

	// A key that is there already spares every test the making of one.
	der, err := x509.MarshalPKCS8PrivateKey(signingKey())
	r.Must(err)
	sealed, err := r.Vault.Seal(der, store.SigningKeyContext(1))
	r.Must(err)
	r.Must(r.World.Store.AddSigningKey(t.Context(), &store.SigningKey{Number: 1, ID: "the-first", Algorithm: keys.Algorithm, Private: sealed, CreatedAt: r.Clock.Now(), ActiveAt: r.Clock.Now()}))

	mux := http.NewServeMux()
	server := httptest.NewUnstartedServer(mux)
	r.issuer = "http://" + server.Listener.Addr().(*net.TCPAddr).String()
	for range 2 {
		r.replicas = append(r.replicas, r.provider(nil))
	}
	for _, path := range provider.Paths() {
		mux.HandleFunc(path, func(w http.ResponseWriter, in *http.Request) { r.replicas[r.at.Load()].Handler().ServeHTTP(w, in) })
	}
	mux.HandleFunc(provider.PageLogin, func(w http.ResponseWriter, in *http.Request) {
		if r.page != nil {
			r.page(w, in)
			return
		}
		r.loggedIn(w, in)
	})
	mux.HandleFunc(provider.PageLoggedOut, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page: LOGGED_OUT") })
	server.Start()
	t.Cleanup(server.Close)

	r.app = r.Application(append([]func(*store.LoginApplication){func(a *store.LoginApplication) {
		a.Settings.RedirectURIs = []string{r.callback, "https://app.example.com/callback?fixed=1"}
		a.Settings.PostLogoutURIs = []string{r.site + "/bye", "https://app.example.com/bye?fixed=1"}
		a.Settings.BackChannelURI = "https://app.example.com/back-channel"
		a.Secrets = []store.LoginSecret{{ID: "2", Digest: session.Digest(secret), CreatedAt: r.Clock.Now()}}
	}}, change...)...)
	r.newBrowser()
	return r
}

// provider is another replica.
func (r *rig) provider(change func(*provider.Config)) *provider.Provider {
	r.t.Helper()
	k, err := keys.New(keys.Config{Store: r.World.Store, Sealer: r.Vault, Clock: r.Clock})
	r.Must(err)
	cfg := provider.Config{
		Issuer: r.issuer, Book: r.book, Gate: gate.New(r.World.Store, r.Vault), Keys: k, Upstream: r.centre, Browsers: browsers{},
		Page: func(w http.ResponseWriter, _ *http.Request, fault string, status int) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "page: "+fault)
		},
		Log: slog.New(slog.NewTextHandler(&r.log, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	p, err := provider.New(cfg)
	r.Must(err)
	return p
}

// loggedIn is a page that logs the rig's user in without a question.
func (r *rig) loggedIn(w http.ResponseWriter, in *http.Request) {
	id := in.URL.Query().Get("request")
	r.Clock.Advance(time.Millisecond) // so that sessions have an order
	app, err := r.World.Store.LoginApplication(in.Context(), logintest.App)
	if err == nil {
		_, _, err = r.book.Enter(in.Context(), session.Entry{
			Request: id, App: &app, Protocol: r.protocol, TenantID: r.tenant, UserName: r.user, Held: r.held, Life: 8 * time.Hour,
		})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, in, provider.CallbackURL(id), http.StatusFound)
}

// newBrowser begins with a browser without cookies.
func (r *rig) newBrowser() {
	jar, err := cookiejar.New(nil)
	r.Must(err)
	r.browser = &http.Client{Jar: jar, Transport: r.plain.Transport}
}

// library is the app's OpenID Connect library: coreos/go-oidc with x/oauth2.
func (r *rig) library() (*oauth2.Config, *oidc.IDTokenVerifier, context.Context) {
	r.t.Helper()
	ctx := oidc.ClientContext(r.t.Context(), r.plain)
	if r.discovery == nil {
		p, err := oidc.NewProvider(ctx, r.issuer)
		r.Must(err)
		r.discovery = p
	}
	cfg := &oauth2.Config{
		ClientID: logintest.App, ClientSecret: secret, Endpoint: r.discovery.Endpoint(), RedirectURL: r.callback,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", "phone", oidc.ScopeOfflineAccess},
	}
	cfg.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	return cfg, r.discovery.VerifierContext(ctx, &oidc.Config{ClientID: logintest.App, Now: r.Clock.Now}), ctx
}

// visit opens an address in the browser, and returns what it shows at last, as its status and text.
func (r *rig) visit(address string) (status int, text string) {
	r.t.Helper()
	in, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, address, nil)
	r.Must(err)
	out, err := r.browser.Do(in)
	r.Must(err)
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	r.Must(err)
	return out.StatusCode, string(body)
}

// begin leads the browser to the app's login and back, and returns what came to the app. Parameters replace those of the library.
func (r *rig) begin(parameters ...string) (got arrival, verifier string) {
	r.t.Helper()
	address, verifier := r.address(parameters...)
	status, text := r.visit(address)
	select {
	case got = <-r.arrived:
	default:
		r.t.Fatalf("the browser did not come to the app: %d %s", status, text)
	}
	return got, verifier
}

// address is where an app sends the browser to log in. An empty parameter is left out.
func (r *rig) address(parameters ...string) (address, verifier string) {
	r.t.Helper()
	cfg, _, _ := r.library()
	verifier = oauth2.GenerateVerifier()
	u, err := url.Parse(cfg.AuthCodeURL("the state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("the nonce")))
	r.Must(err)
	query := u.Query()
	for i := 0; i < len(parameters); i += 2 {
		if query.Set(parameters[i], parameters[i+1]); parameters[i+1] == "" {
			query.Del(parameters[i])
		}
	}
	u.RawQuery = query.Encode()
	return u.String(), verifier
}

// login logs the user in, and returns the app's tokens.
func (r *rig) login(parameters ...string) *oauth2.Token {
	r.t.Helper()
	got, verifier := r.begin(parameters...)
	cfg, _, ctx := r.library()
	token, err := cfg.Exchange(ctx, got.values.Get("code"), oauth2.VerifierOption(verifier))
	r.Must(err)
	return token
}

// said is an answer to an app's server.
type said struct {
	status int
	header http.Header
	body   map[string]any
}

// String is the status with the error, if there is one.
func (s said) String() string {
	if e, ok := s.body["error"].(string); ok {
		return fmt.Sprint(s.status, " ", e)
	}
	return fmt.Sprint(s.status)
}

// post sends a form with the app's credentials, as the library does; user and password replace them.
func (r *rig) post(path string, form url.Values, credentials ...string) said {
	r.t.Helper()
	in, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.issuer+path, strings.NewReader(form.Encode()))
	r.Must(err)
	in.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	switch len(credentials) {
	case 0:
		in.SetBasicAuth(logintest.App, secret)
	case 2:
		in.SetBasicAuth(credentials[0], credentials[1])
	}
	return r.send(in)
}

func (r *rig) send(in *http.Request) said {
	r.t.Helper()
	out, err := r.plain.Do(in)
	r.Must(err)
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	r.Must(err)
	s := said{status: out.StatusCode, header: out.Header}
	if len(text) > 0 && json.Unmarshal(text, &s.body) != nil {
		s.body = map[string]any{"text": string(text)}
	}
	return s
}

// exchange takes a code.
func (r *rig) exchange(code, verifier string, credentials ...string) said {
	r.t.Helper()
	return r.post(provider.PathToken, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.callback}, "code_verifier": {verifier},
	}, credentials...)
}

// refresh takes a refresh token.
func (r *rig) refresh(token string) said {
	r.t.Helper()
	return r.post(provider.PathToken, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// userinfo asks whose an access token is.
func (r *rig) userinfo(token string) said {
	r.t.Helper()
	in, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.issuer+provider.PathUserinfo, nil)
	r.Must(err)
	in.Header.Set("Authorization", "Bearer "+token)
	return r.send(in)
}

// introspect asks whether a token counts.
func (r *rig) introspect(token string, credentials ...string) said {
	r.t.Helper()
	return r.post(provider.PathIntrospect, url.Values{"token": {token}}, credentials...)
}

// session is the newest session.
func (r *rig) session() store.LoginSession {
	r.t.Helper()
	list, err := r.World.Store.ListLoginSessions(r.t.Context(), store.ListQuery{Seller: logintest.Seller, Limit: 100})
	r.Must(err)
	if len(list) == 0 {
		r.t.Fatal("there is no session")
	}
	return list[len(list)-1]
}

// ended fails unless the newest session has ended for a reason, and the app is to be told.
func (r *rig) ended(want store.LoginEnd) {
	r.t.Helper()
	if s := r.session(); s.EndReason != want || s.EndedAt.IsZero() || s.LogoutState != store.LogoutPending || s.Upstream != nil {
		r.t.Errorf("the session ended by %q at %v, its logout is %s; want %s", s.EndReason, s.EndedAt, s.LogoutState, want)
	}
}

// alive fails unless the newest session is.
func (r *rig) alive() {
	r.t.Helper()
	if s := r.session(); !s.EndedAt.IsZero() {
		r.t.Errorf("the session ended by %s", s.EndReason)
	}
}

func is(t *testing.T, what string, got fmt.Stringer, want string) {
	t.Helper()
	if got.String() != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func readAll(t *testing.T, out *http.Response) string {
	t.Helper()
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func between(text, before, after string) string {
	_, text, _ = strings.Cut(text, before)
	text, _, _ = strings.Cut(text, after)
	return text
}

// kid is the key that has signed an ID token.
func kid(t *testing.T, token *oauth2.Token) string {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	return between(string(head), `"kid":"`, `"`)
}
