// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"regexp"

	"github.com/koogate/koogate/server/seller"
)

// What the file declares of sellers is what package seller keeps; the checks are here.
type (
	// Secret is a text that is never printed.
	Secret = seller.Secret
	// Seller is one account of the marketplace.
	Seller = seller.Seller
	// Token is a bearer token that has a name in the records and scopes of its own.
	Token = seller.Token
	// Certificate is a client certificate that stands for a seller.
	Certificate = seller.Certificate
	// Marketplace is how a seller reaches the open APIs.
	Marketplace = seller.Marketplace
	// Endpoint is one production address.
	Endpoint = seller.Endpoint
	// Product says who fulfils a product.
	Product = seller.Product
	// Meter is how a product's usage is counted and billed.
	Meter = seller.Meter
	// Package is what a package product holds.
	Package = seller.Package
	// PackageItem is what a package holds of one fee item.
	PackageItem = seller.PackageItem
	// Provisioner is a queue of tasks and who serves it.
	Provisioner = seller.Provisioner
	// Template is what the built-in provisioner fills in.
	Template = seller.Template
	// Hook is the address to which the tasks of a webhook provisioner are sent.
	Hook = seller.Hook
)

// Reveal returns the texts of several secrets.
func Reveal(list []Secret) []string { return seller.Reveal(list) }

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
