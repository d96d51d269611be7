// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/standing"
	"github.com/koogate/koogate/server/login/web"
	"github.com/koogate/koogate/store"
)

// TestTheCentreFindsNoFault: nothing that Koogate does at the centre breaks a rule of the documents, at either entrance, by either protocol.
func TestTheCentreFindsNoFault(t *testing.T) {
	r := newRig(t)
	for _, id := range []string{oauth, cas} {
		r.settings(id, func(s *store.LoginSettings) {
			s.LogoutUpstream, s.PostLogoutURIs = true, []string{app + "/bye"}
		})
		for _, hint := range []string{"", crane} {
			b := r.browser()
			b.opens(r.asks(id, ask{hint: hint}))
			b.sends("account", "sunqi05", "password", password).wants("app /callback")
			b.opens(web.LogoutURL(r.issuer, id, app+"/bye")).sends().wants("app /bye")
			b.opens(r.asks(id, ask{none: true})).wants("app /callback login_required")
		}
		r.browser().clicks(crane, "sunqi05", id).sends("choice", "continue").wants("app /initiate")
	}
	if findings := r.centre.Journal().Findings(100); len(findings) > 0 {
		t.Errorf("%+v", findings)
	}
	for _, l := range r.centre.Journal().Logins(100) {
		if l.State != conduct.Complete && l.State != conduct.Ended {
			t.Errorf("%+v", l)
		}
	}
}

// TestTheSmallPage: who has logged in here before is offered the same enterprise; others type its code or use the unified login page.
func TestTheSmallPage(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.opens(r.asks(oauth, ask{choose: true})).wants("200 /tenant")
	if strings.Contains(b.body, `value="last"`) || strings.Contains(b.body, "甲方") {
		t.Error("the page names an enterprise")
	}
	b.sends("choice", "code", "code", "nobody").wants("404 /tenant")
	if !strings.Contains(b.body, `value="nobody"`) {
		t.Error("what was typed is gone")
	}
	b.sends("choice", "code", "code", "").wants("400 /tenant")
	b.sends("choice", "code", "code", " crane ")
	b.sends("account", "sunqi05", "password", password).wants("app /callback")

	b.opens(r.asks(oauth, ask{choose: true})).wants("200 /tenant")
	if !strings.Contains(b.body, `value="last"`) || !strings.Contains(b.body, "鹤翔物流") {
		t.Error(b.body)
	}
	b.sends("choice", "last").wants("app /callback") // the centre has a session of its own
	b.opens(r.asks(oauth, ask{anew: true})).wants("200 /tenant")
	b.sends("choice", "any")
	if b.opens(b.at.String()); !strings.Contains(b.at.String(), r.centre.PortalURL()) {
		t.Error(b.at)
	}
}

// TestWhatAnAppMayAsk: prompt and max_age.
func TestWhatAnAppMayAsk(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.opens(r.asks(oauth, ask{none: true})).wants("app /callback login_required")
	b.opens(r.asks(oauth, ask{hint: crane}))
	b.sends("account", "sunqi05", "password", password).wants("app /callback")
	b.opens(r.asks(oauth, ask{none: true})).wants("app /callback")
	b.opens(r.asks(oauth, ask{none: true, hint: acme})).wants("app /callback login_required") // the session is another tenant's
	r.world.Clock.Advance(10 * time.Minute)
	b.opens(r.asks(oauth, ask{none: true, aged: true, maxAge: 11 * time.Minute})).wants("app /callback")
	b.opens(r.asks(oauth, ask{none: true, aged: true, maxAge: 9 * time.Minute})).wants("app /callback login_required")
	// Nobody uses it for two hours, then its life is over.
	r.world.Clock.Advance(registry.DefaultIdle)
	b.opens(r.asks(oauth, ask{none: true})).wants("app /callback login_required")
	b.opens(r.asks(oauth, ask{hint: crane})).wants("app /callback")
	for range 11 {
		r.world.Clock.Advance(time.Hour)
		b.opens(r.asks(oauth, ask{none: true})).wants("app /callback")
	}
	r.world.Clock.Advance(time.Hour)
	b.opens(r.asks(oauth, ask{none: true})).wants("app /callback login_required")
}

// TestASessionIsNoRight: who is disabled is not let in by a session that is there.
func TestASessionIsNoRight(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.opens(r.asks(oauth, ask{hint: crane}))
	b.sends("account", "sunqi05", "password", password).wants("app /callback")
	r.authorises(directory.Modify, "sunqi05", false)
	b.opens(r.asks(oauth, ask{none: true})).wants("app /callback login_required")
	b.opens(r.asks(oauth, ask{hint: crane})).wants("403 USER_DISABLED")
	r.authorises(directory.Modify, "sunqi05", true)
	b.opens(r.asks(oauth, ask{hint: crane})).wants("app /callback")
}

