// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// indicator is what ind has to be (kit §B.3).
const indicator = "UNOP"

// choice is a user who is to say of which tenant he is.
type choice struct {
	login    int64
	appID    string
	userName string
	tenants  []string
	expires  time.Time
}

// fragmentPage is the address of the documents. Its parameters stand behind #, which browsers keep to themselves: our own script reads
// them and goes to the form, whose address has them in its query.
func fragmentPage(c *Centre, q *call) answer {
	q.step.Said = "the script reads the fragment"
	return c.page(q, http.StatusOK, "fragment", nil)
}

// loginForm is what the forms of account and password show.
type loginForm struct {
	Action, AppID, Indicator, Login string // hidden members
	Name                            string // of the application or the tenant
	Account, Fault                  string // what was typed, and the key of what is wrong with it
}

// portalForm shows the unified login page.
func portalForm(c *Centre, q *call) answer {
	app, refused := c.askedApp(q, q.query.Get("ind"), q.query.Get("appId"))
	if refused != nil {
		return *refused
	}
	q.step.AppID = app.AppID
	return c.page(q, http.StatusOK, "login", loginForm{Action: "/unified-login/portal-login", AppID: app.AppID, Indicator: indicator, Name: app.Name})
}

// askedApp is the application that a page was asked for.
func (c *Centre) askedApp(q *call, ind, appID string) (world.Application, *answer) {
	if ind != indicator {
		c.broke(q, conduct.PageIndicator, "ind 是 %q", "ind is %q", clip(ind))
		a := c.errorPage(q, http.StatusBadRequest, "errIndicator")
		return world.Application{}, &a
	}
	app, ok := c.world.App(appID)
	if !ok {
		c.broke(q, conduct.PageApplication, "appId 是 %q", "appId is %q", clip(appID))
		a := c.errorPage(q, http.StatusNotFound, "errApplication")
		return app, &a
	}
	return app, nil
}

// portalLogin takes account and password.
func portalLogin(c *Centre, q *call) answer {
	if q.badForm != "" {
		return c.errorPage(q, http.StatusBadRequest, "errForm")
	}
	app, refused := c.askedApp(q, q.form.Get("ind"), q.form.Get("appId"))
	if refused != nil {
		return *refused
	}
	q.step.AppID = app.AppID
	account := q.form.Get("account")
	q.step.Login = c.journal.Begin(q.now, conduct.ByPage, "", app.AppID)
	var known, enabled, may []string
	for i := range c.world.Tenants {
		t := &c.world.Tenants[i]
		u := user(t, account)
		if u == nil || binding(t, byApp(app.AppID)) == nil || !samePassword(u.Password, q.form.Get("password")) {
			continue
		}
		known = append(known, t.TenantID)
		if !u.Disabled {
			enabled = append(enabled, t.TenantID)
		}
		if c.may(t.TenantID, account, app.AppID) {
			may = append(may, t.TenantID)
		}
	}
	var fault string
	status := http.StatusUnauthorized
	switch {
	case len(known) == 0:
		fault = "errPassword"
	case len(enabled) == 0:
		fault, status = "errDisabled", http.StatusForbidden
	case len(may) == 0:
		fault, status = "errNotAuthorised", http.StatusForbidden
	case len(may) == 1:
		return c.enter(q, may[0], account, app.AppID)
	default:
		id := random("")
		c.choices.put(id, &choice{q.step.Login, app.AppID, account, may, q.now.Add(pageLife)})
		q.step.UserName, q.step.Said = account, "asks for the tenant"
		return c.choosePage(q, id, app, may)
	}
	q.then, q.step.Error = conduct.Refused, sentence(fault, english)
	return c.page(q, status, "login", loginForm{
		Action: "/unified-login/portal-login", AppID: app.AppID, Indicator: indicator, Name: app.Name, Account: clip(account), Fault: fault,
	})
}

