// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

var gapCases = []testCase{
	withStore("GapOpensOnceAndCloses", gapLife),
	withStore("GapCallsAreCountedUntilTheInstanceIsKnown", gapCalls),
	withSQL("GapCallsAreBounded", gapRoom),
	withStore("GapAtOnce", gapsAtOnce),
	{"GapIsSeenAtOnceThroughAnotherHandle", func(t *testing.T, s *suite) {
		if s.second == nil {
			t.Skip("one handle at a time")
		}
		first := s.open(t)
		gapSeen(t, first, s.second(t, first))
	}},
}

func gap(seller, id string) store.Gap {
	return store.Gap{
		Seller: seller, ID: id, Since: Epoch.Add(-time.Hour), OpenedAt: Epoch, OpenedBy: "ann", OpenedWhy: "磁盘坏了",
	}
}

func wantGap(t *testing.T, s store.Store, want store.Gap) {
	t.Helper()
	got, err := s.OpenedGap(background(t), want.Seller)
	wantError(t, err, nil)
	wantEqual(t, "gap", got, want)
}

func gapLife(t *testing.T, s store.Store) {
	ctx := background(t)
	_, err := s.OpenedGap(ctx, Seller)
	wantError(t, err, store.ErrNotFound)
	first := gap(Seller, "g1")
	wantError(t, s.OpenGap(ctx, first), nil)
	wantGap(t, s, first)
	wantError(t, s.OpenGap(ctx, gap(Seller, "g2")), store.ErrConflict)
	wantError(t, s.OpenGap(ctx, gap("other", "g1")), nil)
	closed := first
	closed.ClosedAt, closed.ClosedBy, closed.ClosedWhy = Epoch.Add(time.Hour), "ben", "all adopted"
	wantError(t, s.CloseGap(ctx, store.Gap{Seller: Seller, ID: "g2", ClosedAt: Epoch}), store.ErrNotFound)
	wantError(t, s.CloseGap(ctx, closed), nil)
	wantError(t, s.CloseGap(ctx, closed), store.ErrNotFound)
	_, err = s.OpenedGap(ctx, Seller)
	wantError(t, err, store.ErrNotFound)
	wantGap(t, s, gap("other", "g1"))
	wantError(t, s.OpenGap(ctx, gap(Seller, "g2")), nil)
	wantGap(t, s, gap(Seller, "g2"))
	bad := gap("third", "g")
	bad.OpenedWhy = "a\x00b"
	wantError(t, s.OpenGap(ctx, bad), store.ErrBadText)
}

// gapSeen: nothing is remembered, so what one process does the next read of another sees.
func gapSeen(t *testing.T, first, second store.Store) {
	for range 10 {
		g := gap(Seller, NewID())
		wantError(t, first.OpenGap(background(t), g), nil)
		wantGap(t, second, g)
		g.ClosedAt = Epoch
		wantError(t, second.CloseGap(background(t), g), nil)
		_, err := first.OpenedGap(background(t), Seller)
		wantError(t, err, store.ErrNotFound)
	}
}

func gapCalls(t *testing.T, s store.Store) {
	ctx := background(t)
	count := func(seller, id, activity string, second int) {
		t.Helper()
		noted, err := s.CountGapCall(ctx, store.GapCall{
			Seller: seller, GapID: "g", InstanceID: id, Activity: activity, LastAt: Epoch.Add(time.Duration(second) * time.Second),
		})
		wantError(t, err, nil)
		wantEqual(t, "noted", noted, true)
	}
	count(Seller, "inst-CS1", "refreshInstance", 1)
	count(Seller, "b", "queryInstance", 0)
	count(Seller, "inst-CS1", "queryInstance", 2)
	count(Seller, "b", "queryInstance", 3)
	count("other", "inst-CS1", "queryInstance", 4)
	want := func(what string, want ...string) {
		t.Helper()
		list, err := s.GapCalls(ctx, Seller, "g")
		wantError(t, err, nil)
		got := ids(list, func(c store.GapCall) string {
			return fmt.Sprint(c.Seller, " ", c.GapID, " ", c.InstanceID, " ", c.Activity, " ", c.Calls, " ", c.FirstAt.Sub(Epoch), " ", c.LastAt.Sub(Epoch))
		})
		wantEqual(t, what, got, want)
	}
	b := "demo g b queryInstance 2 0s 3s"
	want("all", b, "demo g inst-CS1 refreshInstance 1 1s 1s", "demo g inst-CS1 queryInstance 1 2s 2s")
	mustApply(t, s, Admission("CS1", Epoch))
	want("but those that are known now", b)
}

func gapRoom(t *testing.T, s store.Store, exec func(string) int) {
	ctx := background(t)
	exec(fmt.Sprintf(`INSERT INTO gap_calls (seller, gap_id, instance_id, activity, calls, first_at, last_at)
		WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT 'demo', 'g', CAST(i AS TEXT), 'a', 1, 1, 1 FROM n`, store.MaxGapCalls))
	for _, c := range []struct {
		id    string
		noted bool
	}{{"the last", true}, {"one more", false}, {"2", true}, {"the last", true}} {
		noted, err := s.CountGapCall(ctx, store.GapCall{Seller: Seller, GapID: "g", InstanceID: c.id, Activity: "a", LastAt: Epoch})
		wantError(t, err, nil)
		wantEqual(t, c.id, noted, c.noted)
	}
	list, err := s.GapCalls(ctx, Seller, "g")
	wantError(t, err, nil)
	wantEqual(t, "noted", len(list), store.MaxGapCalls)
}

func gapsAtOnce(t *testing.T, s store.Store) {
	ctx := background(t)
	errs := together(16, func(i int) error { return s.OpenGap(ctx, gap(Seller, fmt.Sprint("g", i))) })
	wantOneSuccess(t, errs, store.ErrConflict)
	errs = together(16, func(int) error {
		_, err := s.CountGapCall(ctx, store.GapCall{Seller: Seller, GapID: "g", InstanceID: "i", Activity: "a", LastAt: Epoch})
		return err
	})
	wantError(t, errors.Join(errs...), nil)
	list, err := s.GapCalls(ctx, Seller, "g")
	wantError(t, err, nil)
	if len(list) != 1 || list[0].Calls != 16 {
		t.Errorf("calls %+v, want 16 about one instance", list)
	}
}
