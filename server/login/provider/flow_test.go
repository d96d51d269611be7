// SPDX-License-Identifier: Apache-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/store"
)

// An app that is built on a public library logs a user in: nonce, state, at_hash, signature and userinfo are checked by the library.
func TestAnAppOfAPublicLibrary(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) {
		a.Settings.Personal = []string{registry.PersonalMobile, registry.PersonalEmail}
	})
	r.Ready("CS1")
	got, verifier := r.begin()
	if got.method != http.MethodGet || got.values.Get("state") != "the state" || got.values.Get("code") == "" || len(got.values) != 2 {
		t.Fatalf("the app got %+v", got)
	}
	cfg, verify, ctx := r.library()
	token, err := cfg.Exchange(ctx, got.values.Get("code"), oauth2.VerifierOption(verifier))
	r.Must(err)
	raw, _ := token.Extra("id_token").(string)
	id, err := verify.Verify(ctx, raw)
	r.Must(err)
	r.Must(id.VerifyAccessToken(token.AccessToken))
	if id.Nonce != "the nonce" || id.Expiry.Sub(id.IssuedAt) != provider.IDLife || token.RefreshToken == "" || token.TokenType != "Bearer" {
		t.Errorf("%+v, %+v", id, token.TokenType)
	}
	var claims map[string]any
	r.Must(id.Claims(&claims))
	s := r.session()
	if claims["sid"] != s.ID || claims["auth_time"] != float64(s.CreatedAt.Unix()) || claims["azp"] != logintest.App || claims["tenant_id"] != logintest.Tenant ||
		claims["user_name"] != logintest.User || fmt.Sprint(claims["instance_ids"]) != "[inst-CS1]" {
		t.Errorf("the ID token says %v", claims)
	}
	for _, name := range []string{"name", "email", "phone_number", "department"} { // an ID token ends in addresses, at a logout
		if claims[name] != nil {
			t.Errorf("the ID token says %s", name)
		}
	}
	info, err := r.discovery.UserInfo(ctx, oauth2.StaticTokenSource(token))
	r.Must(err)
	var person map[string]any
	r.Must(info.Claims(&person))
	if info.Subject != id.Subject || info.Email != "zhangsan01@example.com" || person["phone_number"] != "13800000000" || person["name"] != "张三" || person["role"] != "user" {
		t.Errorf("userinfo says %v", person)
	}
	request, err := r.World.Store.LoginRequest(t.Context(), r.requestID())
	r.Must(err)
	var steps []string
	for _, step := range session.Steps(&request) {
		steps = append(steps, string(step.Name))
	}
	if got := strings.Join(steps, " "); got != "BEGUN SESSION LED PERSON_TOLD" {
		t.Errorf("steps %s", got)
	}
}

// requestID is the newest request's.
func (r *rig) requestID() string {
	r.t.Helper()
	list, err := r.World.Store.ListLoginRequests(r.t.Context(), store.ListQuery{Seller: logintest.Seller, Limit: 100})
	r.Must(err)
	return list[len(list)-1].ID
}

// An app is told only what its scopes bring.
func TestScopes(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) {
		a.Settings.Personal = []string{registry.PersonalMobile, registry.PersonalEmail}
	})
	r.Ready("CS1")
	for scope, want := range map[string]string{
		"openid": "", "openid profile": "name", "openid email": "email", "openid phone": "phone_number", "openid unknown address": "",
		"openid profile email phone": "name email phone_number",
	} {
		token := r.login("scope", scope)
		info := r.userinfo(token.AccessToken)
		var told []string
		for _, name := range []string{"name", "email", "phone_number"} {
			if info.body[name] != nil {
				told = append(told, name)
			}
		}
		if got := strings.Join(told, " "); got != want || token.RefreshToken != "" {
			t.Errorf("%q brings %q, want %q; refresh token: %v", scope, got, want, token.RefreshToken != "")
		}
		if granted, _ := token.Extra("scope").(string); strings.Contains(granted, "unknown") || strings.Contains(granted, "address") {
			t.Errorf("%q is granted as %q", scope, granted)
		}
	}
}