// samePassword compares without telling by the time it takes.
func samePassword(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// tenantChoice is one row of the page that asks for the tenant.
type tenantChoice struct{ TenantID, Name string }

func (c *Centre) choosePage(q *call, id string, app world.Application, tenants []string) answer {
	var rows []tenantChoice
	for _, tenant := range tenants {
		rows = append(rows, tenantChoice{tenant, c.tenantName(tenant)})
	}
	return c.page(q, http.StatusOK, "choose", struct {
		ID, Name string
		Tenants  []tenantChoice
	}{id, app.Name, rows})
}

// portalChoose takes the tenant.
func portalChoose(c *Centre, q *call) answer {
	ch, ok := c.choices.take(q.form.Get("choice"))
	tenant := q.form.Get("tenant")
	if !ok || q.now.After(ch.expires) || !slices.Contains(ch.tenants, tenant) {
		return c.errorPage(q, http.StatusBadRequest, "errChoice")
	}
	q.step.Login = ch.login
	if !c.may(tenant, ch.userName, ch.appID) { // since
		q.then = conduct.Refused
		return c.errorPage(q, http.StatusForbidden, "errNotAuthorised")
	}
	return c.enter(q, tenant, ch.userName, ch.appID)
}

// enter logs a user in at a tenant and leads to the seller's callback, with code and tenant and no state (kit §B.3).
func (c *Centre) enter(q *call, tenantID, userName, appID string) answer {
	q.t = c.tenant(tenantID)
	q.step.TenantID, q.step.UserName = tenantID, userName
	s, cookie := c.newSession(q, userName)
	p := &pending{tenantID: tenantID, login: q.step.Login, appID: appID, tenant: true}
	address := c.callback(binding(q.t, byApp(appID)))
	if app, _ := c.world.App(appID); app.Protocol == world.CAS {
		p.service = address
	} else {
		p.redirect = address
	}
	a := c.give(q, s, p)
	a.cookies = append(a.cookies, cookie)
	return a
}

// sessionCookie is the name of the cookie of a tenant's session. Browsers send the cookies of a host to all of its ports.
func sessionCookie(t *world.Tenant) string { return "centre-" + strings.ToLower(t.TenantCode) }

func (q *call) cookie(name string) string {
	cookie, err := q.r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// newSession logs a user in with this browser.
func (c *Centre) newSession(q *call, userName string) (*session, *http.Cookie) {
	s := &session{tenantID: q.t.TenantID, userName: userName, begun: q.now, expires: q.now.Add(c.cfg.SessionLife)}
	id := random("")
	c.sessions.put(id, s)
	return s, newCookie(q.r, sessionCookie(q.t), id, 0)
}

// session is the session of this browser at the call's tenant, or nil.
func (c *Centre) session(q *call) *session {
	s, ok := c.sessions.get(q.cookie(sessionCookie(q.t)))
	if !ok || s.tenantID != q.t.TenantID || !q.now.Before(s.expires) {
		return nil
	}
	if u := user(q.t, s.userName); u == nil || u.Disabled {
		return nil
	}
	return s
}

// tenantPath is a page of a tenant, at whichever of its addresses.
func tenantPath(t *world.Tenant, page string) string { return "/t/" + t.TenantCode + "/" + page }

// tenantForm shows the login page of a tenant.
func tenantForm(c *Centre, q *call) answer {
	return c.page(q, http.StatusOK, "login", loginForm{Action: tenantPath(q.t, "login"), Login: clip(q.query.Get("login")), Name: q.t.Name})
}

// tenantLogin takes account and password there, and goes on with what the user was sent here for.
func tenantLogin(c *Centre, q *call) answer {
	if q.badForm != "" {
		return c.errorPage(q, http.StatusBadRequest, "errForm")
	}
	id, account := q.form.Get("login"), q.form.Get("account")
	p, waits := c.pending.get(id)
	waits = waits && p.tenantID == q.t.TenantID
	if waits {
		q.step.Login, q.step.AppID = p.login, p.appID
	}
	u := user(q.t, account)
	fault, status := "", http.StatusUnauthorized
	switch {
	case u == nil || !samePassword(u.Password, q.form.Get("password")):
		fault = "errPassword"
	case u.Disabled:
		fault, status = "errDisabled", http.StatusForbidden
	}
	if fault != "" {
		q.step.Error = sentence(fault, english)
		if waits {
			q.then = conduct.Refused
		}
		return c.page(q, status, "login", loginForm{Action: tenantPath(q.t, "login"), Login: clip(id), Name: q.t.Name, Account: clip(account), Fault: fault})
	}
	q.step.UserName = account
	s, cookie := c.newSession(q, account)
	var a answer
	switch {
	case !waits:
		a = redirect(tenantPath(q.t, "workbench"))
		a.status = http.StatusSeeOther
	case !c.may(q.t.TenantID, account, p.appID):
		q.then, q.step.Error = conduct.Refused, "not authorised"
		a = c.errorPage(q, http.StatusForbidden, "errNotAuthorised")
	default:
		c.pending.drop(id)
		a = c.give(q, s, p)
	}
	a.cookies = append(a.cookies, cookie)
	return a
}

// tile is one application on the workbench.
type tile struct {
	Name, AppID string
	May         bool
}

// workbench shows the tiles of a user.
func workbench(c *Centre, q *call) answer {
	s := c.session(q)
	if s == nil {
		return redirect(tenantPath(q.t, "login"))
	}
	q.step.UserName = s.userName
	var tiles []tile
	for _, b := range q.t.Applications {
		app, _ := c.world.App(b.AppID)
		tiles = append(tiles, tile{app.Name, b.AppID, slices.Contains(b.Users, s.userName)})
	}
	return c.page(q, http.StatusOK, "workbench", struct {
		Tenant, User, Open string
		Tiles              []tile
	}{q.t.Name, user(q.t, s.userName).Name, tenantPath(q.t, "open"), tiles})
}

// openTile starts what the documents describe: the workbench looks the application's callback up and starts the authorization.
func openTile(c *Centre, q *call) answer {
	b := binding(q.t, byApp(q.query.Get("appId")))
	if b == nil {
		return c.errorPage(q, http.StatusNotFound, "errApplication")
	}
	q.step.AppID = b.AppID
	id := random("")
	c.launches.put(id, launch{q.t.TenantID, b.AppID})
	paths := pathsOf(q.t)
	if app, _ := c.world.App(b.AppID); app.Protocol == world.CAS {
		return redirect(addTo(c.domains[q.t.TenantID]+paths.casLogin, "service", c.callback(b), "launch", id))
	}
	return redirect(addTo(c.domains[q.t.TenantID]+paths.authorize, "client_id", b.ClientID, "redirect_uri", c.callback(b), "response_type", "code", "scope", userScope, "launch", id))
}
