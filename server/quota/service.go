// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/gap"
	"github.com/koogate/koogate/store"
)

// Stopper is what quotas ask of the core; *fulfil.Service is one.
type Stopper interface {
	// FreezeInstance and ThawInstance freeze an instance for a cause and lift what was frozen for that cause only.
	FreezeInstance(ctx context.Context, seller, instanceID, cause string) error
	ThawInstance(ctx context.Context, seller, instanceID, cause string) error
	// WarnQuota records per cents on the package's order, each once for each fee item, size of the quota and cycle.
	WarnQuota(ctx context.Context, w fulfil.QuotaWarning, percents []int32) error
	// PackageAssigned and PackageWaits record on the package's order to which instance a fee item of it belongs, and why it does
	// not know, once each.
	PackageAssigned(ctx context.Context, seller, packageID string, item fulfil.PackageItem) error
	PackageWaits(ctx context.Context, seller, packageID, productID, reason string) error
}

// Windows knows the billing windows of instances; the usage domain implements it.
type Windows interface {
	// WindowOf returns a template of the raw usage of an instance that ends at end: Meter, Mode and Window are filled, BeginAt
	// may be. Errors are *errs.Error.
	WindowOf(ctx context.Context, seller, instanceID string, end time.Time) (store.UsageRaw, error)
}

// Deps are what the service works with; all but Gaps and Contents are required.
type Deps struct {
	Quotas    store.Quotas
	Instances store.Instances
	Stopper   Stopper
	Windows   Windows
	Gaps      *gap.Service     // what restores have left open; nil for no gaps
	Contents  func() []Content // what packages hold, by the settings of their products; nil for nothing
	Clock     clock.Clock
}

// The bounds.
const (
	// MaxPackages is how many packages an instance may have.
	MaxPackages = 100
	// MaxItems is how many fee items a package may hold.
	MaxItems = 50
	// MaxOrderPackages is how many packages of one order an instance may have (open-apis §7.3).
	MaxOrderPackages = 30
	// DefaultHold is how long a reservation is held when the caller does not say.
	DefaultHold = 5 * time.Minute
	// MinHold and MaxHold bound it.
	MinHold = time.Second
	MaxHold = 24 * time.Hour
	// Tolerance is how far the end of a use may lie ahead of this machine's clock, or before its reservation.
	Tolerance = time.Minute
)

// Service answers whether something may be used. Safe for concurrent use.
type Service struct {
	Deps
	puts   sync.Mutex // of PutQuota: its bounds are counted before the row is there
	told   sync.Map   // standing → struct{}: what settle has brought about already, so that it is not looked up again
	behind sync.Map   // place → struct{}: where settle failed
	filled filled     // packages that need not be looked at again
	// content is the first of the contents by which packages were filled.
	content atomic.Pointer[Content]
}

// New returns a service.
func New(d Deps) *Service { return &Service{Deps: d} }

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// instance returns an instance that is neither released nor failed. Errors: INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) instance(ctx context.Context, seller, id string) (store.Instance, error) {
	found, err := s.instances(ctx, seller, []string{id})
	if err != nil {
		return store.Instance{}, err
	}
	return found[id], s.living(ctx, seller, found, id)
}

// instances returns those that exist, by ID.
func (s *Service) instances(ctx context.Context, seller string, ids []string) (map[string]store.Instance, error) {
	list, err := s.Instances.Instances(ctx, seller, ids)
	if err != nil {
		return nil, storefault.Told(err)
	}
	found := make(map[string]store.Instance, len(list))
	for _, i := range list {
		found[i.InstanceID] = i
	}
	return found, nil
}

// quotas returns an instance's quotas as they stand at now, in the order in which they are drawn from. What was read may be
// of a cycle that is over; nothing is written for that.
func (s *Service) quotas(ctx context.Context, seller, instanceID string) ([]store.Quota, error) {
	list, err := s.Quotas.Quotas(ctx, seller, instanceID)
	if err != nil {
		return nil, storefault.Told(err)
	}
	now := s.now()
	for i := range list {
		list[i].Turn(now)
	}
	store.SortQuotas(list)
	return list, nil
}

// activityQuota is the activity of calls about packages, inside a gap.
const activityQuota = "Quota"

// living refuses an instance that is not there or of which nothing more is to come. Errors: INSTANCE_NOT_FOUND, RESTORE_GAP,
// STORE_UNAVAILABLE.
func (s *Service) living(ctx context.Context, seller string, found map[string]store.Instance, id string) error {
	i, ok := found[id]
	switch {
	case !ok:
		return s.Gaps.Unknown(ctx, seller, activityQuota, id)
	case over(&i):
		return errs.New(errs.NotFound, errs.InstanceNotFound, "instance %s is %s", id, i.State)
	}
	return nil
}

// over says that nothing more is to come of an instance.
func over(i *store.Instance) bool {
	return i.State == store.InstanceReleased || i.State == store.InstanceFailed
}
