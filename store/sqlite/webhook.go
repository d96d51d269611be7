// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// webhookTx implements dbrow.WebhookTx; there is one writer, so nobody else changes anything.
type webhookTx struct {
	*dbsqlc.Queries // without rows
	rows            *dbsqlc.Queries
}

func (t *tx) webhooks() webhookTx { return webhookTx{t.fast, t.query} }

// Lock implements dbrow.WebhookTx.
func (t webhookTx) Lock(ctx context.Context, seller, id string) (dbrow.Webhook, error) {
	w, err := t.rows.WebhookGet(ctx, dbrow.WebhookGetParams{Seller: seller, WebhookID: id})
	if err != nil {
		return w, notFound(err, "read webhook")
	}
	return w, nil
}

// Find implements dbrow.WebhookTx.
func (t webhookTx) Find(ctx context.Context, p dbrow.DeliveryGetParams) (dbrow.WebhookDelivery, error) {
	d, err := t.rows.DeliveryGet(ctx, p)
	if err != nil {
		return d, notFound(err, "read delivery")
	}
	return d, nil
}

// Behind implements dbrow.WebhookTx.
func (t webhookTx) Behind(ctx context.Context, seller, webhook string, after store.Cursor, most int) ([]dbrow.DeliveriesEndedRow, error) {
	return t.rows.DeliveriesEnded(ctx, dbsqlc.DeliveriesEndedParams{
		Seller: seller, WebhookID: webhook, AfterAt: dbrow.Micros(after.CreatedAt), AfterID: after.ID, Max: int64(max(most, 0)),
	})
}

// aboutWebhook makes what a transaction fails of tell what it was.
func aboutWebhook(err error) error {
	switch {
	case err == nil, store.Refusal(err) != nil:
		return err
	case resultCode(err) != 0:
		return onUnique(err, store.ErrConflict, "write a webhook")
	}
	return err // what the caller's own judgement says
}

// AddWebhook implements store.Webhooks.
func (s *Store) AddWebhook(ctx context.Context, w *store.Webhook, most int) error {
	if err := store.CheckText(w); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(t *tx) (none struct{}, altered told, err error) {
		n, err := t.query.WebhookCount(context.Background(), w.Seller)
		switch {
		case err != nil:
			return none, nil, fmt.Errorf("sqlite: count webhooks: %w", err)
		case n >= int64(most):
			return none, nil, store.ErrExhausted
		}
		if err := t.fast.WebhookInsert(context.Background(), dbrow.FromWebhook(w)); err != nil {
			return none, nil, onUnique(err, store.ErrConflict, "insert webhook")
		}
		return none, func() store.Altered { return w.Altered(nil, w) }, nil
	})
	return err
}

// Webhook implements store.Webhooks.
func (s *Store) Webhook(ctx context.Context, seller, id string) (store.Webhook, error) {
	if err := s.enter(ctx, seller, id); err != nil {
		return store.Webhook{}, err
	}
	defer s.leave()
	row, err := s.read.WebhookGet(ctx, dbrow.WebhookGetParams{Seller: seller, WebhookID: id})
	if err != nil {
		return store.Webhook{}, notFound(err, "read webhook")
	}
	return dbrow.ToWebhook(row), nil
}

// Webhooks implements store.Webhooks.
func (s *Store) Webhooks(ctx context.Context, seller string) ([]store.Webhook, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.WebhookList(ctx, seller)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read webhooks: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToWebhook), nil
}

// ChangeWebhook implements store.Webhooks.
func (s *Store) ChangeWebhook(ctx context.Context, seller, id string, now time.Time, change func(*store.Webhook) error) (store.Webhook, error) {
	if err := store.CheckText(seller, id); err != nil {
		return store.Webhook{}, err
	}
	return audited(ctx, s, func(t *tx) (store.Webhook, told, error) {
		before, after, err := dbrow.ChangeWebhook(context.Background(), t.webhooks(), seller, id, now, change)
		return after, func() store.Altered { return after.Altered(&before, &after) }, aboutWebhook(err)
	})
}

// DeleteWebhook implements store.Webhooks.
func (s *Store) DeleteWebhook(ctx context.Context, seller, id string, now time.Time, check func(*store.Webhook) error) error {
	if err := store.CheckText(seller, id); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(t *tx) (none struct{}, altered told, err error) {
		w, err := dbrow.DeleteWebhook(context.Background(), t.webhooks(), seller, id, now, check)
		return none, func() store.Altered { return w.Altered(&w, nil) }, aboutWebhook(err)
	})
	return err
}

// AddDeliveries implements store.Webhooks.
func (s *Store) AddDeliveries(ctx context.Context, r store.FeedRead) error {
	if err := store.CheckText(r); err != nil {
		return err
	}
	_, err := change(ctx, s, func(t *tx) (none struct{}, err error) {
		n, err := t.fast.WebhookMove(context.Background(), dbrow.WebhookMove(r))
		if err := hit(n, err, store.ErrStale, "move a webhook"); err != nil {
			return none, err
		}
		for i := range r.Deliveries {
			if err := t.fast.DeliveryInsert(context.Background(), dbrow.DeliveryInsert(&r.Deliveries[i])); err != nil {
				return none, onUnique(err, store.ErrStale, "insert delivery")
			}
		}
		return none, nil
	})
	return err
}

