// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/limit"
	"github.com/koogate/koogate/server/oidc"
)

// checkTokens covers the tokens with names.
func checkTokens(f *findings, s Seller, at string, owner map[Secret]string) {
	names := make(map[string]bool)
	for k, t := range s.Tokens {
		path := fmt.Sprintf("%s.tokens[%d]", at, k)
		f.name(path+".name", t.Name, names)
		if !tokenPattern.MatchString(t.Secret.Reveal()) {
			f.add(path+".secret", msgToken)
		}
		switch other, used := owner[t.Secret]; {
		case used && other == s.Name:
			f.add(path+".secret", msgKeyTwice)
		case used:
			f.add(path+".secret", msgTokenUsed)
		}
		owner[t.Secret] = s.Name
	}
}

// checkGrants holds what tokens and certificates may do to what there is.
func (c *Config) checkGrants(f *findings) {
	for i, s := range c.Sellers {
		for k, t := range s.Tokens {
			c.checkGrant(f, s.Name, fmt.Sprintf("sellers[%d].tokens[%d]", i, k), t.Scopes, t.Allows(), t.Queues)
		}
		for k, t := range s.Certificates {
			path := fmt.Sprintf("sellers[%d].certificates[%d]", i, k)
			if len(t.Scopes) == 0 {
				f.add(path+".scopes", msgNone)
			}
			c.checkGrant(f, s.Name, path, t.Scopes, t.Allows(), t.Queues)
		}
	}
}

// checkGrant holds one to it: the scopes that it names, those that it has, and its queues.
func (c *Config) checkGrant(f *findings, seller, path string, scopes []string, allowed []access.Scope, queues []string) {
	for n, scope := range scopes {
		if !slices.Contains(access.Grantable(), access.Scope(scope)) {
			f.add(fmt.Sprintf("%s.scopes[%d]", path, n), msgChoice, scope, scopeNames(access.Grantable()))
		}
	}
	if len(queues) > 0 && !slices.Contains(allowed, access.Worker) {
		f.add(path+".queues", msgQueueScope)
	}
	for n, queue := range queues {
		if !slices.ContainsFunc(c.Provisioners, func(p Provisioner) bool {
			return p.Name == queue && (p.Type == ProvisionerWorker || p.Type == ProvisionerWebhook) && p.Of(seller)
		}) {
			f.add(fmt.Sprintf("%s.queues[%d]", path, n), msgNoWorkerQueue, queue)
		}
	}
}

// Notices are what the operator of a configuration without faults should know.
func (c *Config) Notices() []Problem {
	f := findings{origin: c.origin}
	for i, s := range c.Sellers {
		if len(s.APITokens) > 0 {
			f.add(fmt.Sprintf("sellers[%d].api_tokens", i), msgCustomary, scopeNames(access.Customary()))
		}
		for k, t := range s.Tokens {
			if len(t.Scopes) == 0 {
				f.add(fmt.Sprintf("sellers[%d].tokens[%d]", i, k), msgCustomary, scopeNames(access.Customary()))
			}
		}
		if len(s.Certificates) > 0 && !c.asksForCertificates() {
			f.add(fmt.Sprintf("sellers[%d].certificates", i), msgUnasked)
		}
	}
	if c.GRPC.Production {
		f.add("grpc.production", msgProduction)
	}
	return f.list
}

// asksForCertificates says whether a listener of the API verifies the certificates of its clients.
func (c *Config) asksForCertificates() bool {
	return c.Listeners.GRPC.TLS.ClientCAFile != "" || c.Listeners.API.TLS.ClientCAFile != ""
}

func scopeNames(list []access.Scope) string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// checkCertificates covers the certificates of clients. A subject names one seller.
func checkCertificates(f *findings, s Seller, at string, subjects map[string]bool) {
	names := make(map[string]bool)
	for k, c := range s.Certificates {
		path := fmt.Sprintf("%s.certificates[%d]", at, k)
		f.name(path+".name", c.Name, names)
		switch {
		case c.Subject == "":
			f.add(path+".subject", msgNone)
		case subjects[c.Subject]:
			f.add(path+".subject", msgKeyTwice)
		}
		subjects[c.Subject] = true
	}
}

const (
	maxIssuers = 10
	maxRules   = 100
)

