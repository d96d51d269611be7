// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// The charging modes of what quotas are about (open-apis §7.3). A mode that is not known yet, or that is new, is let pass.
const (
	modeOnDemand = "ON_DEMAND"
	modePackage  = "ON_DEMAND_PKG"
	modePeriod   = "PERIOD"
	modeOneTime  = "ONE_TIME"
)

// Package tells what a package holds of one fee item.
type Package struct {
	Seller     string
	InstanceID string // the on-demand instance of the fee item
	PackageID  string // the package's own instance
	Quota      store.Units
	Priority   int32
	ExpireAt   time.Time // zero means the package instance's own expiry
	KeepGoing  bool      // the instance goes on when it is used up
	// Reset is when the content, which Quota then is for each cycle, is granted anew; nil leaves it as it is, and a new
	// package without one. Its cycles count from BeginAt; zero means the creation of the package's instance.
	Reset   *store.Reset
	BeginAt time.Time
	// UsedElsewhere is what was used of the cycle in hand before the package came here, 0 to Quota. It counts when this creates the quota, and may be told
	// again as it was.
	UsedElsewhere store.Units
}

// Put creates the quota of one fee item of a package or raises it; expiry and priority may change too, KeepGoing and the cycles
// not. The items of a package share all of that but the priority. An instance that was frozen because its packages were used
// up, and for no other reason, is thawed when it has something left again. Errors:
// INVALID_FIELD, INSTANCE_NOT_FOUND, STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *Service) Put(ctx context.Context, p Package) (store.Quota, error) {
	if err := p.check(); err != nil {
		return store.Quota{}, err
	}
	own, of, err := s.check(ctx, p)
	if err != nil {
		return store.Quota{}, err
	}
	window, err := s.Windows.WindowOf(ctx, p.Seller, p.InstanceID, s.now())
	if err != nil {
		return store.Quota{}, storefault.Told(err)
	}
	if window.Mode != store.UsageSum { // a maximum or a last value would be billed as something else than what was drawn
		return store.Quota{}, stateConflict("the meter of instance %s is no sum", p.InstanceID)
	}
	if p.ExpireAt.IsZero() {
		p.ExpireAt = own.ExpireAt
	}
	if p.BeginAt = p.BeginAt.UTC().Truncate(time.Microsecond); p.BeginAt.After(s.now()) {
		return store.Quota{}, errs.BadField("begin_time", "lies ahead")
	}
	q, err := s.put(ctx, p, own, of, window.Meter)
	if err != nil {
		return store.Quota{}, err
	}
	return q, s.settleItems(ctx, q)
}

// check judges a package by itself. Errors: INVALID_FIELD.
func (p *Package) check() error {
	switch {
	case p.Quota <= 0:
		return errs.BadField("quota", "must be more than zero")
	case p.UsedElsewhere < 0 || p.UsedElsewhere > p.Quota:
		return errs.BadField("used_elsewhere", "must be from zero to the quota")
	case p.PackageID == p.InstanceID:
		return errs.BadField("package_id", "is the package's own instance, not the pay-per-use instance")
	}
	return nil
}

// settleItems settles the instances of all fee items of a package, because they share its expiry.
func (s *Service) settleItems(ctx context.Context, q store.Quota) error {
	items, err := s.Quotas.PackageQuotas(ctx, q.Seller, q.PackageID)
	if err != nil {
		return storefault.Told(err)
	}
	for _, o := range items {
		if o.InstanceID != q.InstanceID {
			s.catchUp(ctx, o.Seller, o.InstanceID)
		}
	}
	return s.settle(ctx, q.Seller, q.InstanceID)
}

