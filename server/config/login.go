// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/upstream"
)

// Login is how users of joint products log in through Koogate; it counts where listen.login is set.
type Login struct {
	// Suffixes are the ends of host names that tenants' domains may have, such as .tenantaccount.example.com; none allows every public one. At
	// most 100.
	Suffixes []string `koanf:"suffixes"`
	// Allow names private, local or reserved networks in which tenants' domains may be, with http:// too: CIDRs or single addresses, for
	// rehearsals. At most 100.
	Allow []string `koanf:"allow"`
	// Dialects say how the authentication centres of some domains are spoken to; the first that fits counts, and oneaccess elsewhere. At most 100.
	Dialects []Dialect `koanf:"dialects"`
	// Budget is how long one call to an authentication centre may take, 1s to 30s.
	Budget time.Duration `koanf:"budget"`
	// UnifiedURL is the unified login page of the marketplace; what it needs is appended as a fragment.
	UnifiedURL string `koanf:"unified_url"`
	// KeyLife is how long a key signs what apps are told before the next one does, 24h to 8760h.
	KeyLife time.Duration `koanf:"key_life"`
}

// The kinds of authentication centres.
const (
	KindOneAccess = "oneaccess"
	KindOrgID     = "orgid"
)

// Dialect is how the authentication centres of some domains are spoken to. What is left out is as its kind has it.
type Dialect struct {
	Suffix          string `koanf:"suffix"` // the end of the host names, or a whole one; empty for all
	Kind            string `koanf:"kind"`   // oneaccess (the default) or orgid
	Authorize       string `koanf:"authorize"`
	Token           string `koanf:"token"`
	Userinfo        string `koanf:"userinfo"`
	Logout          string `koanf:"logout"`
	CASLogin        string `koanf:"cas_login"`
	CASLogout       string `koanf:"cas_logout"`
	Validate        string `koanf:"validate"`
	TokenHeader     string `koanf:"token_header"`     // carries "Bearer TOKEN" to userinfo
	LogoutParameter string `koanf:"logout_parameter"` // names the address to come back to after a logout
	RedirectURI     *bool  `koanf:"redirect_uri"`     // sends the callback with a code
	Offline         *bool  `koanf:"offline"`          // asks for a refresh_token by access_type=offline
	Common          string `koanf:"common"`           // the domain of all tenants, which are then named by headers
}

const (
	maxSuffixes            = 100
	minBudget, maxBudget   = time.Second, 30 * time.Second
	minKeyLife, maxKeyLife = day, year
)

