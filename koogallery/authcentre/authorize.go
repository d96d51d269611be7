// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"net/http"
	"strings"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// launch is a click on a tile that leads to authorize or CAS's login.
type launch struct{ tenantID, appID string }

// pending is a login whose user is at the login page of a tenant.
type pending struct {
	tenantID string
	login    int64
	appID    string // empty for the workbench
	redirect string // where the code goes
	state    string
	tenant   bool   // the callback gets tenant, too
	service  string // of CAS
}

// authorize is the authorization endpoint (kit §B.4).
func authorize(c *Centre, q *call) answer {
	clientID := q.query.Get("client_id")
	started, byTile := c.launches.take(q.query.Get("launch"))
	byTile = byTile && started.tenantID == q.t.TenantID
	b := binding(q.t, byClient(clientID))
	if b != nil {
		q.step.AppID = b.AppID
	}
	by := conduct.ByApplication
	if byTile {
		by = conduct.ByWorkbench
	}
	q.step.Login = c.journal.Begin(q.now, by, q.t.TenantID, q.step.AppID)
	if b == nil {
		c.strangeClient(q, clientID)
		return c.errorPage(q, http.StatusBadRequest, "errClient")
	}
	redirect := q.query.Get("redirect_uri")
	if redirect != c.callback(b) {
		c.broke(q, conduct.RedirectURI, "authorize 的 redirect_uri 是 %q，登记的是 %q", "redirect_uri of authorize is %q, registered is %q", clip(redirect), c.callback(b))
		return c.errorPage(q, http.StatusBadRequest, "errRedirect")
	}
	if app, _ := c.world.App(b.AppID); app.Protocol == world.CAS {
		return c.errorPage(q, http.StatusBadRequest, "errProtocol")
	}
	if kind := q.query.Get("response_type"); kind != "code" {
		c.broke(q, conduct.ResponseType, "response_type 是 %q", "response_type is %q", clip(kind))
		return c.errorPage(q, http.StatusBadRequest, "errResponseType")
	}
	if scope := q.query.Get("scope"); scope != "" && scope != userScope {
		c.broke(q, conduct.ScopeUnknown, "scope 是 %q", "scope is %q", clip(scope))
	}
	state := q.query.Get("state")
	if !byTile {
		c.judgeState(q, clientID, state)
	}
	when := q.t.Settings.AuthorizeTenant
	p := &pending{
		tenantID: q.t.TenantID, login: q.step.Login, appID: b.AppID, redirect: redirect, state: state,
		tenant: when == world.Always || byTile && when != world.Never,
	}
	return c.resume(q, p)
}

// judgeState looks at the state of a login that the seller has started.
func (c *Centre) judgeState(q *call, clientID, state string) {
	switch {
	case state == "":
		c.broke(q, conduct.StateMissing, "authorize 没有 state", "authorize has no state")
		return
	case strings.Trim(state, alphanumeric) != "":
		c.broke(q, conduct.StateForm, "state 含有字母和数字以外的字符", "the state holds more than letters and digits")
	}
	key := clientID + "\n" + state
	if len(state) > 1024 {
		return
	}
	first, seen := c.states.get(key)
	if !seen {
		c.states.put(key, q.step.Login)
		return
	}
	// A page that is loaded again before its login has come to an end is no fault of the seller's.
	if l, ok := c.journal.Login(first); ok && l.State != conduct.Begun && l.State != conduct.Granted {
		c.broke(q, conduct.StateTwice, "登录 %d 已经用过这个 state", "login %d has had the same state", first)
	}
}

const (
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	userScope    = "get_user_info"
)

// resume goes on with a login: to the login page, or back to the seller with what it needs.
func (c *Centre) resume(q *call, p *pending) answer {
	s := c.session(q)
	if s == nil {
		id := random("")
		c.pending.put(id, p)
		q.step.Said = "to the login page"
		return redirect(addTo(tenantPath(q.t, "login"), "login", id))
	}
	q.step.UserName = s.userName
	if !c.may(q.t.TenantID, s.userName, p.appID) {
		q.then, q.step.Error = conduct.Refused, "not authorised"
		return c.errorPage(q, http.StatusForbidden, "errNotAuthorised")
	}
	return c.give(q, s, p)
}

// give sends the browser back to the seller with a code or a ticket.
func (c *Centre) give(q *call, s *session, p *pending) answer {
	b := binding(q.t, byApp(p.appID))
	g := &grant{
		login: p.login, tenantID: q.t.TenantID, appID: p.appID, clientID: b.ClientID, userName: s.userName, service: p.service,
		ticket: p.service != "", begun: s.begun, expires: q.now.Add(c.cfg.CodeLife),
	}
	s.logins = append(s.logins, p.login)
	if len(s.logins) > maxSessionLogins {
		s.logins = s.logins[1:]
	}
	q.then = conduct.Granted
	q.step.AppID = p.appID
	tenant := ""
	if p.tenant {
		tenant = q.t.TenantID
	}
	if g.ticket {
		ticket := random("ST-")
		c.codes.put(ticket, g)
		q.step.Said = "ticket " + short(ticket)
		return redirect(addTo(p.service, "ticket", ticket, "tenant", tenant))
	}
	code := random("")
	c.codes.put(code, g)
	q.step.Said = "code " + short(code)
	return redirect(addTo(p.redirect, "code", code, "tenant", tenant, "state", p.state))
}

// maxSessionLogins bounds the logins of a session that its end is told of.
const maxSessionLogins = 50

// strangeClient notes that a client is not the tenant's.
func (c *Centre) strangeClient(q *call, clientID string) {
	for i := range c.world.Tenants {
		if t := &c.world.Tenants[i]; binding(t, byClient(clientID)) != nil {
			c.broke(q, conduct.ClientOfOther, "client_id %q 属于租户 %s", "client_id %q is one of tenant %s", clip(clientID), t.Name)
			return
		}
	}
	c.broke(q, conduct.ClientUnknown, "client_id 是 %q", "client_id is %q", clip(clientID))
}
