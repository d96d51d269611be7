// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/keys"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/store"
)

// EndSession implements op.Server (OpenID Connect RP-Initiated Logout). An app that shows the ID token of a session ends it; without one
// the person is asked by a page, because anybody can lead a browser here. Where the browser goes then must be registered.
func (s server) EndSession(ctx context.Context, r *op.Request[oidc.EndSessionRequest]) (*op.Redirect, error) {
	v := visitOf(ctx)
	refused := func(fault string) (*op.Redirect, error) {
		v.fault = fault
		return nil, oidc.ErrInvalidRequest()
	}
	broken := func(err error) (*op.Redirect, error) {
		v.fault = words.Unavailable
		return nil, s.p.broken(ctx, err)
	}
	appID, id := r.Data.ClientID, ""
	if r.Data.IdTokenHint != "" {
		claims, err := s.p.cfg.Keys.ReadID(ctx, r.Data.IdTokenHint)
		if errors.Is(err, keys.ErrToken) {
			return refused(words.FormInvalid)
		}
		if err != nil {
			return broken(err)
		}
		aud, _ := claims["aud"].(string)
		if appID != "" && appID != aud {
			return refused(words.FormInvalid)
		}
		appID = aud
		id, _ = claims["sid"].(string)
	}
	var app *store.LoginApplication
	if appID != "" {
		row, err := s.p.store.LoginApplication(ctx, appID)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrBadText) {
			return refused(words.ApplicationUnknown)
		}
		if err != nil {
			return broken(err)
		}
		app = &row
	}
	back := r.Data.PostLogoutRedirectURI
	if back != "" && (app == nil || !slices.Contains(app.Settings.PostLogoutURIs, back)) {
		return refused(words.RedirectUnknown)
	}
	if id == "" || app == nil {
		query := url.Values{}
		for name, value := range map[string]string{"client_id": appID, "post_logout_redirect_uri": back, "state": r.Data.State} {
			if value != "" {
				query.Set(name, value)
			}
		}
		return op.NewRedirect(with(PageLogout, query)), nil
	}
	row, err := s.p.store.LoginSession(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return op.NewRedirect(afterwards(back, r.Data.State)), nil
	case err != nil:
		return broken(err)
	}
	to, err := s.p.LogOut(ctx, app, &row, back, r.Data.State)
	if err != nil {
		return broken(err)
	}
	return op.NewRedirect(to), nil
}

// LogOut ends a session because its person wants it, and returns where the browser goes: to back, which must be one of the application's
// post-logout addresses and gets state, or to our own page where back is empty; by way of the authentication centre where the application
// has chosen so. One that has ended stays as it is. Errors: STORE_UNAVAILABLE, INTERNAL.
func (p *Provider) LogOut(ctx context.Context, app *store.LoginApplication, s *store.LoginSession, back, state string) (string, error) {
	to := afterwards(back, state)
	owner := app
	if app.Seller != s.Seller { // somebody else has the appId now, and is told nothing
		owner = nil
	}
	if err := p.judge.End(ctx, owner, s, store.EndLoggedOut); !isEnded(err) {
		return "", err
	}
	if owner == nil || !app.Settings.LogoutUpstream {
		return to, nil
	}
	t, err := p.cfg.Gate.Tenant(ctx, *app, s.TenantID)
	var refusal *gate.Refusal
	switch {
	case errors.As(err, &refusal): // who is to be logged out where is not known any more
		return to, nil
	case err != nil:
		return "", err
	}
	if back == "" {
		to = p.cfg.Issuer + to
	}
	leave := p.cfg.Upstream.LogoutURL
	if s.Protocol == store.LoginCAS {
		leave = p.cfg.Upstream.CASLogoutURL
	}
	there, err := leave(t.Tenant, to)
	if err != nil { // the tenant's domain is none that browsers are sent to
		p.cfg.Log.WarnContext(ctx, "a logout does not go by way of the authentication centre", "app_id", app.AppID, "session_id", s.ID, "error", err)
		return afterwards(back, state), nil
	}
	return there, nil
}

// afterwards is where a browser goes after a logout.
func afterwards(back, state string) string {
	if back == "" {
		return PageLoggedOut
	}
	if state == "" {
		return back
	}
	return with(back, url.Values{"state": {state}})
}

// with is an address with further parameters.
func with(address string, add url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return PageLoggedOut
	}
	query := u.Query()
	for name, values := range add {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String()
}