// Codes count for the app and the verifier that they were given out for, and whoever else tries does not use them up.
func TestACodeCountsForItsApp(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	other := store.LoginApplication{
		Seller: logintest.Seller, AppID: "app-2", State: store.LoginEnabled, CreatedAt: r.Clock.Now(), UpdatedAt: r.Clock.Now(),
		Settings: store.LoginSettings{RedirectURIs: []string{r.callback}}, Secrets: []store.LoginSecret{{ID: "1", Digest: session.Digest(older)}},
	}
	r.Must(r.World.Store.AddLoginApplication(t.Context(), &other, 10))
	got, verifier := r.begin()
	code := got.values.Get("code")
	for name, try := range map[string]func() said{
		"no verifier":      func() said { return r.exchange(code, "") },
		"another verifier": func() said { return r.exchange(code, oauth2.GenerateVerifier()) },
		"the challenge":    func() said { return r.exchange(code, oauth2.S256ChallengeFromVerifier(verifier)) },
		"a short verifier": func() said { return r.exchange(code, verifier[:42]) },
		"another app":      func() said { return r.exchange(code, verifier, "app-2", older) },
		"no such code":     func() said { return r.exchange(code+"0", verifier) },
		"another address": func() said {
			return r.post(provider.PathToken, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.callback + "/"}, "code_verifier": {verifier}})
		},
		"as a refresh token": func() said { return r.refresh(code) },
	} {
		is(t, name, try(), "400 invalid_grant")
	}
	for name, try := range map[string]func() said{
		"a wrong secret":           func() said { return r.exchange(code, verifier, logintest.App, secret+"x") },
		"no such client":           func() said { return r.exchange(code, verifier, "nobody", secret) },
		"another app's secret":     func() said { return r.exchange(code, verifier, logintest.App, older) },
		"the digest of the secret": func() said { return r.exchange(code, verifier, logintest.App, string(session.Digest(secret))) },
		"an empty secret":          func() said { return r.exchange(code, verifier, logintest.App, "") },
		"an assertion": func() said {
			return r.post(provider.PathToken, url.Values{
				"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.callback}, "code_verifier": {verifier},
				"client_assertion": {"a.b.c"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			}, "none")
		},
	} {
		got := try()
		is(t, name, got, "401 invalid_client")
		if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: no challenge", name)
		}
	}
	if access := r.userinfo(code); access.status != http.StatusUnauthorized {
		t.Errorf("a code is an access token: %s", access)
	}
	r.alive()
	is(t, "its app", r.exchange(code, verifier), "200")
}

// A verifier that could be guessed is none, also where the app has made its challenge of it.
func TestAShortVerifier(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	short := strings.Repeat("x", 42)
	got, _ := r.begin("code_challenge", oauth2.S256ChallengeFromVerifier(short))
	is(t, "42 characters", r.exchange(got.values.Get("code"), short), "400 invalid_grant")
	got, _ = r.begin("code_challenge", oauth2.S256ChallengeFromVerifier(short+"x"))
	is(t, "43 characters", r.exchange(got.values.Get("code"), short+"x"), "200")
}

func TestACodeCountsOnce(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	got, verifier := r.begin()
	first := r.exchange(got.values.Get("code"), verifier)
	is(t, "the first", first, "200")
	access, _ := first.body["access_token"].(string)
	refresh, _ := first.body["refresh_token"].(string)
	is(t, "userinfo", r.userinfo(access), "200")
	r.at.Store(1)
	is(t, "the second, at another replica", r.exchange(got.values.Get("code"), verifier), "400 invalid_grant")
	r.ended(store.EndReused)
	is(t, "userinfo after it", r.userinfo(access), "401 invalid_token")
	is(t, "refresh after it", r.refresh(refresh), "400 invalid_grant")
}

// Also when it comes again long after it was over.
func TestACodeThatComesAgainLater(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	got, verifier := r.begin()
	is(t, "the first", r.exchange(got.values.Get("code"), verifier), "200")
	r.Clock.Advance(time.Hour)
	is(t, "the second", r.exchange(got.values.Get("code"), verifier), "400 invalid_grant")
	r.ended(store.EndReused)
}

func TestACodeCountsForAMinute(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	got, verifier := r.begin()
	r.Clock.Advance(provider.CodeLife - time.Second)
	is(t, "in time", r.exchange(got.values.Get("code"), verifier), "200")
	got, verifier = r.begin()
	r.Clock.Advance(provider.CodeLife)
	is(t, "too late", r.exchange(got.values.Get("code"), verifier), "400 invalid_grant")
	r.alive()
}

