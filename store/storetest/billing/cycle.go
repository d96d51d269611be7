// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

// last31 is the last moment of a January in Beijing, whose cycles end on the last day of shorter months.
var last31 = time.Date(2026, 1, 31, 15, 59, 59, 0, time.UTC)

func monthly(q *store.Quota) { q.Reset, q.BeginAt = store.ResetMonth, last31 }

// day is a moment of a day of 2026, in the middle of it.
func day(month time.Month, d int) time.Time { return time.Date(2026, month, d, 12, 0, 0, 0, time.UTC) }

func quotaCycles(t *testing.T, s store.Store) {
	q := putQuota(t, s, quota("p", 10, monthly))
	feb, mar := time.Date(2026, 2, 28, 15, 59, 59, 0, time.UTC), time.Date(2026, 3, 31, 15, 59, 59, 0, time.UTC)
	check.Equal(t, "the first cycle", []any{q.Cycle, q.TurnAt}, []any{int64(0), feb})
	reserve(t, s, reservation("old", 6), day(2, 1))
	_, err := s.ReserveQuota(check.Context(t), reservation("more", 5), feb.Add(-time.Microsecond))
	check.Error(t, err, store.ErrExhausted)
	got := reserve(t, s, reservation("new", 10), feb) // the content is granted anew; what is held is of the cycle before
	check.Equal(t, "cycle of the reservation", got.Parts, []store.ReservationPart{{PackageID: "p", Amount: 10, Cycle: 1}})
	standing := func(what string, want store.Quota) {
		t.Helper()
		q := quotas(t, s)[0]
		check.Equal(t, what, []any{q.Cycle, q.Used, q.Reserved, q.UsedBefore, q.TurnAt}, []any{want.Cycle, want.Used, want.Reserved, want.UsedBefore, want.TurnAt})
	}
	standing("after the turn", store.Quota{Cycle: 1, Reserved: 10, TurnAt: mar})
	_, err = s.CommitQuota(check.Context(t), commit("old", 4))
	check.Error(t, err, nil)
	standing("a late commit counts to its cycle", store.Quota{Cycle: 1, Reserved: 10, UsedBefore: 4, TurnAt: mar})
	_, err = s.ReserveQuota(check.Context(t), reservation("back", 1), day(2, 1)) // a clock that lags grants nothing again
	check.Error(t, err, store.ErrExhausted)
	_, err = s.CommitQuota(check.Context(t), commit("new", 9))
	check.Error(t, err, nil)
	standing("a commit in time", store.Quota{Cycle: 1, Used: 9, UsedBefore: 4, TurnAt: mar})
	reserve(t, s, reservation("third", 1), day(4, 10))
	standing("the third", store.Quota{Cycle: 2, Reserved: 1, UsedBefore: 13, TurnAt: time.Date(2026, 4, 30, 15, 59, 59, 0, time.UTC)})
	for _, set := range []func(*store.Quota){func(*store.Quota) {}, func(q *store.Quota) { monthly(q); q.Reset = store.ResetYear }} {
		_, err = s.PutQuota(check.Context(t), quota("p", 20, set))
		check.Error(t, err, store.ErrConflict)
	}
}

// drawByCycle is T38: the package whose content is lost first is drawn first, be it by its cycle.
func drawByCycle(t *testing.T, s store.Store) {
	year := func(q *store.Quota) { monthly(q); q.ExpireAt = day(12, 31) }
	putQuota(t, s, quota("year", 10, year))
	putQuota(t, s, quota("month", 10, func(q *store.Quota) { q.ExpireAt = day(3, 2) }))
	check.Equal(t, "before the turn", reserve(t, s, reservation("a", 4), day(2, 27)).Parts[0].PackageID, "year")
	check.Equal(t, "after it", reserve(t, s, reservation("b", 4), day(3, 1)).Parts[0].PackageID, "month")
}

func quotasDue(t *testing.T, s store.Store) {
	putQuota(t, s, quota("cycle", 10, monthly))
	putQuota(t, s, quota("ends", 10, func(q *store.Quota) { q.ExpireAt = day(2, 10) }))
	putQuota(t, s, quota("last", 10, func(q *store.Quota) { monthly(q); q.ExpireAt = day(3, 10) }))
	putQuota(t, s, quota("plain", 10))
	due := func(now time.Time) []string {
		t.Helper()
		list, err := s.QuotasDue(check.Context(t), storetest.Seller, now, 10)
		check.Error(t, err, nil)
		return check.IDs(list, func(q store.Quota) string { return q.PackageID })
	}
	settle := func(now time.Time) {
		t.Helper()
		for _, id := range due(now) {
			check.Error(t, s.QuotaSettled(check.Context(t), quota(id, 1).Key(), now), nil)
		}
		check.Equal(t, "settled", len(due(now)), 0)
	}
	check.Equal(t, "at first", len(due(day(2, 9))), 0)
	check.Equal(t, "expired", due(day(2, 10)), []string{"ends"})
	settle(day(2, 10))
	check.Equal(t, "turned", due(day(3, 1)), []string{"cycle", "last"})
	reserve(t, s, reservation("r", 25), day(3, 1)) // it turns them as well, and brings nothing about
	check.Equal(t, "still", due(day(3, 1)), []string{"cycle", "last"})
	settle(day(3, 1))
	check.Equal(t, "both", due(day(6, 1)), []string{"cycle", "last"})
	settle(day(6, 1))
	check.Equal(t, "an expired package keeps its last cycle", packageQuotas(t, s, "last")[0].Cycle, int64(1))
	check.Equal(t, "of no package", len(packageQuotas(t, s, "none")), 0)
	check.Error(t, s.QuotaSettled(check.Context(t), quota("none", 1).Key(), day(6, 1)), store.ErrNotFound)
}

