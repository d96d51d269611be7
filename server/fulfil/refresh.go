// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/store"
)

// The scenes of refreshInstance (saas-v2 §5.3).
const (
	SceneTrialToFormal = "TRIAL_TO_FORMAL"
	SceneRenewal       = "RENEWAL"
	SceneUnsubscribe   = "UNSUBSCRIBE_RENEWAL_PERIOD"
	SceneRenewalChange = "RENEWAL_CHANGE"
)

// Refresh is one refreshInstance call.
type Refresh struct {
	Endpoint             *Endpoint
	Scene                string
	OrderID, OrderLineID string
	InstanceID           string
	ProductID            string // empty when the period type did not change
	ExpireAt             time.Time
	Extra                string
	Told                 bool      // the call tells everything, so the marketplace is not asked
	Arrived              time.Time // when the call's first byte was read
	Activity             string    // the wire name, for the endpoint's OnCompletion; empty means refreshInstance
	Hold                 bool      // set for a family without asynchronous answers: the call waits up to HoldBudget
	Terms                Terms     // what the call told of its order; the order type is the scene's when it told none
}

// actionRefresh begins the action of every refreshInstance line; the scene follows.
const actionRefresh = "refreshInstance"

// key is the line of a scene. The scene is part of it: a cancelled renewal may come with the order ID of the renewal itself
// (saas-v2 §9.8). And so is the instance where one order line may name several: V1 has no line ID, and a line may hold many
// licence codes.
func (c Refresh) key(i *store.Instance, scene string) store.LineKey {
	k := store.LineKey{
		Seller: c.Endpoint.Seller, OrderID: c.OrderID, OrderLineID: c.OrderLineID, Action: actionRefresh + "/" + scene,
	}
	if c.OrderLineID == "" || i.Family == FamilyLicenseCode {
		k.Action += "/" + c.InstanceID
	}
	return k
}

// RefreshInstance sets the absolute expiry, once per scene and order line; [draft.renewed] says which calls come too late to
// count. A trial's conversion and a change at renewal ask the marketplace first what was bought, unless the call has told.
// An instance that was frozen because it expired is thawed when the new expiry lies ahead. A repeat is a success with the
// first effect. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, CONFLICTING_REPEAT for an order line of another instance,
// STORE_UNAVAILABLE.
func (s *Service) RefreshInstance(ctx context.Context, c Refresh) (Answer, error) {
	p := pending{
		ep: c.Endpoint, activity: cmp.Or(c.Activity, activityRefresh), hold: c.Hold, arrived: c.Arrived, instanceID: c.InstanceID,
	}
	c.ExpireAt = c.ExpireAt.UTC().Truncate(time.Microsecond)
	want := map[string]string{"instanceId": c.InstanceID, "expireTime": wiretime.Format17(c.ExpireAt), "productId": c.ProductID}
	key := func(i *store.Instance) store.LineKey { return c.key(i, c.Scene) }
	ask := Question{Scene: c.Scene, orderID: c.OrderID, lineID: c.OrderLineID, productID: c.ProductID, expireAt: c.ExpireAt}
	return s.overLine(ctx, p, claimed{key: key, want: want, extra: c.Extra, terms: c.terms(), ask: ask}, func(d *draft, i *store.Instance, l *store.Line) error {
		return d.refresh(ctx, i, l, c)
	})
}

// refresh drafts what a refreshInstance call does.
func (d *draft) refresh(ctx context.Context, i *store.Instance, l *store.Line, c Refresh) error {
	st, ineffective := d.renewed(i, c, d.line(c.key(i, SceneUnsubscribe)) != nil)
	if _, err := d.merge(i, sourceOf(l, d.now), st); err != nil {
		return err
	}
	data := fields{
		"scene": c.Scene, "orderId": c.OrderID, "orderLineId": c.OrderLineID, "expireTime": wiretime.Format17(c.ExpireAt),
		"productId": c.ProductID,
	}
	if ineffective != "" {
		data["ineffective"] = ineffective
	}
	d.event(EventRefreshed, i.InstanceID, data)
	if ineffective != "" && st.trial == nil {
		return nil
	}
	if hand, other := FrozenBy(i); other == reasonExpired && i.ExpireAt.After(d.now) {
		d.freeze(i, hand, "")
		data := fields{"by": "renewal"}
		data.beside(EventUnfrozen, hand, CauseOperator)
		d.event(EventUnfrozen, i.InstanceID, data)
		if !hand {
			d.deliver(ctx, i, store.TaskUnfreeze, c.OrderID, c.OrderLineID)
		}
	}
	d.putInstance(i)
	kind := store.TaskRefresh
	if c.Scene == SceneRenewalChange {
		kind = store.TaskUpgrade
	}
	if !c.Told && (c.Scene == SceneRenewalChange || c.Scene == SceneTrialToFormal) {
		d.deliverAfterQuery(ctx, i, kind, l)
	} else {
		d.deliver(ctx, i, kind, c.OrderID, c.OrderLineID)
	}
	return nil
}