// DeliveriesDue implements store.Webhooks.
func (s *Store) DeliveriesDue(ctx context.Context, seller string) (map[string]store.DeliveryDue, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.WebhookDues(ctx, seller)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read what is to be delivered: %w", err)
	}
	return dbrow.ToDues(rows), nil
}

// LeaseDeliveries implements store.Webhooks.
func (s *Store) LeaseDeliveries(ctx context.Context, l store.DeliveryLease) ([]store.Delivery, error) {
	if err := store.CheckText(l); err != nil {
		return nil, err
	}
	return change(ctx, s, func(t *tx) ([]store.Delivery, error) {
		rows, err := t.query.DeliveryLease(context.Background(), dbsqlc.DeliveryLeaseParams{
			Until: dbrow.Micros(l.Until), Seller: l.Seller, WebhookID: l.WebhookID, State: string(l.State()), Now: dbrow.Micros(l.Now), Max: int64(max(l.Max, 0)),
		})
		if err != nil {
			return nil, fmt.Errorf("sqlite: lease deliveries: %w", err)
		}
		return dbrow.Each(rows, dbrow.ToDelivery), nil
	})
}

// EndAttempt implements store.Webhooks.
func (s *Store) EndAttempt(
	ctx context.Context, held store.Delivery, judge func(*store.Webhook, *store.Delivery),
) (store.Webhook, store.Delivery, error) {
	type both struct {
		w store.Webhook
		d store.Delivery
	}
	if err := store.CheckText(held); err != nil {
		return store.Webhook{}, store.Delivery{}, err
	}
	b, err := change(ctx, s, func(t *tx) (b both, err error) {
		b.w, b.d, err = dbrow.EndAttempt(context.Background(), t.webhooks(), held, judge)
		return b, aboutWebhook(err)
	})
	return b.w, b.d, err
}

// Delivery implements store.Webhooks.
func (s *Store) Delivery(ctx context.Context, seller, id string) (store.Delivery, error) {
	if err := s.enter(ctx, seller, id); err != nil {
		return store.Delivery{}, err
	}
	defer s.leave()
	since, before := dbrow.SpanOfID(id)
	row, err := s.read.DeliveryGet(ctx, dbrow.DeliveryGetParams{Seller: seller, Since: since, Before: before, ID: id})
	if err != nil {
		return store.Delivery{}, notFound(err, "read delivery")
	}
	return dbrow.ToDelivery(row), nil
}

// ListDeliveries implements store.Webhooks.
func (s *Store) ListDeliveries(ctx context.Context, q store.ListQuery) ([]store.Delivery, error) {
	return listOf(ctx, s, sqllist.Deliveries, q, (*dbsqlc.Queries).DeliveryList, dbrow.ToDelivery)
}

// ResendDelivery implements store.Webhooks.
func (s *Store) ResendDelivery(ctx context.Context, seller, id string, now time.Time) (store.Delivery, error) {
	d, err := s.Delivery(ctx, seller, id)
	if err != nil {
		return d, err
	}
	return audited(ctx, s, func(t *tx) (store.Delivery, told, error) {
		before, after, err := dbrow.ResendDelivery(context.Background(), t.webhooks(), seller, d.WebhookID, id, now)
		return after, func() store.Altered { return after.Altered(before) }, aboutWebhook(err)
	})
}

// ResendDeliveries implements store.Webhooks.
func (s *Store) ResendDeliveries(ctx context.Context, r store.Resend) (store.Resent, error) {
	if err := store.CheckText(r); err != nil {
		return store.Resent{}, err
	}
	return audited(ctx, s, func(t *tx) (store.Resent, told, error) {
		n, err := dbrow.ResendDeliveries(context.Background(), t.webhooks(), r)
		var altered told
		if !r.Dry && n.Count > 0 {
			altered = func() store.Altered { return r.Altered(n) }
		}
		return n, altered, aboutWebhook(err)
	})
}

// ForgetDeliveries implements store.Webhooks.
func (s *Store) ForgetDeliveries(ctx context.Context, before time.Time, limit int) (int, error) {
	return change(ctx, s, func(t *tx) (int, error) {
		n, err := dbrow.ForgetInTurn(limit, func(seller string) (string, error) {
			return t.query.DeliverySellerAfter(context.Background(), seller)
		}, func(seller string, limit int64) (int64, error) {
			return t.fast.DeliveriesForget(context.Background(), dbsqlc.DeliveriesForgetParams{Seller: seller, Before: dbrow.Micros(before), Max: limit})
		})
		if err != nil {
			return 0, fmt.Errorf("sqlite: forget deliveries: %w", err)
		}
		return int(n), nil
	})
}

var _ dbrow.WebhookTx = webhookTx{}
