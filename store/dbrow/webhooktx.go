// SPDX-License-Identifier: Apache-2.0

package dbrow

import (
	"context"
	"time"

	"github.com/koogate/koogate/store"
)

// WebhookTx is what a transaction about one webhook does, in either engine. Errors of its reads: store.ErrNotFound.
type WebhookTx interface {
	// Lock reads a webhook and keeps others from changing it or its deliveries until the transaction ends.
	Lock(ctx context.Context, seller, id string) (Webhook, error)
	// Find reads a delivery.
	Find(ctx context.Context, p DeliveryGetParams) (WebhookDelivery, error)
	// Behind reads the first deliveries of a webhook behind a place.
	Behind(ctx context.Context, seller, webhook string, after store.Cursor, most int) ([]DeliveriesEndedRow, error)

	WebhookUpdate(ctx context.Context, p WebhookUpdateParams) (int64, error)
	WebhookDelete(ctx context.Context, p WebhookDeleteParams) (int64, error)
	DeliveryUpdate(ctx context.Context, p DeliveryUpdateParams) (int64, error)
	DeliveryNext(ctx context.Context, p DeliveryNextParams) (int64, error)
	DeliveriesRevive(ctx context.Context, p DeliveriesReviveParams) error
	DeliveriesCancel(ctx context.Context, p DeliveriesCancelParams) error
	DeliveriesResend(ctx context.Context, p DeliveriesResendParams) (int64, error)
	DeliveriesHold(ctx context.Context, p DeliveriesHoldParams) error
	DeliveriesGo(ctx context.Context, p DeliveriesGoParams) error
}

// ChangeWebhook implements store.Webhooks within a transaction.
func ChangeWebhook(ctx context.Context, tx WebhookTx, seller, id string, now time.Time, change func(*store.Webhook) error) (before, after store.Webhook, err error) {
	row, err := tx.Lock(ctx, seller, id)
	if err != nil {
		return before, after, err
	}
	before, after = ToWebhook(row), ToWebhook(row)
	if err := change(&after); err != nil {
		return before, after, err
	}
	after.Version, after.UpdatedAt = before.Version+1, now
	if before.State != store.WebhookEnabled && after.State == store.WebhookEnabled {
		if err := tx.DeliveriesRevive(ctx, DeliveriesReviveParams{Now: Micros(now), Seller: seller, WebhookID: id}); err != nil {
			return before, after, err
		}
	}
	_, err = tx.WebhookUpdate(ctx, WebhookUpdate(FromWebhook(&after)))
	return before, after, err
}

// DeleteWebhook implements store.Webhooks within a transaction.
func DeleteWebhook(ctx context.Context, tx WebhookTx, seller, id string, now time.Time, check func(*store.Webhook) error) (store.Webhook, error) {
	row, err := tx.Lock(ctx, seller, id)
	if err != nil {
		return store.Webhook{}, err
	}
	w := ToWebhook(row)
	if err := check(&w); err != nil {
		return w, err
	}
	if err := tx.DeliveriesCancel(ctx, DeliveriesCancelParams{Reason: store.ReasonWebhookDeleted, Now: Micros(now), Seller: seller, WebhookID: id}); err != nil {
		return w, err
	}
	_, err = tx.WebhookDelete(ctx, WebhookDeleteParams{Seller: seller, WebhookID: id})
	return w, err
}

// EndAttempt implements store.Webhooks within a transaction.
func EndAttempt(ctx context.Context, tx WebhookTx, held store.Delivery, judge func(*store.Webhook, *store.Delivery)) (w store.Webhook, d store.Delivery, err error) {
	if w, d, err = lockBoth(ctx, tx, held.Seller, held.WebhookID, held.ID); err != nil {
		return w, d, err
	}
	if d.Fence != held.Fence || !d.State.Open() {
		return w, d, store.ErrFenced
	}
	waits := d.State == store.DeliveryWaiting // an earlier one of the order is to be delivered anew meanwhile
	judge(&w, &d)
	if waits && d.State.Open() {
		d.State = store.DeliveryWaiting
	}
	if _, err = tx.DeliveryUpdate(ctx, DeliveryUpdate(&d)); err != nil {
		return w, d, err
	}
	if !d.State.Open() {
		w.Backlog--
		next := DeliveryNextParams{Now: Micros(d.LastAt), Seller: d.Seller, WebhookID: d.WebhookID, OrderID: d.OrderID}
		if _, err = tx.DeliveryNext(ctx, next); err != nil {
			return w, d, err
		}
	}
	_, err = tx.WebhookUpdate(ctx, WebhookUpdate(FromWebhook(&w)))
	return w, d, err
}

