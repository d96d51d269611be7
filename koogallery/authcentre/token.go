// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// The documents' own words (kit §B.5, §B.6).
const (
	invalidCode        = "Invalid authorization code"
	invalidRefresh     = "Invalid refresh token"
	clientMismatch     = "Client ID mismatch"
	badClient          = "Bad client credentials"
	fullAuthentication = "Full authentication is required to access this resource"
)

// tokens is the answer of the token address (kit §B.5).
type tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    any    `json:"expires_in"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// token is the token address.
func token(c *Centre, q *call) answer {
	if g, ok := c.codes.get(q.form.Get("code")); ok {
		q.of(g)
	} else if g, ok := c.refresh.get(q.form.Get("refresh_token")); ok {
		q.of(g)
	}
	for _, name := range []string{"client_secret", "code", "refresh_token"} {
		if q.query.Has(name) {
			c.broke(q, conduct.SecretQuery, "token 的地址里有 %s", "the address at the token call holds %s", name)
		}
	}
	if q.r.Method != http.MethodPost {
		c.broke(q, conduct.TokenGet, "方法是 %s", "the method is %s", clip(q.r.Method))
		return q.fail(http.StatusMethodNotAllowed, "invalid_request", "Request method is not supported")
	}
	if q.r.Header.Get("Sec-Fetch-Mode") != "" || q.r.Header.Get("Origin") != "" {
		c.broke(q, conduct.SecretBrowser, "请求带有浏览器的 Origin 或 Sec-Fetch-Mode 头", "the call has the header Origin or Sec-Fetch-Mode of a browser")
	}
	if q.badForm != "" {
		c.broke(q, conduct.TokenForm, "%s", "%s", q.badForm)
		return q.fail(http.StatusBadRequest, "invalid_request", "The request is not a form")
	}
	for name, values := range q.form {
		if len(values) > 1 {
			return q.fail(http.StatusBadRequest, "invalid_request", "Parameter occurs more than once: "+clip(name))
		}
	}
	if strings.HasPrefix(strings.ToLower(q.r.Header.Get("Authorization")), "basic ") {
		c.broke(q, conduct.ClientHeader, "请求带有 Authorization: Basic", "the call has Authorization: Basic")
	}
	kind := q.form.Get("grant_type")
	if kind != "authorization_code" && kind != "refresh_token" {
		c.broke(q, conduct.GrantType, "grant_type 是 %q", "grant_type is %q", clip(kind))
		return q.fail(http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type")
	}
	b, refused := c.client(q)
	if refused != nil {
		return *refused
	}
	q.step.AppID = b.AppID
	if kind == "refresh_token" {
		return c.refreshed(q, b)
	}
	return c.exchanged(q, b)
}

// client finds out which client calls.
func (c *Centre) client(q *call) (*world.Binding, *answer) {
	id, secret := q.form.Get("client_id"), q.form.Get("client_secret")
	wrong := func() (*world.Binding, *answer) {
		a := q.fail(http.StatusUnauthorized, "invalid_client", badClient)
		if q.t.Settings.ClientFailure == world.Forbidden {
			a = q.fail(http.StatusForbidden, "access_denied", "Forbidden")
		}
		if q.r.Header.Get("Authorization") != "" && q.then == conduct.Refused {
			q.then = "" // it may come again with a form
		}
		return nil, &a
	}
	if q.t.Settings.CommonDomain && q.r.Header.Get("X-client-id") != id {
		c.broke(q, conduct.CommonHeaders, "X-client-id 不是 client_id", "X-client-id is not client_id")
		a := q.fail(http.StatusBadRequest, "invalid_request", "X-client-id is missing or another client")
		return nil, &a
	}
	b := binding(q.t, byClient(id))
	if b == nil {
		if id != "" || q.r.Header.Get("Authorization") == "" {
			c.strangeClient(q, id)
		}
		return wrong()
	}
	if subtle.ConstantTimeCompare([]byte(secret), []byte(b.ClientSecret)) != 1 {
		switch {
		case looksSealed(secret):
			c.broke(q, conduct.SecretSealed, "client_secret 像 RSA 密文（Base64，%d 个字符）", "client_secret looks like a ciphertext of RSA, Base64 of %d characters", len(secret))
		case c.secretOfOther(secret):
			c.broke(q, conduct.ClientOfOther, "client_secret 属于另一个租户或应用", "client_secret is one of another tenant or application")
		default:
			c.broke(q, conduct.SecretWrong, "client_secret 不对（%d 个字符）", "client_secret is wrong, with %d characters", len(secret))
		}
		return wrong()
	}
	return b, nil
}

// looksSealed says whether a secret is Base64 of the length of an RSA ciphertext of 2048 bits or more.
func looksSealed(secret string) bool {
	text := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/", " ", "+", "\n", "", "\r", "").Replace(secret), "=")
	raw, err := base64.RawStdEncoding.DecodeString(text)
	return err == nil && len(raw) >= 256 && len(raw)%64 == 0
}

func (c *Centre) secretOfOther(secret string) bool {
	for i := range c.world.Tenants {
		if binding(&c.world.Tenants[i], func(b world.Binding) bool { return b.ClientSecret == secret }) != nil {
			return true
		}
	}
	return false
}

// exchanged gives a token for a code.
func (c *Centre) exchanged(q *call, b *world.Binding) answer {
	g, ok := c.codes.get(q.form.Get("code"))
	if ok && g.ticket {
		ok = false
	}
	refuse := func() answer { return q.fail(http.StatusBadRequest, "invalid_grant", invalidCode) }
	switch {
	case !ok:
		c.broke(q, conduct.CodeUnknown, "没有发放过这个 code（%d 个字符）", "no such code was given, of %d characters", len(q.form.Get("code")))
		return refuse()
	case g.tenantID != q.t.TenantID:
		c.broke(q, conduct.CodeOfOther, "code 是租户 %s 发放的", "the code was given by tenant %s", c.tenantName(g.tenantID))
		return refuse()
	case g.clientID != b.ClientID:
		c.broke(q, conduct.CodeOfClient, "code 是发给应用 %s 的", "the code was given to application %s", g.appID)
		return q.fail(http.StatusUnauthorized, "invalid_client", clientMismatch)
	case g.spent:
		q.then = c.stateOf(g.login)
		c.broke(q, conduct.CodeTwice, "code 已经用过", "the code was used before")
		return refuse()
	case !q.now.Before(g.expires):
		c.broke(q, conduct.CodeLate, "晚了 %v", "late by %v", q.now.Sub(g.expires))
		g.spent = true
		return refuse()
	}
	callback := c.callback(b)
	given, named := q.form.Get("redirect_uri"), q.form.Has("redirect_uri")
	switch {
	case named && given != callback:
		c.broke(q, conduct.RedirectURI, "token 的 redirect_uri 是 %q，登记的是 %q", "redirect_uri at the token call is %q, registered is %q", clip(given), callback)
		return q.fail(http.StatusBadRequest, "invalid_grant", "Redirect URI mismatch")
	case !named && q.t.Settings.Dialect == world.OrgID:
		c.broke(q, conduct.RedirectURI, "OrgID 的 token 需要 redirect_uri", "OrgID wants redirect_uri at the token call")
		return q.fail(http.StatusBadRequest, "invalid_request", "redirect_uri is missing")
	case !c.may(g.tenantID, g.userName, g.appID):
		q.step.Said = "the user is disabled or not authorised any more"
		return refuse()
	}
	g.spent = true
	q.then = conduct.Token
	g.offline = q.t.Settings.Dialect != world.OrgID || q.form.Get("access_type") == "offline"
	return c.issue(q, g)
}

// refreshed gives a token for a refresh token.
func (c *Centre) refreshed(q *call, b *world.Binding) answer {
	text := q.form.Get("refresh_token")
	g, ok := c.refresh.get(text)
	refuse := func() answer { return q.fail(http.StatusBadRequest, "invalid_grant", invalidRefresh) }
	switch {
	case !ok:
		if other, is := c.access.get(text); is {
			q.of(other)
		}
		c.broke(q, conduct.RefreshNone, "没有发放过这个 refresh_token", "no such refresh_token was given")
		return refuse()
	case g.tenantID != q.t.TenantID:
		c.broke(q, conduct.RefreshOfOther, "refresh_token 是租户 %s 发放的", "the refresh_token was given by tenant %s", c.tenantName(g.tenantID))
		return refuse()
	case g.clientID != b.ClientID:
		c.broke(q, conduct.CodeOfClient, "refresh_token 是发给应用 %s 的", "the refresh_token was given to application %s", g.appID)
		return q.fail(http.StatusUnauthorized, "invalid_client", clientMismatch)
	case !q.now.Before(g.expires):
		q.step.Said = "the refresh_token has ended"
		return refuse()
	case g.spent:
		c.broke(q, conduct.RefreshOld, "已有更新的 refresh_token", "there is a newer refresh_token")
		if !q.t.Settings.KeepRefreshToken {
			return refuse()
		}
	}
	if !c.may(g.tenantID, g.userName, g.appID) {
		q.step.Said = "the user is disabled or not authorised any more"
		return refuse()
	}
	a := c.issue(q, g)
	g.spent = g.spent || !q.effect.noRefresh && !q.t.Settings.NoRefreshToken
	return a
}

// issue makes tokens.
func (c *Centre) issue(q *call, of *grant) answer {
	seconds := int64(c.cfg.AccessLife.Seconds())
	t := tokens{AccessToken: random(""), TokenType: "Bearer", ExpiresIn: seconds, Scope: userScope}
	if q.t.Settings.ExpiresIn == world.AsString || q.effect.expiresString {
		t.ExpiresIn = strconv.FormatInt(seconds, 10)
	}
	access := *of
	access.spent, access.told, access.expires = false, false, q.now.Add(c.cfg.AccessLife)
	c.access.put(t.AccessToken, &access)
	if of.offline && !q.t.Settings.NoRefreshToken && !q.effect.noRefresh {
		t.RefreshToken = random("")
		next := *of
		next.spent, next.expires = false, q.now.Add(c.cfg.RefreshLife)
		c.refresh.put(t.RefreshToken, &next)
	}
	q.step.Said = "access_token " + short(t.AccessToken)
	return object(http.StatusOK, t)
}

// tenantName is the name of a tenant.
func (c *Centre) tenantName(id string) string {
	if t := c.tenant(id); t != nil {
		return t.Name
	}
	return id
}

// stateOf is how far a login is.
func (c *Centre) stateOf(login int64) conduct.State {
	l, _ := c.journal.Login(login)
	return l.State
}