// check returns the package's own instance, and that of its fee item.
func (s *Service) check(ctx context.Context, p Package) (own, of store.Instance, err error) {
	found, err := s.instances(ctx, p.Seller, []string{p.InstanceID, p.PackageID})
	if err != nil {
		return own, of, err
	}
	for _, id := range []string{p.InstanceID, p.PackageID} {
		if err := s.living(ctx, p.Seller, found, id); err != nil {
			return own, of, err
		}
	}
	own, of = found[p.PackageID], found[p.InstanceID]
	switch of.Product.ChargingMode {
	case modePackage, modePeriod, modeOneTime:
		return own, of, stateConflict("instance %s is not pay-per-use", p.InstanceID)
	}
	switch own.Product.ChargingMode {
	case modeOnDemand, modePeriod, modeOneTime:
		return own, of, stateConflict("instance %s is not a package", p.PackageID)
	}
	return own, of, nil
}

// put keeps the bounds and writes the row, one at a time in this process. Several processes together may exceed the
// bounds by one package each, which does no harm. The store makes sure that the items of a package agree.
func (s *Service) put(ctx context.Context, p Package, own, of store.Instance, meter string) (store.Quota, error) {
	s.puts.Lock()
	defer s.puts.Unlock()
	items, err := s.Quotas.PackageQuotas(ctx, p.Seller, p.PackageID)
	if err != nil {
		return store.Quota{}, storefault.Told(err)
	}
	want := store.Quota{
		Seller: p.Seller, PackageID: p.PackageID, InstanceID: p.InstanceID, Meter: meter, Quota: p.Quota, Priority: p.Priority,
		ExpireAt: p.ExpireAt, Stop: !p.KeepGoing, UsedElsewhere: p.UsedElsewhere,
	}
	p.cycles(&want, items, own)
	known := false
	for _, q := range items {
		switch {
		case p.KeepGoing == q.Stop:
			return store.Quota{}, stateConflict("whether an instance goes on without package %s cannot be changed, and is the same for all its items", p.PackageID)
		case want.Reset != q.Reset || !want.BeginAt.Equal(q.BeginAt):
			return store.Quota{}, stateConflict("when the content of package %s is granted anew cannot be changed, and is the same for all its items", p.PackageID)
		case q.InstanceID == p.InstanceID && p.Quota < q.Quota:
			return store.Quota{}, stateConflict("the quota of a package cannot be lowered")
		case q.InstanceID == p.InstanceID && p.UsedElsewhere != 0 && p.UsedElsewhere != q.UsedElsewhere:
			return store.Quota{}, stateConflict("package %s counts here already, and %s of it as used elsewhere", p.PackageID, decimal.Format(q.UsedElsewhere))
		}
		known = known || q.InstanceID == p.InstanceID
	}
	if !known {
		if len(items) >= MaxItems {
			return store.Quota{}, stateConflict("a package has at most %d items", MaxItems)
		}
		if err := s.another(ctx, items, of); err != nil {
			return store.Quota{}, err
		}
		if err := s.room(ctx, p.Seller, p.InstanceID, own.OrderID); err != nil {
			return store.Quota{}, err
		}
	}
	want.CreatedAt = s.now()
	want.UpdatedAt = want.CreatedAt
	q, err := s.Quotas.PutQuota(ctx, want)
	switch {
	case errors.Is(err, store.ErrConflict):
		return store.Quota{}, stateConflict("package %s was put with other cycles, or another use, meanwhile", p.PackageID)
	case err != nil:
		return store.Quota{}, storefault.Told(err)
	}
	return q, nil
}

// another refuses a second instance of a fee item that a package has already.
func (s *Service) another(ctx context.Context, items []store.Quota, of store.Instance) error {
	has, err := s.products(ctx, items)
	if err != nil {
		return err
	}
	if id, ok := has[of.Product.ProductID]; ok {
		return stateConflict("package %s belongs to instance %s of the same fee item", items[0].PackageID, id)
	}
	return nil
}

// products are the fee items of quotas, by product ID, with their instances.
func (s *Service) products(ctx context.Context, items []store.Quota) (map[string]string, error) {
	if len(items) == 0 {
		return nil, nil
	}
	ids := make([]string, len(items))
	for n, q := range items {
		ids[n] = q.InstanceID
	}
	found, err := s.instances(ctx, items[0].Seller, ids)
	if err != nil {
		return nil, err
	}
	has := make(map[string]string, len(found))
	for _, i := range found {
		has[i.Product.ProductID] = i.InstanceID
	}
	return has, nil
}

