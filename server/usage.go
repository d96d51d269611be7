// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"

	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// NewUsage makes the usage domain with the meters of a snapshot, for commands that run no server.
func NewUsage(c *seller.Snapshot, d usage.Deps) *usage.Service {
	return usage.New(usage.Config{Rules: *usageRules(c)}, d)
}

// usageRules are what the sellers say of usage.
func usageRules(c *seller.Snapshot) *usage.Rules {
	return &usage.Rules{Meters: meters(c), Spans: spans(c)}
}

// meterOf is a meter as the domain knows it.
func meterOf(m config.Meter) usage.Meter {
	out := usage.Meter{Name: m.Name, Mode: store.UsageSum, Window: m.Window, Settle: usage.DefaultSettle, Daily: m.Bill == config.BillDaily || m.Window == usage.Day}
	switch m.Aggregate {
	case config.AggregateMax:
		out.Mode = store.UsageMax
	case config.AggregateLast:
		out.Mode = store.UsageLast
	case config.AggregateCount:
		out.Mode = store.UsageCount
	}
	if out.Window == 0 {
		out.Window = usage.Hour
	}
	if m.Settle != nil {
		out.Settle = *m.Settle
	}
	return out
}

// meters are the meters of all endpoints. A product without one in its own entry has none, even if "*" has.
func meters(c *seller.Snapshot) map[string]map[string]usage.Meter {
	all := make(map[string]map[string]usage.Meter)
	for _, e := range c.Endpoints {
		products := make(map[string]usage.Meter)
		for id, p := range e.Products {
			products[id] = meterOf(p.Meter)
		}
		all[e.Name] = products
	}
	return all
}

// contents are what the packages of all endpoints hold.
func contents(c *seller.Snapshot) (all []quota.Content) {
	for _, e := range c.Endpoints {
		for id, p := range e.Products {
			if len(p.Package.Items) == 0 {
				continue
			}
			content := quota.Content{
				Seller: e.Seller, Endpoint: e.Name, ProductID: id, KeepGoing: p.Package.KeepGoing, Priority: int32(p.Package.Priority),
			}
			switch p.Package.Reset {
			case config.ResetMonth:
				content.Reset = store.ResetMonth
			case config.ResetYear:
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
func spans(c *seller.Snapshot) map[string]store.UsageSpans {
	all := make(map[string]store.UsageSpans)
	for _, s := range c.Sellers {
		if s.Marketplace.UsageSpans == config.SpansShared {
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
