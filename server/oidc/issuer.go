// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/koogate/koogate/server/access"
)

// Issuer is who makes tokens that are believed. The checks of the configuration hold it to its bounds.
type Issuer struct {
	Issuer     string        `koanf:"issuer"`        // its URL, to the letter as in the claim iss
	JWKSURL    string        `koanf:"jwks_url"`      // of its keys; empty: the issuer's discovery document says it
	Audiences  []string      `koanf:"audiences"`     // one of these must be in the claim aud
	Algorithms []string      `koanf:"algorithms"`    // of [Algorithms]; none means all of them
	Subject    string        `koanf:"subject_claim"` // the claim that names the caller in records; empty means sub
	Leeway     time.Duration `koanf:"leeway"`        // by which clocks may differ; 0 means 30 s
	Refresh    time.Duration `koanf:"refresh"`       // how often the keys are fetched; 0 means 10 min
	Keep       time.Duration `koanf:"keep"`          // how long keys count that cannot be fetched anew; 0 means 24 h
	Rules      []Rule        `koanf:"rules"`         // a token that none fits is refused
}

// Rule says what a caller may do whose token holds a claim with one of some values.
type Rule struct {
	Claim  string   `koanf:"claim"`  // its name; what is inside another has the names joined by points: realm_access.roles
	Values []string `koanf:"values"` // the claim is one of them, or a list with one of them
	Seller string   `koanf:"seller"` // whose data the caller may touch
	Scopes []string `koanf:"scopes"` // what it may do
	Queues []string `koanf:"queues"` // from which it may lease; none means every queue of workers
}

// The bounds of an issuer's times.
const (
	MaxLeeway  = 5 * time.Minute
	MinRefresh = time.Minute
	MaxRefresh = 24 * time.Hour
	MinKeep    = 10 * time.Minute
	MaxKeep    = 30 * 24 * time.Hour
)

// Allows are the rule's scopes.
func (r Rule) Allows() []access.Scope {
	list := make([]access.Scope, len(r.Scopes))
	for i, s := range r.Scopes {
		list[i] = access.Scope(s)
	}
	return list
}

// algorithms are those with which a token may be signed. All have a key that only the issuer has: with HS256 everybody who can verify a
// token could make one, and whoever took the public key of another algorithm for such a secret could, too.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}

// Algorithms are the names of the algorithms with which a token may be signed.
func Algorithms() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = string(a)
	}
	return names
}

// Usable says whether an address may be that of an issuer or of its keys: https, or http of this machine, with a host and without a user,
// query or fragment.
func Usable(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && local(u.Hostname())
}

// local says whether a host is this machine.
func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && a.Unmap().IsLoopback()
}

// filled is the issuer with its defaults.
func (i Issuer) filled() Issuer {
	i.Subject, i.Leeway = cmp.Or(i.Subject, "sub"), cmp.Or(i.Leeway, 30*time.Second)
	i.Refresh, i.Keep = cmp.Or(i.Refresh, 10*time.Minute), cmp.Or(i.Keep, 24*time.Hour)
	if len(i.Algorithms) == 0 {
		i.Algorithms = Algorithms()
	}
	return i
}

// Outlived says whether keys cease to count before they are fetched anew.
func (i Issuer) Outlived() bool {
	i = i.filled()
	return i.Keep < i.Refresh
}

func (i Issuer) signs(algorithm string) bool { return slices.Contains(i.Algorithms, algorithm) }
