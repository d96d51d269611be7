// SPDX-License-Identifier: Apache-2.0

package gaps

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var gapCases = []check.Case{
	check.WithStore("GapOpensOnceAndCloses", gapLife),
	check.WithStore("GapCallsAreCountedUntilTheInstanceIsKnown", gapCalls),
	check.WithSQL("GapCallsAreBounded", gapRoom),
	check.WithStore("GapAtOnce", gapsAtOnce),
	check.WithSecond("GapIsSeenAtOnceThroughAnotherHandle", gapSeen),
}

func gap(seller, id string) store.Gap {
	return store.Gap{
		Seller: seller, ID: id, Since: storetest.Epoch.Add(-time.Hour), OpenedAt: storetest.Epoch, OpenedBy: "ann", OpenedWhy: "磁盘坏了",
	}
}

func wantGap(t *testing.T, s store.Store, want store.Gap) {
	t.Helper()
	got, err := s.OpenedGap(check.Context(t), want.Seller)
	check.Error(t, err, nil)
	check.Equal(t, "gap", got, want)
}

func gapLife(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	_, err := s.OpenedGap(ctx, storetest.Seller)
	check.Error(t, err, store.ErrNotFound)
	first := gap(storetest.Seller, "g1")
	check.Error(t, s.OpenGap(ctx, first), nil)
	wantGap(t, s, first)
	check.Error(t, s.OpenGap(ctx, gap(storetest.Seller, "g2")), store.ErrConflict)
	check.Error(t, s.OpenGap(ctx, gap("other", "g1")), nil)
	closed := first
	closed.ClosedAt, closed.ClosedBy, closed.ClosedWhy = storetest.Epoch.Add(time.Hour), "ben", "all adopted"
	check.Error(t, s.CloseGap(ctx, store.Gap{Seller: storetest.Seller, ID: "g2", ClosedAt: storetest.Epoch}), store.ErrNotFound)
	check.Error(t, s.CloseGap(ctx, closed), nil)
	check.Error(t, s.CloseGap(ctx, closed), store.ErrNotFound)
	_, err = s.OpenedGap(ctx, storetest.Seller)
	check.Error(t, err, store.ErrNotFound)
	wantGap(t, s, gap("other", "g1"))
	check.Error(t, s.OpenGap(ctx, gap(storetest.Seller, "g2")), nil)
	wantGap(t, s, gap(storetest.Seller, "g2"))
	bad := gap("third", "g")
	bad.OpenedWhy = "a\x00b"
	check.Error(t, s.OpenGap(ctx, bad), store.ErrBadText)
}

// gapSeen: nothing is remembered, so what one process does the next read of another sees.
func gapSeen(t *testing.T, first, second store.Store) {
	for range 10 {
		g := gap(storetest.Seller, storetest.NewID())
		check.Error(t, first.OpenGap(check.Context(t), g), nil)
		wantGap(t, second, g)
		g.ClosedAt = storetest.Epoch
		check.Error(t, second.CloseGap(check.Context(t), g), nil)
		_, err := first.OpenedGap(check.Context(t), storetest.Seller)
		check.Error(t, err, store.ErrNotFound)
	}
}

func gapCalls(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	count := func(seller, id, activity string, second int) {
		t.Helper()
		noted, err := s.CountGapCall(ctx, store.GapCall{
			Seller: seller, GapID: "g", InstanceID: id, Activity: activity, LastAt: storetest.Epoch.Add(time.Duration(second) * time.Second),
		})
		check.Error(t, err, nil)
		check.Equal(t, "noted", noted, true)
	}
	count(storetest.Seller, "inst-CS1", "refreshInstance", 1)
	count(storetest.Seller, "b", "queryInstance", 0)
	count(storetest.Seller, "inst-CS1", "queryInstance", 2)
	count(storetest.Seller, "b", "queryInstance", 3)
	count("other", "inst-CS1", "queryInstance", 4)
	want := func(what string, want ...string) {
		t.Helper()
		list, err := s.GapCalls(ctx, storetest.Seller, "g")
		check.Error(t, err, nil)
		got := check.IDs(list, func(c store.GapCall) string {
			return fmt.Sprint(c.Seller, " ", c.GapID, " ", c.InstanceID, " ", c.Activity, " ", c.Calls, " ", c.FirstAt.Sub(storetest.Epoch), " ", c.LastAt.Sub(storetest.Epoch))
		})
		check.Equal(t, what, got, want)
	}
	b := "demo g b queryInstance 2 0s 3s"
	want("all", b, "demo g inst-CS1 refreshInstance 1 1s 1s", "demo g inst-CS1 queryInstance 1 2s 2s")
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	want("but those that are known now", b)
}

func gapRoom(t *testing.T, s store.Store, exec func(string) int) {
	ctx := check.Context(t)
	exec(fmt.Sprintf(`INSERT INTO gap_calls (seller, gap_id, instance_id, activity, calls, first_at, last_at)
		WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT 'demo', 'g', CAST(i AS TEXT), 'a', 1, 1, 1 FROM n`, store.MaxGapCalls))
	for _, c := range []struct {
		id    string
		noted bool
	}{{"the last", true}, {"one more", false}, {"2", true}, {"the last", true}} {
		noted, err := s.CountGapCall(ctx, store.GapCall{Seller: storetest.Seller, GapID: "g", InstanceID: c.id, Activity: "a", LastAt: storetest.Epoch})
		check.Error(t, err, nil)
		check.Equal(t, c.id, noted, c.noted)
	}
	list, err := s.GapCalls(ctx, storetest.Seller, "g")
	check.Error(t, err, nil)
	check.Equal(t, "noted", len(list), store.MaxGapCalls)
}

func gapsAtOnce(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	errs := check.Together(16, func(i int) error { return s.OpenGap(ctx, gap(storetest.Seller, fmt.Sprint("g", i))) })
	check.OneSuccess(t, errs, store.ErrConflict)
	errs = check.Together(16, func(int) error {
		_, err := s.CountGapCall(ctx, store.GapCall{Seller: storetest.Seller, GapID: "g", InstanceID: "i", Activity: "a", LastAt: storetest.Epoch})
		return err
	})
	check.Error(t, errors.Join(errs...), nil)
	list, err := s.GapCalls(ctx, storetest.Seller, "g")
	check.Error(t, err, nil)
	if len(list) != 1 || list[0].Calls != 16 {
		t.Errorf("calls %+v, want 16 about one instance", list)
	}
}
