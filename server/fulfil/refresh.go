package fulfil

import (
	"context"
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
}

// RefreshInstance sets the absolute expiry, once per scene and order line. A trial's conversion and a change at renewal
// ask the marketplace first what was bought. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, CONFLICTING_REPEAT,
// STORE_UNAVAILABLE.
func (s *Service) RefreshInstance(ctx context.Context, c Refresh) (Answer, error) {
	// The scene is part of the key: a cancelled renewal may come with the order ID of the renewal itself (saas-v2 §9.8).
	k := store.LineKey{
		Seller: c.Endpoint.Seller, OrderID: c.OrderID, OrderLineID: c.OrderLineID, Action: "refreshInstance/" + c.Scene,
	}
	expire := c.ExpireAt.UTC().Truncate(time.Microsecond)
	want := map[string]string{"instanceId": c.InstanceID, "expireTime": wiretime.Format17(expire), "productId": c.ProductID}
	return s.overLine(ctx, c.Endpoint, c.InstanceID, k, want, c.Extra, func(d *draft, i *store.Instance) error {
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
		d.putInstance(i)
		switch c.Scene {
		case SceneRenewalChange:
			d.deliverAfterQuery(ctx, i, store.TaskUpgrade, c.OrderID, c.OrderLineID)
		case SceneTrialToFormal:
			d.deliverAfterQuery(ctx, i, store.TaskRefresh, c.OrderID, c.OrderLineID)
		default:
			d.deliver(ctx, i, store.TaskRefresh, c.OrderID, c.OrderLineID)
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
}

// UpgradeInstance accepts a paid upgrade order once; what to upgrade to is asked of the marketplace. Errors:
// INSTANCE_NOT_FOUND, STATE_CONFLICT, CONFLICTING_REPEAT, STORE_UNAVAILABLE.
func (s *Service) UpgradeInstance(ctx context.Context, c Upgrade) (Answer, error) {
	k := store.LineKey{Seller: c.Endpoint.Seller, OrderID: c.OrderID, OrderLineID: c.OrderLineID, Action: "upgradeInstance"}
	want := map[string]string{"instanceId": c.InstanceID}
	return s.overLine(ctx, c.Endpoint, c.InstanceID, k, want, c.Extra, func(d *draft, i *store.Instance) error {
		d.event(EventUpgraded, i.InstanceID, fields{"orderId": c.OrderID, "orderLineId": c.OrderLineID})
		d.deliverAfterQuery(ctx, i, store.TaskUpgrade, c.OrderID, c.OrderLineID)
		return nil
	})
}
