// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

const (
	// MostResent is how many deliveries one call looks at that has those since a time made anew.
	MostResent = 1000

	forgetEvery = time.Hour
	forgetAgain = time.Minute // after a failure
	forgetBatch = 1000
)

// Delivery reads a delivery. Errors: DELIVERY_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Delivery(ctx context.Context, seller, id string) (store.Delivery, error) {
	d, err := s.Store.Delivery(ctx, seller, id)
	if err != nil {
		return d, deliveryFault(err, id)
	}
	return d, nil
}

func deliveryFault(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return errs.New(errs.NotFound, errs.DeliveryNotFound, "delivery %s does not exist, or it has ended and webhooks.keep is over, or its webhook is deleted", id)
	}
	return storefault.Told(err)
}

// Deliveries reads a page of deliveries. Errors: LIST_BUSY, LIST_TOO_SLOW, STORE_UNAVAILABLE.
func (s *Service) Deliveries(ctx context.Context, q store.ListQuery) ([]store.Delivery, error) {
	list, err := s.Store.ListDeliveries(ctx, q)
	if err != nil {
		return nil, storefault.Told(err)
	}
	return list, nil
}

// Resend has an event delivered anew, also one that was delivered, or at once when it is still to be. Errors: DELIVERY_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Resend(ctx context.Context, seller, id string) (store.Delivery, error) {
	d, err := s.Store.ResendDelivery(ctx, seller, id, s.now())
	if err != nil {
		return d, deliveryFault(err, id)
	}
	return d, nil
}

// ResendSince looks at the deliveries of a webhook that were made at a time or later, behind a place when there is one, and has those made
// anew that have ended, whatever has come of them. dry only counts them. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) ResendSince(ctx context.Context, seller, id string, since time.Time, after *store.Cursor, dry bool) (store.Resent, error) {
	r := store.Resend{Seller: seller, WebhookID: id, After: store.Cursor{CreatedAt: since, ID: ""}, Limit: MostResent, Dry: dry, Now: s.now()}
	if after != nil {
		r.After = *after
	}
	n, err := s.Store.ResendDeliveries(ctx, r)
	if err != nil {
		return n, fault(err, id)
	}
	return n, nil
}

// Register adds the standing job that removes deliveries that have ended and are older than keep. It belongs to nobody, as the rows of all
// sellers are in one order.
func (s *Service) Register(w *work.Service, keep time.Duration) {
	w.Register(work.Kind{
		Name: "FORGET_DELIVERIES", Queue: work.Prefix + "forget-deliveries", Nobody: true, Standing: true, Trace: work.TraceRun,
		Do: func(ctx context.Context, _ store.Task) work.Outcome { return s.forget(ctx, keep) },
	})
}

func (s *Service) forget(ctx context.Context, keep time.Duration) work.Outcome {
	now := s.now()
	n, err := s.Store.ForgetDeliveries(ctx, now.Add(-keep), forgetBatch)
	if err != nil {
		s.Log.WarnContext(ctx, "deliveries that have had their time were not removed; it is tried again", "error", err)
		return work.Rest(now.Add(forgetAgain))
	}
	if n >= forgetBatch {
		return work.Rest(now)
	}
	return work.Rest(now.Add(forgetEvery))
}
