// SPDX-License-Identifier: Apache-2.0

package login

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// DefaultRecheck is how often it is asked whether somebody may still use the product.
const DefaultRecheck = time.Minute

// Config says whom to trust and who one is. All members up to CallbackURL are required.
type Config struct {
	Issuer      string // listeners.login.public_url of Koogate
	AppID       string // the application ID of the credential, which is the client_id
	Secret      string // as koogate logins apps secret add has shown it
	CallbackURL string // of this program, absolute; the other addresses stand beside it

	Scopes   []string      // beside openid; default profile
	Recheck  time.Duration // default DefaultRecheck
	Sessions Sessions      // default: in memory, at most 10000
	Client   *http.Client  // for calls to Koogate; default one with a time limit of 10 s
	Now      func() time.Time
	Log      *slog.Logger
}

// Person is who is logged in.
type Person struct {
	Subject    string     `json:"sub"` // the same for one user of one enterprise at all times
	UserName   string     `json:"user_name"`
	Name       string     `json:"name"`
	Email      string     `json:"email"`        // with the scope email, where the application releases it
	Mobile     string     `json:"phone_number"` // with the scope phone, the same
	Role       string     `json:"role"`         // user or admin
	TenantID   string     `json:"tenant_id"`
	TenantCode string     `json:"tenant_code"`
	Enterprise string     `json:"enterprise"`
	Department []string   `json:"department"` // from the top
	Instances  []Instance `json:"instances"`  // what the enterprise has bought, as far as the person may use it
	AppID      string     `json:"app_id"`
	Test       bool       `json:"test"` // a test account of the marketplace
}