// Two secrets count at once while an app changes from one to the other, in the header and in the body.
func TestSecretsOverlap(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) {
		a.Secrets = append(a.Secrets, store.LoginSecret{ID: "1", Digest: session.Digest(older), Until: a.CreatedAt.Add(time.Hour)})
	})
	r.Ready("CS1")
	use := func(text string, body bool) said {
		got, verifier := r.begin()
		form := url.Values{"grant_type": {"authorization_code"}, "code": {got.values.Get("code")}, "redirect_uri": {r.callback}, "code_verifier": {verifier}}
		if body {
			form.Set("client_id", logintest.App)
			form.Set("client_secret", text)
			return r.post(provider.PathToken, form, "none")
		}
		return r.post(provider.PathToken, form, logintest.App, text)
	}
	for _, text := range []string{secret, older} {
		is(t, "basic", use(text, false), "200")
		is(t, "post", use(text, true), "200")
	}
	r.Clock.Advance(time.Hour)
	is(t, "the newer", use(secret, false), "200")
	is(t, "the older, past its end", use(older, false), "401 invalid_client")
	got, verifier := r.begin()
	both := r.post(provider.PathToken, url.Values{
		"grant_type": {"authorization_code"}, "code": {got.values.Get("code")}, "redirect_uri": {r.callback}, "code_verifier": {verifier},
		"client_id": {logintest.App}, "client_secret": {secret},
	})
	is(t, "in both", both, "400 invalid_request")
}

// An address that is not registered letter by letter gets nothing, not even an error.
func TestAddressesToComeBackTo(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) {
		a.Settings.RedirectURIs = append(a.Settings.RedirectURIs, "http://plain.example.com/callback", "https://user@app.example.com/x", "javascript:alert(1)")
	})
	r.Ready("CS1")
	host := strings.TrimPrefix(r.site, "http://")
	for _, address := range []string{
		"", r.callback + "/", r.callback + "?x=1", r.callback + "#x", r.callback + "/../callback", r.site + "/Callback", r.site + "/callback%2f",
		r.site + "/call%62ack", r.site + "//callback", "https://" + host + "/callback", "http://user@" + host + "/callback", "http://" + host + ":80/callback",
		"http://127.0.0.1/callback", "http://localhost" + r.callback[strings.LastIndex(r.callback, ":"):], r.callback + "@evil.example.com", r.callback + ".evil.example.com",
		"https://app.example.com/callback", "https://app.example.com/callback?fixed=2", "https://app.example.com:443/callback?fixed=1", "https://APP.example.com/callback?fixed=1",
		"https://evil.example.com", "//evil.example.com", "javascript:alert(1)", "http://plain.example.com/callback", "https://user@app.example.com/x", "\\\\evil.example.com",
	} {
		to, _ := r.address("redirect_uri", address)
		if status, text := r.visit(to); status != http.StatusBadRequest || text != "page: REDIRECT_UNKNOWN" {
			t.Errorf("%q: %d %s", address, status, text)
		}
	}
	select {
	case got := <-r.arrived:
		t.Errorf("the app got %+v", got)
	default:
	}
}

// What is wrong with a request is told to the app, once it is certain whose address it is.
func TestWhatIsWrongIsToldToTheApp(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	for name, c := range map[string]struct {
		parameters []string
		want       string
	}{
		"no challenge":           {[]string{"code_challenge", ""}, "invalid_request"},
		"plain":                  {[]string{"code_challenge_method", "plain"}, "invalid_request"},
		"no method":              {[]string{"code_challenge_method", ""}, "invalid_request"},
		"another method":         {[]string{"code_challenge_method", "S512"}, "invalid_request"},
		"a short challenge":      {[]string{"code_challenge", "abc"}, "invalid_request"},
		"no scope":               {[]string{"scope", ""}, "invalid_request"},
		"not openid":             {[]string{"scope", "profile"}, "invalid_scope"},
		"an unknown scope alone": {[]string{"scope", "everything"}, "invalid_scope"},
		"no response_type":       {[]string{"response_type", ""}, "invalid_request"},
		"implicit":               {[]string{"response_type", "id_token"}, "unauthorized_client"},
		"token":                  {[]string{"response_type", "token"}, "unauthorized_client"},
		"hybrid":                 {[]string{"response_type", "code id_token"}, "unauthorized_client"},
		"fragment":               {[]string{"response_mode", "fragment"}, "invalid_request"},
		"a request object":       {[]string{"request", "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"},
		"a request address":      {[]string{"request_uri", "https://evil.example.com/request"}, "request_uri_not_supported"},
		"a registration":         {[]string{"registration", "{}"}, "registration_not_supported"},
		"none and login":         {[]string{"prompt", "none login"}, "invalid_request"},
		"a hint of somebody":     {[]string{"id_token_hint", "a.b.c"}, "login_required"},
		"no text":                {[]string{"nonce", "\xff"}, "invalid_request"},
		"a long nonce":           {[]string{"nonce", strings.Repeat("x", 5000)}, "invalid_request"},
	} {
		address, _ := r.address(append(c.parameters, "redirect_uri", "https://app.example.com/callback?fixed=1")...)
		to, err := url.Parse(r.step(address))
		r.Must(err)
		got := to.Query()
		if to.Fragment != "" {
			got, err = url.ParseQuery(to.Fragment)
			r.Must(err)
		}
		if got.Get("error") != c.want || got.Get("state") != "the state" || got.Get("code") != "" || !strings.HasPrefix(to.String(), "https://app.example.com/callback?") {
			t.Errorf("%s: the browser is led to %s, want %s", name, to, c.want)
		}
	}
}

// step makes one request in the browser and returns where it leads.
func (r *rig) step(address string) string {
	r.t.Helper()
	in, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, address, nil)
	r.Must(err)
	once := *r.browser
	once.CheckRedirect = r.plain.CheckRedirect
	out, err := once.Do(in)
	r.Must(err)
	out.Body.Close()
	return out.Header.Get("Location")
}

