// SPDX-License-Identifier: Apache-2.0

package webhooks

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var deliveryCases = []check.Case{
	check.WithStore("ADeliveryKeepsAllItsFields", allDeliveryFields),
	check.WithStore("AnOrdersEventsGoOneByOne", oneByOne),
	check.TwoStores("WhatWasReadIsWrittenOnce", readOnce),
	check.TwoStores("NoDeliveryIsLeasedTwice", leasedOnce),
	check.WithStore("OnlyTheLastLeaseEnds", fenced),
	check.WithStore("ADisabledWebhookReadsNothingAndBeginsAnew", disabled),
	check.WithStore("PagesOfWhatIsDeliveredAnewJoin", resent),
	check.WithStore("DeliveriesAreFiltered", filters),
	check.WithStore("WhatHasEndedIsForgotten", forgotten),
	check.WithStore("AnyHistoryKeepsTheOrder", histories),
}

// event is one event in the feed of the suite, whose numbers are made up.
type event struct {
	order string
	seq   int64
}

func ev(order string, seq int64) event { return event{order, seq} }

func made(at time.Time, w *store.Webhook, e event) store.Delivery {
	return store.Delivery{
		Seller: w.Seller, ID: storetest.NewIDAt(at), CreatedAt: at, WebhookID: w.ID, OrderID: e.order, Seq: e.seq, Kind: "x", EventAt: at,
	}
}

// enqueue has a webhook read events, one place further in the feed.
func enqueue(t *testing.T, s store.Store, w *store.Webhook, events ...event) {
	t.Helper()
	enqueueAt(t, s, w, storetest.Epoch, events...)
}

func enqueueAt(t *testing.T, s store.Store, w *store.Webhook, at time.Time, events ...event) {
	t.Helper()
	r := store.FeedRead{Seller: w.Seller, WebhookID: w.ID, From: w.At, To: store.FeedPlace{Number: w.At.Number + 1, OrderID: "o", Seq: 9}}
	for _, e := range events {
		r.Deliveries = append(r.Deliveries, made(at, w, e))
	}
	check.Error(t, s.AddDeliveries(check.Context(t), r), nil)
	w.At = r.To
}

func deliveries(t *testing.T, s store.Store) []store.Delivery {
	t.Helper()
	list, err := s.ListDeliveries(check.Context(t), store.ListQuery{Seller: storetest.Seller, Limit: 1000})
	check.Error(t, err, nil)
	return list
}

func lease(t *testing.T, s store.Store, w *store.Webhook, again bool, at time.Time) []store.Delivery {
	t.Helper()
	list, err := s.LeaseDeliveries(check.Context(t), store.DeliveryLease{
		Seller: w.Seller, WebhookID: w.ID, Again: again, Max: 100, Now: at, Until: at.Add(time.Minute),
	})
	check.Error(t, err, nil)
	return list
}

func end(t *testing.T, s store.Store, d store.Delivery, state store.DeliveryState, at time.Time) store.Delivery {
	t.Helper()
	_, got, err := s.EndAttempt(check.Context(t), d, func(_ *store.Webhook, d *store.Delivery) {
		d.State, d.LastAt, d.UpdatedAt, d.DueAt = state, at, at, at
		d.Attempts++
	})
	check.Error(t, err, nil)
	return got
}

func shown(list []store.Delivery) (out []string) {
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s/%d %s", d.OrderID, d.Seq, d.State))
	}
	slices.Sort(out)
	return out
}