// TestALogoutOfEverything: an app that names neither itself nor a session leads here, too.
func TestALogoutOfEverything(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	for _, id := range []string{oauth, cas} {
		b.opens(r.asks(id, ask{hint: crane}))
		if strings.Contains(b.body, `name="password"`) {
			b.sends("account", "sunqi05", "password", password)
		}
		b.wants("app /callback")
	}
	b.opens(r.issuer + "/end_session?state=1").wants("200 /logout")
	if strings.Contains(b.body, "App demo") || !strings.Contains(b.body, "all applications") {
		t.Error(b.body)
	}
	b.sends().wants("200 LOGGED_OUT")
	page, err := r.store.ListLoginSessions(t.Context(), store.ListQuery{Seller: logintest.Seller, Limit: 10})
	if err != nil || len(page) != 2 || page[0].EndReason != store.EndLoggedOut || page[1].EndReason != store.EndLoggedOut {
		t.Errorf("%+v, %v", page, err)
	}
	b.opens(r.asks(oauth, ask{none: true})).wants("app /callback login_required")
	r.browser().do("POST", r.issuer+"/logout", url.Values{"proof": {"x"}}).wants("403 FORM_INVALID")
}

// TestTickets: an app without OpenID Connect gets a ticket, from both entrances.
func TestTickets(t *testing.T) {
	r := newRig(t)
	r.settings(oauth, func(s *store.LoginSettings) { s.TicketURI, s.InitiateURI = app+"/ticket?x=1", "" })
	seen := make(map[string]bool)
	for _, enter := range []func(b *browser){
		func(b *browser) { b.opens(r.issuer+"/start/"+oauth).logsIn("sunqi05", crane) },
		func(b *browser) {
			b.opens(r.issuer + "/start/" + oauth + "?tenant=crane")
			b.sends("account", "sunqi05", "password", password)
		},
		func(b *browser) { b.clicks(crane, "sunqi05", oauth).sends("choice", "continue") },
	} {
		b := r.browser()
		enter(b)
		b.wants("app /ticket")
		ticket := b.at.Query().Get("ticket")
		g, s, err := r.store.LoginGrant(t.Context(), session.Digest(ticket))
		if err != nil || g.Kind != store.LoginTicket || s.UserName != "sunqi05" || !g.ExpiresAt.Equal(g.CreatedAt.Add(session.TicketLife)) || b.at.Query().Get("x") != "1" || seen[ticket] {
			t.Errorf("%+v, %v, %s", g, err, b.at)
		}
		seen[ticket] = true
		judge := standing.Judge{Book: r.book, Gate: r.gate}
		got, err := judge.Redeem(t.Context(), logintest.Seller, oauth, ticket)
		if err != nil || got.Claims["user_name"] != "sunqi05" || got.Claims["enterprise"] != "鹤翔物流" {
			t.Errorf("%v, %v", got.Claims, err)
		}
		if _, err := judge.Redeem(t.Context(), logintest.Seller, oauth, ticket); !errors.Is(err, standing.ErrTicket) {
			t.Errorf("a ticket counts twice: %v", err)
		}
		q, err := r.store.LoginRequest(t.Context(), g.RequestID)
		steps := session.Steps(&q)
		if n := len(steps); err != nil || n < 3 || steps[n-2].Name != session.StepLed || steps[n-1].Name != session.StepTold {
			t.Errorf("%+v, %v", steps, err)
		}
	}
}

// TestTheWorkbenchWithoutAnEntrance: somebody is logged in, and the app has no address.
func TestTheWorkbenchWithoutAnEntrance(t *testing.T) {
	r := newRig(t)
	r.settings(oauth, func(s *store.LoginSettings) { s.InitiateURI = "" })
	r.browser().clicks(crane, "sunqi05", oauth).sends("choice", "continue").wants("404 NO_WAY_IN")
	r.browser().opens(r.issuer + "/start/" + oauth).wants("404 NO_WAY_IN")
	r.settings(oauth, func(s *store.LoginSettings) { s.Confirm = registry.ConfirmNever })
	r.browser().clicks(crane, "sunqi05", oauth).wants("app /initiate")
}

