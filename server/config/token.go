// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/koogate/koogate/server/access"
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
