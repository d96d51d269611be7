// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/store"
)

// settledAfter is the age at which a window's total no longer changes: uses are taken for 21 days, and a window lasts a day at most.
const settledAfter = refuseAfter + 2*Day

// totalPage is how many windows a total reads at a time.
const totalPage = 500

// Info is the usage of an instance as the marketplace is shown it (saas-v2 §5.2).
type Info struct {
	RelatedInstanceID string // of a package: the pay-per-use instance that has used it up so far
	Value             string // decimal without zeros at its end
	At                time.Time
}

// total is the sum of the windows up to a place in their list; what comes after it may still change.
type total struct {
	after *store.Cursor
	sums  map[string]store.Units // by instance
}

// UsageOf returns what queryInstance shows of instances, as they were read: of a pay-per-use instance all that it has used, of a
// package what was drawn from it, for each pay-per-use instance, and zero before the first use (second reading C9). An instance
// whose product has no meter has none, unless it is a package whose quota says what it belongs to. An instance whose usage cannot
// be read costs only its own: the error names it, and the usage of the others is there. When ctx ends the rest is left out. Errors:
// STORE_UNAVAILABLE.
func (s *Service) UsageOf(ctx context.Context, instances []*store.Instance) (map[string][]Info, error) {
	var out map[string][]Info
	var failed error
	for _, i := range instances {
		list, err := s.usageOf(ctx, i)
		switch {
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("usage of instance %s: %w", i.InstanceID, storeError(err)))
			if ctx.Err() != nil {
				return out, failed
			}
		case len(list) > 0:
			if out == nil {
				out = make(map[string][]Info, len(instances))
			}
			out[i.InstanceID] = list
		}
	}
	return out, failed
}

// usageOf returns what is shown of one instance. It asks the ledger only for what is used by amount.
func (s *Service) usageOf(ctx context.Context, i *store.Instance) ([]Info, error) {
	_, metered := s.meter(i.Endpoint, i.Product.ProductID)
	switch {
	case i.Product.ChargingMode == modeOnDemand && metered:
		now := s.now()
		sums, err := s.total(ctx, i.Seller, store.Term{Field: "instance_id", Value: i.InstanceID}, now)
		if err != nil {
			return nil, err
		}
		return []Info{{Value: FormatAmount(sums[i.InstanceID]), At: now}}, nil
	case i.Product.ChargingMode == modePackage:
		now := s.now()
		sums, err := s.total(ctx, i.Seller, store.Term{Field: "package_id", Value: i.InstanceID}, now)
		if err != nil {
			return nil, err
		}
		if err := s.unused(ctx, i, metered, sums); err != nil {
			return nil, err
		}
		list := make([]Info, 0, len(sums))
		for related, sum := range sums {
			list = append(list, Info{RelatedInstanceID: related, Value: FormatAmount(sum), At: now})
		}
		slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.RelatedInstanceID, b.RelatedInstanceID) })
		return list, nil
	}
	return nil, nil
}

// unused adds to each fee item of a package what was used of it before it was counted here, and the zero of one that nothing was drawn from yet.
func (s *Service) unused(ctx context.Context, pkg *store.Instance, metered bool, sums map[string]store.Units) error {
	items, err := s.Store.PackageQuotas(ctx, pkg.Seller, pkg.InstanceID)
	if err != nil {
		return err
	}
	for _, q := range items {
		sums[q.InstanceID] += q.UsedElsewhere
	}
	if len(sums) == 0 && metered {
		sums[""] = 0 // which instance it belongs to is not known yet
	}
	return nil
}

// total sums up the windows of an instance or a package. Those that change no more are summed up once.
func (s *Service) total(ctx context.Context, seller string, of store.Term, now time.Time) (map[string]store.Units, error) {
	key := seller + "\x1f" + of.Field + "\x1f" + of.Value
	known, _ := s.totals.Get(key)
	final := total{after: known.after, sums: clone(known.sums)}
	sums := clone(known.sums)
	q := store.ListQuery{Seller: seller, Filter: []store.Term{of}, After: known.after, Limit: totalPage}
	for {
		page, err := s.Store.ListUsageWindows(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range page {
			w := &page[i]
			sums[w.InstanceID] += w.Total
			q.After = &store.Cursor{CreatedAt: w.CreatedAt, ID: w.ID()}
			if now.Sub(w.CreatedAt) > settledAfter {
				final.sums[w.InstanceID] += w.Total
				final.after = q.After
			}
		}
		if len(page) < totalPage {
			s.totals.Put(key, final)
			return sums, nil
		}
	}
}

func clone(m map[string]store.Units) map[string]store.Units {
	c := make(map[string]store.Units, len(m)+1)
	for k, v := range m {
		c[k] = v
	}
	return c
}
