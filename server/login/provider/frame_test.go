// SPDX-License-Identifier: Apache-2.0

package provider_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/store"
)

// Everything that discovery tells is there, and is served as it is told; a member that is new here is a question to whoever adds it.
func TestDiscovery(t *testing.T) {
	r := newRig(t)
	in, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.issuer+provider.PathDiscovery, nil)
	r.Must(err)
	got := r.send(in)
	text, err := json.MarshalIndent(got.body, "", " ")
	r.Must(err)
	want := strings.ReplaceAll(`{
 "authorization_endpoint": "ISSUER/authorize",
 "backchannel_logout_session_supported": true,
 "backchannel_logout_supported": true,
 "claim_types_supported": [
  "normal"
 ],
 "claims_supported": CLAIMS,
 "code_challenge_methods_supported": [
  "S256"
 ],
 "end_session_endpoint": "ISSUER/end_session",
 "grant_types_supported": [
  "authorization_code",
  "refresh_token"
 ],
 "id_token_signing_alg_values_supported": [
  "RS256"
 ],
 "introspection_endpoint": "ISSUER/oauth/introspect",
 "introspection_endpoint_auth_methods_supported": [
  "client_secret_basic",
  "client_secret_post"
 ],
 "issuer": "ISSUER",
 "jwks_uri": "ISSUER/keys",
 "request_uri_parameter_supported": false,
 "response_modes_supported": [
  "query",
  "form_post"
 ],
 "response_types_supported": [
  "code"
 ],
 "revocation_endpoint": "ISSUER/oauth/revoke",
 "revocation_endpoint_auth_methods_supported": [
  "client_secret_basic",
  "client_secret_post"
 ],
 "scopes_supported": [
  "openid",
  "profile",
  "email",
  "phone",
  "offline_access"
 ],
 "subject_types_supported": [
  "public"
 ],
 "token_endpoint": "ISSUER/oauth/token",
 "token_endpoint_auth_methods_supported": [
  "client_secret_basic",
  "client_secret_post"
 ],
 "userinfo_endpoint": "ISSUER/userinfo"
}`, "ISSUER", r.issuer)
	claims, err := json.MarshalIndent(got.body["claims_supported"], " ", " ")
	r.Must(err)
	if string(text) != strings.Replace(want, "CLAIMS", string(claims), 1) {
		t.Errorf("discovery says %s", text)
	}
	if got.header.Get("Content-Type") != "application/json" || got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("headers %v", got.header)
	}
}

// The keys that are published are those of the library, and no more.
func TestKeys(t *testing.T) {
	r := newRig(t)
	in, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.issuer+provider.PathKeys, nil)
	r.Must(err)
	got := r.send(in)
	list, _ := got.body["keys"].([]any)
	if len(list) != 1 || len(got.body) != 1 {
		t.Fatalf("%v", got.body)
	}
	key, _ := list[0].(map[string]any)
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi"} {
		if key[name] != nil {
			t.Errorf("the key has a private member %s", name)
		}
	}
	if key["kty"] != "RSA" || key["use"] != "sig" || key["alg"] != "RS256" {
		t.Errorf("%v", key)
	}
}

