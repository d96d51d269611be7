// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"context"
	"slices"
	"time"

	"github.com/koogate/koogate/store"
)

// The charging modes that usage is about (open-apis §7.3).
const (
	modeOnDemand = "ON_DEMAND"
	modePackage  = "ON_DEMAND_PKG"
)

const (
	// manyInstances bounds each cache: twice as many entries are kept at most.
	manyInstances = 10_000
	// manyIDs is how many instances one read takes.
	manyIDs = 100
	// oldFact is how long a live instance is remembered for uses that ended before it was read.
	oldFact = time.Minute
	// manyEvents is how many events of an order are read at a time, in search of its release.
	manyEvents = 500
)

// fact is what is known of an instance.
type fact struct {
	readAt     time.Time // before it was read
	found      bool
	endpoint   string
	orderID    string
	productID  string
	mode       string
	state      store.InstanceState
	openedAt   time.Time
	releasedAt time.Time // zero while it is not released
	stops      bool      // it has packages that end when they are used up
}

// judged is the part that may have changed since: the transaction that books is held to it.
func (f fact) judged() store.UsageJudged {
	return store.UsageJudged{Stops: f.stops, Ended: f.state == store.InstanceReleased || f.state == store.InstanceFailed}
}

// serves says whether a remembered fact will do for a use that ended at end. A release is final; until then what was read
// tells of the time before it was read, and nothing of the time since.
func (f fact) serves(end, now time.Time, fresh time.Duration) bool {
	age := now.Sub(f.readAt)
	return !f.releasedAt.IsZero() || age < fresh || age < oldFact && !end.After(f.readAt)
}

// keeps says whether it is worth remembering: what a record is refused for is always read anew.
func (f fact) keeps() bool {
	if f.mode != modeOnDemand {
		return false
	}
	return !f.releasedAt.IsZero() || f.state == store.InstanceActive || f.state == store.InstanceFrozen
}

func factKey(seller, instanceID string) string { return seller + "\x1f" + instanceID }

// facts returns what is known of instances, each good for uses up to the given time. The one of an unknown instance is
// not found.
func (s *Service) facts(ctx context.Context, seller string, want map[string]time.Time) (map[string]fact, error) {
	now := s.now()
	out := make(map[string]fact, len(want))
	var missing []string
	for id, end := range want {
		if f, ok := s.known.Get(factKey(seller, id)); ok && f.serves(end, now, s.cfg.FactFor) {
			out[id] = f
		} else {
			missing = append(missing, id)
		}
	}
	for len(missing) > 0 {
		n := min(len(missing), manyIDs)
		rows, err := s.Store.Instances(ctx, seller, missing[:n])
		if err != nil {
			return nil, err
		}
		missing = missing[n:]
		for i := range rows {
			f, err := s.factOf(ctx, &rows[i], now)
			if err != nil {
				return nil, err
			}
			out[rows[i].InstanceID] = f
			if f.keeps() {
				s.known.Put(factKey(seller, rows[i].InstanceID), f)
			}
		}
	}
	return out, nil
}

func (s *Service) factOf(ctx context.Context, i *store.Instance, now time.Time) (fact, error) {
	f := fact{
		readAt: now, found: true, endpoint: i.Endpoint, orderID: i.OrderID, productID: i.Product.ProductID, mode: i.Product.ChargingMode,
		state: i.State, openedAt: i.CreatedAt,
	}
	if f.mode == modeOnDemand {
		quotas, err := s.Store.Quotas(ctx, i.Seller, i.InstanceID)
		if err != nil {
			return fact{}, err
		}
		f.stops = slices.ContainsFunc(quotas, func(q store.Quota) bool { return q.Stop })
	}
	if i.State != store.InstanceReleased {
		return f, nil
	}
	f.releasedAt = i.UpdatedAt
	// The row may change once more after its release, the event that released it does not.
	for after := int64(0); ; {
		events, err := s.Store.Events(ctx, i.Seller, i.OrderID, after, manyEvents)
		if err != nil {
			return fact{}, err
		}
		for _, e := range events {
			after = e.Seq
			if e.Kind == store.EventReleased && e.InstanceID == i.InstanceID {
				f.releasedAt = e.At
				return f, nil
			}
		}
		if len(events) < manyEvents {
			return f, nil
		}
	}
}
