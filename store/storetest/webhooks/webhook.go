// SPDX-License-Identifier: Apache-2.0

package webhooks

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var webhookCases = []check.Case{
	check.WithStore("AWebhookKeepsAllItsFields", allFields),
	check.WithStore("NamesAreTakenOnce", names),
	check.TwoStores("NobodyHasMoreThanAllowed", most),
	check.WithStore("AChangeIsWholeAndCounted", changes),
	check.TwoStores("NoChangeIsLost", together),
	check.WithStore("WhatIsDeletedIsGone", deleted),
	check.WithStore("BadTextOfAWebhookIsRefused", badText),
}

var errJudged = errors.New("the judge says no")

func webhook(name string) store.Webhook {
	at := storetest.Epoch
	return store.Webhook{
		Seller: storetest.Seller, ID: storetest.NewID(), Name: name, URL: "https://example.com/hook", State: store.WebhookEnabled, StateAt: at,
		Secrets: []store.WebhookSecret{{ID: storetest.NewID(), Sealed: []byte{0, 1, 0xff}, CreatedAt: at}}, Version: 1, CreatedAt: at, UpdatedAt: at,
	}
}

func add(t *testing.T, s store.Store, w store.Webhook) store.Webhook {
	t.Helper()
	check.Error(t, s.AddWebhook(check.Context(t), &w, 10), nil)
	return w
}

func read(t *testing.T, s store.Store, id string) store.Webhook {
	t.Helper()
	w, err := s.Webhook(check.Context(t), storetest.Seller, id)
	check.Error(t, err, nil)
	return w
}

func allFields(t *testing.T, s store.Store) {
	at := func(n int) time.Time { return storetest.Epoch.Add(time.Duration(n) * time.Second) }
	w := webhook("名字")
	w.Filter = []store.Term{{Field: "kind", Value: `a"b`}, {Field: "order_id", Value: "订单"}}
	w.State, w.Reason, w.StateAt = store.WebhookDisabled, store.WebhookGone, at(1)
	w.Secrets = append(w.Secrets, store.WebhookSecret{ID: storetest.NewID(), Sealed: []byte("older"), CreatedAt: at(2)})
	w.At = store.FeedPlace{Number: 7, OrderID: "CS1", Seq: 3}
	w.Backlog, w.Failures, w.FailingSince, w.DeliveredAt, w.Version, w.UpdatedAt = 5, 6, at(3), at(4), 8, at(5)
	check.Filled(t, "webhook", reflect.ValueOf(w))
	add(t, s, w)
	if got := read(t, s, w.ID); !reflect.DeepEqual(got, w) {
		t.Fatalf("read\n%+v, written\n%+v", got, w)
	}
	list, err := s.Webhooks(check.Context(t), storetest.Seller)
	check.Error(t, err, nil)
	if len(list) != 1 || !reflect.DeepEqual(list[0], w) {
		t.Fatalf("listed\n%+v, written\n%+v", list, w)
	}
	_, err = s.Webhook(check.Context(t), "other", w.ID)
	check.Error(t, err, store.ErrNotFound)
	none, err := s.Webhooks(check.Context(t), "other")
	check.Error(t, err, nil)
	check.Equal(t, "another seller's", len(none), 0)
}

func names(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	first, second := add(t, s, webhook("a")), add(t, s, webhook("b"))
	third := webhook("a")
	check.Error(t, s.AddWebhook(ctx, &third, 10), store.ErrConflict)
	third.Seller = "other"
	check.Error(t, s.AddWebhook(ctx, &third, 10), nil)
	_, err := s.ChangeWebhook(ctx, storetest.Seller, second.ID, storetest.Epoch, func(w *store.Webhook) error { w.Name = "a"; return nil })
	check.Error(t, err, store.ErrConflict)
	check.Equal(t, "name", read(t, s, second.ID).Name, "b")
	check.Error(t, s.DeleteWebhook(ctx, storetest.Seller, first.ID, storetest.Epoch, agree), nil)
	add(t, s, webhook("a"))
}

func agree(*store.Webhook) error { return nil }

func most(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	errs := check.Together(8, func(i int) error {
		w := webhook(fmt.Sprint(i))
		return handles[i%2].AddWebhook(ctx, &w, 3)
	})
	taken := 0
	for _, err := range errs {
		if err == nil {
			taken++
			continue
		}
		check.Error(t, err, store.ErrExhausted)
	}
	check.Equal(t, "added", taken, 3)
}

