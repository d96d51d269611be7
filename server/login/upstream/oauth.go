// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Tokens is what the token address gives.
type Tokens struct {
	Access  Secret
	Refresh Secret        // empty where none was given: then a new login takes its place
	Life    time.Duration // of Access: 1 s to 30 days
}

// The lives of an access_token.
const (
	usualLife = 2 * time.Hour // where the answer says none (kit §B.5)
	maxLife   = 30 * 24 * time.Hour
)

// AuthorizeURL is where the browser goes for a login that the seller starts. state is letters and digits. Errors: a Fault of kind Address.
func (c *Client) AuthorizeURL(t Tenant, state string) (string, error) {
	u, _, err := c.at(t, func(d Dialect) string { return d.Authorize })
	if err != nil {
		return "", err
	}
	u.RawQuery = url.Values{
		"client_id": {t.ClientID}, "redirect_uri": {t.Callback}, "response_type": {"code"}, "scope": {"get_user_info"}, "state": {state},
	}.Encode()
	return u.String(), nil
}

// LogoutURL is where the browser goes to end its session at the centre; back is where it comes back to, or empty for the centre's login
// page. Errors: a Fault of kind Address.
func (c *Client) LogoutURL(t Tenant, back string) (string, error) {
	u, d, err := c.at(t, func(d Dialect) string { return d.Logout })
	if err != nil {
		return "", err
	}
	if back != "" {
		u.RawQuery = url.Values{d.LogoutParameter: {back}}.Encode()
	}
	return u.String(), nil
}

// Exchange takes a code for tokens. Errors: a Fault.
func (c *Client) Exchange(ctx context.Context, t Tenant, code Secret) (Tokens, error) {
	return c.token(ctx, t, CodeRefused, url.Values{"grant_type": {"authorization_code"}, "code": {string(code)}})
}

// Refresh takes a refresh_token for newer tokens. The newest refresh_token counts; where the answer has none, the older one is returned.
// Errors: a Fault.
func (c *Client) Refresh(ctx context.Context, t Tenant, refresh Secret) (Tokens, error) {
	got, err := c.token(ctx, t, RefreshRefused, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {string(refresh)}})
	if err == nil {
		got.Refresh = cmp.Or(got.Refresh, refresh)
	}
	return got, err
}

// token asks the token address. refused is the kind of a grant that does not count.
func (c *Client) token(ctx context.Context, t Tenant, refused Kind, form url.Values) (Tokens, error) {
	u, d, err := c.at(t, func(d Dialect) string { return d.Token })
	if err != nil {
		return Tokens{}, err
	}
	form.Set("client_id", t.ClientID)
	form.Set("client_secret", string(t.Secret))
	if refused == CodeRefused && d.RedirectURI {
		form.Set("redirect_uri", t.Callback)
	}
	if refused == CodeRefused && d.Offline {
		form.Set("access_type", "offline")
	}
	a, err := c.call(ctx, t, d, http.MethodPost, u, form, nil)
	if err != nil {
		return Tokens{}, err
	}
	if a.status != http.StatusOK {
		return Tokens{}, refusal(a, refused)
	}
	var said struct {
		Access  string          `json:"access_token"`
		Refresh string          `json:"refresh_token"`
		Kind    string          `json:"token_type"`
		Expires json.RawMessage `json:"expires_in"`
	}
	if err := json.Unmarshal(a.body, &said); err != nil || said.Access == "" || said.Kind != "" && !strings.EqualFold(said.Kind, "Bearer") {
		return Tokens{}, broken(Malformed, a.status, "")
	}
	life, ok := seconds(said.Expires)
	if !ok {
		return Tokens{}, broken(Malformed, a.status, "")
	}
	return Tokens{Secret(said.Access), Secret(said.Refresh), life}, nil
}

// seconds reads expires_in: a number, or one as a text (kit §B.5).
func seconds(text json.RawMessage) (time.Duration, bool) {
	text = bytes.Trim(text, `" `)
	if len(text) == 0 || string(text) == "null" {
		return usualLife, true
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 1 {
		return 0, false
	}
	return time.Duration(min(n, int64(maxLife/time.Second))) * time.Second, true
}

// refusal is the fault of an answer that is no success. The form of errors is OAuth's, or OrgID's (kit §B.5, §B.9).
func refusal(a answer, grant Kind) error {
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Code        string `json:"error_code"`
		Message     string `json:"error_msg"`
	}
	_ = json.Unmarshal(a.body, &said) // an answer that is no JSON has its status only
	name := cmp.Or(said.Error, said.Code)
	description := cmp.Or(said.Description, said.Message)
	switch {
	case name == "invalid_grant":
		return broken(grant, a.status, name)
	case name == "invalid_client" && strings.Contains(description, "mismatch"):
		return broken(ClientMismatch, a.status, name)
	case name == "invalid_client":
		return broken(ClientRefused, a.status, name)
	case a.status == http.StatusForbidden:
		return broken(Forbidden, a.status, name)
	case a.status == http.StatusUnauthorized:
		return broken(ClientRefused, a.status, name)
	case a.status >= 400:
		return broken(RequestRefused, a.status, name)
	default: // redirects are not followed
		return broken(Malformed, a.status, name)
	}
}
