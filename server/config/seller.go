// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"regexp"
)

// Seller is one account of the marketplace.
type Seller struct {
	Name          string        `koanf:"name"`
	APITokens     []Secret      `koanf:"api_tokens"` // bearer tokens of the seller's own systems; several allow rotation
	APITokenFiles []string      `koanf:"api_token_files"`
	Tokens        []Token       `koanf:"tokens"`       // bearer tokens with a name and scopes
	Certificates  []Certificate `koanf:"certificates"` // of clients that need no token
	Marketplace   Marketplace   `koanf:"marketplace"`
}

var (
	namePattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	tokenPattern = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]+$`)
)

func (c *Config) checkSellers(f *findings) {
	if len(c.Sellers) == 0 {
		f.add("sellers", msgNone)
	}
	names := make(map[string]bool)
	owner, subjects := make(map[Secret]string), make(map[string]bool)
	for i, s := range c.Sellers {
		at := fmt.Sprintf("sellers[%d]", i)
		f.name(at+".name", s.Name, names)
		for k, token := range s.APITokens {
			path := fmt.Sprintf("%s.api_tokens[%d]", at, k)
			if !tokenPattern.MatchString(token.Reveal()) {
				f.add(path, msgToken)
			}
			switch other, used := owner[token]; {
			case used && other == s.Name:
				f.add(path, msgKeyTwice)
			case used:
				f.add(path, msgTokenUsed)
			}
			owner[token] = s.Name
		}
		s.checkTokens(f, at, owner)
		s.checkCertificates(f, at, subjects)
	}
}

// UsageKey signs the seller's usage pushes: its own setting, or the first key of its first endpoint. Empty when there is
// neither.
func (c *Config) UsageKey(seller string) Secret {
	for _, s := range c.Sellers {
		if s.Name == seller && s.Marketplace.UsageKey != "" {
			return s.Marketplace.UsageKey
		}
	}
	for _, e := range c.Endpoints {
		if e.Seller == seller && len(e.Keys) > 0 {
			return e.Keys[0]
		}
	}
	return ""
}
