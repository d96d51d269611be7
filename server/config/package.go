// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// Package is what a package product holds. Its quotas are put when it is bought.
type Package struct {
	Items     []PackageItem `koanf:"items"`      // 1 to 50
	Reset     string        `koanf:"reset"`      // when the content is granted anew: none (default), month or year
	KeepGoing bool          `koanf:"keep_going"` // the instances go on when it is used up: the excess is pay-per-use
	Priority  int           `koanf:"priority"`   // 0 to 1000, drawn from lower first
}

// PackageItem is what a package holds of one fee item.
type PackageItem struct {
	Product string `koanf:"product"` // product ID of the fee item
	Quota   string `koanf:"quota"`   // a decimal; of one month or year when the content is granted anew
}

// The choices of a package's reset and of the spans of usage; the first is the default.
const (
	resetNone, resetMonth, resetYear = "none", "month", "year"
	spansApart, spansShared          = "apart", "shared"

	maxPriority = 1000
)

// checkPackage checks what a package product holds.
func (c *Config) checkPackage(f *findings, e Endpoint, id, at string) {
	p := e.Products[id].Package
	f.choice(at+".reset", p.Reset, resetNone, resetMonth, resetYear)
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
		if ok && productID != "*" && e.Seller == seller && p.Meter.Name != "" && p.Meter.meter().Mode == store.UsageSum {
			return true
		}
	}
	return false
}

// contents are what the packages of all endpoints hold.
func (c *Config) contents() (all []quota.Content) {
	for _, e := range c.Endpoints {
		for id, p := range e.Products {
			if len(p.Package.Items) == 0 {
				continue
			}
			content := quota.Content{
				Seller: e.Seller, Endpoint: e.Name, ProductID: id, KeepGoing: p.Package.KeepGoing, Priority: int32(p.Package.Priority),
			}
			switch p.Package.Reset {
			case resetMonth:
				content.Reset = store.ResetMonth
			case resetYear:
				content.Reset = store.ResetYear
			}
			for _, item := range p.Package.Items {
				units, err := decimal.Parse(item.Quota)
				if err != nil { // checked before
					continue
				}
				content.Items = append(content.Items, quota.Item{ProductID: item.Product, Quota: units})
			}
			all = append(all, content)
		}
	}
	return all
}

// spans are the sellers' choices of what the marketplace is told of records that share a window.
func (c *Config) spans() map[string]store.UsageSpans {
	all := make(map[string]store.UsageSpans)
	for _, s := range c.Sellers {
		if s.Marketplace.UsageSpans == spansShared {
			all[s.Name] = store.SpansShared
		}
	}
	return all
}

// filledUsage fills a package before its usage is told, so that its first answer has every fee item (second reading C9).
type filledUsage struct {
	usage  *usage.Service
	quotas *quota.Service
}

// UsageOf implements production.Usage.
func (u filledUsage) UsageOf(ctx context.Context, instances []*store.Instance) (map[string][]usage.Info, error) {
	ready, failed := u.quotas.FillNow(ctx, instances)
	used, err := u.usage.UsageOf(ctx, ready)
	return used, errors.Join(failed, err)
}
