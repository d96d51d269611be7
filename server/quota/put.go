package quota

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// The charging modes of what quotas are about (open-apis §7.3). A mode that is not known yet, or that is new, is let pass.
const (
	modeOnDemand = "ON_DEMAND"
	modePackage  = "ON_DEMAND_PKG"
	modePeriod   = "PERIOD"
	modeOneTime  = "ONE_TIME"
)

// Package tells what a package holds.
type Package struct {
	Seller     string
	InstanceID string // the on-demand instance
	PackageID  string // the package's own instance
	Quota      store.Units
	Priority   int32
	ExpireAt   time.Time // zero means the package instance's own expiry
	KeepGoing  bool      // the instance goes on when it is used up
	// Reset is when the content, which Quota then is for each cycle, is granted anew; nil leaves it as it is, and a new
	// package without one. Its cycles count from BeginAt; zero means the creation of the package's instance.
	Reset   *store.Reset
	BeginAt time.Time
}

// Put creates a package's quota or raises it; expiry and priority may change too, KeepGoing and the cycles not. An instance that was
// frozen because its packages were used up, and for no other reason, is thawed when it has something left again. Errors:
// INVALID_FIELD, INSTANCE_NOT_FOUND, STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *Service) Put(ctx context.Context, p Package) (store.Quota, error) {
	switch {
	case p.Quota <= 0:
		return store.Quota{}, invalid("quota", "must be more than zero")
	case p.PackageID == p.InstanceID:
		return store.Quota{}, invalid("package_id", "is the package's own instance, not the pay-per-use instance")
	}
	own, err := s.check(ctx, p)
	if err != nil {
		return store.Quota{}, err
	}
	window, err := s.Windows.WindowOf(ctx, p.Seller, p.InstanceID, s.now())
	if err != nil {
		return store.Quota{}, storeError(err)
	}
	if window.Mode != store.UsageSum { // what was drawn from a package adds up, or its bill is not what was used of it
		return store.Quota{}, stateConflict("the meter of instance %s is no sum", p.InstanceID)
	}
	if p.ExpireAt.IsZero() {
		p.ExpireAt = own.ExpireAt
	}
	if p.BeginAt = p.BeginAt.UTC().Truncate(time.Microsecond); p.BeginAt.After(s.now()) {
		return store.Quota{}, invalid("begin_time", "lies ahead")
	}
	q, err := s.put(ctx, p, own, window.Meter)
	if err != nil {
		return store.Quota{}, err
	}
	return q, s.settle(ctx, p.Seller, p.InstanceID)
}

// check returns the package's instance.
func (s *Service) check(ctx context.Context, p Package) (own store.Instance, err error) {
	found, err := s.instances(ctx, p.Seller, []string{p.InstanceID, p.PackageID})
	if err != nil {
		return own, err
	}
	for _, id := range []string{p.InstanceID, p.PackageID} {
		if err := living(found, id); err != nil {
			return own, err
		}
	}
	own = found[p.PackageID]
	switch found[p.InstanceID].Product.ChargingMode {
	case modePackage, modePeriod, modeOneTime:
		return own, stateConflict("instance %s is not pay-per-use", p.InstanceID)
	}
	switch own.Product.ChargingMode {
	case modeOnDemand, modePeriod, modeOneTime:
		return own, stateConflict("instance %s is not a package", p.PackageID)
	}
	return own, nil
}

// put keeps the bounds and writes the row, one at a time in this process. Among several processes the bounds may be passed
// by as many packages as there are processes, which does no harm; that a package has one instance is the store's to hold.
func (s *Service) put(ctx context.Context, p Package, own store.Instance, meter string) (store.Quota, error) {
	s.puts.Lock()
	defer s.puts.Unlock()
	quotas, err := s.Ledger.Quotas(ctx, p.Seller, p.InstanceID)
	if err != nil {
		return store.Quota{}, storeError(err)
	}
	reset, begin := store.ResetNone, time.Time{}
	if p.Reset != nil {
		reset = *p.Reset
	}
	if reset != store.ResetNone {
		begin = p.BeginAt
		if begin.IsZero() {
			begin = own.CreatedAt
		}
	}
	var ids []string
	for _, q := range quotas {
		if q.PackageID != p.PackageID {
			ids = append(ids, q.PackageID)
			continue
		}
		if p.Quota < q.Quota {
			return store.Quota{}, stateConflict("the quota of a package cannot be lowered")
		}
		if p.KeepGoing == q.Stop {
			return store.Quota{}, stateConflict("whether the instance goes on without package %s cannot be changed", p.PackageID)
		}
		if p.Reset == nil {
			reset = q.Reset
		}
		if p.BeginAt.IsZero() || reset == store.ResetNone {
			begin = q.BeginAt
		}
		if reset != q.Reset || !begin.Equal(q.BeginAt) {
			return store.Quota{}, stateConflict("when the content of package %s is granted anew cannot be changed", p.PackageID)
		}
	}
	if len(ids) == len(quotas) { // a new one
		if err := s.room(ctx, p.Seller, own.OrderID, ids); err != nil {
			return store.Quota{}, err
		}
	}
	now := s.now()
	q, err := s.Ledger.PutQuota(ctx, store.Quota{
		Seller: p.Seller, PackageID: p.PackageID, InstanceID: p.InstanceID, Meter: meter, Quota: p.Quota, Priority: p.Priority,
		ExpireAt: p.ExpireAt, Stop: !p.KeepGoing, Reset: reset, BeginAt: begin, CreatedAt: now, UpdatedAt: now,
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return store.Quota{}, stateConflict("package %s belongs to another instance, or was put with other cycles meanwhile", p.PackageID)
	case err != nil:
		return store.Quota{}, storeError(err)
	}
	return q, nil
}

// room refuses one package too many beside those of ids.
func (s *Service) room(ctx context.Context, seller, orderID string, ids []string) error {
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
		return nil, living(found, instanceID)
	}
	quotas, err := s.quotas(ctx, seller, instanceID)
	if err != nil {
		return nil, err
	}
	return quotas, nil
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
		if !over(q, now) {
			left += q.Left()
		}
	}
	return amount <= left, left, nil
}

// over says that a package's time is over.
func over(q store.Quota, now time.Time) bool { return !q.ExpireAt.IsZero() && !q.ExpireAt.After(now) }
