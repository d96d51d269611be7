// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/server/login/provider"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/store"
)

// login is where the provider leads to: an app has asked for a login. A session that is there serves again, and otherwise the browser goes to
// the authentication centre.
func (s *Site) login(v *visit) {
	if !v.opens(v.r.URL.Query().Get("request")) || !v.binds() {
		return
	}
	asked, err := provider.AskedOf(v.req)
	if err != nil {
		v.fail(words.PageUnknown)
		return
	}
	v.prefers(asked.Locales)
	tenantID, ok := v.hinted(cmp.Or(asked.TenantHint, asked.LoginHint))
	if !ok || v.again(asked, tenantID) {
		return
	}
	switch {
	case asked.Silent():
		v.over(store.LoginRefused, session.Step{Name: session.StepBegun, At: s.Clock.Now(), Fault: words.LoginRequired})
		s.provider.Fail(v.w, v.r, v.req.ID, "login_required", "nobody is logged in")
	case tenantID != "":
		v.sends(tenantID)
	case slices.Contains(asked.Prompt, "select_account") || v.cookie(ofApp(tenantCookie, v.app)) != "":
		v.leads("/tenant?request=" + url.QueryEscape(v.req.ID))
	default:
		v.sends("")
	}
}

// prefers heeds the languages that an app has asked for, where the person has chosen none.
func (v *visit) prefers(locales []string) {
	if v.cookie(langCookie) != "" {
		return
	}
	for _, l := range locales {
		lang, _, _ := strings.Cut(l, "-")
		if lang == words.Chinese || lang == words.English {
			v.keep(langCookie, lang, untilClosed)
			v.lang = lang
			return
		}
	}
}

// again lets the browser's session serve anew. It is false when there is none that may.
func (v *visit) again(asked provider.Asked, tenantID string) bool {
	old, err := v.s.Book.Of(v.ctx, v.app, v.cookie(ofApp(sessionCookie, v.app)), registry.Idle(v.app.Settings))
	if err != nil || tenantID != "" && old.TenantID != tenantID || !asked.Enough(&old, v.s.Clock.Now()) {
		return false
	}
	right, err := v.s.Gate.SessionRight(v.ctx, *v.app, old)
	if err != nil {
		return false // whoever judges sessions ends it; here somebody may log in as another
	}
	r, err := v.s.Book.Change(v.ctx, v.req.ID, func(r *store.LoginRequest) error {
		session.Note(r, v.step(session.StepRight), v.step(session.StepSession))
		r.Step, r.SessionID, r.TenantID = store.LoginDone, old.ID, old.TenantID
		return nil
	})
	if err != nil {
		return false
	}
	v.req = &r // the provider, which goes on, notes the use of the session
	v.finish("", ordersOf(right.Instances))
	v.leads(provider.CallbackURL(v.req.ID))
	return true
}

// start is where a login begins that no app has asked for: the address that is entered as the application's login address. An app with
// OpenID Connect is asked to begin it (OpenID Connect Core §4); for one with tickets it begins here.
func (s *Site) start(v *visit) {
	if !v.knows(v.r.PathValue("app")) {
		return
	}
	set := v.app.Settings
	switch {
	case set.InitiateURI != "":
		v.leads(v.initiating(""))
	case set.TicketURI == "":
		v.fail(words.NoWayIn)
	default:
		digest := v.browser()
		r, err := s.Book.Begin(v.ctx, v.app, store.LoginByApp, func(r *store.LoginRequest) { r.Browser = digest })
		if err != nil {
			v.broken(err)
			return
		}
		v.takes(&r)
		tenantID, ok := v.hinted(v.r.URL.Query().Get("tenant"))
		switch {
		case !ok:
		case tenantID == "" && v.cookie(ofApp(tenantCookie, v.app)) != "":
			v.leads("/tenant?request=" + url.QueryEscape(r.ID))
		default:
			v.sends(tenantID)
		}
	}
}

// initiating is the address at which the app begins a login of the workbench.
func (v *visit) initiating(hint string) string {
	q := url.Values{"iss": {v.s.Issuer}}
	if hint != "" {
		q.Set("login_hint", hint)
	}
	return withQuery(v.app.Settings.InitiateURI, q)
}

// withQuery adds to the query of an address that was registered.
func withQuery(address string, q url.Values) string {
	if strings.Contains(address, "?") {
		return address + "&" + q.Encode()
	}
	return address + "?" + q.Encode()
}

// maxHint bounds a hint, in bytes.
const maxHint = 128

// hinted finds the tenant that a hint names: its ID, its code, or what stands behind the @ of a user's name. A hint that names none means
// nothing. ok is false when the visit is over.
func (v *visit) hinted(hint string) (tenantID string, ok bool) {
	if _, code, found := strings.Cut(hint, "@"); found {
		hint = code
	}
	if hint == "" || len(hint) > maxHint {
		return "", true
	}
	if _, err := v.s.Gate.Tenant(v.ctx, *v.app, hint); err == nil {
		return hint, true
	}
	ids, err := v.coded(hint)
	if err != nil {
		v.broken(err)
		return "", false
	}
	if len(ids) == 1 {
		return ids[0], true
	}
	return "", true
}

