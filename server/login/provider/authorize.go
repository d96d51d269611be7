// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/keys"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/standing"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/store"
)

// Asked is what an app has asked for at the authorize address. The login's pages heed what concerns the person.
type Asked struct {
	RedirectURI string   `json:"redirect_uri"`
	Scopes      []string `json:"scopes"`
	State       string   `json:"state,omitempty"`
	Nonce       string   `json:"nonce,omitempty"`
	Challenge   string   `json:"code_challenge"`
	Mode        string   `json:"response_mode,omitempty"`
	Prompt      []string `json:"prompt,omitempty"`
	MaxAge      *int64   `json:"max_age,omitempty"` // in seconds; prompt=login is 0
	Locales     []string `json:"ui_locales,omitempty"`
	LoginHint   string   `json:"login_hint,omitempty"`
	Subject     string   `json:"subject,omitempty"`     // of the ID token that the app has shown: nobody else may come back
	TenantHint  string   `json:"tenant_hint,omitempty"` // a parameter of Koogate: tenantId or tenantCode
}

// ErrNotAsked says that a login was not begun by an app at the authorize address.
var ErrNotAsked = errors.New("no app waits for this login")

// AskedOf is what the app has asked for that waits for a login. Errors: ErrNotAsked.
func AskedOf(r *store.LoginRequest) (a Asked, err error) {
	if r.Entrance != store.LoginByApp || json.Unmarshal(r.Asked, &a) != nil || a.RedirectURI == "" {
		return Asked{}, ErrNotAsked
	}
	return a, nil
}

// Silent says that no page may be shown: who is not logged in is told so by [Provider.Fail] with "login_required".
func (a Asked) Silent() bool { return slices.Contains(a.Prompt, oidc.PromptNone) }

// Enough says whether a session that is there is recent enough for the app; otherwise the person logs in anew.
func (a Asked) Enough(s *store.LoginSession, now time.Time) bool {
	if slices.Contains(a.Prompt, oidc.PromptSelectAccount) {
		return false
	}
	return a.MaxAge == nil || !now.After(s.CreatedAt.Add(time.Duration(min(*a.MaxAge, maxAge))*time.Second)) && *a.MaxAge > 0
}

// maxAge is a bound in seconds beyond which no session lives.
const maxAge = 366 * 24 * 60 * 60

// maxText bounds what an app gets back as it has sent it, in bytes.
const maxText = 4096

// VerifyAuthRequest implements op.Server.
func (s server) VerifyAuthRequest(ctx context.Context, r *op.Request[oidc.AuthRequest]) (*op.ClientRequest[oidc.AuthRequest], error) {
	v := visitOf(ctx)
	app, err := s.p.store.LoginApplication(ctx, r.Data.ClientID)
	switch {
	case errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrBadText):
		v.fault = words.ApplicationUnknown
		return nil, oidc.ErrInvalidRequestRedirectURI()
	case err != nil:
		v.fault = words.Unavailable
		return nil, s.p.broken(ctx, err)
	case app.State != store.LoginEnabled:
		v.fault = string(store.EndApplicationClosed)
		return nil, oidc.ErrInvalidRequestRedirectURI()
	}
	c := client{app}
	if !slices.Contains(c.RedirectURIs(), r.Data.RedirectURI) {
		v.fault = words.RedirectUnknown
		return nil, oidc.ErrInvalidRequestRedirectURI()
	}
	return &op.ClientRequest[oidc.AuthRequest]{Request: r, Client: c}, nil
}

// Authorize implements op.Server. The library has found the address to come back to good, and tells the app there what is refused here.
func (s server) Authorize(ctx context.Context, r *op.ClientRequest[oidc.AuthRequest]) (*op.Redirect, error) {
	c, ok := r.Client.(client)
	if !ok {
		return nil, oidc.ErrServerError()
	}
	a, err := s.p.asked(ctx, r.Data, r.Form)
	if err != nil {
		return nil, err
	}
	if a.Subject, err = s.p.hinted(ctx, r.Data.IDTokenHint, c.app.AppID); err != nil {
		return nil, err
	}
	text, err := json.Marshal(a)
	if err != nil {
		return nil, oidc.ErrServerError()
	}
	v := visitOf(ctx)
	request, err := s.p.cfg.Book.Begin(ctx, &c.app, store.LoginByApp, func(l *store.LoginRequest) {
		l.Asked, l.Browser = text, s.p.cfg.Browsers.Begin(v.w, v.r)
	})
	if err != nil {
		v.fault = words.Unavailable
		return nil, s.p.broken(ctx, err)
	}
	return op.NewRedirect(c.LoginURL(request.ID)), nil
}