// deliverAfterQuery drafts an order query about a line and behind it the task that needs its answer.
func (d *draft) deliverAfterQuery(ctx context.Context, i *store.Instance, kind store.TaskKind, l *store.Line) {
	d.queue(ctx, i, queryOf(l))
	d.queue(ctx, i, store.Task{Kind: kind, LineOrderID: l.OrderID, LineID: l.OrderLineID})
}

// queryOf is the order query about a line. Its payload names the line's action: what the marketplace says counts as of that
// call, and an order line may have several.
func queryOf(l *store.Line) store.Task {
	return store.Task{
		Queue: QueueOrderQuery, Kind: store.TaskOrderQuery, LineOrderID: l.OrderID, LineID: l.OrderLineID,
		Payload: Payload{Action: l.Action}.text(),
	}
}

// Upgrade is one upgradeInstance call (saas-v2 §5.6).
type Upgrade struct {
	Endpoint             *Endpoint
	InstanceID           string
	OrderID, OrderLineID string
	Extra                string
	Told                 *store.Product // what to upgrade to; nil means that the marketplace is asked
	Quantified           bool           // the call told the quantity of Told, perhaps as 0
	Input                Input          // what only the provisioner may see
	Arrived              time.Time      // when the call's first byte was read
	Activity             string         // the wire name, for the endpoint's OnCompletion; empty means upgradeInstance
	Hold                 bool           // set for a family without asynchronous answers: the call waits up to HoldBudget
	Terms                Terms          // what the call told of its order
}

// UpgradeInstance accepts a paid upgrade order once; what to upgrade to is asked of the marketplace, unless the call has
// told. A repeat is a success with the first effect. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, CONFLICTING_REPEAT for an
// order line of another instance, STORE_UNAVAILABLE.
func (s *Service) UpgradeInstance(ctx context.Context, c Upgrade) (Answer, error) {
	key := func(*store.Instance) store.LineKey {
		return store.LineKey{Seller: c.Endpoint.Seller, OrderID: c.OrderID, OrderLineID: c.OrderLineID, Action: "upgradeInstance"}
	}
	p := pending{
		ep: c.Endpoint, activity: cmp.Or(c.Activity, activityUpgrade), hold: c.Hold, arrived: c.Arrived, instanceID: c.InstanceID,
	}
	want := map[string]string{"instanceId": c.InstanceID}
	ask := Question{orderID: c.OrderID, lineID: c.OrderLineID}
	if c.Told != nil {
		want["productId"], want["skuCode"] = c.Told.ProductID, c.Told.SKUCode
		want["linearValue"] = strconv.FormatInt(c.Told.LinearValue, 10)
	}
	return s.overLine(ctx, p, claimed{key: key, want: want, extra: c.Extra, input: c.Input, terms: c.terms(), ask: ask}, func(d *draft, i *store.Instance, l *store.Line) error {
		data := fields{"orderId": c.OrderID, "orderLineId": c.OrderLineID}
		if c.Told == nil {
			d.event(EventUpgraded, i.InstanceID, data)
			d.deliverAfterQuery(ctx, i, store.TaskUpgrade, l)
			return nil
		}
		st := statement{}.named(*c.Told)
		// When a change to another specification names no quantity, that specification has none: a call names a linear attribute
		// whenever it exists, and a mere expansion keeps the SKU (saas-v1 §1.6).
		if c.Quantified || c.Told.SKUCode != "" && c.Told.SKUCode != i.Product.SKUCode {
			st.quantity = &c.Told.LinearValue
		}
		if _, err := d.merge(i, sourceOf(l, d.now), st); err != nil {
			return err
		}
		data["productId"], data["skuCode"], data["linearValue"] = i.Product.ProductID, i.Product.SKUCode, i.Product.LinearValue
		d.event(EventUpgraded, i.InstanceID, data)
		d.deliver(ctx, i, store.TaskUpgrade, c.OrderID, c.OrderLineID)
		return nil
	})
}
