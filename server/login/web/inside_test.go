// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/server/login/web"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// TestSecretsStayInside: codes, tickets, states, tokens, cookies, secrets and what is known of people are in no log, no span, and no row in clear.
func TestSecretsStayInside(t *testing.T) {
	r := newRig(t)
	s := r.newSite(oauth)
	secrets := map[string]bool{password: true, clientSecret: true, "孙七": true, "张三": true}
	for _, d := range r.centre.Describe().Tenants {
		for _, c := range d.Clients {
			secrets[c.ClientSecret] = true
		}
	}
	keep := func(b *browser) {
		for _, at := range []string{r.issuer, s.at} {
			u, _ := url.Parse(at)
			for _, c := range b.client.Jar.Cookies(u) {
				if !strings.HasPrefix(c.Name, "kgl-pending-") && !strings.HasPrefix(c.Name, "kgl-tenant-") && c.Name != "kgl-lang" { // which name a login and an enterprise
					secrets[c.Value] = true
				}
			}
		}
	}
	b := r.browser()
	follow := b.client.CheckRedirect
	b.client.CheckRedirect = func(q *http.Request, via []*http.Request) error {
		for _, name := range []string{"code", "ticket", "state", "nonce", "code_challenge"} {
			if v := q.URL.Query().Get(name); len(v) > 1 {
				secrets[v] = true
			}
		}
		return follow(q, via)
	}
	b.opens(s.at+"/").logsIn("sunqi05", crane).shows("true / ")
	keep(b)
	b.opens(r.unused(cas, "zhangsan01", acme)).sends("choice", "continue")
	keep(b)
	for _, f := range []authcentre.Fault{{Kind: "invalid-code", Times: 1}, {Kind: "cut", Point: "token", Times: 1}, {Kind: "unauthorized", Times: 1}} {
		r.fault(f)
		other := r.browser()
		other.client.CheckRedirect = b.client.CheckRedirect
		other.opens(s.at+"/").logsIn("sunqi05", crane)
		keep(other)
	}
	spans, err := json.Marshal(r.spans.GetSpans())
	r.world.Must(err)
	var rows strings.Builder
	page, err := r.store.ListLoginRequests(t.Context(), store.ListQuery{Seller: logintest.Seller, Limit: 100})
	r.world.Must(err)
	for _, q := range page {
		rows.Write(q.Steps)
		rows.WriteString(q.Reason)
	}
	if len(secrets) < 20 || len(page) < 5 || len(spans) < 5000 {
		t.Fatalf("%d secrets, %d logins, %d bytes of spans: the test looks at nothing", len(secrets), len(page), len(spans))
	}
	for secret := range secrets {
		for where, text := range map[string]string{"logs": r.logged.String(), "spans": string(spans), "steps": rows.String()} {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("%q is in the %s", secret, where)
			}
		}
	}
}

// TestALoginIsLinkedToItsOrder: the root of its trace, which spans the whole login, links to the trace of the order that lets the person in.
func TestALoginIsLinkedToItsOrder(t *testing.T) {
	r := newRig(t)
	r.browser().opens(r.asks(oauth, ask{})).logsIn("sunqi05", crane).wants("app /callback")
	for _, s := range r.spans.GetSpans() {
		if s.Name != telemetry.LoginName {
			continue
		}
		if len(s.Links) != 1 || s.Links[0].SpanContext.TraceID() != telemetry.TraceID(logintest.Seller, "CS-crane-"+oauth) {
			t.Errorf("%+v", s.Links)
		}
		return
	}
	t.Error("there is no root")
}

// TestTooManyVisits: an address that has no budget left is told when to come again, and others go on.
func TestTooManyVisits(t *testing.T) {
	r := newRig(t)
	visits := 0
	r.limit = func(address string) time.Duration {
		if visits++; address != "127.0.0.1" {
			t.Errorf("the address is %q", address)
		}
		if visits > 3 {
			return 90 * time.Second
		}
		return 0
	}
	b := r.browser()
	b.opens(r.asks(oauth, ask{choose: true})).wants("200 /tenant") // /authorize, /login, /tenant
	b.opens(r.asks(oauth, ask{choose: true})).wants("429 TOO_MANY")
	b.opens(registry.StartURL(r.issuer, oauth)).wants("429 TOO_MANY")
	if b.header.Get("Retry-After") != "90" {
		t.Error(b.header)
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/keys"} { // an app's server may come from the same address
		if b.do(http.MethodGet, r.issuer+path, nil); b.status != http.StatusOK {
			t.Errorf("%s: %d", path, b.status)
		}
	}
	b.opens(registry.StartURL(r.issuer, oauth))
	css := b.body[strings.Index(b.body, "/assets/"):]
	if b.do(http.MethodGet, r.issuer+css[:strings.Index(css, `"`)], nil); b.status != http.StatusOK {
		t.Errorf("the style sheet is limited: %d", b.status)
	}
}

// TestAnotherDialect: a tenant at OrgID, which says the tenant's code where OneAccess says its ID.
func TestAnotherDialect(t *testing.T) {
	r := newRigBy(t, []upstream.Rule{{Dialect: upstream.OrgID()}}, func(w *world.World) {
		for i := range w.Tenants {
			w.Tenants[i].Settings.Dialect = world.OrgID
		}
	})
	for _, id := range []string{oauth, cas} {
		r.browser().opens(r.asks(id, ask{})).logsIn("sunqi05", crane).wants("app /callback")
		if got := r.session(id); got != "sunqi05 of "+crane {
			t.Error(got)
		}
		b := r.browser()
		b.opens(with(r.unused(id, "sunqi05", crane), "tenant", "", "tenant_id", "crane")).wants("200 /confirm")
		b.sends("choice", "continue").wants("app /initiate")
	}
	if findings := r.centre.Journal().Findings(10); len(findings) > 0 {
		t.Errorf("%+v", findings)
	}
}

// TestCookiesOfASecureIssuer: no other host of the domain can set them, no script reads them, and no other site's form sends them.
func TestCookiesOfASecureIssuer(t *testing.T) {
	r := newRig(t)
	r.settings(oauth, func(s *store.LoginSettings) { s.TicketURI, s.InitiateURI = "https://app.example.com/ticket", "" })
	d := r.deps
	d.Issuer = "https://login.example.com"
	site := web.New(d)
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/start/"+oauth+"?lang=en", nil))
	cookies := w.Result().Cookies()
	if len(cookies) != 3 || w.Code != http.StatusSeeOther { // the browser's name, the login that it was sent for, the language
		t.Fatalf("%d %v", w.Code, cookies)
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, "__Host-kgl-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("%s", c.Raw)
		}
	}
}
