// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/store"
)

// LogoutURL is where a browser logs out of an application without OpenID Connect. back is where it goes then: one of the application's
// post-logout addresses, or empty.
func LogoutURL(issuer, appID, back string) string {
	q := url.Values{"client_id": {appID}}
	if back != "" {
		q.Set("post_logout_redirect_uri", back)
	}
	return issuer + "/logout?" + q.Encode()
}

// leaving is what a page of logout is asked for: that of the provider, which nobody has shown an ID token, or of an app without OpenID
// Connect.
type leaving struct{ Proof, App, AppID, Back, State string }

// leaves reads what is asked for: without an application, a logout of all that this browser has a session in. It is false when the visit
// is over.
func (v *visit) leaves(value func(string) string) (l leaving, ok bool) {
	if value("client_id") == "" && value("post_logout_redirect_uri") == "" {
		return leaving{}, true
	}
	if !v.knows(value("client_id")) {
		return l, false
	}
	l = leaving{App: v.app.Name, AppID: v.app.AppID, Back: value("post_logout_redirect_uri"), State: value("state")}
	if l.Back != "" && !slices.Contains(v.app.Settings.PostLogoutURIs, l.Back) {
		v.fail(words.RedirectUnknown)
		return l, false
	}
	return l, true
}

// logout asks whether to log out: anybody can lead a browser here.
func (s *Site) logout(v *visit) {
	l, ok := v.leaves(v.r.URL.Query().Get)
	if !ok {
		return
	}
	v.browser()
	l.Proof = v.proof("logout " + l.AppID)
	v.page(http.StatusOK, "logout", l)
}

// logsOut ends the browser's session in the application.
func (s *Site) logsOut(v *visit) {
	l, ok := v.leaves(v.r.PostFormValue)
	if !ok || !v.proven("logout "+l.AppID) {
		return
	}
	if v.app == nil {
		v.leavesAll()
		return
	}
	to := "/logged-out"
	if old, err := s.Book.Of(v.ctx, v.app, v.cookie(ofApp(sessionCookie, v.app)), registry.Idle(v.app.Settings)); err == nil {
		if to, err = s.provider.LogOut(v.ctx, v.app, &old, l.Back, l.State); err != nil {
			v.broken(err)
			return
		}
	} else if l.Back != "" {
		to = l.Back
	}
	v.keep(ofApp(sessionCookie, v.app), "", gone)
	v.leads(to)
}

// leavesAll ends every session of the browser. Nobody is led through the centres: there may be several.
func (v *visit) leavesAll() {
	prefix := v.s.named(sessionCookie)
	for _, c := range v.r.Cookies() {
		if !strings.HasPrefix(c.Name, prefix) {
			continue
		}
		row, err := v.s.Book.Store.LoginSessionOf(v.ctx, session.Digest(c.Value))
		if err == nil {
			var app *store.LoginApplication
			if a, err := v.s.Store.LoginApplication(v.ctx, row.AppID); err == nil && a.Seller == row.Seller {
				app = &a
			}
			_, err = v.s.Book.End(v.ctx, row.ID, app, store.EndLoggedOut)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			v.broken(err)
			return
		}
		v.keep(strings.TrimPrefix(c.Name, strings.TrimSuffix(prefix, sessionCookie)), "", gone)
	}
	v.leads("/logged-out")
}

// loggedOut says that it is done.
func (s *Site) loggedOut(v *visit) { v.fail(string(store.EndLoggedOut)) }
