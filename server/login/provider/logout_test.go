// SPDX-License-Identifier: Apache-2.0

package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/store"
)

// endSession is where the browser is led by a logout: an address, or a page and its status.
func (r *rig) endSession(parameters ...string) string {
	r.t.Helper()
	query := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	address := r.issuer + provider.PathEndSession + "?" + query.Encode()
	if to := r.step(address); to != "" {
		return to
	}
	_, text := r.visit(address)
	return text
}

func idToken(token *oauth2.Token) string {
	raw, _ := token.Extra("id_token").(string)
	return raw
}

func TestAnAppLogsOut(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	token := r.login()
	bye := r.site + "/bye"
	r.Clock.Advance(provider.IDLife + time.Hour) // an ID token counts as a hint when it is over
	if got := r.endSession("id_token_hint", idToken(token), "post_logout_redirect_uri", bye, "state", "s & t"); got != bye+"?state=s+%26+t" {
		t.Errorf("led to %s", got)
	}
	r.ended(store.EndLoggedOut)
	is(t, "userinfo", r.userinfo(token.AccessToken), "401 invalid_token")
	is(t, "refresh", r.refresh(token.RefreshToken), "400 invalid_grant")
	if got := r.endSession("id_token_hint", idToken(token), "post_logout_redirect_uri", bye); got != bye { // again
		t.Errorf("led to %s", got)
	}
	for _, c := range []struct{ back, want string }{
		{"", provider.PageLoggedOut}, {"https://app.example.com/bye?fixed=1", "https://app.example.com/bye?fixed=1&state=s"},
	} {
		token := r.login()
		parameters := []string{"id_token_hint", idToken(token), "client_id", logintest.App, "state", "s"}
		if c.back != "" {
			parameters = append(parameters, "post_logout_redirect_uri", c.back)
		}
		if got := r.endSession(parameters...); got != c.want {
			t.Errorf("led to %s, want %s", got, c.want)
		}
		r.ended(store.EndLoggedOut)
	}
}

// A logout that proves nothing ends nothing, and leads nowhere that is not registered.
func TestLogoutsThatAreRefused(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	other := store.LoginApplication{
		Seller: logintest.Seller, AppID: "app-2", State: store.LoginEnabled, CreatedAt: r.Clock.Now(), UpdatedAt: r.Clock.Now(),
		Settings: store.LoginSettings{PostLogoutURIs: []string{"https://two.example.com/bye"}},
	}
	r.Must(r.World.Store.AddLoginApplication(t.Context(), &other, 10))
	token := r.login()
	hint := idToken(token)
	bye := r.site + "/bye"
	for name, c := range map[string]struct {
		parameters []string
		want       string
	}{
		"another address":       {[]string{"id_token_hint", hint, "post_logout_redirect_uri", bye + "/"}, "page: REDIRECT_UNKNOWN"},
		"with a query":          {[]string{"id_token_hint", hint, "post_logout_redirect_uri", bye + "?x=1"}, "page: REDIRECT_UNKNOWN"},
		"another app's address": {[]string{"id_token_hint", hint, "post_logout_redirect_uri", "https://two.example.com/bye"}, "page: REDIRECT_UNKNOWN"},
		"another app":           {[]string{"id_token_hint", hint, "client_id", "app-2"}, "page: FORM_INVALID"},
		"no ID token":           {[]string{"id_token_hint", hint[:len(hint)-8]}, "page: FORM_INVALID"},
		"an access token":       {[]string{"id_token_hint", token.AccessToken}, "page: FORM_INVALID"},
		"an address of nobody":  {[]string{"post_logout_redirect_uri", bye}, "page: REDIRECT_UNKNOWN"},
		"no such app":           {[]string{"client_id", "app-9", "post_logout_redirect_uri", bye}, "page: APPLICATION_UNKNOWN"},
		"no hint":               {[]string{"client_id", logintest.App, "post_logout_redirect_uri", bye, "state", "s"}, provider.PageLogout + "?client_id=app-1&post_logout_redirect_uri=" + url.QueryEscape(bye) + "&state=s"},
		"nothing":               {nil, provider.PageLogout},
	} {
		if got := r.endSession(c.parameters...); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	r.alive()
	is(t, "userinfo", r.userinfo(token.AccessToken), "200")
}

// Where the application has chosen so, a logout goes by way of the authentication centre.
func TestALogoutAtTheCentre(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) { a.Settings.LogoutUpstream = true })
	inst := r.Ready("CS1")
	bye := r.site + "/bye"
	token := r.login()
	if got := r.endSession("id_token_hint", idToken(token), "post_logout_redirect_uri", bye, "state", "s"); got != logintest.Domain+"/logout?back="+url.QueryEscape(bye+"?state=s") {
		t.Errorf("led to %s", got)
	}
	r.ended(store.EndLoggedOut)
	token = r.login()
	if got := r.endSession("id_token_hint", idToken(token)); got != logintest.Domain+"/logout?back="+url.QueryEscape(r.issuer+provider.PageLoggedOut) {
		t.Errorf("led to %s", got)
	}
	r.protocol = store.LoginCAS
	token = r.login()
	if got := r.endSession("id_token_hint", idToken(token), "post_logout_redirect_uri", bye); got != logintest.Domain+"/cas/logout?back="+url.QueryEscape(bye) {
		t.Errorf("led to %s", got)
	}
	token = r.login()
	r.State(inst, store.InstanceReleased)
	r.SyncedTenant(inst, logintest.Tenant, 0)
	if got := r.endSession("id_token_hint", idToken(token), "post_logout_redirect_uri", bye); got != bye { // the tenant is gone
		t.Errorf("led to %s", got)
	}
	r.ended(store.EndLoggedOut)
}

