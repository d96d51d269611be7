// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"errors"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// callback is where the authentication centre leads back to, with a code (kit §B.3) or a ticket (kit §B.8). It is the one way in: each line is
// a step that the next one rests on.
func (s *Site) callback(v *visit) {
	if !v.knows(v.r.PathValue("app")) {
		return
	}
	q := v.r.URL.Query()
	bound, ok := v.finds(q)
	if !ok || !v.brought(q) {
		return
	}
	t, ok := v.atTenant(q)
	if !ok {
		return
	}
	held, ok := v.asksCentre(q, t)
	if !ok {
		return
	}
	right, ok := v.mayEnter(held)
	if !ok {
		return
	}
	if !bound && v.app.Settings.Confirm != registry.ConfirmNever {
		v.asks(held)
		return
	}
	v.enters(held, right)
}

// maxCode bounds a code or ticket, in bytes.
const maxCode = 2048

// brought notes what came back, and ends the login when it is nothing.
func (v *visit) brought(q url.Values) bool {
	switch {
	case q.Get("error") != "":
		v.ends(session.StepCallback, words.CallbackRefused, centreError(q.Get("error")), "")
		return false
	case q.Get("code") == "" && q.Get("ticket") == "", len(q.Get("code")) > maxCode, len(q.Get("ticket")) > maxCode:
		v.ends(session.StepCallback, words.CallbackEmpty, "", "")
		return false
	}
	v.notes(v.step(session.StepCallback))
	return true
}

// centreError is the name of an error that came with the callback, if it is a name.
func centreError(text string) string {
	if len(text) > 64 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != "" {
		return ""
	}
	return text
}

// atTenant finds the tenant that the login is of. A code never goes to the domain of a tenant that was guessed.
func (v *visit) atTenant(q url.Values) (gate.Tenant, bool) {
	said := cmp.Or(q.Get("tenant"), q.Get("tenant_id"), q.Get("tenantId")) // the pages have two of these names (kit F11)
	id := cmp.Or(said, v.req.TenantID)
	if id == "" || len(id) > maxHint {
		v.ends(session.StepTenant, words.TenantMissing, "", "")
		return gate.Tenant{}, false
	}
	t, err := v.s.Gate.Tenant(v.ctx, *v.app, id)
	var no *gate.Refusal
	if errors.As(err, &no) && no.Unknown && said != "" { // OrgID says the code where OneAccess says the ID (kit §B.9)
		if ids, coded := v.coded(said); coded == nil && len(ids) == 1 {
			id = ids[0]
			t, err = v.s.Gate.Tenant(v.ctx, *v.app, id)
		}
	}
	if v.req.TenantID != "" && v.req.TenantID != id {
		v.ends(session.StepTenant, words.TenantMixed, "", "")
		return gate.Tenant{}, false
	}
	if err != nil {
		v.refused(session.StepTenant, "", err)
		return gate.Tenant{}, false
	}
	t.Callback = registry.CallbackURL(v.s.Issuer, v.app.AppID)
	at := v.step(session.StepTenant)
	at.Host = hostOf(t.Tenant)
	v.notes(at)
	return t, true
}

// asksCentre asks the tenant's authentication centre who it is. Each call is made once: a code or ticket counts once.
func (v *visit) asksCentre(q url.Values, t gate.Tenant) (session.Held, bool) {
	held := session.Held{TenantID: t.ID}
	host := hostOf(t.Tenant)
	var err error
	if code := q.Get("code"); code != "" {
		var tokens upstream.Tokens
		if err = v.calls("token", host, func() (err error) {
			tokens, err = v.s.Centre.Exchange(v.ctx, t.Tenant, upstream.Secret(code))
			return err
		}); err != nil {
			v.refused(session.StepToken, host, err)
			return held, false
		}
		v.notes(v.step(session.StepToken))
		held.Access, held.Refresh, held.Until = string(tokens.Access), string(tokens.Refresh), v.s.Clock.Now().Add(tokens.Life)
		err = v.calls("userinfo", host, func() (err error) {
			held.Person, err = v.s.Centre.Userinfo(v.ctx, t.Tenant, tokens.Access)
			return err
		})
	} else {
		err = v.calls("validate", host, func() (err error) {
			held.Person, err = v.s.Centre.Validate(v.ctx, t.Tenant, upstream.Secret(q.Get("ticket")))
			return err
		})
	}
	if err != nil {
		v.refused(session.StepPerson, host, err)
		return held, false
	}
	v.notes(v.step(session.StepPerson))
	return held, true
}