// What is not one of the addresses, or is called in another way, does not reach the library.
func TestTheFrame(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	call := func(method, path, body string) said {
		t.Helper()
		in, err := http.NewRequestWithContext(t.Context(), method, r.issuer+path, strings.NewReader(body))
		r.Must(err)
		in.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		in.Header.Set("Origin", "https://evil.example.com")
		in.SetBasicAuth(logintest.App, secret)
		return r.send(in)
	}
	for _, c := range []struct{ method, path, body, want string }{
		{http.MethodGet, provider.PathToken, "", "405"}, {http.MethodPut, provider.PathToken, "", "405"}, {http.MethodOptions, provider.PathToken, "", "405"},
		{http.MethodGet, provider.PathIntrospect, "", "405"}, {http.MethodGet, provider.PathRevoke, "", "405"}, {http.MethodPost, provider.PathKeys, "", "405"},
		{http.MethodPost, provider.PathDiscovery, "", "405"}, {http.MethodPost, provider.PathCallback, "", "405"}, {http.MethodDelete, provider.PathUserinfo, "", "405"},
		{http.MethodPost, provider.PathToken + "?grant_type=refresh_token", "refresh_token=x", "400 invalid_request"},
		{http.MethodPost, provider.PathToken, "grant_type=refresh_token&refresh_token=x&refresh_token=y", "400 invalid_request"},
		{http.MethodPost, provider.PathToken, "grant_type=refresh_token&refresh_token=" + strings.Repeat("x", 70000), "400 invalid_request"},
		{http.MethodPost, provider.PathToken, "%zz", "400 invalid_request"},
		{http.MethodPost, provider.PathToken, "", "400 invalid_request"},
		{http.MethodPost, provider.PathToken, "grant_type=password&username=a&password=b", "400 unsupported_grant_type"},
		{http.MethodPost, provider.PathToken, "grant_type=client_credentials", "400 unauthorized_client"},
		{http.MethodPost, provider.PathToken, "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=x", "400 unauthorized_client"},
		{http.MethodPost, provider.PathToken, "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=x", "400 unauthorized_client"},
		{http.MethodPost, provider.PathToken, "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=x", "400 unsupported_grant_type"},
		{http.MethodPost, provider.PathToken, "grant_type=authorization_code", "400 invalid_request"},
		{http.MethodPost, provider.PathToken, "grant_type=refresh_token", "400 invalid_request"},
		{http.MethodPost, provider.PathIntrospect, "", "400 invalid_request"},
		{http.MethodPost, provider.PathRevoke, "", "400 invalid_request"},
	} {
		got := call(c.method, c.path, c.body)
		is(t, c.method+" "+c.path+" "+c.body[:min(len(c.body), 60)], got, c.want)
		if got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is open to other sites", c.path)
		}
	}
	for _, path := range []string{"/healthz", "/ready", "/device_authorization", "/authorize/", "/oauth"} {
		in, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Must(err)
		w := httptest.NewRecorder()
		r.replicas[0].Handler().ServeHTTP(w, in)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, path := range []string{provider.PathToken, provider.PathIntrospect, provider.PathRevoke} {
		if got := call(http.MethodPost, path, "token=x&grant_type=refresh_token&refresh_token=x"); got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, got.header)
		}
	}
	if !slices.Contains(provider.Paths(), provider.PathEndSession) || slices.Contains(gate.Scopes(), "address") {
		t.Error("the paths or the scopes are others")
	}
}

// Whatever goes wrong, neither our log nor the library's has a code, a token, a secret or a person.
func TestSecretsStayInside(t *testing.T) {
	r := newRig(t)
	inst := r.Ready("CS1")
	got, verifier := r.begin()
	code := got.values.Get("code")
	first := r.exchange(code, verifier)
	access, refresh := text(first, "access_token"), text(first, "refresh_token")
	r.exchange(code, oauth2.GenerateVerifier())
	r.exchange(code, verifier, logintest.App, "kgl_a-wrong-secret")
	r.userinfo(access)
	r.refresh(refresh)
	r.State(inst, store.InstanceFrozen)
	r.endSession("id_token_hint", text(first, "id_token"), "state", "x")
	r.begin("code_challenge", "")
	r.post(provider.PathToken, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_secret": {secret}, "client_id": {logintest.App}})
	all := logged.String() + r.log.String()
	for name, value := range map[string]string{
		"code": code, "verifier": verifier, "access token": access, "refresh token": refresh, "ID token": text(first, "id_token"), "secret": secret,
		"wrong secret": "kgl_a-wrong-secret", "person": "张三", "mobile": "13800000000", "user": logintest.User,
	} {
		if strings.Contains(all, value) {
			t.Errorf("a log holds the %s", name)
		}
	}
}

func TestConfigs(t *testing.T) {
	r := newRig(t)
	for _, issuer := range []string{"", "https://", "login.example.com", "http://login.example.com", "https://login.example.com/", "https://login.example.com/op", "https://user@login.example.com", "https://login.example.com?x=1"} {
		var cfg provider.Config
		r.provider(func(c *provider.Config) { cfg = *c })
		cfg.Issuer = issuer
		if _, err := provider.New(cfg); !errors.Is(err, provider.ErrConfig) {
			t.Errorf("%q: %v", issuer, err)
		}
	}
	if _, err := provider.New(provider.Config{Issuer: "https://login.example.com"}); !errors.Is(err, provider.ErrConfig) {
		t.Errorf("nothing: %v", err)
	}
}
