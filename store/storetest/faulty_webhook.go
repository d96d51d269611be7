// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"

	"github.com/koogate/koogate/store"
)

// FaultyHookStore does for webhooks what [FaultyStore] does for the rest: what a courier writes fails before it happens or after it was
// committed.
type FaultyHookStore struct {
	store.Store
	*injector
}

// FaultyHooks wraps the webhooks of a store; see [Faulty].
func FaultyHooks(s store.Store, seed uint64) *FaultyHookStore {
	return &FaultyHookStore{s, newInjector(seed)}
}

// AddDeliveries implements store.Store.
func (f *FaultyHookStore) AddDeliveries(ctx context.Context, r store.FeedRead) error {
	_, err := write(f.injector, func() (struct{}, error) { return struct{}{}, f.Store.AddDeliveries(ctx, r) })
	return err
}

// LeaseDeliveries implements store.Store.
func (f *FaultyHookStore) LeaseDeliveries(ctx context.Context, l store.DeliveryLease) ([]store.Delivery, error) {
	return write(f.injector, func() ([]store.Delivery, error) { return f.Store.LeaseDeliveries(ctx, l) })
}

// EndAttempt implements store.Store.
func (f *FaultyHookStore) EndAttempt(
	ctx context.Context, held store.Delivery, judge func(*store.Webhook, *store.Delivery),
) (store.Webhook, store.Delivery, error) {
	var d store.Delivery
	w, err := write(f.injector, func() (w store.Webhook, err error) {
		w, d, err = f.Store.EndAttempt(ctx, held, judge)
		return w, err
	})
	return w, d, err
}
