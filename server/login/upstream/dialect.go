// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Dialect is how one kind of authentication centre is spoken to.
type Dialect struct {
	// The paths below the domain.
	Authorize, Token, Userinfo, Logout, CASLogin, CASLogout, Validate string

	// TokenHeader carries "Bearer TOKEN" to Userinfo.
	TokenHeader string
	// LogoutParameter names the address to come back to after a logout.
	LogoutParameter string
	// RedirectURI sends the callback with a code, which is optional at OneAccess and required by OrgID.
	RedirectURI bool
	// Offline asks for a refresh_token by access_type=offline.
	Offline bool
	// Common is the domain of all tenants, with scheme; the tenant is then named by the headers X-tenant-id and X-client-id. Empty for
	// domains of their own.
	Common string
}

// OneAccess is the dialect of the documents for joint products (kit §B.4 to §B.8).
func OneAccess() Dialect {
	const at = "/api/v1"
	return Dialect{
		Authorize: at + "/oauth2/authorize", Token: at + "/oauth2/token", Userinfo: at + "/oauth2/userinfo", Logout: at + "/logout",
		CASLogin: at + "/cas/login", CASLogout: at + "/cas/logout", Validate: at + "/cas/p3/serviceValidate",
		TokenHeader: "Authorization", LogoutParameter: "redirect_url",
	}
}

// OrgID is that of the newer account system (kit §B.9). Its paths of authorize and of CAS's login and logout are not on any page.
func OrgID() Dialect {
	const at = "/orgid/openapi/v1"
	return Dialect{
		Authorize: at + "/oauth2/authorize", Token: at + "/oauth2/token", Userinfo: at + "/oauth2/userinfo", Logout: "/oauth/logout",
		CASLogin: at + "/cas/login", CASLogout: at + "/cas/logout", Validate: at + "/cas/p3/serviceValidate",
		TokenHeader: "X-OrgID-Authorization", LogoutParameter: "service", RedirectURI: true, Offline: true,
	}
}

// Rule chooses a dialect for domains.
type Rule struct {
	// Suffix is the end of the host names that it is for, such as ".tenantaccount.example.com", or a whole name; empty for all.
	Suffix  string
	Dialect Dialect
}

// matches says whether a rule is for a host.
func (r Rule) matches(host string) bool {
	suffix := strings.ToLower(r.Suffix)
	return suffix == "" || host == strings.TrimPrefix(suffix, ".") || strings.HasSuffix(host, "."+strings.TrimPrefix(suffix, "."))
}

// Check says what is wrong with a rule.
func (r Rule) Check() error {
	d := r.Dialect
	for _, path := range []string{d.Authorize, d.Token, d.Userinfo, d.Logout, d.CASLogin, d.CASLogout, d.Validate} {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?# \r\n") {
			return fmt.Errorf("the path %q does not begin with / or holds more than a path", path)
		}
	}
	if d.TokenHeader == "" || d.LogoutParameter == "" {
		return errors.New("the header of tokens and the parameter of logouts need names")
	}
	if d.Common != "" {
		if u, err := url.Parse(d.Common); err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return errors.New("the common domain is scheme and host")
		}
	}
	return nil
}