// asked judges what an app asks for.
func (p *Provider) asked(_ context.Context, r *oidc.AuthRequest, form url.Values) (Asked, error) {
	a := Asked{
		RedirectURI: r.RedirectURI, State: r.State, Nonce: r.Nonce, Challenge: r.CodeChallenge, Mode: string(r.ResponseMode), Prompt: r.Prompt,
		LoginHint: r.LoginHint, TenantHint: form.Get("tenant_hint"),
	}
	for _, scope := range r.Scopes {
		if slices.Contains(gate.Scopes(), scope) && !slices.Contains(a.Scopes, scope) {
			a.Scopes = append(a.Scopes, scope)
		}
	}
	for _, tag := range r.UILocales {
		a.Locales = append(a.Locales, tag.String())
	}
	if r.MaxAge != nil {
		seconds := int64(min(*r.MaxAge, maxAge))
		a.MaxAge = &seconds
	}
	refused := func(description string) (Asked, error) {
		return Asked{}, oidc.ErrInvalidRequest().WithDescription("%s", description)
	}
	for _, text := range []string{a.State, a.Nonce, a.LoginHint, a.TenantHint} {
		if len(text) > maxText || !utf8.ValidString(text) {
			return refused("a parameter is too long or not in UTF-8")
		}
	}
	switch {
	case r.RequestParam != "":
		return Asked{}, oidc.ErrRequestNotSupported()
	case form.Get("request_uri") != "":
		return Asked{}, &oidc.Error{ErrorType: "request_uri_not_supported"}
	case form.Get("registration") != "":
		return Asked{}, &oidc.Error{ErrorType: "registration_not_supported"}
	case !slices.Contains(a.Scopes, gate.ScopeOpenID):
		return Asked{}, oidc.ErrInvalidScope().WithDescription("the scope openid is required")
	case r.ResponseMode != "" && r.ResponseMode != oidc.ResponseModeQuery && r.ResponseMode != oidc.ResponseModeFormPost:
		return refused("the response_mode is not supported")
	case r.CodeChallengeMethod != oidc.CodeChallengeMethodS256 || !challenge(r.CodeChallenge):
		return refused("a code_challenge with the method S256 is required (PKCE)")
	}
	return a, nil
}

// challenge says whether a text is a SHA-256 in base64url.
func challenge(text string) bool {
	return len(text) == 43 && !slices.ContainsFunc([]byte(text), func(b byte) bool { return !unreserved(b) || b == '.' || b == '~' })
}

func unreserved(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '.' || b == '_' || b == '~'
}

// hinted is whom the ID token is about that an app shows; empty for none.
func (p *Provider) hinted(ctx context.Context, hint, appID string) (string, error) {
	if hint == "" {
		return "", nil
	}
	claims, err := p.cfg.Keys.ReadID(ctx, hint)
	switch {
	case errors.Is(err, keys.ErrToken) || err == nil && claims["aud"] != appID:
		return "", oidc.ErrLoginRequired().WithDescription("the id_token_hint is no ID token of this client")
	case err != nil:
		return "", p.broken(ctx, err)
	}
	subject, _ := claims["sub"].(string)
	return subject, nil
}

// CallbackURL is where the login's pages lead the browser when a request is DONE.
func CallbackURL(requestID string) string { return PathCallback + "?id=" + url.QueryEscape(requestID) }

// callback leads a browser back to the app whose login is done, with a code. A request counts until it is over, so that who reloads gets
// another code; each is bound to what the app has asked for, and to its challenge.
func (p *Provider) callback(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	request, a, app, ok := p.waiting(w, r, r.URL.Query().Get("id"))
	if !ok {
		return
	}
	switch request.Step {
	case store.LoginDone:
	case store.LoginFailed, store.LoginRefused:
		p.answer(w, r, a, oidc.ErrAccessDenied().WithDescription("the login was refused: %s", request.Reason))
		return
	default:
		http.Redirect(w, r, client{app}.LoginURL(request.ID), http.StatusFound)
		return
	}
	s, err := p.store.LoginSession(ctx, request.SessionID)
	if err != nil {
		_ = p.broken(ctx, err)
		p.cfg.Page(w, r, words.Unavailable, http.StatusServiceUnavailable)
		return
	}
	code, err := p.code(ctx, &app, &s, &request, a)
	var told *oidc.Error
	switch {
	case errors.As(err, &told):
		p.answer(w, r, a, told)
	case err != nil:
		_ = p.broken(ctx, err)
		p.cfg.Page(w, r, words.Unavailable, http.StatusServiceUnavailable)
	default:
		p.note(ctx, request.ID, session.StepLed)
		p.answer(w, r, a, &op.CodeResponseType{Code: code, State: a.State})
	}
}