// calls makes a call to the centre within a span of its own, which alone is marked when it goes wrong.
func (v *visit) calls(name, host string, call func() error) error {
	ctx, began := v.ctx, v.s.Clock.Now()
	var span trace.Span
	v.ctx, span = telemetry.Start(ctx, v.s.Tracer, trace.SpanKindClient, "centre "+name, telemetry.Host(host))
	err := call()
	v.ctx = ctx
	fault := ""
	if err != nil {
		fault = "OTHER"
		var f *upstream.Fault
		if errors.As(err, &f) {
			fault = string(f.Kind)
			telemetry.Set(span, telemetry.HTTPStatus(f.Status))
		}
		telemetry.Fail(span, fault)
	}
	span.End()
	v.s.Metrics.Centre(name, fault, v.s.Clock.Now().Sub(began))
	return err
}

// mayEnter asks the directory whether the person may come in.
func (v *visit) mayEnter(held session.Held) (gate.Right, bool) {
	right, err := v.s.Gate.Person(v.ctx, *v.app, held.TenantID, held.Person)
	if err != nil {
		v.refused(session.StepRight, "", err)
		return right, false
	}
	v.notes(v.step(session.StepRight))
	return right, true
}

// enters makes the session, or ends a trial, and leads the browser on.
func (v *visit) enters(held session.Held, right gate.Right) {
	v.keep(ofApp(pendingCookie, v.app), "", gone)
	if v.req.Entrance == store.LoginByTrial {
		v.trialDone(held, right)
		return
	}
	s, token, err := v.s.Book.Enter(v.ctx, session.Entry{
		Request: v.req.ID, App: v.app, Protocol: protocolOf(held), TenantID: held.TenantID, UserName: held.Person.UserName, Held: held,
		Life: registry.Life(v.app.Settings), Before: v.cookie(ofApp(sessionCookie, v.app)),
	})
	switch {
	case errors.Is(err, session.ErrOver):
		v.fail(words.RequestOver)
		return
	case err != nil:
		v.broken(err)
		return
	}
	v.keep(ofApp(sessionCookie, v.app), token, registry.Life(v.app.Settings))
	v.rememberTenant(s.TenantID)
	v.req.TenantID = s.TenantID
	v.finish("", ordersOf(right.Instances))
	v.leadsToApp(&s)
}

func protocolOf(h session.Held) store.LoginProtocol {
	if h.Access == "" {
		return store.LoginCAS
	}
	return store.LoginOAuth2
}

// leadsToApp leads a browser that has a session to the app: on with what it has asked for, with a ticket, or to where it begins a login of
// its own, which this session then serves.
func (v *visit) leadsToApp(s *store.LoginSession) {
	set := v.app.Settings
	switch {
	case v.req.Entrance == store.LoginByApp && len(v.req.Asked) > 0:
		v.leads(provider.CallbackURL(v.req.ID))
		return
	case set.TicketURI == "" && set.InitiateURI == "":
		v.fail(words.NoWayIn)
		return
	}
	if err := v.s.Book.After(v.ctx, v.req.ID, session.StepLed); err != nil {
		v.s.Log.WarnContext(v.ctx, "a step of a login was not written", "login", v.req.ID, "error", err)
	}
	if set.TicketURI == "" {
		v.leads(v.initiating(s.TenantID))
		return
	}
	ticket, err := v.s.Book.Ticket(v.ctx, s, v.req.ID)
	if err != nil {
		v.broken(err)
		return
	}
	v.leads(withQuery(set.TicketURI, url.Values{"ticket": {ticket}}))
}

func ordersOf(list []gate.Instance) (ids []string) {
	for _, i := range list {
		if i.OrderID != "" {
			ids = append(ids, i.OrderID)
		}
	}
	return ids
}
