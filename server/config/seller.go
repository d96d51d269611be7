// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"regexp"
)

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
		checkTokens(f, s, at, owner)
		checkCertificates(f, s, at, subjects)
	}
}
