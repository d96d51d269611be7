// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/trace"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// An endpoint's key acts for its seller, so a call may be about an instance that another endpoint of the seller has brought: a
// product moves to another address (ADR 26). Such a call leaves one event for each instance and endpoint, and where the instance's
// endpoint is isolated the instance does not exist for it.

// underOrder is a context under the root of the instance's order, unless the caller has a span already.
func underOrder(ctx context.Context, i *store.Instance) context.Context {
	if trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	return telemetry.UnderOrder(ctx, i.Seller, i.OrderID)
}

// reach records that a call at an endpoint is about an instance of another one, and refuses it when that one is isolated.
// Errors: INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) reach(ctx context.Context, ep *Endpoint, i *store.Instance) error {
	if i.Endpoint == ep.Name {
		return nil
	}
	home := s.endpoint(i.Endpoint)
	refused := home != nil && home.Isolate
	data := fields{"endpoint": ep.Name, "instanceEndpoint": i.Endpoint}
	if refused {
		data["refused"] = true
	}
	if key := i.Seller + "\x1f" + i.InstanceID + "\x1f" + data.text(); !s.others.has(key) {
		s.Log.WarnContext(ctx, "a call about an instance came by another endpoint than the instance's", "instance_id", i.InstanceID,
			"endpoint", ep.Name, "instance_endpoint", i.Endpoint, "refused", refused)
		if err := s.tellOnce(ctx, i.Seller, i.InstanceID, EventOtherEndpoint, data); err != nil {
			return err
		}
		s.others.add(key)
	}
	if refused {
		return errs.New(errs.NotFound, errs.InstanceNotFound, "instance %s does not exist", i.InstanceID)
	}
	return nil
}

// Reach says whether a call at an endpoint may be about an instance, for calls that are not about an order. An instance that is
// not known is not refused. Errors: INSTANCE_NOT_FOUND when its endpoint is isolated, STORE_UNAVAILABLE.
func (s *Service) Reach(ctx context.Context, ep *Endpoint, instanceID string) error {
	found, err := s.Store.Instances(ctx, ep.Seller, []string{instanceID})
	if err != nil {
		return s.storeError(ctx, err, errs.InstanceNotFound, "")
	}
	if len(found) == 0 {
		return nil
	}
	return s.reach(ctx, ep, &found[0])
}

// reachLine is reach for a repeat of the call that has created an instance. It spares the read where the seller has one endpoint
// only, as no other can be isolated then. Errors: INVALID_FIELD, STORE_UNAVAILABLE.
func (s *Service) reachLine(ctx context.Context, ep *Endpoint, l store.Line) error {
	if s.Rules().several[ep.Seller] < 2 {
		return nil
	}
	err := s.Reach(ctx, ep, l.InstanceID)
	if err != nil && errs.As(err).Reason == errs.InstanceNotFound { // the activity documents no code for an instance that does not exist
		return errs.BadField("orderLineId", "was admitted at another endpoint")
	}
	return err
}

// others remembers what is known to be in the chains, so that calls of a product that has moved do not read them each time.
type others struct {
	mu   sync.Mutex
	keys map[string]struct{}
}

// maxOthers bounds the memory; what is forgotten is looked up in its chain again.
const maxOthers = 4096

func (o *others) has(key string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.keys[key]
	return ok
}

func (o *others) add(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.keys == nil || len(o.keys) >= maxOthers {
		o.keys = make(map[string]struct{})
	}
	o.keys[key] = struct{}{}
}
