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
	Told                 bool      // the call says all that there is to know: the marketplace is not asked
	Arrived              time.Time // when the call's first byte was read
	Activity             string    // the wire name, for the endpoint's OnCompletion; empty means refreshInstance
	Hold                 bool      // a family that knows no asynchronous answer: wait as long as HoldBudget
}

// RefreshInstance sets the absolute expiry, once per scene and order line. A trial's conversion and a change at renewal
// ask the marketplace first what was bought, unless the call has told. What was frozen because it expired is thawed when
// the new expiry lies ahead. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, CONFLICTING_REPEAT,
// STORE_UNAVAILABLE.
func (s *Service) RefreshInstance(ctx context.Context, c Refresh) (Answer, error) {
	// The scene is part of the key: a cancelled renewal may come with the order ID of the renewal itself (saas-v2 §9.8).
	// And so is the instance where one order line may name several: V1 has no line ID, and a line may hold many licence codes.
	key := func(i *store.Instance) store.LineKey {
		k := store.LineKey{
			Seller: c.Endpoint.Seller, OrderID: c.OrderID, OrderLineID: c.OrderLineID, Action: "refreshInstance/" + c.Scene,
		}
		if c.OrderLineID == "" || i.Family == FamilyLicenseCode {
			k.Action += "/" + c.InstanceID
		}
		return k
	}
	p := pending{
		ep: c.Endpoint, activity: cmp.Or(c.Activity, activityRefresh), hold: c.Hold, arrived: c.Arrived, instanceID: c.InstanceID,
	}
	expire := c.ExpireAt.UTC().Truncate(time.Microsecond)
	want := map[string]string{"instanceId": c.InstanceID, "expireTime": wiretime.Format17(expire), "productId": c.ProductID}
	return s.overLine(ctx, p, claimed{key: key, want: want, extra: c.Extra}, func(d *draft, i *store.Instance) error {
		d.event(EventRefreshed, i.InstanceID, fields{
			"scene": c.Scene, "orderId": c.OrderID, "orderLineId": c.OrderLineID, "expireTime": wiretime.Format17(expire),
			"productId": c.ProductID,
		})
		i.ExpireAt = expire
		if c.ProductID != "" {
			i.Product.ProductID = c.ProductID
		}
		if c.Scene == SceneTrialToFormal {
			i.Trial = false
		}
		if i.Frozen && i.Reason == reasonExpired && expire.After(d.now) {
			i.Frozen, i.Reason = false, ""
			if i.State == store.InstanceFrozen {
				i.State = store.InstanceActive
			}
			d.event(EventUnfrozen, i.InstanceID, fields{"by": "renewal"})
			d.deliver(ctx, i, store.TaskUnfreeze, c.OrderID, c.OrderLineID)
		}
		d.putInstance(i)
		kind := store.TaskRefresh
		if c.Scene == SceneRenewalChange {
			kind = store.TaskUpgrade
		}
		if !c.Told && (c.Scene == SceneRenewalChange || c.Scene == SceneTrialToFormal) {
			d.deliverAfterQuery(ctx, i, kind, c.OrderID, c.OrderLineID)
		} else {
			d.deliver(ctx, i, kind, c.OrderID, c.OrderLineID)
		}
		return nil
	})
}

// deliverAfterQuery drafts an order query and behind it the task that needs its answer.
func (d *draft) deliverAfterQuery(ctx context.Context, i *store.Instance, kind store.TaskKind, orderID, lineID string) {
	d.queue(ctx, i, store.Task{Queue: QueueOrderQuery, Kind: store.TaskOrderQuery, LineOrderID: orderID, LineID: lineID})
	d.queue(ctx, i, store.Task{Kind: kind, LineOrderID: orderID, LineID: lineID})
}

// Upgrade is one upgradeInstance call (saas-v2 §5.6).
type Upgrade struct {
	Endpoint             *Endpoint
	InstanceID           string
	OrderID, OrderLineID string
	Extra                string
	Told                 *store.Product // what to upgrade to; nil means that the marketplace is asked
	Input                Input          // what only the provisioner may see
	Arrived              time.Time      // when the call's first byte was read
	Activity             string         // the wire name, for the endpoint's OnCompletion; empty means upgradeInstance
	Hold                 bool           // a family that knows no asynchronous answer: wait as long as HoldBudget
}

// UpgradeInstance accepts a paid upgrade order once; what to upgrade to is asked of the marketplace, unless the call has
// told. Errors:
// INSTANCE_NOT_FOUND, STATE_CONFLICT, CONFLICTING_REPEAT, STORE_UNAVAILABLE.
func (s *Service) UpgradeInstance(ctx context.Context, c Upgrade) (Answer, error) {
	key := func(*store.Instance) store.LineKey {
		return store.LineKey{Seller: c.Endpoint.Seller, OrderID: c.OrderID, OrderLineID: c.OrderLineID, Action: "upgradeInstance"}
	}
	p := pending{
		ep: c.Endpoint, activity: cmp.Or(c.Activity, activityUpgrade), hold: c.Hold, arrived: c.Arrived, instanceID: c.InstanceID,
	}
	want := map[string]string{"instanceId": c.InstanceID}
	if c.Told != nil {
		want["productId"], want["skuCode"] = c.Told.ProductID, c.Told.SKUCode
		want["linearValue"] = strconv.FormatInt(c.Told.LinearValue, 10)
	}
	return s.overLine(ctx, p, claimed{key: key, want: want, extra: c.Extra, input: c.Input}, func(d *draft, i *store.Instance) error {
		data := fields{"orderId": c.OrderID, "orderLineId": c.OrderLineID}
		if c.Told == nil {
			d.event(EventUpgraded, i.InstanceID, data)
			d.deliverAfterQuery(ctx, i, store.TaskUpgrade, c.OrderID, c.OrderLineID)
			return nil
		}
		i.Product = upgraded(i.Product, *c.Told)
		d.putInstance(i)
		data["productId"], data["skuCode"], data["linearValue"] = i.Product.ProductID, i.Product.SKUCode, i.Product.LinearValue
		d.event(EventUpgraded, i.InstanceID, data)
		d.deliver(ctx, i, store.TaskUpgrade, c.OrderID, c.OrderLineID)
		return nil
	})
}

// upgraded is a product with what an upgrade told of the new one; what it did not tell stays.
func upgraded(p, told store.Product) store.Product {
	p.ProductID, p.SKUCode = cmp.Or(told.ProductID, p.ProductID), cmp.Or(told.SKUCode, p.SKUCode)
	p.Name, p.ChargingMode = cmp.Or(told.Name, p.Name), cmp.Or(told.ChargingMode, p.ChargingMode)
	p.LinearValue = cmp.Or(told.LinearValue, p.LinearValue)
	return p
}