// lockBoth locks a webhook and reads a delivery of it.
func lockBoth(ctx context.Context, tx WebhookTx, seller, webhook, id string) (store.Webhook, store.Delivery, error) {
	row, err := tx.Lock(ctx, seller, webhook)
	if err != nil {
		return store.Webhook{}, store.Delivery{}, err
	}
	since, before := SpanOfID(id)
	found, err := tx.Find(ctx, DeliveryGetParams{Seller: seller, Since: since, Before: before, ID: id})
	if err != nil {
		return store.Webhook{}, store.Delivery{}, err
	}
	return ToWebhook(row), ToDelivery(found), nil
}

// ResendDelivery implements store.Webhooks within a transaction. webhook is that of the delivery.
func ResendDelivery(ctx context.Context, tx WebhookTx, seller, webhook, id string, now time.Time) (before, after store.Delivery, err error) {
	w, d, err := lockBoth(ctx, tx, seller, webhook, id)
	if err != nil {
		return d, d, err
	}
	before = d
	ended := !d.State.Open()
	if ended {
		d.State, d.Reason = store.DeliveryWaiting, ""
		d.Resends++
	} else if d.State == store.DeliveryRetrying {
		d.State = store.DeliveryReady
	}
	d.Attempts, d.FirstAt, d.DueAt, d.UpdatedAt = 0, time.Time{}, now, now
	if _, err := tx.DeliveryUpdate(ctx, DeliveryUpdate(&d)); err != nil {
		return before, d, err
	}
	if ended {
		w.Backlog++
		if _, err := tx.WebhookUpdate(ctx, WebhookUpdate(FromWebhook(&w))); err != nil {
			return before, d, err
		}
		if err := inOrder(ctx, tx, seller, webhook); err != nil {
			return before, d, err
		}
	}
	_, after, err = lockBoth(ctx, tx, seller, webhook, id)
	return before, after, err
}

// ResendDeliveries implements store.Webhooks within a transaction.
func ResendDeliveries(ctx context.Context, tx WebhookTx, r store.Resend) (n store.Resent, err error) {
	row, err := tx.Lock(ctx, r.Seller, r.WebhookID)
	if err != nil {
		return n, err
	}
	rows, err := tx.Behind(ctx, r.Seller, r.WebhookID, r.After, r.Limit)
	if err != nil || len(rows) == 0 {
		return n, err
	}
	for _, d := range rows {
		if !store.DeliveryState(d.State).Open() {
			n.Count++
		}
	}
	last := rows[len(rows)-1]
	if len(rows) == r.Limit {
		n.Last = &store.Cursor{CreatedAt: Time(last.CreatedAt), ID: last.ID}
	}
	if r.Dry || n.Count == 0 {
		return n, nil
	}
	if _, err = tx.DeliveriesResend(ctx, DeliveriesResendParams{
		Now: Micros(r.Now), Seller: r.Seller, WebhookID: r.WebhookID, AfterAt: Micros(r.After.CreatedAt), AfterID: r.After.ID,
		UntilAt: last.CreatedAt, UntilID: last.ID,
	}); err != nil {
		return n, err
	}
	w := ToWebhook(row)
	w.Backlog += int64(n.Count)
	if _, err = tx.WebhookUpdate(ctx, WebhookUpdate(FromWebhook(&w))); err != nil {
		return n, err
	}
	return n, inOrder(ctx, tx, r.Seller, r.WebhookID)
}

// inOrder lets the first open delivery of each order go, and no other.
func inOrder(ctx context.Context, tx WebhookTx, seller, webhook string) error {
	if err := tx.DeliveriesHold(ctx, DeliveriesHoldParams{Seller: seller, WebhookID: webhook}); err != nil {
		return err
	}
	return tx.DeliveriesGo(ctx, DeliveriesGoParams{Seller: seller, WebhookID: webhook})
}