// Instance is one purchase.
type Instance struct {
	ID        string    `json:"id"`
	OrderID   string    `json:"order_id"`
	ProductID string    `json:"product_id"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	Frozen    bool      `json:"frozen"`
}

// Login serves what a login needs. Safe for concurrent use.
type Login struct {
	cfg      Config
	at       string // the path beside which everything stands
	secure   bool
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    oauth2.Config
	end      string // the provider's end_session_endpoint
	mux      *http.ServeMux
}

// ErrConfig says that a Config cannot be used.
var ErrConfig = errors.New("login: unusable configuration")

// New asks the issuer what it serves. Errors: ErrConfig, those of the call.
func New(ctx context.Context, cfg Config) (*Login, error) {
	u, err := url.Parse(cfg.CallbackURL)
	if err != nil || u.Host == "" || !strings.HasPrefix(u.Path, "/") || cfg.Issuer == "" || cfg.AppID == "" || cfg.Secret == "" {
		return nil, fmt.Errorf("%w: Issuer, AppID, Secret and an absolute CallbackURL are required", ErrConfig)
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 10 * time.Second}
	}
	if cfg.Recheck <= 0 {
		cfg.Recheck = DefaultRecheck
	}
	if cfg.Sessions == nil {
		cfg.Sessions = newMemory()
	}
	if cfg.Now == nil {
		cfg.Now = machine
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Scopes == nil {
		cfg.Scopes = []string{"profile"}
	}
	l := &Login{cfg: cfg, secure: u.Scheme == "https", mux: http.NewServeMux(), at: u.Path[:strings.LastIndex(u.Path, "/")+1]}
	if l.provider, err = oidc.NewProvider(l.calling(ctx), cfg.Issuer); err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	var more struct {
		End string `json:"end_session_endpoint"`
	}
	if err := l.provider.Claims(&more); err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	l.end = more.End
	l.verifier = l.provider.Verifier(&oidc.Config{ClientID: cfg.AppID, Now: cfg.Now})
	l.oauth = oauth2.Config{
		ClientID: cfg.AppID, ClientSecret: cfg.Secret, Endpoint: l.provider.Endpoint(), RedirectURL: cfg.CallbackURL,
		Scopes: append([]string{oidc.ScopeOpenID}, cfg.Scopes...),
	}
	l.mux.HandleFunc("GET "+u.Path, l.callback)
	l.mux.HandleFunc("GET "+l.at+"initiate", l.initiate)
	l.mux.HandleFunc("POST "+l.at+"logout", l.logout)
	l.mux.HandleFunc("POST "+l.at+"back-channel", l.backChannel)
	return l, nil
}

// calling is a context in which the libraries call with our client.
func (l *Login) calling(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, l.cfg.Client)
}

// ServeHTTP serves the callback and the addresses beside it: initiate (GET), logout (POST) and back-channel (POST).
func (l *Login) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	l.mux.ServeHTTP(w, r)
}

type personKey struct{}

// From is who has made a request that Require let in.
func From(ctx context.Context) (Person, bool) {
	p, ok := ctx.Value(personKey{}).(Person)
	return p, ok
}

// Require lets those in who are logged in, and leads all others to the login. What is no GET is answered with 401, since a login could not
// bring it back.
func (l *Login) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := l.known(r)
		switch {
		case ok:
			w.Header().Set("Cache-Control", "no-store")
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), personKey{}, p)))
		case r.Method != http.MethodGet:
			http.Error(w, "log in first", http.StatusUnauthorized)
		default:
			l.begin(w, r, r.URL.RequestURI(), "")
		}
	})
}

// known is who has the session of a request. From time to time Koogate is asked whether it still counts.
func (l *Login) known(r *http.Request) (Person, bool) {
	id := l.cookie(r, sessionCookie)
	s, ok := l.cfg.Sessions.Get(r.Context(), id)
	now := l.cfg.Now()
	if id == "" || !ok || !now.Before(s.Until) {
		return Person{}, false
	}
	if now.Before(s.Checked.Add(l.cfg.Recheck)) {
		return s.Person, true
	}
	p, err := l.ask(r.Context(), s.Access)
	switch {
	case err == nil:
		s.Person, s.Checked = p, now
		l.cfg.Sessions.Put(r.Context(), id, s)
		return p, true
	case !errors.Is(err, errEnded) && now.Before(s.Checked.Add(l.cfg.Recheck+grace)):
		l.cfg.Log.WarnContext(r.Context(), "Koogate does not say whether a session counts; it does for now", slog.Any("error", err))
		return s.Person, true
	}
	l.cfg.Sessions.Delete(r.Context(), id)
	return Person{}, false
}

// grace is how long a session counts while Koogate cannot be asked.
const grace = 10 * time.Minute

var errEnded = errors.New("the session does not count any more")

// ask asks Koogate whose an access token is. Errors: errEnded when it is nobody's; any other says nothing about it.
func (l *Login) ask(ctx context.Context, access string) (p Person, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.provider.UserInfoEndpoint(), nil)
	if err != nil {
		return p, err
	}
	r.Header.Set("Authorization", "Bearer "+access)
	answer, err := l.cfg.Client.Do(r)
	if err != nil {
		return p, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		return p, json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&p)
	case http.StatusUnauthorized, http.StatusForbidden:
		return p, errEnded
	default:
		return p, fmt.Errorf("userinfo answers %s", answer.Status)
	}
}

// pending is what this browser's login was begun with. The browser keeps it.
type pending struct {
	State, Nonce, Verifier, Back string
}

// begin leads a browser to the login.
func (l *Login) begin(w http.ResponseWriter, r *http.Request, back, hint string) {
	p := pending{rand.Text(), rand.Text(), oauth2.GenerateVerifier(), back}
	text, err := json.Marshal(p)
	if err != nil {
		http.Error(w, "the login cannot begin", http.StatusInternalServerError)
		return
	}
	l.keep(w, pendingCookie, url.QueryEscape(string(text)), 10*time.Minute)
	options := []oauth2.AuthCodeOption{oidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier)}
	if hint != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", hint))
	}
	http.Redirect(w, r, l.oauth.AuthCodeURL(p.State, options...), http.StatusSeeOther) //nolint:gosec // G710: the address is the issuer's, of its discovery
}

// initiate begins a login that the marketplace's workbench has started (OpenID Connect Core §4).
func (l *Login) initiate(w http.ResponseWriter, r *http.Request) {
	if iss := r.URL.Query().Get("iss"); strings.TrimSuffix(iss, "/") != strings.TrimSuffix(l.cfg.Issuer, "/") {
		http.Error(w, "another issuer", http.StatusBadRequest)
		return
	}
	l.begin(w, r, "/", r.URL.Query().Get("login_hint"))
}

// callback ends a login.
func (l *Login) callback(w http.ResponseWriter, r *http.Request) {
	var p pending
	text, err := url.QueryUnescape(l.cookie(r, pendingCookie))
	if err == nil {
		err = json.Unmarshal([]byte(text), &p)
	}
	q := r.URL.Query()
	l.keep(w, pendingCookie, "", -time.Second)
	switch {
	case err != nil || p.State == "" || p.State != q.Get("state"):
		http.Error(w, "this login was not begun in this browser, or it is over: log in again", http.StatusForbidden)
		return
	case q.Get("error") != "":
		http.Error(w, "you are not logged in: "+word(q.Get("error")), http.StatusForbidden)
		return
	}
	s, err := l.redeem(r.Context(), q.Get("code"), p)
	if err != nil {
		l.cfg.Log.WarnContext(r.Context(), "a login has failed", slog.Any("error", err))
		http.Error(w, "the login has failed: log in again", http.StatusBadGateway)
		return
	}
	id := rand.Text() + rand.Text()
	l.cfg.Sessions.Put(r.Context(), id, s)
	l.keep(w, sessionCookie, id, s.Until.Sub(l.cfg.Now()))
	if !strings.HasPrefix(p.Back, "/") || strings.HasPrefix(p.Back, "//") || strings.HasPrefix(p.Back, `/\`) {
		p.Back = "/"
	}
	http.Redirect(w, r, p.Back, http.StatusSeeOther)
}

// word keeps of an error what a name may hold.
func word(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r == '_' {
			return r
		}
		return -1
	}, text[:min(len(text), 64)])
}

// sessionLife is how long a session is kept here. Koogate's own ends it earlier.
const sessionLife = 12 * time.Hour

// redeem takes a code for who it is.
func (l *Login) redeem(ctx context.Context, code string, p pending) (s Session, err error) {
	ctx = l.calling(ctx)
	token, err := l.oauth.Exchange(ctx, code, oauth2.VerifierOption(p.Verifier))
	if err != nil {
		return s, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := l.verifier.Verify(ctx, raw)
	if err != nil {
		return s, err
	}
	if id.Nonce != p.Nonce {
		return s, errors.New("the nonce is another one")
	}
	var sid struct {
		SID string `json:"sid"`
	}
	if err := id.Claims(&sid); err != nil {
		return s, err
	}
	person, err := l.ask(ctx, token.AccessToken)
	if err != nil {
		return s, err
	}
	if person.Subject != id.Subject {
		return s, errors.New("userinfo tells of somebody else")
	}
	now := l.cfg.Now()
	return Session{SID: sid.SID, Person: person, Access: token.AccessToken, IDToken: raw, Checked: now, Until: now.Add(sessionLife)}, nil
}

// logout ends the session here and at Koogate. It is a POST from a page of this program; another site's does not count.
func (l *Login) logout(w http.ResponseWriter, r *http.Request) {
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		http.Error(w, "another site has sent this", http.StatusForbidden)
		return
	}
	id := l.cookie(r, sessionCookie)
	s, ok := l.cfg.Sessions.Get(r.Context(), id)
	l.cfg.Sessions.Delete(r.Context(), id)
	l.keep(w, sessionCookie, "", -time.Second)
	if !ok || l.end == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, l.end+"?"+url.Values{"id_token_hint": {s.IDToken}}.Encode(), http.StatusSeeOther)
}

// logoutEvent is the event of a logout token (OpenID Connect Back-Channel Logout §2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backChannel ends a session because Koogate says so.
func (l *Login) backChannel(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	token, err := l.verifier.Verify(l.calling(r.Context()), r.PostFormValue("logout_token"))
	var said struct {
		SID    string                     `json:"sid"`
		Nonce  string                     `json:"nonce"`
		Events map[string]json.RawMessage `json:"events"`
	}
	if err == nil {
		err = token.Claims(&said)
	}
	if _, ok := said.Events[logoutEvent]; err != nil || !ok || said.Nonce != "" || said.SID == "" {
		http.Error(w, "no logout token", http.StatusBadRequest)
		return
	}
	l.cfg.Sessions.End(r.Context(), said.SID)
	w.WriteHeader(http.StatusOK)
}
