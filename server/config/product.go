// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/quota"
)

const (
	maxProductID = 64
	maxPriority  = 1000
)

func (c *Config) checkProducts(f *findings, at string, e Endpoint) {
	products := e.Products
	if len(products) == 0 {
		f.add(at, msgNone)
	}
	ids := make([]string, 0, len(products))
	for id := range products {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		p, path := products[id], fmt.Sprintf("%s[%s]", at, id)
		if id == "" || utf8.RuneCountInString(id) > maxProductID {
			f.add(path, msgProductID)
		}
		if !slices.ContainsFunc(c.Provisioners, func(o Provisioner) bool { return o.Name == p.Provisioner && o.Of(e.Seller) }) && f.names("provisioners") {
			f.add(path+".provisioner", msgNoQueue, p.Provisioner)
		}
		f.between(path+".sync_budget", p.SyncBudget, 0, maxSyncBudget)
		f.choice(path+".fingerprint", p.Fingerprint, FingerprintOptional, FingerprintRequired)
		f.choice(path+".route", p.Route, RouteOwn, RouteForward, RouteShadow)
		if e.OldURL == "" && Away(p.Route) {
			f.add(path+".route", msgNoOldURL)
		}
		checkMeter(f, p.Meter, path+".meter")
		c.checkPackage(f, e, id, path+".package")
	}
}

// The choices of a package's reset; the first is the default.
const (
	ResetNone  = "none"
	ResetMonth = "month"
	ResetYear  = "year"
)

// checkPackage checks what a package product holds.
func (c *Config) checkPackage(f *findings, e Endpoint, id, at string) {
	p := e.Products[id].Package
	f.choice(at+".reset", p.Reset, ResetNone, ResetMonth, ResetYear)
	if p.Priority < 0 || p.Priority > maxPriority {
		f.add(at+".priority", msgBounds, p.Priority, 0, maxPriority)
	}
	if len(p.Items) == 0 {
		if p.Reset != "" || p.KeepGoing || p.Priority != 0 {
			f.add(at+".items", msgPackageEmpty)
		}
		return
	}
	if id == "*" {
		f.add(at, msgPackageAll)
	}
	if len(p.Items) > quota.MaxItems {
		f.add(at+".items", msgPackageMany, len(p.Items), quota.MaxItems)
	}
	seen := map[string]bool{}
	for n, item := range p.Items {
		path := fmt.Sprintf("%s.items[%d]", at, n)
		switch {
		case seen[item.Product]:
			f.add(path+".product", msgKeyTwice)
		case item.Product == id || !c.summed(e.Seller, item.Product):
			f.add(path+".product", msgPackageItem, item.Product)
		}
		seen[item.Product] = true
		if u, err := decimal.Parse(item.Quota); err != nil || u <= 0 {
			f.add(path+".quota", msgPackageQuota, item.Quota)
		}
	}
}

// summed says whether a product of a seller has a meter that adds up, as what is drawn from a package does.
func (c *Config) summed(seller, productID string) bool {
	for _, e := range c.Endpoints {
		p, ok := e.Products[productID]
		if ok && productID != "*" && e.Seller == seller && p.Meter.Name != "" && sums(p.Meter) {
			return true
		}
	}
	return false
}