// coded are the tenants of this application that have a tenantCode.
func (v *visit) coded(code string) (ids []string, err error) {
	const most = 50
	rows, err := v.s.Store.TenantsByCode(v.ctx, v.app.Seller, code, most)
	for _, t := range rows {
		if slices.Contains(ids, t.TenantID) {
			continue
		}
		if _, err := v.s.Gate.Tenant(v.ctx, *v.app, t.TenantID); err == nil {
			ids = append(ids, t.TenantID)
		}
	}
	return ids, err
}

// pendingLife is how long a browser remembers that it was sent to the centre: as long as the login counts.
const pendingLife = session.RequestLife

// sends sends the browser to the authentication centre: to the tenant's, or without one to the unified login page.
func (v *visit) sends(tenantID string) {
	if tenantID == "" {
		v.sent("", nil, v.s.UnifiedURL+"#/portal-login?ind=UNOP&appId="+url.QueryEscape(v.app.AppID))
		return
	}
	t, err := v.s.Gate.Tenant(v.ctx, *v.app, tenantID)
	if err != nil {
		v.refused(session.StepTenant, "", err)
		return
	}
	t.Callback = registry.CallbackURL(v.s.Issuer, v.app.AppID)
	var to string
	var digest []byte // CAS has no state
	if v.app.Settings.Protocol == store.LoginCAS {
		to, err = v.s.Centre.CASLoginURL(t.Tenant)
	} else {
		var state string
		state, digest = newState(v.req.ID)
		to, err = v.s.Centre.AuthorizeURL(t.Tenant, state)
	}
	if err != nil {
		v.refused(session.StepSent, hostOf(t.Tenant), err)
		return
	}
	v.sent(tenantID, digest, to)
}

// sent remembers that the browser goes to the centre, and sends it.
func (v *visit) sent(tenantID string, state []byte, to string) {
	r, err := v.s.Book.Change(v.ctx, v.req.ID, func(r *store.LoginRequest) error {
		r.Step, r.Held, r.TenantID, r.StateDigest = store.LoginBegun, nil, tenantID, state
		session.Note(r, v.step(session.StepSent))
		return nil
	})
	if err != nil {
		v.broken(err)
		return
	}
	v.req = &r
	if len(state) == 0 {
		v.keep(ofApp(pendingCookie, v.app), r.ID, pendingLife)
	}
	v.leads(to)
}

// newState is a state that names its request, in letters and digits, with the digest that is kept of it.
func newState(requestID string) (string, []byte) {
	token, _ := session.NewToken()
	state := strings.ReplaceAll(requestID, "-", "") + token
	return state, session.Digest(state)
}

// requestOf is the request that a state names; empty for what cannot be a state.
func requestOf(state string) string {
	const id, token = 32, 64
	if len(state) != id+token || strings.Trim(state, "0123456789abcdef") != "" {
		return ""
	}
	return strings.Join([]string{state[:8], state[8:12], state[12:16], state[16:20], state[20:32]}, "-")
}

func hostOf(t upstream.Tenant) string {
	u, err := url.Parse(t.Domain)
	if err != nil {
		return ""
	}
	return u.Host
}

// tenant asks which enterprise somebody logs in to. Nobody is shown the names of enterprises but the one that this browser has logged in to.
func (s *Site) tenant(v *visit) {
	if !v.opens(v.r.URL.Query().Get("request")) || !v.binds() {
		return
	}
	v.askTenant(http.StatusOK, "", "")
}

// tenantForm is what the page that asks for the enterprise shows.
type tenantForm struct {
	Request, Proof, App string
	Known               string // the enterprise that was last logged in
	Typed, Fault        string
}

func (v *visit) askTenant(status int, typed, fault string) {
	f := tenantForm{Request: v.req.ID, Proof: v.proof("tenant " + v.req.ID), App: v.app.Name, Typed: typed, Fault: fault}
	if last := v.cookie(ofApp(tenantCookie, v.app)); last != "" {
		if t, err := v.s.Gate.Tenant(v.ctx, *v.app, last); err == nil {
			f.Known = t.Name
		}
	}
	v.page(status, "tenant", f)
}

// tenantChosen goes on to the centre of the enterprise that was chosen.
func (s *Site) tenantChosen(v *visit) {
	if !v.opens(v.r.PostFormValue("request")) || !v.binds() || !v.proven("tenant "+v.req.ID) {
		return
	}
	switch v.r.PostFormValue("choice") {
	case "last":
		v.sends(v.cookie(ofApp(tenantCookie, v.app)))
	case "code":
		code := strings.TrimSpace(v.r.PostFormValue("code"))
		if code == "" || len(code) > maxHint {
			v.askTenant(http.StatusBadRequest, "", "codeEmpty")
			return
		}
		ids, err := v.coded(code)
		switch {
		case err != nil:
			v.broken(err)
		case len(ids) != 1:
			v.askTenant(http.StatusNotFound, code, "codeUnknown")
		default:
			v.sends(ids[0])
		}
	default:
		v.sends("")
	}
}

// rememberTenant has the browser remember the enterprise of a session.
func (v *visit) rememberTenant(tenantID string) {
	v.keep(ofApp(tenantCookie, v.app), tenantID, tenantLife)
}

// gone is a life that is over.
const gone = -time.Second