// A login comes to its end in the browser that began it: who leads somebody else through a login of theirs gets nothing of it.
func TestALoginEndsInItsBrowser(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	var request string
	r.page = func(_ http.ResponseWriter, in *http.Request) { request = in.URL.Query().Get("request") }
	address, _ := r.address()
	r.visit(address) // the attacker's browser
	attacker := r.browser
	r.newBrowser() // the victim's
	r.page = nil
	if status, text := r.visit(r.issuer + provider.PageLogin + "?request=" + request); status != http.StatusForbidden || text != "page: BROWSER_CHANGED" {
		t.Errorf("the victim: %d %s", status, text)
	}
	r.browser = attacker
	r.newBrowser()
	if status, text := r.visit(r.issuer + provider.CallbackURL(request)); status != http.StatusForbidden || text != "page: BROWSER_CHANGED" {
		t.Errorf("a third browser: %d %s", status, text)
	}
	in := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	w := httptest.NewRecorder()
	r.replicas[0].Fail(w, in, request, "login_required", "")
	if w.Code != http.StatusForbidden {
		t.Errorf("an error is told to another browser: %d", w.Code)
	}
	select {
	case got := <-r.arrived:
		t.Errorf("the app got %v", got)
	default:
	}
}

func TestCallbacksOfNoLogin(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	r.begin()
	done := r.requestID()
	for name, id := range map[string]string{"nothing": "", "no request": "x", "another": done[1:]} {
		if status, text := r.visit(r.issuer + provider.CallbackURL(id)); status != http.StatusBadRequest || text != "page: REQUEST_OVER" {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	r.page = func(http.ResponseWriter, *http.Request) {}
	address, _ := r.address()
	r.visit(address)
	open := r.requestID()
	if got := r.step(r.issuer + provider.CallbackURL(open)); got != provider.PageLogin+"?request="+open {
		t.Errorf("a login that is under way leads to %s", got)
	}
	_, err := r.World.Store.ChangeLoginRequest(t.Context(), open, func(l *store.LoginRequest) error {
		l.Step, l.Reason = store.LoginRefused, "USER_DISABLED"
		return nil
	})
	r.Must(err)
	r.visit(r.issuer + provider.CallbackURL(open))
	if got := <-r.arrived; got.values.Get("error") != "access_denied" || got.values.Get("state") != "the state" {
		t.Errorf("the app got %v", got.values)
	}
	// An address that the application has given up gets nothing any more.
	_, err = r.World.Store.ChangeLoginApplication(t.Context(), logintest.Seller, logintest.App, r.Clock.Now(), func(a *store.LoginApplication) error {
		a.Settings.RedirectURIs = a.Settings.RedirectURIs[1:]
		return nil
	})
	r.Must(err)
	if status, text := r.visit(r.issuer + provider.CallbackURL(done)); status != http.StatusBadRequest || text != "page: REDIRECT_UNKNOWN" {
		t.Errorf("an address that was given up: %d %s", status, text)
	}
	r.Clock.Advance(session.RequestLife)
	if status, text := r.visit(r.issuer + provider.CallbackURL(done)); status != http.StatusBadRequest || text != "page: REQUEST_OVER" {
		t.Errorf("an old one: %d %s", status, text)
	}
}

// What the app says of the person reaches the login's pages, and what it demands of the session holds whatever they do.
func TestWhatAnAppDemandsOfALogin(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	first := r.login()
	known := r.session()
	var asked provider.Asked
	// A page that lets the browser go on with the session that it has.
	r.page = func(w http.ResponseWriter, in *http.Request) {
		id := in.URL.Query().Get("request")
		l, err := r.World.Store.ChangeLoginRequest(in.Context(), id, func(l *store.LoginRequest) error {
			l.Step, l.SessionID = store.LoginDone, known.ID
			return nil
		})
		if err == nil {
			asked, err = provider.AskedOf(&l)
		}
		if err != nil {
			t.Error(err)
		}
		if asked.Silent() && !asked.Enough(&known, r.Clock.Now()) {
			r.replicas[0].Fail(w, in, id, "login_required", "the session is too old")
			return
		}
		http.Redirect(w, in, provider.CallbackURL(id), http.StatusFound)
	}
	r.Clock.Advance(time.Hour)
	for name, c := range map[string]struct {
		parameters []string
		want       string
	}{
		"single sign-on":         {nil, ""},
		"silent":                 {[]string{"prompt", "none"}, ""},
		"max_age holds":          {[]string{"max_age", "3600"}, ""},
		"max_age does not hold":  {[]string{"max_age", "3599"}, "login_required"},
		"silent and too old":     {[]string{"prompt", "none", "max_age", "60"}, "login_required"},
		"max_age 0":              {[]string{"max_age", "0"}, "login_required"},
		"anew":                   {[]string{"prompt", "login"}, "login_required"},
		"another account":        {[]string{"prompt", "select_account"}, "login_required"},
		"consent":                {[]string{"prompt", "consent"}, ""},
		"an enormous age":        {[]string{"max_age", "18446744073709551615"}, ""},
		"the person of the hint": {[]string{"id_token_hint", idToken(first)}, ""},
	} {
		got, _ := r.begin(c.parameters...)
		if got.values.Get("error") != c.want {
			t.Errorf("%s: %v, want %q", name, got.values, c.want)
		}
	}
	r.begin("tenant_hint", "code-tenant-1", "login_hint", "zhangsan01", "ui_locales", "en-US zh", "prompt", "consent", "max_age", "9999")
	if asked.TenantHint != "code-tenant-1" || asked.LoginHint != "zhangsan01" || strings.Join(asked.Locales, " ") != "en-US zh" || asked.MaxAge == nil || *asked.MaxAge != 9999 {
		t.Errorf("asked %+v", asked)
	}
	// Somebody else has logged in than the app expects.
	r.Authorise("inst-CS1", logintest.Tenant, 1, logintest.Somebody("lisi02"))
	r.page, r.user = nil, "lisi02"
	if got, _ := r.begin("id_token_hint", idToken(first)); got.values.Get("error") != "login_required" {
		t.Errorf("somebody else: %v", got.values)
	}
	got, _ := r.begin("max_age", "0", "prompt", "login") // a new login is recent enough
	if got.values.Get("code") == "" {
		t.Errorf("a new login: %v", got.values)
	}
}

// A browser that comes back with a session that has lost its right brings the app an error, and the reason.
func TestALoginThatIsRefusedAtTheEnd(t *testing.T) {
	r := newRig(t)
	inst := r.Ready("CS1")
	r.page = func(w http.ResponseWriter, in *http.Request) {
		r.page = nil
		r.State(inst, store.InstanceFrozen)
		r.loggedIn(w, in)
	}
	got, _ := r.begin()
	if got.values.Get("error") != "access_denied" || !strings.Contains(got.values.Get("error_description"), "INSTANCE_FROZEN") || got.values.Get("state") != "the state" {
		t.Errorf("the app got %v", got.values)
	}
	r.ended(store.EndInstanceFrozen)
}