// checkIssuers covers the issuers of JWTs. None of them is asked.
func (c *Config) checkIssuers(f *findings) {
	if n := len(c.Access.OIDC); n > maxIssuers {
		f.add("access.oidc", msgBounds, n, 0, maxIssuers)
	}
	seen := make(map[string]bool)
	for i, x := range c.Access.OIDC {
		at := fmt.Sprintf("access.oidc[%d]", i)
		switch {
		case x.Issuer == "":
			f.add(at+".issuer", msgRequired, "https://…")
		case !oidc.Usable(x.Issuer):
			f.add(at+".issuer", msgBaseURL)
		case seen[x.Issuer]:
			f.add(at+".issuer", msgKeyTwice)
		}
		seen[x.Issuer] = true
		if x.JWKSURL != "" && !oidc.Usable(x.JWKSURL) {
			f.add(at+".jwks_url", msgBaseURL)
		}
		if len(x.Audiences) == 0 || slices.Contains(x.Audiences, "") {
			f.add(at+".audiences", msgAudience)
		}
		for k, a := range x.Algorithms {
			if !slices.Contains(oidc.Algorithms(), a) {
				f.add(fmt.Sprintf("%s.algorithms[%d]", at, k), msgChoice, a, strings.Join(oidc.Algorithms(), ", "))
			}
		}
		f.between(at+".leeway", x.Leeway, 0, oidc.MaxLeeway)
		if x.Refresh != 0 {
			f.between(at+".refresh", x.Refresh, oidc.MinRefresh, oidc.MaxRefresh)
		}
		if x.Keep != 0 {
			f.between(at+".keep", x.Keep, oidc.MinKeep, oidc.MaxKeep)
		}
		if x.Outlived() {
			f.add(at+".keep", msgOutlived)
		}
		switch n := len(x.Rules); {
		case n == 0:
			f.add(at+".rules", msgNone)
		case n > maxRules:
			f.add(at+".rules", msgBounds, n, 1, maxRules)
		}
		for k, r := range x.Rules {
			c.checkRule(f, r, fmt.Sprintf("%s.rules[%d]", at, k))
		}
	}
}

// checkRule holds a rule to what there is.
func (c *Config) checkRule(f *findings, r oidc.Rule, at string) {
	if r.Claim == "" {
		f.add(at+".claim", msgRequired, "realm_access.roles")
	}
	if len(r.Values) == 0 || slices.Contains(r.Values, "") {
		f.add(at+".values", msgValues)
	}
	if f.names("sellers") && !slices.ContainsFunc(c.Sellers, func(s Seller) bool { return s.Name == r.Seller }) {
		f.add(at+".seller", msgNoSeller, r.Seller)
	}
	if len(r.Scopes) == 0 {
		f.add(at+".scopes", msgNone)
	}
	c.checkGrant(f, r.Seller, at, r.Scopes, r.Allows(), r.Queues)
}

// checkRates covers how often callers may call.
func (c *Config) checkRates(f *findings) {
	l := c.Access.Limits
	rates := func(at string, reads, writes, leases, exports *limit.Rate) {
		for _, r := range []struct {
			key  string
			rate *limit.Rate
		}{{"reads", reads}, {"writes", writes}, {"leases", leases}, {"exports", exports}} {
			if r.rate != nil {
				checkRate(f, at+"."+r.key, *r.rate)
			}
		}
	}
	rates("access.limits", &l.Reads, &l.Writes, &l.Leases, &l.Exports)
	checkRate(f, "access.limits.strangers", l.Strangers)
	if n := len(l.Rules); n > maxRules {
		f.add("access.limits.rules", msgBounds, n, 0, maxRules)
	}
	seen := make(map[[2]string]bool)
	for i, r := range l.Rules {
		at := fmt.Sprintf("access.limits.rules[%d]", i)
		if f.names("sellers") && !slices.ContainsFunc(c.Sellers, func(s Seller) bool { return s.Name == r.Seller }) {
			f.add(at+".seller", msgNoSeller, r.Seller)
		}
		kind, name, _ := strings.Cut(r.Caller, " ")
		switch {
		case !slices.Contains([]string{"token", "certificate", "oidc"}, kind) && r.Caller != "api token", name == "":
			f.add(at+".caller", msgCaller)
		case seen[[2]string{r.Seller, r.Caller}]:
			f.add(at+".caller", msgKeyTwice)
		}
		seen[[2]string{r.Seller, r.Caller}] = true
		if r.Reads == nil && r.Writes == nil && r.Leases == nil && r.Exports == nil {
			f.add(at, msgNoRate)
		}
		rates(at, r.Reads, r.Writes, r.Leases, r.Exports)
	}
}

func checkRate(f *findings, at string, r limit.Rate) {
	if r.Rate < 0 || r.Rate > limit.MaxRate {
		f.add(at+".rate", msgBounds, r.Rate, 0, limit.MaxRate)
	}
	if r.Rate != 0 && (r.Burst < 1 || r.Burst > limit.MaxBurst) {
		f.add(at+".burst", msgBounds, r.Burst, 1, limit.MaxBurst)
	}
}