func changes(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	w := add(t, s, webhook("a"))
	later := storetest.Epoch.Add(time.Minute)
	got, err := s.ChangeWebhook(ctx, w.Seller, w.ID, later, func(w *store.Webhook) error {
		w.Name, w.URL, w.Filter = "b", "https://example.com/other", []store.Term{{Field: "kind", Value: "x"}}
		w.Secrets = append([]store.WebhookSecret{{ID: "new", Sealed: []byte("new"), CreatedAt: later}}, w.Secrets...)
		return nil
	})
	check.Error(t, err, nil)
	want := w
	want.Name, want.URL, want.Filter, want.Version, want.UpdatedAt = "b", "https://example.com/other", []store.Term{{Field: "kind", Value: "x"}}, 2, later
	want.Secrets = []store.WebhookSecret{{ID: "new", Sealed: []byte("new"), CreatedAt: later}, w.Secrets[0]}
	if stored := read(t, s, w.ID); !reflect.DeepEqual(got, want) || !reflect.DeepEqual(stored, want) {
		t.Fatalf("got\n%+v, stored\n%+v, want\n%+v", got, stored, want)
	}
	_, err = s.ChangeWebhook(ctx, w.Seller, w.ID, later, func(w *store.Webhook) error { w.Name = "c"; return errJudged })
	check.Error(t, err, errJudged)
	_, err = s.ChangeWebhook(ctx, w.Seller, w.ID, later, func(w *store.Webhook) error { w.Secrets = w.Secrets[:1]; return nil })
	check.Error(t, err, nil)
	want.Secrets, want.Version = want.Secrets[:1], 3
	if stored := read(t, s, w.ID); !reflect.DeepEqual(stored, want) {
		t.Fatalf("stored\n%+v, want\n%+v", stored, want)
	}
	_, err = s.ChangeWebhook(ctx, "other", w.ID, later, agree)
	check.Error(t, err, store.ErrNotFound)
}

func together(t *testing.T, handles []store.Store) {
	const n = 20
	ctx := check.Context(t)
	w := add(t, handles[0], webhook("a"))
	for _, err := range check.Together(n, func(i int) error {
		_, err := handles[i%2].ChangeWebhook(ctx, w.Seller, w.ID, storetest.Epoch, func(w *store.Webhook) error { w.URL += "."; return nil })
		return err
	}) {
		check.Error(t, err, nil)
	}
	got := read(t, handles[1], w.ID)
	check.Equal(t, "changes", len(got.URL)-len(w.URL), n)
	check.Equal(t, "version", got.Version, int64(n+1))
}

func deleted(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	w := add(t, s, webhook("a"))
	enqueue(t, s, &w, ev("CS1", 1), ev("CS1", 2))
	check.Error(t, s.DeleteWebhook(ctx, w.Seller, w.ID, storetest.Epoch, func(*store.Webhook) error { return errJudged }), errJudged)
	check.Error(t, s.DeleteWebhook(ctx, w.Seller, w.ID, storetest.Epoch, agree), nil)
	_, err := s.Webhook(ctx, w.Seller, w.ID)
	check.Error(t, err, store.ErrNotFound)
	check.Error(t, s.DeleteWebhook(ctx, w.Seller, w.ID, storetest.Epoch, agree), store.ErrNotFound)
	for _, d := range deliveries(t, s) {
		check.Equal(t, "state", d.State, store.DeliveryCancelled)
		check.Equal(t, "reason", d.Reason, store.ReasonWebhookDeleted)
		_, err := s.ResendDelivery(ctx, w.Seller, d.ID, storetest.Epoch)
		check.Error(t, err, store.ErrNotFound)
		_, _, err = s.EndAttempt(ctx, d, func(*store.Webhook, *store.Delivery) {})
		check.Error(t, err, store.ErrNotFound)
	}
}

func badText(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	w := webhook("a")
	w.URL = "https://example.com/\xff"
	check.Error(t, s.AddWebhook(ctx, &w, 10), store.ErrBadText)
	_, err := s.Webhook(ctx, storetest.Seller, "\x00")
	check.Error(t, err, store.ErrBadText)
	_, err = s.Delivery(ctx, storetest.Seller, "\x00")
	check.Error(t, err, store.ErrBadText)
	_, err = s.ResendDelivery(ctx, storetest.Seller, "\x00", storetest.Epoch)
	check.Error(t, err, store.ErrBadText)
}