var (
	suffixPattern = regexp.MustCompile(`^\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
	headerPattern = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	nameOfQuery   = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// Networks are what Allow names; what is not valid is left out.
func (l Login) Networks() []netip.Prefix { return networks(l.Allow) }

// Rules are Dialects as the client of authentication centres takes them.
func (l Login) Rules() []upstream.Rule {
	list := make([]upstream.Rule, len(l.Dialects))
	for i, d := range l.Dialects {
		list[i] = upstream.Rule{Suffix: d.Suffix, Dialect: d.spoken()}
	}
	return list
}

func (d Dialect) spoken() upstream.Dialect {
	out := upstream.OneAccess()
	if d.Kind == KindOrgID {
		out = upstream.OrgID()
	}
	for _, x := range []struct {
		to  *string
		own string
	}{
		{&out.Authorize, d.Authorize}, {&out.Token, d.Token}, {&out.Userinfo, d.Userinfo}, {&out.Logout, d.Logout}, {&out.CASLogin, d.CASLogin},
		{&out.CASLogout, d.CASLogout}, {&out.Validate, d.Validate}, {&out.TokenHeader, d.TokenHeader}, {&out.LogoutParameter, d.LogoutParameter},
		{&out.Common, d.Common},
	} {
		if x.own != "" {
			*x.to = x.own
		}
	}
	if d.RedirectURI != nil {
		out.RedirectURI = *d.RedirectURI
	}
	if d.Offline != nil {
		out.Offline = *d.Offline
	}
	return out
}

// Issuer is the address by which apps and browsers know the logins, without a slash at its end; empty where they are not served.
func (c *Config) Issuer() string {
	if c.Listen.Login == "" {
		return ""
	}
	return strings.TrimRight(c.Listeners.Login.PublicURL, "/")
}

// LoginCallback is the address that is entered in the seller centre as the callback of an application's credential; empty where logins
// are not served.
func (c *Config) LoginCallback(appID string) string {
	return registry.CallbackURL(c.Issuer(), appID)
}

func (c *Config) checkLogin(f *findings) {
	l := c.Login
	if hostPort(c.Listen.Login, 0) && c.Listeners.Login.PublicURL == "" {
		f.add("listeners.login.public_url", msgRequired, "https://login.example.com")
	}
	if at := c.Listeners.Login.PublicURL; at != "" && !bareBase(at) {
		f.add("listeners.login.public_url", msgIssuerURL)
	}
	if c.Listeners.Login.TLS.ClientCAFile != "" {
		f.add("listeners.login.tls.client_ca_file", msgNoClientCA)
	}
	f.between("login.budget", l.Budget, minBudget, maxBudget)
	f.between("login.key_life", l.KeyLife, minKeyLife, maxKeyLife)
	if !usableBase(l.UnifiedURL) {
		f.add("login.unified_url", msgBaseURL)
	}
	if len(l.Suffixes) > maxSuffixes {
		f.add("login.suffixes", msgBounds, len(l.Suffixes), 0, maxSuffixes)
	}
	for i, s := range l.Suffixes {
		if !suffixPattern.MatchString(s) {
			f.add(fmt.Sprintf("login.suffixes[%d]", i), msgSuffix)
		}
	}
	checkNetworks(f, "login.allow", l.Allow)
	if len(l.Dialects) > maxSuffixes {
		f.add("login.dialects", msgBounds, len(l.Dialects), 0, maxSuffixes)
	}
	for i, d := range l.Dialects {
		d.check(f, fmt.Sprintf("login.dialects[%d]", i), l.Dialects[:i])
	}
}

// bareBase says whether a text is scheme and host alone, as an issuer must be here: https, or http on loopback.
func bareBase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && usableBase(text) && strings.Trim(u.Path, "/") == "" && !strings.ContainsAny(text, "#?")
}

func (d Dialect) check(f *findings, at string, before []Dialect) {
	if d.Suffix != "" && !suffixPattern.MatchString(d.Suffix) {
		f.add(at+".suffix", msgSuffix)
	}
	if slices.ContainsFunc(before, func(o Dialect) bool { return strings.EqualFold(o.Suffix, d.Suffix) }) {
		f.add(at+".suffix", msgTwice, d.Suffix)
	}
	f.choice(at+".kind", d.Kind, KindOneAccess, KindOrgID)
	for _, p := range []struct{ key, path string }{
		{"authorize", d.Authorize}, {"token", d.Token}, {"userinfo", d.Userinfo}, {"logout", d.Logout}, {"cas_login", d.CASLogin},
		{"cas_logout", d.CASLogout}, {"validate", d.Validate},
	} {
		if p.path != "" && (!strings.HasPrefix(p.path, "/") || strings.ContainsAny(p.path, "?#% \r\n\\")) {
			f.add(at+"."+p.key, msgPath)
		}
	}
	if d.TokenHeader != "" && !headerPattern.MatchString(d.TokenHeader) {
		f.add(at+".token_header", msgHeader)
	}
	if d.LogoutParameter != "" && !nameOfQuery.MatchString(d.LogoutParameter) {
		f.add(at+".logout_parameter", msgHeader)
	}
	if d.Common != "" && !bareBase(d.Common) {
		f.add(at+".common", msgIssuerURL)
	}
}
