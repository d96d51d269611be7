// SPDX-License-Identifier: Apache-2.0

package feed_test

import (
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/feed"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, orders int) *feed.Service {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlitetest.File(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for n := range orders {
		if err := s.Apply(t.Context(), storetest.Admission(fmt.Sprint("CS", n), storetest.Epoch)); err != nil {
			t.Fatal(err)
		}
	}
	return feed.New(s, clock.System{})
}

// TestAMarkOfAnEventThatIsGone: whoever has read an event that a restore has removed must not go on behind what took its place.
func TestAMarkOfAnEventThatIsGone(t *testing.T) {
	s := open(t, 3)
	end, err := s.End(t.Context(), storetest.Seller)
	if err != nil || s.Check(t.Context(), storetest.Seller, end) != nil {
		t.Fatal(end, err)
	}
	for name, m := range map[string]feed.Mark{
		"behind the end":       {Place: store.FeedPlace{Number: end.Place.Number + 1, OrderID: "CS3", Seq: 1}, Hash: end.Hash},
		"another order there":  {Place: store.FeedPlace{Number: end.Place.Number, OrderID: "CS1", Seq: 1}, Hash: end.Hash},
		"another event, alike": {Place: end.Place, Hash: "0000000000000000"},
	} {
		for what, err := range map[string]error{"Check": s.Check(t.Context(), storetest.Seller, m), "List": func() error {
			_, _, _, err := s.List(t.Context(), storetest.Seller, m, nil, 1)
			return err
		}()} {
			if errs.As(err).Reason != errs.PageTokenInvalid {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
	if err := s.Check(t.Context(), "other", end); errs.As(err).Reason != errs.PageTokenInvalid {
		t.Errorf("another seller's: %v", err)
	}
}

// TestPagesJoin reads the feed in pages of every size, with a filter and without.
func TestPagesJoin(t *testing.T) {
	const orders = 230 // more than two pages of the store
	s := open(t, orders)
	for _, size := range []int{1, 99, 100, 101, orders, 500} {
		for filter, want := range map[string]int{"": orders, "CS107": 1, "none": 0} {
			var terms []store.Term
			if filter != "" {
				terms = []store.Term{{Field: "order_id", Value: filter}}
			}
			var mark feed.Mark
			got := 0
			for more := true; more; {
				list, next, m, err := s.List(t.Context(), storetest.Seller, mark, terms, size)
				if err != nil || len(list) > size || m && next == mark {
					t.Fatal(len(list), err)
				}
				got, mark, more = got+len(list), next, m
			}
			if got != want {
				t.Errorf("size %d, filter %q: %d events, want %d", size, filter, got, want)
			}
		}
	}
}
