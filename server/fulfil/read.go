// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"io"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
)

// OrderOf returns the order to whose trace an instance belongs. The answer never changes, so callers may keep it.
func (s *Service) OrderOf(ctx context.Context, seller, instanceID string) (orderID string, err error) {
	i, err := s.find(ctx, seller, instanceID)
	return i.OrderID, err
}

// Order returns an order with its lines, instances and open tasks. Errors: ORDER_NOT_FOUND.
func (s *Service) Order(ctx context.Context, seller, orderID string) (*store.Aggregate, error) {
	a, err := s.Store.Aggregate(ctx, seller, orderID)
	if err != nil {
		return nil, s.storeError(ctx, err, errs.OrderNotFound, "no order %s", orderID)
	}
	return a, nil
}

// Instance returns one instance. Errors: INSTANCE_NOT_FOUND, RESTORE_GAP.
func (s *Service) Instance(ctx context.Context, seller, id string) (store.Instance, error) {
	return s.known(ctx, seller, "GetInstance", id)
}

// FrontEnd returns the URL that the customer of an instance opens; empty until it is provisioned. Credentials stay sealed.
func (s *Service) FrontEnd(i store.Instance) string {
	if len(i.Access) == 0 {
		return ""
	}
	a, err := s.openAccess(&i)
	if err != nil {
		return ""
	}
	return a.FrontEndURL
}

// Shown is the instance as it is to be shown: with the state that its endpoint's rules make of it. The state is not stored,
// and answers to the marketplace do not depend on it.
func (s *Service) Shown(i store.Instance) store.Instance {
	ep := s.endpoint(i.Endpoint)
	expired := !i.ExpireAt.IsZero() && !s.now().Before(i.ExpireAt)
	if ep != nil && ep.FreezeAtExpiry && expired && i.Family == FamilyLicenseCode && i.State == store.InstanceActive {
		i.State, i.Reason = store.InstanceFrozen, reasonExpired
	}
	return i
}

// Task returns one task. Errors: TASK_NOT_FOUND.
func (s *Service) Task(ctx context.Context, seller, id string) (store.Task, error) {
	return s.Work.Task(ctx, seller, id)
}

// Orders, Instances and Tasks return one page. Errors: FILTER_INVALID, STORE_UNAVAILABLE.

// Orders returns one page of orders.
func (s *Service) Orders(ctx context.Context, q store.ListQuery) ([]store.Order, error) {
	rows, err := s.Store.ListOrders(ctx, q)
	return rows, s.listError(ctx, err)
}

// Instances returns one page of instances.
func (s *Service) Instances(ctx context.Context, q store.ListQuery) ([]store.Instance, error) {
	rows, err := s.Store.ListInstances(ctx, q)
	return rows, s.listError(ctx, err)
}

// Tasks returns one page of tasks.
func (s *Service) Tasks(ctx context.Context, q store.ListQuery) ([]store.Task, error) {
	rows, err := s.Store.ListTasks(ctx, q)
	return rows, s.listError(ctx, err)
}

func (s *Service) listError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return s.storeError(ctx, err, errs.InternalFault, "")
}

// Events returns the order's events after a seq, at most limit. Errors: ORDER_NOT_FOUND.
func (s *Service) Events(ctx context.Context, seller, orderID string, after int64, limit int) ([]store.Event, error) {
	es, err := s.Store.Events(ctx, seller, orderID, after, limit)
	if err == nil && len(es) == 0 && after == 0 {
		err = store.ErrNotFound // an order has at least the event of its admission
	}
	if err != nil {
		return nil, s.storeError(ctx, err, errs.OrderNotFound, "no order %s", orderID)
	}
	return es, nil
}

// Chain is the verdict over an order's events.
type Chain struct {
	Count  int64
	Broken *evidence.Broken // nil when every link, signature and claim holds and the head matches the order
}

// VerifyOrder recomputes an order's chain and compares it with the order's rows. Anchors are left to koogate verify. Errors:
// ORDER_NOT_FOUND.
func (s *Service) VerifyOrder(ctx context.Context, seller, orderID string) (Chain, error) {
	v := evidence.Verifier{Source: s.Store, Keys: s.Keys}
	r, err := v.Links(ctx, seller, orderID)
	if err != nil {
		return Chain{}, s.storeError(ctx, err, errs.OrderNotFound, "no order %s", orderID)
	}
	c := Chain{Count: r.Events}
	if len(r.Faults) > 0 {
		c.Broken = &evidence.Broken{Seq: r.Faults[0].Seq, Detail: r.Faults[0].What}
	}
	return c, nil
}

// WritePack writes an order's evidence as evidence.WritePack does, signed by the key that signs events. Errors: ORDER_NOT_FOUND, STORE_UNAVAILABLE,
// those of the parts, and that of the context when nobody reads on.
func (s *Service) WritePack(ctx context.Context, w io.Writer, m evidence.Manifest, parts []evidence.Part) error {
	err := evidence.WritePack(ctx, w, s.Keys, s.Store, m, parts)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return s.storeError(ctx, err, errs.OrderNotFound, "no order %s", m.OrderID)
}

// Quarantine records a call whose value is outside its documented list on the order it belongs to, and raises the alarm.
// The value itself is not repeated beyond 64 characters.
func (s *Service) Quarantine(ctx context.Context, seller, orderID, activity, field, value string) {
	if len(value) > 64 {
		value = value[:64]
	}
	s.Metrics.UnknownEnum(activity, field)
	s.Log.ErrorContext(ctx, "call quarantined: value outside the documented list", "activity", activity, "field", field,
		"value", value, "order_id", orderID)
	if orderID == "" {
		return
	}
	err := s.decide(ctx, seller, orderID, func(d *draft) error {
		d.event(EventQuarantined, "", fields{"activity": activity, "field": field, "value": value})
		return nil
	})
	if err != nil {
		s.Log.WarnContext(ctx, "a quarantined call could not be recorded on its order", "order_id", orderID, "error", err)
	}
}