// What nobody can be told is a page, and an open door for nobody.
func TestRequestsWithoutAnApp(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	good, _ := r.address()
	for name, c := range map[string]struct{ address, want string }{
		"no such app":       {strings.Replace(good, "client_id=app-1", "client_id=app-9", 1), "page: APPLICATION_UNKNOWN"},
		"no app":            {strings.Replace(good, "client_id=app-1", "", 1), "page: APPLICATION_UNKNOWN"},
		"two apps":          {good + "&client_id=app-2", "page: FORM_INVALID"},
		"two addresses":     {good + "&redirect_uri=https%3A%2F%2Fevil.example.com", "page: FORM_INVALID"},
		"an age of letters": {good + "&max_age=old", "page: FORM_INVALID"},
		"too long":          {good + "&x=" + strings.Repeat("x", 20000), "page: FORM_INVALID"},
	} {
		if status, text := r.visit(c.address); status != http.StatusBadRequest || text != c.want {
			t.Errorf("%s: %d %s, want %s", name, status, text, c.want)
		}
	}
	_, err := r.World.Store.ChangeLoginApplication(t.Context(), logintest.Seller, logintest.App, r.Clock.Now(), func(a *store.LoginApplication) error {
		a.State = store.LoginDisabled
		return nil
	})
	r.Must(err)
	if status, text := r.visit(good); status != http.StatusBadRequest || text != "page: APPLICATION_CLOSED" {
		t.Errorf("a closed app: %d %s", status, text)
	}
}

// A code comes in a form where the app asks for it, also with scripts switched off, and the form leads nowhere else.
func TestFormPost(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	for _, want := range []string{"code", "error"} {
		if want == "error" {
			r.page = func(w http.ResponseWriter, in *http.Request) {
				r.replicas[0].Fail(w, in, in.URL.Query().Get("request"), "login_required", "nobody is logged in")
			}
		}
		to, verifier := r.address("response_mode", "form_post", "state", `a"><script>`)
		in, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
		r.Must(err)
		out, err := r.browser.Do(in)
		r.Must(err)
		text := readAll(t, out)
		policy := out.Header.Get("Content-Security-Policy")
		if out.StatusCode != http.StatusOK || strings.Contains(text, `"><script>"`) || !strings.Contains(text, `action="`+r.callback+`"`) ||
			!strings.Contains(text, "<noscript>") || !strings.Contains(policy, "form-action "+r.site) || strings.Contains(policy, "unsafe") {
			t.Fatalf("%d %s\n%s", out.StatusCode, policy, text)
		}
		value := between(text, `name="`+want+`" value="`, `"`)
		if want == "error" {
			if value != "login_required" {
				t.Errorf("error %q", value)
			}
			continue
		}
		is(t, "the code of the form", r.exchange(value, verifier), "200")
	}
}

// The signature of an ID token holds after the next key signs, with the library's own handling of unknown keys.
func TestAnIDTokenAfterARotation(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) { a.Settings.LifeSeconds = 30 * 24 * 3600 })
	r.Ready("CS1")
	verify := func(token *oauth2.Token) *oidc.IDToken {
		t.Helper()
		_, verifier, ctx := r.library()
		raw, _ := token.Extra("id_token").(string)
		id, err := verifier.Verify(ctx, raw)
		r.Must(err)
		return id
	}
	r.login()
	r.Clock.Advance(28 * 24 * time.Hour)
	r.login() // the next key is published
	r.Clock.Advance(2*24*time.Hour - time.Minute)
	before := r.login()
	first := verify(before)
	r.Clock.Advance(2 * time.Minute)
	r.at.Store(1)
	after := r.login()
	if second := verify(after); second.Subject != first.Subject {
		t.Error("a rotation changes subjects")
	}
	verify(before)
	if kid(t, before) == kid(t, after) {
		t.Error("no other key signs")
	}
}
