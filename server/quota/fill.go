// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// Content is what a package holds by the configuration of its product.
type Content struct {
	Seller, Endpoint, ProductID string // of the package

	Items     []Item
	Reset     store.Reset
	KeepGoing bool
	Priority  int32
}

// Item is what a package holds of one fee item. Every fee item of a pay-per-use product is a product ID, and with its buyer
// an instance, of its own (open-apis §7.3).
type Item struct {
	ProductID string
	Quota     store.Units // of one cycle, when the content is granted anew
}

const (
	// FillPause is how soon Fill comes again.
	FillPause = 5 * time.Second
	// fillFor is how long after its purchase a package is looked at: its pay-per-use product has to be opened before it.
	fillFor = 7 * 24 * time.Hour
	// fillPage is how many packages one read brings.
	fillPage = 200
	// patience is how long a package waits for its pay-per-use instance before that is worth an event.
	patience = time.Minute
	// choices is how many instances of a buyer are read: a second one already shows that the choice is not unique.
	choices = 10
)

// The reasons for which a package waits.
const (
	WaitsNone      = "the buyer has no pay-per-use instance of the fee item"
	WaitsAmbiguous = "the buyer has several pay-per-use instances of the fee item"
)

// Fill fills the packages that were bought lately and returns when to come again. No interface of the marketplace tells which
// pay-per-use instance a package belongs to, so it is the one that the package's buyer has of the fee item's product; with
// none, or several of which not exactly one is of the package's own order, the package waits for PutQuota. What was put by
// hand stays. Errors: STORE_UNAVAILABLE.
func (s *Service) Fill(ctx context.Context, seller string) (next time.Time, err error) {
	next = s.now().Add(FillPause)
	seen := map[store.QuotaKey]bool{}
	contents := s.contents()
	for k := range contents {
		c := &contents[k]
		if c.Seller != seller {
			continue
		}
		if ferr := s.fillAll(ctx, c, seen); ferr != nil {
			err = ferr
		}
	}
	if err == nil {
		s.filled.keep(seller, seen)
	}
	return next, err
}

// fillAll fills the packages of a product. One that fails does not hold up the others.
func (s *Service) fillAll(ctx context.Context, c *Content, seen map[store.QuotaKey]bool) (failed error) {
	after := store.Cursor{CreatedAt: s.now().Add(-fillFor)}
	for {
		list, err := s.Instances.InstancesBought(ctx, c.Seller, c.ProductID, after, fillPage)
		if err != nil {
			return storefault.Told(err)
		}
		for n := range list {
			p := &list[n]
			after = store.Cursor{CreatedAt: p.CreatedAt, ID: p.InstanceID}
			if p.Endpoint != c.Endpoint {
				continue
			}
			seen[store.QuotaKey{Seller: p.Seller, PackageID: p.InstanceID}] = true
			if err := s.fill(ctx, c, p); err != nil {
				failed = err
			}
		}
		if len(list) < fillPage {
			return failed
		}
	}
}

// contents are what packages hold now. When that has changed, a package that had everything may lack something.
func (s *Service) contents() []Content {
	if s.Contents == nil {
		return nil
	}
	list := s.Contents()
	if first := firstOf(list); s.content.Swap(first) != first {
		s.filled.clear()
	}
	return list
}

