// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/web"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// stops is a browser that stops where the centre leads back to Koogate, which is what an attacker has who logs in on their own.
func (r *rig) stops() *browser {
	b := r.browser()
	b.client.CheckRedirect = func(q *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(q.URL.String(), r.issuer+"/callback/") || strings.HasPrefix(q.URL.String(), app) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

// unused is a callback with a code, or a ticket, of somebody who has logged in elsewhere.
func (r *rig) unused(appID, account, tenantID string) string {
	r.t.Helper()
	b := r.stops()
	b.clicks(tenantID, account, appID)
	if !strings.HasPrefix(b.at.String(), r.issuer+"/callback/") {
		r.t.Fatalf("no callback: %s", b.at)
	}
	return b.at.String()
}

// begun is the state of a login that a browser has begun at a tenant's centre, and the callback that ends it.
func (b *browser) begun(appID, tenantID, account string) (callback string) {
	b.r.t.Helper()
	follow := b.client.CheckRedirect
	b.client.CheckRedirect = b.r.stops().client.CheckRedirect
	b.opens(b.r.asks(appID, ask{hint: tenantID}))
	if strings.Contains(b.body, `name="password"`) {
		b.sends("account", account, "password", password)
	}
	b.client.CheckRedirect = follow
	return b.at.String()
}

// with changes members of an address's query; an empty value takes one away.
func with(address string, members ...string) string {
	u, _ := url.Parse(address)
	q := u.Query()
	for i := 0; i+1 < len(members); i += 2 {
		if q.Del(members[i]); members[i+1] != "" {
			q.Set(members[i], members[i+1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func member(address, name string) string {
	u, _ := url.Parse(address)
	return u.Query().Get(name)
}

// attacks are what may be tried at a login. Each is refused for the reason that is named, and leaves no session.
var attacks = []struct {
	name string
	try  func(r *rig, victim *browser) *browser // the browser that the attack is tried in
	want string
}{
	// Login CSRF: the victim is to be logged in as the attacker.
	{"a code of the attacker's is opened in the victim's browser", func(r *rig, v *browser) *browser {
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "200 /confirm"},
	{"a ticket of the attacker's is opened in the victim's browser", func(r *rig, v *browser) *browser {
		return v.opens(r.unused(cas, "sunqi05", crane))
	}, "200 /confirm"},
	{"the page of confirmation is answered from another site", func(r *rig, v *browser) *browser {
		v.opens(r.unused(oauth, "sunqi05", crane))
		return v.do(http.MethodPost, r.issuer+"/confirm", url.Values{"request": {member(v.at.String(), "request")}, "choice": {"continue"}})
	}, "403 FORM_INVALID"},
	{"it is answered with the proof of another browser", func(r *rig, v *browser) *browser {
		mine := r.browser().opens(r.unused(oauth, "sunqi05", crane))
		proof := hidden.FindAllStringSubmatch(mine.body, -1)[1][2]
		v.opens(r.unused(oauth, "sunqi05", crane))
		return v.do(http.MethodPost, r.issuer+"/confirm", url.Values{"request": {member(v.at.String(), "request")}, "choice": {"continue"}, "proof": {proof}})
	}, "403 FORM_INVALID"},
	{"the attacker's own page of confirmation is opened in the victim's browser", func(r *rig, v *browser) *browser {
		mine := r.browser().opens(r.unused(oauth, "sunqi05", crane))
		return v.opens(mine.at.String())
	}, "403 BROWSER_CHANGED"},
	{"it is confirmed by a GET", func(r *rig, v *browser) *browser {
		v.opens(r.unused(oauth, "sunqi05", crane))
		return v.opens(v.at.String() + "&choice=continue")
	}, "200 /confirm"},
	{"the victim has a login under way at the unified page, and the application wants no login without a state", func(r *rig, v *browser) *browser {
		r.settings(oauth, func(s *store.LoginSettings) { s.Confirm = registry.ConfirmWithoutState })
		v.opens(r.asks(oauth, ask{}))
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "200 /confirm"},

	// The state.
	{"a state that was never given out", func(r *rig, v *browser) *browser {
		return v.opens(with(r.unused(oauth, "sunqi05", crane), "state", strings.Repeat("ab", 48)))
	}, "403 STATE_UNKNOWN"},
	{"a state that is none", func(r *rig, v *browser) *browser {
		return v.opens(with(r.unused(oauth, "sunqi05", crane), "state", "'; DROP TABLE login_requests; --"))
	}, "403 STATE_UNKNOWN"},
	{"the attacker's state and code in the victim's browser", func(r *rig, v *browser) *browser {
		return v.opens(r.browser().begun(oauth, crane, "sunqi05"))
	}, "403 BROWSER_CHANGED"},
	{"the victim's state with one digit changed", func(_ *rig, v *browser) *browser {
		callback := v.begun(oauth, crane, "sunqi05")
		state := member(callback, "state")
		last := "0"
		if strings.HasSuffix(state, "0") {
			last = "1"
		}
		return v.opens(with(callback, "state", state[:len(state)-1]+last))
	}, "403 STATE_UNKNOWN"},
	{"a state of another application", func(_ *rig, v *browser) *browser {
		return v.opens(strings.Replace(v.begun(oauth, crane, "sunqi05"), "/callback/"+oauth, "/callback/"+cas, 1))
	}, "403 STATE_UNKNOWN"},
	{"a state eleven minutes later", func(r *rig, v *browser) *browser {
		callback := v.begun(oauth, crane, "sunqi05")
		r.world.Clock.Advance(11 * time.Minute)
		return v.opens(callback)
	}, "410 REQUEST_OVER"},
	{"a login that a state was given out for is finished without it", func(_ *rig, v *browser) *browser {
		return v.opens(with(v.begun(oauth, crane, "sunqi05"), "state", "", "tenant", crane))
	}, "200 /confirm"},
	{"a login begun without a state, and then with one, is finished without it", func(r *rig, v *browser) *browser {
		v.opens(r.asks(oauth, ask{choose: true}))
		small := v.at.String()
		v.sends("choice", "any")
		follow := v.client.CheckRedirect
		v.client.CheckRedirect = r.stops().client.CheckRedirect
		v.opens(small).sends("choice", "code", "code", "crane").sends("account", "sunqi05", "password", password)
		v.client.CheckRedirect = follow
		return v.opens(with(v.at.String(), "state", "", "tenant", crane))
	}, "200 /confirm"},
	{"the cookie of a login that another browser has begun", func(r *rig, v *browser) *browser {
		other := r.browser().opens(r.asks(oauth, ask{}))
		site, _ := url.Parse(r.issuer)
		for _, c := range other.client.Jar.Cookies(site) {
			if strings.HasPrefix(c.Name, "kgl-pending-") {
				v.client.Jar.SetCookies(site, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/"}})
			}
		}
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "200 /confirm"},

	// Codes and tickets.
	{"a code twice", func(r *rig, v *browser) *browser {
		callback := r.unused(oauth, "sunqi05", crane)
		r.browser().opens(callback).wants("200 /confirm")
		return v.opens(callback)
	}, "400 CODE_REFUSED"},
	{"a ticket twice", func(r *rig, v *browser) *browser {
		callback := r.unused(cas, "sunqi05", crane)
		r.browser().opens(callback).wants("200 /confirm")
		return v.opens(callback)
	}, "400 TICKET_REFUSED"},
	{"a code that was made up", func(r *rig, v *browser) *browser {
		return v.opens(with(r.unused(oauth, "sunqi05", crane), "code", "0123456789"))
	}, "400 CODE_REFUSED"},
	{"a code of another application", func(r *rig, v *browser) *browser {
		r.settings(cas, func(s *store.LoginSettings) { s.Protocol = store.LoginOAuth2 })
		return v.opens(strings.Replace(r.unused(oauth, "sunqi05", crane), "/callback/"+oauth, "/callback/"+cas, 1))
	}, "502 CLIENT_MISMATCH"},
	{"a code as long as a book", func(r *rig, v *browser) *browser {
		return v.opens(with(r.unused(oauth, "sunqi05", crane), "code", strings.Repeat("x", 3000)))
	}, "400 CALLBACK_EMPTY"},
	{"no code", func(r *rig, v *browser) *browser {
		return v.opens(with(r.unused(oauth, "sunqi05", crane), "code", ""))
	}, "400 CALLBACK_EMPTY"},

	// Tenants.
	{"the code of one tenant at the domain of another", func(r *rig, v *browser) *browser {
		return v.opens(with(r.unused(oauth, "zhangsan01", acme), "tenant", bright))
	}, "400 CODE_REFUSED"},
	{"a login for one tenant comes back for another", func(_ *rig, v *browser) *browser {
		return v.opens(with(v.begun(oauth, acme, "zhangsan01"), "tenant", bright))
	}, "403 TENANT_MIXED"},
	{"a tenant that nobody has told of", func(r *rig, v *browser) *browser {
		return v.opens(with(r.unused(oauth, "sunqi05", crane), "tenant", "68cbc86a0000000000000000000000ff"))
	}, "403 TENANT_UNKNOWN"},
	{"no tenant", func(r *rig, v *browser) *browser {
		return v.opens(with(r.unused(oauth, "sunqi05", crane), "tenant", ""))
	}, "400 TENANT_MISSING"},
	{"a tenant's code that two tenants share", func(r *rig, v *browser) *browser {
		_, err := r.world.SyncTenant(r.t.Context(), directory.Tenant{
			Scope: r.world.Scope(r.instances[acme+"/"+oauth], acme), Flag: directory.Add, OrderID: "CS", TenantCode: "crane", Name: "Acme", DomainName: r.centre.Domain(acme),
		})
		r.world.Must(err)
		return v.opens(with(r.unused(oauth, "sunqi05", crane), "tenant", "crane"))
	}, "403 TENANT_UNKNOWN"},
	{"userinfo tells of a user of another tenant", func(r *rig, v *browser) *browser {
		r.fault(authcentre.Fault{Kind: "answer", Point: "userinfo", Status: 200, ContentType: "application/json", Body: `{"userName":"sunqi05","tenant":"` + acme + `"}`})
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "403 WRONG_TENANT"},

	// The tenant's domain.
	{"a domain in the cloud's own network", domain("https://169.254.169.254"), "502 ADDRESS"},
	{"a domain in a private network", domain("https://10.1.2.3"), "502 ADDRESS"},
	{"a domain without https", domain("http://93.184.216.34"), "502 ADDRESS"},
	{"a domain with a user", domain("https://user:secret@centre.example.com"), "502 ADDRESS"},
	{"a domain that is no address", domain("javascript:alert(1)"), "502 ADDRESS"},
	{"a domain that leads on to another", func(r *rig, v *browser) *browser {
		r.fault(authcentre.Fault{Kind: "answer", Point: "token", Status: 302, Body: "x"})
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "502 MALFORMED"},
	{"an answer that does not end", func(r *rig, v *browser) *browser {
		r.fault(authcentre.Fault{Kind: "huge", Point: "token"})
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "502 MALFORMED"},
	{"a centre that lets one wait", func(r *rig, v *browser) *browser {
		r.fault(authcentre.Fault{Kind: "slow", Point: "token", Delay: "3s"})
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "504 TIMEOUT"},

	// Who may come in.
	{"a user whom nobody has authorised", func(r *rig, v *browser) *browser {
		r.authorises(directory.Withdraw, "sunqi05", true)
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "403 USER_UNAUTHORISED"},
	{"a user who was disabled", func(r *rig, v *browser) *browser {
		r.authorises(directory.Modify, "sunqi05", false)
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "403 USER_DISABLED"},
	{"a user's name in other letters", func(r *rig, v *browser) *browser {
		r.fault(authcentre.Fault{Kind: "answer", Point: "userinfo", Status: 200, ContentType: "application/json", Body: `{"userName":"SunQi05","tenant":"` + crane + `"}`})
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "403 USER_UNAUTHORISED"},
	{"a user who is disabled while the page of confirmation is looked at", func(r *rig, v *browser) *browser {
		v.opens(r.unused(oauth, "sunqi05", crane)).wants("200 /confirm")
		r.authorises(directory.Modify, "sunqi05", false)
		return v.sends("choice", "continue")
	}, "403 USER_DISABLED"},
	{"a frozen instance", func(r *rig, v *browser) *browser {
		r.world.State(r.instances[crane+"/"+oauth], store.InstanceFrozen)
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "403 INSTANCE_FROZEN"},
	{"a released instance", func(r *rig, v *browser) *browser {
		r.world.State(r.instances[crane+"/"+oauth], store.InstanceReleased)
		return v.opens(r.unused(oauth, "sunqi05", crane))
	}, "403 INSTANCE_RELEASED"},
	{"a tenant that has unbound the application", func(r *rig, v *browser) *browser {
		callback := r.unused(oauth, "sunqi05", crane)
		_, err := r.world.SyncTenant(r.t.Context(), directory.Tenant{Scope: r.world.Scope(r.instances[crane+"/"+oauth], crane), Flag: directory.Delete})
		r.world.Must(err)
		return v.opens(callback)
	}, "403 TENANT_DELETED"},
	{"a tenant that has bought another product", func(r *rig, v *browser) *browser {
		instance := r.world.Sell("CS-other")
		_, err := r.world.SyncTenant(r.t.Context(), directory.Tenant{
			Scope: r.world.Scope(instance, "tenant-x"), Flag: directory.Add, OrderID: "CS", TenantCode: "x", Name: "X", DomainName: r.centre.Domain(crane),
		})
		r.world.Must(err)
		return v.opens(with(r.unused(oauth, "sunqi05", crane), "tenant", "tenant-x"))
	}, "403 CLIENT_MISSING"},
	{"an application that the seller has closed", func(r *rig, v *browser) *browser {
		callback := r.unused(oauth, "sunqi05", crane)
		r.application(oauth, func(a *store.LoginApplication) { a.State = store.LoginDisabled })
		return v.opens(callback)
	}, "403 APPLICATION_CLOSED"},
	{"an application that is none", func(r *rig, v *browser) *browser {
		return v.opens(r.issuer + "/callback/other?code=1&tenant=" + crane)
	}, "404 APPLICATION_UNKNOWN"},

	// Requests of others, and pages.
	{"the request of another browser", func(r *rig, v *browser) *browser {
		first := r.browser().opens(r.asks(oauth, ask{choose: true}))
		return v.opens(strings.Replace(first.at.String(), "/tenant?", "/login?", 1))
	}, "403 BROWSER_CHANGED"},
	{"a request that is none", func(r *rig, v *browser) *browser { return v.opens(r.issuer + "/login?request=" + storetest.NewID()) }, "410 REQUEST_OVER"},
	{"the login of the workbench opened as an app's", func(r *rig, v *browser) *browser {
		v.opens(r.unused(oauth, "sunqi05", crane))
		return v.opens(strings.Replace(v.at.String(), "/confirm?", "/login?", 1))
	}, "404 PAGE_UNKNOWN"},
	{"a login of an app opened as a trial", func(r *rig, v *browser) *browser {
		v.opens(r.asks(oauth, ask{choose: true}))
		return v.opens(strings.Replace(v.at.String(), "/tenant?request=", "/try/", 1))
	}, "404 PAGE_UNKNOWN"},
	{"a logout that leads to another site", func(r *rig, v *browser) *browser {
		return v.opens(web.LogoutURL(r.issuer, oauth, "https://evil.example.com/"))
	}, "400 REDIRECT_UNKNOWN"},
	{"a logout that another site sends", func(r *rig, v *browser) *browser {
		return v.do(http.MethodPost, r.issuer+"/logout", url.Values{"client_id": {oauth}, "proof": {"x"}})
	}, "403 FORM_INVALID"},
	{"a tenant chosen by another site", func(r *rig, v *browser) *browser {
		v.opens(r.asks(oauth, ask{choose: true})).wants("200 /tenant")
		return v.do(http.MethodPost, r.issuer+"/tenant", url.Values{"request": {member(v.at.String(), "request")}, "choice": {"code"}, "code": {"crane"}})
	}, "403 FORM_INVALID"},
}

// domain is an attack by a tenant that has told of a domain.
func domain(name string) func(*rig, *browser) *browser {
	return func(r *rig, v *browser) *browser {
		callback := r.unused(oauth, "sunqi05", crane)
		_, err := r.world.SyncTenant(r.t.Context(), directory.Tenant{
			Scope: r.world.Scope(r.instances[crane+"/"+oauth], crane), Flag: directory.Add, OrderID: "CS", TenantCode: "crane", Name: "Crane", DomainName: name,
		})
		r.world.Must(err)
		return v.opens(callback)
	}
}

// fault makes something go wrong at the centre.
func (r *rig) fault(f authcentre.Fault) {
	r.t.Helper()
	_, err := r.centre.SetFault(f)
	r.world.Must(err)
}

// authorises tells of a user of the third tenant.
func (r *rig) authorises(f directory.Flag, name string, enabled bool) {
	r.t.Helper()
	_, err := r.world.SyncUsers(r.t.Context(), directory.Users{
		Scope: r.world.Scope(r.instances[crane+"/"+oauth], crane), Flag: f, AppID: oauth, Users: []directory.User{{UserName: name, Role: "user", Enabled: enabled}},
	})
	r.world.Must(err)
}

// TestAttacks: each is refused for the reason that is meant for it, and nobody is logged in.
func TestAttacks(t *testing.T) {
	if len(attacks) < 30 {
		t.Errorf("there are %d", len(attacks))
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			a.try(r, r.browser()).wants(a.want)
			for _, id := range []string{oauth, cas} {
				if got := r.session(id); got != "" {
					t.Errorf("%s is logged in", got)
				}
			}
		})
	}
}

// TestASessionIsOfOneApplication: what a browser has for one application opens no other, and what it brings before a login counts for nothing.
func TestASessionIsOfOneApplication(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	site, _ := url.Parse(r.issuer)
	b.opens(r.asks(oauth, ask{})).logsIn("sunqi05", crane).wants("app /callback")
	var token string
	for _, c := range b.client.Jar.Cookies(site) {
		if strings.HasPrefix(c.Name, "kgl-session-") {
			token = c.Value
		}
	}
	if token == "" {
		t.Fatal("the browser has no session")
	}
	// The same token under the name of the other application's cookie.
	other := r.browser().opens(r.asks(cas, ask{none: true})).wants("app /callback login_required")
	if member(other.at.String(), "state") != "s" {
		t.Error(other.at)
	}
	var jar []*http.Cookie
	for _, c := range b.client.Jar.Cookies(site) {
		jar = append(jar, &http.Cookie{Name: c.Name, Value: token, Path: "/"})
	}
	thief := r.browser()
	thief.opens(r.asks(cas, ask{choose: true})) // to learn the names
	thief.client.Jar.SetCookies(site, jar)
	thief.opens(r.asks(cas, ask{none: true})).wants("app /callback login_required")

	// A token that was set before the login is another one after it.
	fixed, _ := session.NewToken()
	fix := r.browser()
	jar = slices.DeleteFunc(jar, func(c *http.Cookie) bool { return !strings.HasPrefix(c.Name, "kgl-session-") })
	for i := range jar {
		jar[i].Value = fixed
	}
	fix.client.Jar.SetCookies(site, jar)
	fix.opens(r.asks(oauth, ask{})).logsIn("sunqi05", crane).wants("app /callback")
	if _, err := r.store.LoginSessionOf(t.Context(), session.Digest(fixed)); err == nil {
		t.Error("a session has the token that was set before")
	}
}

// TestARoleIsNotWhatTheCentreSays: an administrator at the centre is what the directory says, unless the application chooses otherwise.
func TestARoleIsNotWhatTheCentreSays(t *testing.T) {
	r := newRig(t)
	r.world.State(r.instances[crane+"/"+oauth], store.InstanceFrozen)
	r.settings(oauth, func(s *store.LoginSettings) { s.Frozen = registry.FrozenAdministrators })
	r.fault(authcentre.Fault{Kind: "answer", Point: "userinfo", Status: 200, ContentType: "application/json", Body: `{"userName":"sunqi05","tenant":"` + crane + `","role":"admin"}`})
	r.browser().opens(r.asks(oauth, ask{})).logsIn("sunqi05", crane).wants("403 INSTANCE_FROZEN")
	r.settings(oauth, func(s *store.LoginSettings) {
		s.Frozen, s.Roles = registry.FrozenAdministrators, registry.RolesUserinfo
	})
	r.browser().opens(r.asks(oauth, ask{})).logsIn("sunqi05", crane).wants("app /callback")
}