// anyHistoryOfCycles: whatever is reserved, committed, cancelled, settled or freed in any order over many cycles, by the
// instances of several fee items, no cycle of a package gives more of an item than its content, and what was committed is
// what its cycles used.
func anyHistoryOfCycles(t *testing.T, s store.Store) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		instances := []string{fmt.Sprint("sms-", run), fmt.Sprint("mms-", run)}
		type place struct{ packageID, instanceID string }
		content := map[place]store.Units{}
		for n := range 3 {
			id := fmt.Sprint("history-", run, "-p", n)
			reset := rapid.SampledFrom([]store.Reset{store.ResetNone, store.ResetMonth, store.ResetYear}).Draw(rt, "reset")
			for _, instance := range rapid.SampledFrom([][]string{instances, instances[:1], {instances[1], instances[0]}}).Draw(rt, "items") {
				k := place{id, instance}
				content[k] = store.Units(rapid.IntRange(1, 20).Draw(rt, "content"))
				q := quota(id, content[k], func(q *store.Quota) {
					q.InstanceID, q.Reset = instance, reset
					if reset != store.ResetNone {
						q.BeginAt = last31
					}
				})
				if _, err := s.PutQuota(check.Context(t), q); err != nil {
					rt.Fatal(err)
				}
			}
		}
		type slot struct {
			place
			cycle int64
		}
		taken, used := map[slot]store.Units{}, map[place]store.Units{}
		held := map[string]store.Reservation{}
		now := day(2, 1)
		free := func(r store.Reservation, keep store.Units) {
			r.Used = keep
			for i, u := range r.Uses() {
				k := place{u.PackageID, r.InstanceID}
				taken[slot{k, r.Parts[i].Cycle}] -= r.Parts[i].Amount - u.Amount
				used[k] += u.Amount
			}
			delete(held, r.ID)
		}
		for n := range rapid.IntRange(1, 25).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "days")) * 24 * time.Hour)
			switch rapid.IntRange(0, 3).Draw(rt, "act") {
			case 0, 1:
				r := reservation(fmt.Sprint("history-", run, "-r", n), store.Units(rapid.IntRange(1, 25).Draw(rt, "amount")))
				r.InstanceID = rapid.SampledFrom(instances).Draw(rt, "instance")
				lag := time.Duration(rapid.IntRange(0, 40).Draw(rt, "lag")) * 24 * time.Hour // another replica's clock
				got, err := s.ReserveQuota(check.Context(t), r, now.Add(-lag))
				if errors.Is(err, store.ErrExhausted) {
					continue
				}
				if err != nil {
					rt.Fatal(err)
				}
				held[got.ID] = got
				for _, p := range got.Parts {
					k := slot{place{p.PackageID, r.InstanceID}, p.Cycle}
					if taken[k] += p.Amount; taken[k] > content[k.place] {
						rt.Fatalf("%v gave %d of %d", k, taken[k], content[k.place])
					}
				}
			case 2:
				for _, id := range slices.Sorted(maps.Keys(held)) {
					r := held[id]
					if rapid.Bool().Draw(rt, "cancel") {
						if _, err := s.CancelQuota(check.Context(t), storetest.Seller, r.ID, now); err != nil {
							rt.Fatal(err)
						}
						free(r, 0)
						continue
					}
					keep := store.Units(rapid.IntRange(0, int(r.Amount)).Draw(rt, "used"))
					c := commit(r.ID, keep)
					c.Raw = storetest.NewUsage("use-"+r.ID, r.InstanceID, 0, 0)
					if _, err := s.CommitQuota(check.Context(t), c); err != nil {
						rt.Fatal(err)
					}
					free(r, keep)
				}
			case 3:
				k := rapid.SampledFrom(slices.SortedFunc(maps.Keys(content), func(a, b place) int {
					return cmp.Or(cmp.Compare(a.packageID, b.packageID), cmp.Compare(a.instanceID, b.instanceID))
				})).Draw(rt, "settled")
				if err := s.QuotaSettled(check.Context(t), store.QuotaKey{Seller: storetest.Seller, PackageID: k.packageID, InstanceID: k.instanceID}, now); err != nil {
					rt.Fatal(err)
				}
			}
		}
		for _, instance := range instances {
			list, err := s.Quotas(check.Context(t), storetest.Seller, instance)
			if err != nil {
				rt.Fatal(err)
			}
			for _, q := range list {
				k := place{q.PackageID, q.InstanceID}
				if got := q.UsedBefore + q.Used; got != used[k] {
					rt.Fatalf("%v: %d used, %d committed", k, got, used[k])
				}
				if got := q.Used + q.Reserved; got != taken[slot{k, q.Cycle}] {
					rt.Fatalf("%v: %d taken of cycle %d, want %d", k, got, q.Cycle, taken[slot{k, q.Cycle}])
				}
			}
		}
	})
}