// TestTrials: a trial walks every step and says which one went wrong. It logs nobody in.
func TestTrials(t *testing.T) {
	r := newRig(t)
	trial := func(id string) (string, *browser) {
		a, err := r.store.LoginApplication(t.Context(), id)
		r.world.Must(err)
		q, err := r.book.Begin(t.Context(), &a, store.LoginByTrial, nil)
		r.world.Must(err)
		return q.ID, r.browser().opens(registry.TrialURL(r.issuer, q.ID)).wants("200 /try/" + q.ID)
	}
	steps := func(id string) (names []string) {
		q, err := r.store.LoginRequest(t.Context(), id)
		r.world.Must(err)
		for _, s := range session.Steps(&q) {
			names = append(names, strings.TrimSuffix(string(s.Name)+" "+s.Fault, " "))
		}
		return append(names, string(q.Step))
	}
	for _, c := range []struct{ app, tenant string }{{oauth, ""}, {oauth, "crane"}, {cas, ""}, {cas, crane}} {
		id, b := trial(c.app)
		b.sends("tenant", c.tenant)
		if f := b.at.Fragment; f != "" {
			b.opens(b.at.String())
		}
		b.sends("account", "sunqi05", "password", password).wants("200 /try/" + id)
		want := []string{"BEGUN", "SENT", "CALLBACK", "TENANT", "TOKEN", "PERSON", "RIGHT", "DONE"}
		if c.app == cas {
			want = slices.Delete(want, 4, 5)
		}
		if got := steps(id); !slices.Equal(got, want) || !strings.Contains(b.body, "gone through every step") || strings.Contains(b.body, ">not reached<") {
			t.Errorf("%v: %q\n%s", c, got, b.body)
		}
	}
	id, b := trial(oauth)
	r.fault(authcentre.Fault{Kind: "bad-client", Times: 1})
	b.sends("tenant", crane)
	b.sends("account", "sunqi05", "password", password).wants("502 CLIENT_REFUSED")
	if got := steps(id); !slices.Equal(got, []string{"BEGUN", "SENT", "CALLBACK", "TENANT", "TOKEN CLIENT_REFUSED", "FAILED"}) {
		t.Errorf("%q", got)
	}
	b.opens(registry.TrialURL(r.issuer, id))
	if !strings.Contains(b.body, "kit_private_keys") || !strings.Contains(b.body, r.centre.Domain(crane)[len("http://"):]) {
		t.Error(b.body)
	}
	if r.session(oauth) != "" || r.session(cas) != "" {
		t.Error("a trial has logged somebody in")
	}
	// Another browser does not go on with it.
	id, b = trial(oauth)
	b.sends("tenant", crane)
	other := r.browser()
	other.opens(registry.TrialURL(r.issuer, id)).sends("tenant", crane).wants("403 BROWSER_CHANGED")
}

// TestATestAccount: before anybody has bought the product, the credential's test account logs in, and nobody else of its tenant does.
func TestATestAccount(t *testing.T) {
	r := newRig(t)
	account, err := r.centre.TestAccount(oauth)
	r.world.Must(err)
	for _, d := range r.centre.Describe().Tenants {
		if d.TenantID != account.TenantID {
			continue
		}
		for _, id := range []string{oauth, cas} { // it has bought nothing
			_, err := r.world.SyncTenant(t.Context(), directory.Tenant{Scope: r.world.Scope(r.instances[d.TenantID+"/"+id], d.TenantID), Flag: directory.Delete})
			r.world.Must(err)
		}
		i := slices.IndexFunc(d.Clients, func(c authcentre.ClientOne) bool { return c.AppID == oauth })
		sealed, err := registry.SealTest(r.world.Vault, &store.LoginApplication{Seller: logintest.Seller, AppID: oauth}, registry.TestAccount{
			TenantID: d.TenantID, TenantCode: d.TenantCode, Domain: d.Domain, ClientID: d.Clients[i].ClientID, ClientSecret: d.Clients[i].ClientSecret, Account: account.UserName,
		})
		r.world.Must(err)
		r.application(oauth, func(a *store.LoginApplication) { a.Test = sealed })
	}
	b := r.browser()
	b.opens(r.asks(oauth, ask{})).sends("account", account.UserName, "password", account.Password)
	if strings.Contains(b.body, "/unified-login/choose") {
		b.sends("tenant", account.TenantID)
	}
	b.wants("app /callback")
	for _, u := range r.centre.World().Tenants {
		if u.TenantID == account.TenantID && u.Users[0].UserName != account.UserName {
			b = r.browser()
			b.opens(r.asks(oauth, ask{hint: account.TenantID}))
			b.sends("account", u.Users[0].UserName, "password", password).wants("403 USER_UNAUTHORISED")
		}
	}
}