// code gives a code out for a session that stands and is what the app has asked for.
func (p *Provider) code(ctx context.Context, app *store.LoginApplication, s *store.LoginSession, request *store.LoginRequest, a Asked) (string, error) {
	right, err := p.judge.Stands(ctx, app, s)
	var ended *standing.Ended
	if errors.As(err, &ended) {
		return "", oidc.ErrAccessDenied().WithDescription("the login is over: %s", ended.Reason)
	}
	if err != nil {
		return "", err
	}
	now := p.clock.Now()
	if s.CreatedAt.Before(request.CreatedAt) && !a.Enough(s, now) {
		return "", oidc.ErrLoginRequired().WithDescription("the login is older than max_age or prompt allow")
	}
	if a.Subject != "" {
		subject, err := p.cfg.Gate.Subject(right.Key.Seller, right.Key.TenantID, right.Key.UserName)
		if err != nil {
			return "", err
		}
		if subject != a.Subject {
			return "", oidc.ErrLoginRequired().WithDescription("somebody else has logged in than the id_token_hint is about")
		}
	}
	code, digest := session.NewToken()
	err = p.store.AddLoginGrants(ctx, store.LoginGrant{
		Digest: digest, Kind: store.LoginCode, SessionID: s.ID, RequestID: request.ID, Scopes: oidc.SpaceDelimitedArray(a.Scopes).String(),
		CreatedAt: now, ExpiresAt: earlier(now.Add(CodeLife), s.ExpiresAt),
	})
	if errors.Is(err, store.ErrStale) {
		return "", oidc.ErrAccessDenied().WithDescription("the login is over")
	}
	return code, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Fail tells an app that its login has not come to an end: code is an error of OpenID Connect Core §3.1.2.6, such as login_required or
// access_denied. It shows a page where the app cannot be told.
func (p *Provider) Fail(w http.ResponseWriter, r *http.Request, requestID, code, description string) {
	_, a, _, ok := p.waiting(w, r, requestID)
	if ok {
		p.answer(w, r, a, oidc.ErrAccessDenied().WithDescription("%s", description), code)
	}
}

// waiting reads the request of an app that this browser has begun. When it is none any more it shows a page, and ok is false.
func (p *Provider) waiting(w http.ResponseWriter, r *http.Request, id string) (request store.LoginRequest, a Asked, app store.LoginApplication, ok bool) {
	page := func(fault string, status int) {
		p.cfg.Page(w, r, fault, status)
	}
	request, err := p.store.LoginRequest(r.Context(), id)
	if err == nil {
		a, err = AskedOf(&request)
	}
	switch {
	case errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrBadText) || errors.Is(err, ErrNotAsked):
		page(words.RequestOver, http.StatusBadRequest)
		return
	case err != nil:
		_ = p.broken(r.Context(), err)
		page(words.Unavailable, http.StatusServiceUnavailable)
		return
	case len(request.Browser) == 0 || subtle.ConstantTimeCompare(p.cfg.Browsers.Known(r), request.Browser) != 1:
		page(words.BrowserChanged, http.StatusForbidden)
		return
	case !p.clock.Now().Before(request.ExpiresAt):
		page(words.RequestOver, http.StatusBadRequest)
		return
	}
	app, err = p.store.LoginApplication(r.Context(), request.AppID)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && (app.State != store.LoginEnabled || app.Seller != request.Seller):
		page(string(store.EndApplicationClosed), http.StatusForbidden)
	case err != nil:
		_ = p.broken(r.Context(), err)
		page(words.Unavailable, http.StatusServiceUnavailable)
	case !slices.Contains(client{app}.RedirectURIs(), a.RedirectURI):
		page(words.RedirectUnknown, http.StatusBadRequest)
	default:
		ok = true
	}
	return
}

// answer leads the browser back to the app, in the mode that it has asked for.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, a Asked, response any, code ...string) {
	if e, ok := response.(*oidc.Error); ok {
		e.State = a.State
	}
	values := make(map[string][]string)
	if err := oidc.NewEncoder().Encode(response, values); err != nil {
		_ = p.broken(r.Context(), err)
		p.cfg.Page(w, r, words.Unavailable, http.StatusInternalServerError)
		return
	}
	if len(code) > 0 {
		values["error"] = code
	}
	back, err := url.Parse(a.RedirectURI)
	if err != nil {
		p.cfg.Page(w, r, words.RedirectUnknown, http.StatusBadRequest)
		return
	}
	if a.Mode == string(oidc.ResponseModeFormPost) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; script-src 'sha256-"+formScriptDigest+"'; form-action "+back.Scheme+"://"+back.Host)
		if err := formPage.Execute(w, map[string]any{"To": a.RedirectURI, "Values": values}); err != nil {
			p.cfg.Log.WarnContext(r.Context(), "a form could not be written", "error", err)
		}
		return
	}
	query := back.Query()
	for name, list := range values {
		query[name] = list
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// formScript sends the form; without scripts the person does.
const (
	formScript       = `document.forms[0].submit()`
	formScriptDigest = "ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE="
)

var formPage = template.Must(template.New("form").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>…</title></head>
<body><form method="post" action="{{.To}}">{{range $name, $list := .Values}}{{range $list}}
<input type="hidden" name="{{$name}}" value="{{.}}">{{end}}{{end}}
<noscript><button>继续 · Continue</button></noscript></form>
<script>` + formScript + `</script></body></html>
`))

// note adds a step to a request that is over. That it cannot be noted is nobody's fault and stops nothing.
func (p *Provider) note(ctx context.Context, id string, name session.StepName) {
	if err := p.cfg.Book.After(ctx, id, name); err != nil {
		p.cfg.Log.WarnContext(ctx, "a step of a login was not noted", "request_id", id, "error", err)
	}
}