// firstOf tells one list of contents from another.
func firstOf(list []Content) *Content {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// FillNow fills those of a seller's instances, as they were read, that are packages, so that the first answer about one already
// has its fee items. It returns the instances without those that could not be filled, which the error names. Errors:
// STORE_UNAVAILABLE.
func (s *Service) FillNow(ctx context.Context, instances []*store.Instance) (ready []*store.Instance, failed error) {
	if len(s.contents()) == 0 {
		return instances, nil
	}
	ready = make([]*store.Instance, 0, len(instances))
	for _, i := range instances {
		if err := s.fillFrom(ctx, i); err != nil {
			failed = errors.Join(failed, fmt.Errorf("fill package %s: %w", i.InstanceID, err))
			continue
		}
		ready = append(ready, i)
	}
	return ready, failed
}

// fillFrom fills an instance that is a package, and does nothing for any other.
func (s *Service) fillFrom(ctx context.Context, p *store.Instance) error {
	contents := s.contents()
	for k := range contents {
		c := &contents[k]
		if c.Seller == p.Seller && c.Endpoint == p.Endpoint && c.ProductID == p.Product.ProductID {
			return s.fill(ctx, c, p)
		}
	}
	return nil
}

// fillOf fills the packages that the buyer of a pay-per-use instance has of it, before something is refused for want of them.
// It reports whether there was one to be looked at.
func (s *Service) fillOf(ctx context.Context, i *store.Instance) (looked bool, err error) {
	contents := s.contents()
	for k := range contents {
		c := &contents[k]
		if c.Seller != i.Seller || !slices.ContainsFunc(c.Items, func(it Item) bool { return it.ProductID == i.Product.ProductID }) {
			continue
		}
		list, err := s.Instances.InstancesOfBuyer(ctx, c.Seller, c.ProductID, i.BuyerKey, MaxPackages)
		if err != nil {
			return looked, storefault.Told(err)
		}
		for n := range list {
			if list[n].Endpoint != c.Endpoint {
				continue
			}
			looked = true
			if err := s.fill(ctx, c, &list[n]); err != nil {
				return looked, err
			}
		}
	}
	return looked, nil
}

// fill puts the quotas that a package lacks.
func (s *Service) fill(ctx context.Context, c *Content, p *store.Instance) error {
	key := store.QuotaKey{Seller: p.Seller, PackageID: p.InstanceID}
	if p.BuyerKey == "" || s.filled.has(key) || over(p) {
		return nil
	}
	quotas, err := s.Quotas.PackageQuotas(ctx, p.Seller, p.InstanceID)
	if err != nil {
		return storefault.Told(err)
	}
	has, err := s.products(ctx, quotas)
	if err != nil {
		return err
	}
	waits := false
	for _, item := range c.Items {
		if _, ok := has[item.ProductID]; ok {
			continue
		}
		ok, err := s.fillItem(ctx, c, p, item)
		if err != nil {
			return err
		}
		waits = waits || !ok
	}
	if !waits {
		s.filled.add(key)
	}
	return nil
}

// fillItem puts the quota of one fee item; false when it has to wait.
func (s *Service) fillItem(ctx context.Context, c *Content, p *store.Instance, item Item) (ok bool, err error) {
	list, err := s.Instances.InstancesOfBuyer(ctx, p.Seller, item.ProductID, p.BuyerKey, choices)
	if err != nil {
		return false, storefault.Told(err)
	}
	of, reason := choose(list, p)
	if of == nil {
		if reason == WaitsNone && s.now().Sub(p.CreatedAt) < patience {
			return false, nil
		}
		return false, s.waits(ctx, p, item, reason)
	}
	// The event is recorded before the quota is put: when the process dies in between, the next run puts the quota. In the other order
	// the next run would find the quota and record no event.
	filled := fulfil.PackageItem{ProductID: item.ProductID, InstanceID: of.InstanceID, Quota: decimal.Format(item.Quota)}
	switch err := s.Stopper.PackageAssigned(ctx, p.Seller, p.InstanceID, filled); {
	case errors.Is(err, fulfil.ErrImported): // what was used of it is not known here
		return true, nil
	case err != nil:
		return false, storefault.Told(err)
	}
	_, err = s.Put(ctx, Package{
		Seller: p.Seller, InstanceID: of.InstanceID, PackageID: p.InstanceID, Quota: item.Quota, Priority: c.Priority,
		KeepGoing: c.KeepGoing, Reset: &c.Reset,
	})
	if err == nil {
		return true, nil
	}
	switch e := errs.As(err); {
	case e.Reason == errs.StateConflict, e.Reason == errs.InvalidField:
		return false, s.waits(ctx, p, item, e.Msg)
	case e.Reason == errs.InstanceNotFound: // released meanwhile
		return false, nil
	}
	return false, err
}

// choose returns the instance of a fee item that a package belongs to, or why there is none.
func choose(list []store.Instance, p *store.Instance) (of *store.Instance, reason string) {
	list = slices.DeleteFunc(list, func(i store.Instance) bool { return i.InstanceID == p.InstanceID })
	if len(list) > 1 {
		list = slices.DeleteFunc(list, func(i store.Instance) bool { return i.OrderID != p.OrderID })
		if len(list) != 1 {
			return nil, WaitsAmbiguous
		}
	}
	if len(list) == 0 {
		return nil, WaitsNone
	}
	return &list[0], ""
}

// waits records why a package is not filled; the chain of its order holds it to once.
func (s *Service) waits(ctx context.Context, p *store.Instance, item Item, reason string) error {
	told := waiting{p.Seller, p.InstanceID, item.ProductID, reason}
	if _, done := s.told.Load(told); done {
		return nil
	}
	if err := s.Stopper.PackageWaits(ctx, p.Seller, p.InstanceID, item.ProductID, reason); err != nil {
		return storefault.Told(err)
	}
	s.told.Store(told, struct{}{})
	return nil
}

type waiting struct{ seller, packageID, productID, reason string }

// filled remembers packages that have all they are to have, as long as Fill still comes upon them.
type filled struct {
	mu  sync.Mutex
	set map[store.QuotaKey]bool
}

func (f *filled) has(k store.QuotaKey) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set[k]
}

func (f *filled) add(k store.QuotaKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.set == nil {
		f.set = make(map[store.QuotaKey]bool)
	}
	f.set[k] = true
}

// clear forgets all packages.
func (f *filled) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.set)
}

// keep forgets a seller's packages that were not seen.
func (f *filled) keep(seller string, seen map[store.QuotaKey]bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k := range f.set {
		if k.Seller == seller && !seen[k] {
			delete(f.set, k)
		}
	}
}