func states(t *testing.T, s store.Store, want ...string) {
	t.Helper()
	if got := shown(deliveries(t, s)); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func allDeliveryFields(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	at := func(n int) time.Time { return storetest.Epoch.Add(time.Duration(n) * time.Second) }
	w := add(t, s, webhook("a"))
	d := made(at(0), &w, ev("订单", 3))
	d.InstanceID, d.EventAt = "i-1", at(-9)
	check.Error(t, s.AddDeliveries(ctx, store.FeedRead{Seller: w.Seller, WebhookID: w.ID, To: store.FeedPlace{Number: 1}, Deliveries: []store.Delivery{d}}), nil)
	d.State, d.DueAt, d.UpdatedAt = store.DeliveryReady, at(0), at(0)
	got, err := s.Delivery(ctx, w.Seller, d.ID)
	check.Error(t, err, nil)
	if !reflect.DeepEqual(got, d) {
		t.Fatalf("read\n%+v, written\n%+v", got, d)
	}
	d = lease(t, s, &w, false, at(1))[0]
	change := func(d *store.Delivery) {
		d.State, d.Reason, d.DueAt, d.Attempts, d.FirstAt, d.LastAt = store.DeliveryRetrying, "TIMEOUT", at(2), 4, at(3), at(4)
		d.Status, d.Size, d.Took, d.Resends, d.UpdatedAt = 503, 17, 1234*time.Microsecond, 2, at(5)
	}
	health := func(w *store.Webhook) { w.Failures, w.FailingSince, w.DeliveredAt = 3, at(6), at(7) }
	gotW, got, err := s.EndAttempt(ctx, d, func(w *store.Webhook, d *store.Delivery) { health(w); change(d) })
	check.Error(t, err, nil)
	change(&d)
	check.Filled(t, "delivery", reflect.ValueOf(d))
	stored, err := s.Delivery(ctx, w.Seller, d.ID)
	check.Error(t, err, nil)
	if !reflect.DeepEqual(got, d) || !reflect.DeepEqual(stored, d) {
		t.Fatalf("got\n%+v, stored\n%+v, want\n%+v", got, stored, d)
	}
	w.At, w.Backlog = store.FeedPlace{Number: 1}, 1
	health(&w)
	if stored := read(t, s, w.ID); !reflect.DeepEqual(gotW, w) || !reflect.DeepEqual(stored, w) {
		t.Fatalf("got\n%+v, stored\n%+v, want\n%+v", gotW, stored, w)
	}
	for _, id := range []string{storetest.NewID(), "", "x"} {
		_, err = s.Delivery(ctx, w.Seller, id)
		check.Error(t, err, store.ErrNotFound)
	}
	_, err = s.Delivery(ctx, "other", d.ID)
	check.Error(t, err, store.ErrNotFound)
}

func oneByOne(t *testing.T, s store.Store) {
	w := add(t, s, webhook("a"))
	enqueue(t, s, &w, ev("A", 1), ev("A", 2), ev("B", 1))
	enqueue(t, s, &w, ev("A", 3))
	states(t, s, "A/1 READY", "A/2 WAITING", "A/3 WAITING", "B/1 READY")
	list := lease(t, s, &w, false, storetest.Epoch)
	if got := shown(list); !slices.Equal(got, []string{"A/1 READY", "B/1 READY"}) {
		t.Fatal(got)
	}
	check.Equal(t, "leased once more", len(lease(t, s, &w, false, storetest.Epoch)), 0)
	for _, d := range list {
		state := store.DeliveryDelivered
		if d.OrderID == "A" {
			state = store.DeliveryRetrying
		}
		end(t, s, d, state, storetest.Epoch)
	}
	states(t, s, "A/1 RETRYING", "A/2 WAITING", "A/3 WAITING", "B/1 DELIVERED")
	check.Equal(t, "backlog", read(t, s, w.ID).Backlog, int64(3))
	dues, err := s.DeliveriesDue(check.Context(t), w.Seller)
	check.Error(t, err, nil)
	check.Equal(t, "due", dues[w.ID], store.DeliveryDue{Again: storetest.Epoch})
	check.Equal(t, "first attempts", len(lease(t, s, &w, false, storetest.Epoch)), 0)
	end(t, s, lease(t, s, &w, true, storetest.Epoch)[0], store.DeliveryGivenUp, storetest.Epoch.Add(time.Second))
	states(t, s, "A/1 GIVEN_UP", "A/2 READY", "A/3 WAITING", "B/1 DELIVERED")
	check.Equal(t, "too early", len(lease(t, s, &w, false, storetest.Epoch)), 0)
	end(t, s, lease(t, s, &w, false, storetest.Epoch.Add(time.Second))[0], store.DeliveryDelivered, storetest.Epoch.Add(time.Second))
	states(t, s, "A/1 GIVEN_UP", "A/2 DELIVERED", "A/3 READY", "B/1 DELIVERED")
	// An earlier event that is delivered anew goes first.
	for _, d := range deliveries(t, s) {
		if d.OrderID == "A" && d.Seq == 2 {
			got, err := s.ResendDelivery(check.Context(t), d.Seller, d.ID, storetest.Epoch.Add(time.Minute))
			check.Error(t, err, nil)
			check.Equal(t, "state", got.State, store.DeliveryReady)
			check.Equal(t, "resends", got.Resends, int64(1))
		}
	}
	states(t, s, "A/1 GIVEN_UP", "A/2 READY", "A/3 WAITING", "B/1 DELIVERED")
	check.Equal(t, "backlog", read(t, s, w.ID).Backlog, int64(2))
}

func readOnce(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	w := add(t, handles[0], webhook("a"))
	errs := check.Together(8, func(i int) error {
		return handles[i%2].AddDeliveries(ctx, store.FeedRead{
			Seller: w.Seller, WebhookID: w.ID, From: w.At, To: store.FeedPlace{Number: 5, OrderID: "A", Seq: 2},
			Deliveries: []store.Delivery{made(storetest.Epoch, &w, ev("A", 1)), made(storetest.Epoch, &w, ev("A", 2))},
		})
	})
	check.OneSuccess(t, errs, store.ErrStale)
	states(t, handles[0], "A/1 READY", "A/2 WAITING")
	got := read(t, handles[1], w.ID)
	check.Equal(t, "place", got.At, store.FeedPlace{Number: 5, OrderID: "A", Seq: 2})
	check.Equal(t, "backlog", got.Backlog, int64(2))
}

func leasedOnce(t *testing.T, handles []store.Store) {
	w := add(t, handles[0], webhook("a"))
	var events []event
	for i := range 60 {
		events = append(events, ev(fmt.Sprint("CS", i), 1))
	}
	enqueue(t, handles[0], &w, events...)
	seen := make([][]store.Delivery, 12)
	for _, err := range check.Together(len(seen), func(i int) (err error) {
		seen[i], err = handles[i%2].LeaseDeliveries(check.Context(t), store.DeliveryLease{
			Seller: w.Seller, WebhookID: w.ID, Max: 5, Now: storetest.Epoch, Until: storetest.Epoch.Add(time.Minute),
		})
		return err
	}) {
		check.Error(t, err, nil)
	}
	ids := map[string]bool{}
	for _, list := range seen {
		check.Equal(t, "leased at most", len(list) <= 5, true)
		for _, d := range list {
			if ids[d.ID] || d.Fence != 1 || !d.DueAt.Equal(storetest.Epoch.Add(time.Minute)) {
				t.Fatalf("%+v was leased twice", d)
			}
			ids[d.ID] = true
		}
	}
}

func fenced(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	w := add(t, s, webhook("a"))
	enqueue(t, s, &w, ev("A", 1))
	first := lease(t, s, &w, false, storetest.Epoch)[0]
	second := lease(t, s, &w, false, storetest.Epoch.Add(time.Minute))[0]
	check.Equal(t, "fence", second.Fence, first.Fence+1)
	_, _, err := s.EndAttempt(ctx, first, func(_ *store.Webhook, d *store.Delivery) { d.State = store.DeliveryDelivered })
	check.Error(t, err, store.ErrFenced)
	end(t, s, second, store.DeliveryDelivered, storetest.Epoch)
	_, _, err = s.EndAttempt(ctx, second, func(_ *store.Webhook, d *store.Delivery) { d.State = store.DeliveryRetrying })
	check.Error(t, err, store.ErrFenced)
	states(t, s, "A/1 DELIVERED")
}

func disabled(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	w := add(t, s, webhook("a"))
	enqueue(t, s, &w, ev("A", 1), ev("A", 2), ev("B", 1))
	end(t, s, lease(t, s, &w, false, storetest.Epoch)[0], store.DeliveryRetrying, storetest.Epoch.Add(time.Hour))
	set := func(state store.WebhookState, at time.Time) {
		_, err := s.ChangeWebhook(ctx, w.Seller, w.ID, at, func(w *store.Webhook) error { w.State = state; return nil })
		check.Error(t, err, nil)
	}
	set(store.WebhookDisabled, storetest.Epoch)
	err := s.AddDeliveries(ctx, store.FeedRead{Seller: w.Seller, WebhookID: w.ID, From: w.At, To: store.FeedPlace{Number: 9}})
	check.Error(t, err, store.ErrStale)
	later := storetest.Epoch.Add(time.Minute)
	set(store.WebhookEnabled, later)
	states(t, s, "A/1 READY", "A/2 WAITING", "B/1 READY")
	for _, d := range deliveries(t, s) {
		if !d.DueAt.Equal(later) || d.Attempts != 0 || !d.FirstAt.IsZero() {
			t.Errorf("%+v does not begin anew", d)
		}
	}
}

func resent(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	w, other := add(t, s, webhook("a")), add(t, s, webhook("b"))
	enqueue(t, s, &other, ev("A", 1))
	for i := range int64(3) {
		enqueueAt(t, s, &w, storetest.Epoch.Add(time.Duration(i)*time.Minute), ev("A", 2*i+1), ev("A", 2*i+2))
	}
	for range 5 {
		end(t, s, lease(t, s, &w, false, storetest.Epoch.Add(time.Hour))[0], store.DeliveryDelivered, storetest.Epoch)
	}
	since := storetest.Epoch.Add(time.Minute)
	r := store.Resend{
		Seller: w.Seller, WebhookID: w.ID, After: store.Cursor{CreatedAt: since.Add(-time.Microsecond), ID: "\U0010ffff"}, Limit: 100, Dry: true, Now: storetest.Epoch,
	}
	n, err := s.ResendDeliveries(ctx, r)
	check.Error(t, err, nil)
	check.Equal(t, "would be", n, store.Resent{Count: 3})
	states(t, s, "A/1 DELIVERED", "A/1 READY", "A/2 DELIVERED", "A/3 DELIVERED", "A/4 DELIVERED", "A/5 DELIVERED", "A/6 READY")
	r.Dry, r.Limit = false, 3
	var counts []int
	for {
		n, err := s.ResendDeliveries(ctx, r)
		check.Error(t, err, nil)
		counts = append(counts, n.Count)
		if n.Last == nil {
			break
		}
		r.After = *n.Last
	}
	if !slices.Equal(counts, []int{3, 0}) {
		t.Fatal(counts)
	}
	states(t, s, "A/1 DELIVERED", "A/1 READY", "A/2 DELIVERED", "A/3 READY", "A/4 WAITING", "A/5 WAITING", "A/6 WAITING")
	check.Equal(t, "backlog", read(t, s, w.ID).Backlog, int64(4))
	r.WebhookID = "none"
	_, err = s.ResendDeliveries(ctx, r)
	check.Error(t, err, store.ErrNotFound)
}

func filters(t *testing.T, s store.Store) {
	w, other := add(t, s, webhook("a")), add(t, s, webhook("b"))
	enqueue(t, s, &w, ev("A", 1), ev("A", 2), ev("B", 1))
	enqueue(t, s, &other, ev("A", 1))
	end(t, s, lease(t, s, &other, false, storetest.Epoch)[0], store.DeliveryDelivered, storetest.Epoch)
	for _, c := range []struct {
		filter []store.Term
		want   int
	}{
		{nil, 4}, {[]store.Term{{Field: "webhook_id", Value: w.ID}}, 3}, {[]store.Term{{Field: "order_id", Value: "A"}}, 3},
		{[]store.Term{{Field: "state", Value: "DELIVERED"}}, 1}, {[]store.Term{{Field: "state", Value: "WAITING"}}, 1},
		{[]store.Term{{Field: "webhook_id", Value: w.ID}, {Field: "state", Value: "READY"}}, 2},
	} {
		for _, desc := range []bool{false, true} {
			check.Filtered(t, s, "deliveries", store.ListQuery{Seller: storetest.Seller, Filter: c.filter, Desc: desc, Browsing: desc, Limit: 100}, c.want)
		}
	}
}

func forgotten(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	w := add(t, s, webhook("a"))
	for i := range 4 {
		enqueueAt(t, s, &w, storetest.Epoch.Add(time.Duration(i)*time.Hour), ev(fmt.Sprint("CS", i), 1))
	}
	later := storetest.Epoch.Add(24 * time.Hour)
	for _, d := range lease(t, s, &w, false, later) {
		if d.OrderID != "CS1" {
			end(t, s, d, store.DeliveryDelivered, later)
		}
	}
	for _, want := range []int{1, 1, 0} { // CS1 is still to be delivered, CS3 is not old enough
		n, err := s.ForgetDeliveries(ctx, storetest.Epoch.Add(3*time.Hour), 1)
		check.Error(t, err, nil)
		check.Equal(t, "forgotten", n, want)
	}
	states(t, s, "CS1/1 READY", "CS3/1 DELIVERED")
}

// histories does anything in any order: of each order the first open delivery and no other may go, and the backlog is what is open.
func histories(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	random := rand.New(rand.NewPCG(1, 2)) // the same history each time
	w := add(t, s, webhook("a"))
	at, seqs := storetest.Epoch, map[string]int64{}
	for step := range 150 {
		at = at.Add(time.Second)
		switch random.IntN(5) {
		case 0:
			var events []event
			for range 1 + random.IntN(4) {
				order := string(rune('A' + random.IntN(4)))
				seqs[order]++
				events = append(events, ev(order, seqs[order]))
			}
			enqueueAt(t, s, &w, at, events...)
		case 1, 2:
			for _, d := range lease(t, s, &w, random.IntN(2) == 0, at) {
				state := []store.DeliveryState{store.DeliveryDelivered, store.DeliveryRetrying, store.DeliveryGivenUp}[random.IntN(3)]
				end(t, s, d, state, at)
			}
		case 3:
			list := deliveries(t, s)
			if len(list) > 0 {
				_, err := s.ResendDelivery(ctx, w.Seller, list[random.IntN(len(list))].ID, at)
				check.Error(t, err, nil)
			}
		case 4:
			since := storetest.Epoch.Add(time.Duration(random.IntN(step+1)) * time.Second)
			_, err := s.ResendDeliveries(ctx, store.Resend{Seller: w.Seller, WebhookID: w.ID, After: store.Cursor{CreatedAt: since}, Limit: 1 + random.IntN(6), Now: at})
			check.Error(t, err, nil)
		}
		open := map[string]store.Delivery{}
		var backlog int64
		list := deliveries(t, s)
		slices.SortFunc(list, func(a, b store.Delivery) int { return int(a.Seq - b.Seq) })
		for _, d := range list {
			if !d.State.Open() {
				continue
			}
			backlog++
			_, before := open[d.OrderID]
			if before != (d.State == store.DeliveryWaiting) {
				t.Fatalf("step %d: %s/%d is %s, an earlier one is open: %v", step, d.OrderID, d.Seq, d.State, before)
			}
			open[d.OrderID] = d
		}
		check.Equal(t, "backlog", read(t, s, w.ID).Backlog, backlog)
	}
}