// cycles says when the content is granted anew: as the caller does, else as for the items that are there.
func (p Package) cycles(want *store.Quota, items []store.Quota, own store.Instance) {
	if p.Reset != nil {
		want.Reset = *p.Reset
	} else if len(items) > 0 {
		want.Reset = items[0].Reset
	}
	if want.Reset == store.ResetNone {
		return
	}
	switch {
	case !p.BeginAt.IsZero():
		want.BeginAt = p.BeginAt
	case len(items) > 0:
		want.BeginAt = items[0].BeginAt
	default:
		want.BeginAt = own.CreatedAt
	}
}

// room refuses one package too many beside those that an instance has.
func (s *Service) room(ctx context.Context, seller, instanceID, orderID string) error {
	quotas, err := s.Quotas.Quotas(ctx, seller, instanceID)
	if err != nil {
		return storefault.Told(err)
	}
	ids := make([]string, len(quotas))
	for n, q := range quotas {
		ids[n] = q.PackageID
	}
	if len(ids) >= MaxPackages {
		return stateConflict("an instance has at most %d packages", MaxPackages)
	}
	if len(ids) < MaxOrderPackages {
		return nil
	}
	found, err := s.instances(ctx, seller, ids)
	if err != nil {
		return err
	}
	same := 0
	for _, i := range found {
		if i.OrderID == orderID {
			same++
		}
	}
	if same >= MaxOrderPackages {
		return stateConflict("an order has at most %d packages", MaxOrderPackages)
	}
	return nil
}

func stateConflict(format string, args ...any) error {
	return errs.New(errs.Precondition, errs.StateConflict, format, args...)
}

// List returns an instance's quotas in the order in which they are drawn from. Errors: INSTANCE_NOT_FOUND,
// STORE_UNAVAILABLE.
func (s *Service) List(ctx context.Context, seller, instanceID string) ([]store.Quota, error) {
	found, err := s.instances(ctx, seller, []string{instanceID})
	if err != nil {
		return nil, err
	}
	if _, ok := found[instanceID]; !ok { // a released one may still be looked at
		return nil, s.living(ctx, seller, found, instanceID)
	}
	quotas, err := s.quotas(ctx, seller, instanceID)
	if err != nil {
		return nil, err
	}
	return quotas, nil
}

// ListPackage returns the quotas of a package, one for each of its fee items. Errors: INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) ListPackage(ctx context.Context, seller, packageID string) ([]store.Quota, error) {
	found, err := s.instances(ctx, seller, []string{packageID})
	if err != nil {
		return nil, err
	}
	if _, ok := found[packageID]; !ok {
		return nil, s.living(ctx, seller, found, packageID)
	}
	items, err := s.Quotas.PackageQuotas(ctx, seller, packageID)
	if err != nil {
		return nil, storefault.Told(err)
	}
	now := s.now()
	for i := range items {
		items[i].Turn(now)
	}
	return items, nil
}

// Check tells whether an amount is left, and how much is, in all packages that are not over. Nothing is reserved. Errors:
// INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Check(ctx context.Context, seller, instanceID string, amount store.Units) (enough bool, left store.Units, err error) {
	if _, err := s.instance(ctx, seller, instanceID); err != nil {
		return false, 0, err
	}
	quotas, err := s.quotas(ctx, seller, instanceID)
	if err != nil {
		return false, 0, err
	}
	now := s.now()
	for _, q := range quotas {
		if !ended(q, now) {
			left += q.Left()
		}
	}
	return amount <= left, left, nil
}

// ended says that a package's time is over.
func ended(q store.Quota, now time.Time) bool { return !q.ExpireAt.IsZero() && !q.ExpireAt.After(now) }
