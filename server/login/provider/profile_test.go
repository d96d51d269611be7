// SPDX-License-Identifier: Apache-2.0

package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/store"
)

// Parameters that change nothing here are taken and ignored, as RFC 6749 §3.1 has it. The names are those of the checks of the OpenID
// Foundation's conformance suite; docs/login-conformance.md has the whole list.
func TestParametersThatChangeNothing(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	for name, parameters := range map[string][]string{
		"oidcc-ensure-request-with-unknown-parameter-succeeds": {"extra", "foobar"},
		"oidcc-display-page":                                        {"display", "page"},
		"oidcc-display-popup":                                       {"display", "popup"},
		"oidcc-ui-locales":                                          {"ui_locales", "se en-GB xx-nonsense"},
		"oidcc-claims-locales":                                      {"claims_locales", "se"},
		"oidcc-login-hint":                                          {"login_hint", "somebody@example.com"},
		"oidcc-ensure-request-with-acr-values-succeeds":             {"acr_values", "1 2"},
		"oidcc-claims-essential":                                    {"claims", `{"userinfo":{"name":{"essential":true}}}`},
		"oidcc-ensure-other-scope-order-succeeds":                   {"scope", "email profile openid"},
		"oidcc-ensure-request-without-nonce-succeeds-for-code-flow": {"nonce", ""},
		"without a state":                                           {"state", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, verifier := r.begin(parameters...)
			if state := got.values.Get("state"); state != "the state" && parameters[0] != "state" {
				t.Errorf("state %q", state)
			}
			first := r.exchange(got.values.Get("code"), verifier)
			is(t, "the code", first, "200")
			_, verify, ctx := r.library()
			id, err := verify.Verify(ctx, text(first, "id_token"))
			r.Must(err)
			if want := map[bool]string{true: "", false: "the nonce"}[parameters[0] == "nonce"]; id.Nonce != want {
				t.Errorf("nonce %q", id.Nonce)
			}
		})
	}
}

// oidcc-ensure-post-request-succeeds: the request may be posted.
func TestAPostedRequest(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	address, verifier := r.address()
	path, query, _ := strings.Cut(address, "?")
	in, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(query))
	r.Must(err)
	in.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	out, err := r.browser.Do(in)
	r.Must(err)
	out.Body.Close()
	got := <-r.arrived
	is(t, "the code", r.exchange(got.values.Get("code"), verifier), "200")
}

// oidcc-userinfo-get, -post-header and -post-body say the same, and the sub is the ID token's.
func TestUserinfoSaysTheSameHoweverItIsAsked(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) { a.Settings.Personal = []string{registry.PersonalEmail} })
	r.Ready("CS1")
	token := r.login()
	_, verify, ctx := r.library()
	id, err := verify.Verify(ctx, idToken(token))
	r.Must(err)
	in, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.issuer+provider.PathUserinfo, nil)
	r.Must(err)
	in.Header.Set("Authorization", "Bearer "+token.AccessToken)
	for name, got := range map[string]said{
		"get": r.userinfo(token.AccessToken), "post header": r.send(in),
		"post body": r.post(provider.PathUserinfo, url.Values{"access_token": {token.AccessToken}}, "none"),
	} {
		if got.status != http.StatusOK || got.body["sub"] != id.Subject || got.body["email"] != "zhangsan01@example.com" || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v %v", name, got, got.body)
		}
	}
}

// oidcc-prompt-none-not-logged-in, and what an app gets of it; oidcc-prompt-none-logged-in is a case of TestWhatAnAppDemandsOfALogin.
func TestNobodyIsLoggedIn(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	r.page = func(w http.ResponseWriter, in *http.Request) {
		r.replicas[1].Fail(w, in, in.URL.Query().Get("request"), "login_required", "nobody is logged in")
	}
	got, _ := r.begin("prompt", "none")
	if got.values.Get("error") != "login_required" || got.values.Get("state") != "the state" || got.values.Get("code") != "" {
		t.Errorf("the app got %v", got.values)
	}
}

// oidcc-refresh-token: the tokens of a refresh are of the same person and login (OpenID Connect Core §12.2).
func TestAnIDTokenOfARefresh(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	token := r.login()
	r.Clock.Advance(5 * time.Minute)
	got := r.refresh(token.RefreshToken)
	_, verify, ctx := r.library()
	before, err := verify.Verify(ctx, idToken(token))
	r.Must(err)
	after, err := verify.Verify(ctx, text(got, "id_token"))
	r.Must(err)
	var a, b map[string]any
	r.Must(before.Claims(&a))
	r.Must(after.Claims(&b))
	for _, name := range []string{"iss", "sub", "aud", "azp", "sid", "auth_time"} {
		if a[name] == nil || a[name] != b[name] {
			t.Errorf("%s was %v and is %v", name, a[name], b[name])
		}
	}
	if !after.IssuedAt.After(before.IssuedAt) || after.VerifyAccessToken(text(got, "access_token")) != nil {
		t.Error("the ID token is not a new one, or of another access token")
	}
}

// oidcc-ensure-request-object-with-redirect-uri: what stands in a request object leads nobody anywhere.
func TestARequestObjectLeadsNowhere(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	object := "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS5jb20ifQ."
	got, _ := r.begin("request", object)
	if got.values.Get("error") != "request_not_supported" {
		t.Errorf("the app got %v", got.values)
	}
	address, _ := r.address("request", object, "redirect_uri", "")
	if status, page := r.visit(address); status != http.StatusBadRequest || page != "page: REDIRECT_UNKNOWN" {
		t.Errorf("%d %s", status, page)
	}
}

// The library of the app finds the right way to show its secret by itself.
func TestTheLibraryFindsItsWay(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	cfg, _, ctx := r.library()
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleAutoDetect, oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		cfg.Endpoint.AuthStyle = style
		got, verifier := r.begin()
		token, err := cfg.Exchange(ctx, got.values.Get("code"), oauth2.VerifierOption(verifier))
		r.Must(err)
		token.Expiry = time.Unix(1, 0) // the library refreshes by itself
		next, err := cfg.TokenSource(ctx, token).Token()
		r.Must(err)
		if next.AccessToken == token.AccessToken || next.RefreshToken == token.RefreshToken {
			t.Error("nothing was refreshed")
		}
		if r.session().AppID != logintest.App {
			t.Error("another app's session")
		}
	}
}
