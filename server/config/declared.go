// SPDX-License-Identifier: Apache-2.0

package config

import "github.com/koogate/koogate/server/seller"

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
