// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var feedCases = []check.Case{
	check.WithStore("EmptyFeed", emptyFeed),
	check.WithStore("FeedOfOneOrder", feedOfOneOrder),
	check.WithStore("FeedOfTwoSellers", feedOfTwoSellers),
	check.TwoStores("NothingIsSkippedWhileOthersWrite", nothingSkipped),
	check.WithSQL("EventsOfThePreviousBinaryAreInTheFeed", fedByThePrevious),
}

func emptyFeed(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	p, err := s.EventsBehind(ctx, storetest.Seller, store.FeedPlace{}, 10)
	check.Error(t, err, nil)
	check.Equal(t, "page", p, store.FeedPage{})
	_, err = s.FeedEnd(ctx, storetest.Seller)
	check.Error(t, err, store.ErrNotFound)
	_, err = s.EventAt(ctx, storetest.Seller, store.FeedPlace{Number: 1, OrderID: "CS1", Seq: 1})
	check.Error(t, err, store.ErrNotFound)
}

// feedOfOneOrder resumes behind every event and gets exactly the rest.
func feedOfOneOrder(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	head, err := s.FeedHead(ctx, storetest.Seller)
	check.Error(t, err, nil)
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	for range 6 {
		check.MustApply(t, s, check.Next(check.MustAggregate(t, s, "CS1")))
	}
	now, err := s.FeedHead(ctx, storetest.Seller)
	check.Error(t, err, nil)
	if now == head {
		t.Fatal("the head has not changed with the events")
	}
	chain, err := s.Events(ctx, storetest.Seller, "CS1", 0, 100)
	check.Error(t, err, nil)
	all := readFeed(t, s, storetest.Seller, store.FeedPlace{}, 3)
	check.Equal(t, "events", eventsOf(all), chain)
	for i, e := range all {
		check.Equal(t, fmt.Sprint("behind ", i), eventsOf(readFeed(t, s, storetest.Seller, e.Place(), 2)), chain[i+1:])
		got, err := s.EventAt(ctx, storetest.Seller, e.Place())
		check.Error(t, err, nil)
		check.Equal(t, "the event at its place", got, chain[i])
		for _, wrong := range []store.FeedPlace{
			{Number: e.Number + 1000, OrderID: e.OrderID, Seq: e.Seq}, {Number: e.Number, OrderID: "CS2", Seq: e.Seq}, {Number: e.Number, OrderID: e.OrderID, Seq: 99},
		} {
			_, err = s.EventAt(ctx, storetest.Seller, wrong)
			check.Error(t, err, store.ErrNotFound)
		}
		_, err = s.EventAt(ctx, "other", e.Place())
		check.Error(t, err, store.ErrNotFound)
	}
	last, err := s.FeedEnd(ctx, storetest.Seller)
	check.Error(t, err, nil)
	check.Equal(t, "end", last, all[len(all)-1])
}

func feedOfTwoSellers(t *testing.T, s store.Store) {
	var want [2][]store.Event
	sellers := []string{storetest.Seller, "other"}
	for n := range 10 {
		c := storetest.Admission(fmt.Sprint("CS", n), storetest.Epoch)
		c.NewLines, c.NewInstances, c.NewTasks = nil, nil, nil
		c.NewOrder.Seller, c.Events[0].Seller = sellers[n%2], sellers[n%2]
		check.MustApply(t, s, c)
		want[n%2] = append(want[n%2], c.Events[0])
	}
	for i, seller := range sellers {
		check.Equal(t, seller, eventsOf(readFeed(t, s, seller, store.FeedPlace{}, 2)), want[i])
		last, err := s.FeedEnd(check.Context(t), seller)
		check.Error(t, err, nil)
		check.Equal(t, "last", last.Event, want[i][4])
	}
	check.Equal(t, "nobody's", len(readFeed(t, s, "nobody", store.FeedPlace{}, 2)), 0)
}

// nothingSkipped lets readers that resume at any moment follow writers that contend for the same orders: whoever reads on gets every event
// once, and each order's in the order of its chain.
func nothingSkipped(t *testing.T, handles []store.Store) {
	const orders, writers, each, readers = 5, 8, 12, 4
	ctx := check.Context(t)
	for n := range orders {
		check.MustApply(t, handles[0], storetest.Admission(fmt.Sprint("CS", n), storetest.Epoch))
	}
	var wrote atomic.Int64
	errs := check.Together(writers+readers, func(i int) error {
		s := handles[i%len(handles)]
		if i < writers {
			defer wrote.Add(1)
			return appendEvents(ctx, s, orders, each)
		}
		random, place, seen := rand.New(rand.NewPCG(uint64(i), 7)), store.FeedPlace{}, make(map[string]int64)
		total := 0
		for {
			ended := wrote.Load() == writers // before the page is read
			p, err := s.EventsBehind(ctx, storetest.Seller, place, 1+random.IntN(9))
			if err != nil {
				return err
			}
			for _, e := range p.Events {
				if e.Seq != seen[e.OrderID]+1 {
					return fmt.Errorf("event %d of %s came behind event %d", e.Seq, e.OrderID, seen[e.OrderID])
				}
				seen[e.OrderID]++
				total++
			}
			place = p.End
			if n := len(p.Events); n > 0 && random.IntN(2) == 0 {
				place = p.Events[n-1].Place() // as one that resumes where an event stands
			}
			if ended && !p.More && len(p.Events) == 0 {
				break
			}
		}
		if want := orders + writers*each; total != want {
			return fmt.Errorf("a reader got %d events, want %d", total, want)
		}
		return nil
	})
	for _, err := range errs {
		check.Error(t, err, nil)
	}
}

func appendEvents(ctx context.Context, s store.Store, orders, each int) error {
	for n := 0; n < each; {
		a, err := s.Aggregate(ctx, storetest.Seller, fmt.Sprint("CS", rand.IntN(orders)))
		if err != nil {
			return err
		}
		switch err := s.Apply(ctx, check.Next(a)); {
		case err == nil:
			n++
		case !errors.Is(err, store.ErrStale):
			return err
		}
	}
	return nil
}

// fedByThePrevious writes an event as a binary does that knows nothing of the feed.
func fedByThePrevious(t *testing.T, s store.Store, exec func(string) int) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	check.Equal(t, "rows", exec(`INSERT INTO events (seller, order_id, seq, kind, instance_id, at, data, prev_hash, hash)
		VALUES ('`+storetest.Seller+`', 'CS1', 2, 'k', '', 1, '{}', '', 'h')`), 1)
	var seqs []int64
	for _, e := range readFeed(t, s, storetest.Seller, store.FeedPlace{}, 10) {
		seqs = append(seqs, e.Seq)
	}
	check.Equal(t, "feed", seqs, []int64{1, 2})
}

// readFeed reads what is behind a place in pages.
func readFeed(t *testing.T, s store.Store, seller string, place store.FeedPlace, limit int) []store.FeedEvent {
	t.Helper()
	var all []store.FeedEvent
	for {
		p, err := s.EventsBehind(check.Context(t), seller, place, limit)
		check.Error(t, err, nil)
		all, place = append(all, p.Events...), p.End
		if !p.More {
			return all
		}
	}
}

func eventsOf(list []store.FeedEvent) []store.Event {
	events := make([]store.Event, len(list))
	for i, e := range list {
		events[i] = e.Event
	}
	return events
}
