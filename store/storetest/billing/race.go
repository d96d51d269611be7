// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var usageRaceCases = []check.Case{
	check.TwoStores("TheSameKeysAtOnce", sameKeysAtOnce),
	check.TwoStores("CrossingBatches", crossingBatches),
	check.TwoStores("NothingPastAQuota", nothingPastAQuota),
	check.WithStore("HeldToTheInstance", heldToTheInstance),
	check.TwoStores("TwoClosers", twoClosers),
	check.TwoStores("AddingWhileClosing", addingWhileClosing),
}

var usageListCases = []check.Case{
	check.WithStore("Filters", usageFilters),
	check.WithStore("PagesJoinToTheWholeSet", usagePages),
}

// usageLists are the lists of the ledger, seen alike.
var usageLists = map[string]func(context.Context, store.Store, store.ListQuery) ([]check.Listed, error){
	"records": func(ctx context.Context, s store.Store, q store.ListQuery) ([]check.Listed, error) {
		rows, err := s.ListUsageRecords(ctx, q)
		return check.RowsOf(rows, func(r store.UsageRecord) check.Listed { return check.Listed{ID: r.ID, At: r.CreatedAt} }), err
	},
	"windows": func(ctx context.Context, s store.Store, q store.ListQuery) ([]check.Listed, error) {
		rows, err := s.ListUsageWindows(ctx, q)
		return check.RowsOf(rows, func(w store.UsageWindow) check.Listed { return check.Listed{ID: w.ID(), At: w.CreatedAt} }), err
	},
}

// sameKeysAtOnce: many callers report the same records; each is added once.
func sameKeysAtOnce(t *testing.T, handles []store.Store) {
	const callers, keys = 32, 50
	ctx := check.Context(t)
	batch := storetest.UsageBatch(1, keys)
	outcomes := make([][]store.UsageOutcome, callers)
	errs := check.Together(callers, func(i int) (err error) {
		mine := slices.Clone(batch)
		if i%2 == 1 {
			slices.Reverse(mine)
		}
		outcomes[i], err = handles[i%2].AddUsage(ctx, mine)
		return err
	})
	check.Error(t, errors.Join(errs...), nil)
	count := make(map[store.UsageOutcome]int)
	for _, o := range slices.Concat(outcomes...) {
		count[o]++
	}
	check.Equal(t, "outcomes", count, map[store.UsageOutcome]int{store.UsageAdded: keys, store.UsageDuplicate: (callers - 1) * keys})
	var total store.Units
	for _, p := range prove(t, handles[0], storetest.Seller) {
		total += p.Total
	}
	check.Equal(t, "total", total, keys*batch[0].Value)
}

// crossingBatches: callers add to the same windows in opposite orders, in every mode; nobody waits for ever and nothing is
// lost.
func crossingBatches(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	modes := []store.UsageMode{store.UsageSum, store.UsageMax, store.UsageLast, store.UsageCount}
	errs := check.Together(16, func(i int) error {
		for n := range 5 {
			var batch []store.UsageRaw
			for w := range 8 {
				batch = append(batch, usage(fmt.Sprint(i, "/", n, "/", w), fmt.Sprint("i", w), 0, store.Units(1+i), inMode(modes[w%4]), endingAt(i, n)))
			}
			if i%2 == 1 {
				slices.Reverse(batch)
			}
			if _, err := handles[i/2%2].AddUsage(ctx, batch); err != nil {
				return err
			}
		}
		return nil
	})
	check.Error(t, errors.Join(errs...), nil)
	wantTotals(t, handles[0], 680, 16, 16, 800000, 680, 16, 16, 800000)
}

// twoClosers: closers at once never make two records of one pending part, also when the windows are of one stretch of time.
func twoClosers(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	for round := range 3 {
		for i := range 4 {
			for p := range 8 {
				mustAdd(t, handles[0], usage(fmt.Sprint(round, "-", i, "-", p), fmt.Sprint("i", i), 0, 1, ofPackage(fmt.Sprint("p", p))))
			}
		}
		made := make([][]store.UsageRecord, 8)
		errs := check.Together(8, func(i int) (err error) {
			made[i], err = handles[i%2].CloseUsage(ctx, storetest.Seller, hour(9), store.SpansApart, 7)
			return err
		})
		check.Error(t, errors.Join(errs...), nil)
		all := slices.Concat(made...)
		slices.SortFunc(all, func(a, b store.UsageRecord) int { return cmp.Compare(a.ID, b.ID) })
		check.Equal(t, "number of records", len(all), 32)
		check.Equal(t, "number of different records", len(slices.Compact(check.IDs(all, recordID))), 32)
		prove(t, handles[0], storetest.Seller)
	}
	check.Equal(t, "number of all records", len(records(t, handles[0])), 96)
}

// addingWhileClosing: usage comes in while others close, settle, revive and prove; at the end all of it is accounted for.
func addingWhileClosing(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	errs := check.Together(8, func(i int) error {
		s := handles[i%2]
		for n := range 20 {
			if i < 4 {
				batch := []store.UsageRaw{usage(fmt.Sprint(i, "-", n), fmt.Sprint("i", n%3), 0, 1), usage(fmt.Sprint(i, "+", n), fmt.Sprint("i", (n+1)%3), 0, 1, ofPackage("p"))}
				if _, err := s.AddUsage(ctx, batch); err != nil {
					return err
				}
				continue
			}
			made, err := s.CloseUsage(ctx, storetest.Seller, hour(9), store.SpansApart, 2)
			if err != nil {
				return err
			}
			var all []store.UsageVerdict
			for k, r := range made {
				if all = append(all, pushed(r.ID)); k%2 == 1 {
					all[k] = refused(r.ID, "91")
				}
			}
			if err := s.SettleUsage(ctx, all, hour(9)); err != nil {
				return err
			}
			if _, err := s.ReviveUsage(ctx, storetest.Seller, "i1", hour(9), time.Time{}); err != nil {
				return err
			}
			proofs, err := s.ProveUsage(ctx, storetest.Seller, store.UsageWindowKey{}, 100)
			for _, p := range proofs {
				if p.Difference() != 0 {
					err = errors.Join(err, fmt.Errorf("a window is wrong by %d: %+v", p.Difference(), p))
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	check.Error(t, errors.Join(errs...), nil)
	for len(closeAll(t, handles[0], hour(9), 10)) > 0 {
		continue
	}
	var total store.Units
	for _, p := range prove(t, handles[0], storetest.Seller) {
		total += p.Settled
	}
	check.Equal(t, "settled", total, 160)
}

func usageFilters(t *testing.T, s store.Store) {
	for i := range 12 {
		mustAdd(t, s, usage(fmt.Sprint(i), fmt.Sprint("i", i%3), i, 1, ofPackage(fmt.Sprint("p", i%2))))
	}
	made := closeAll(t, s, hour(99), 20)
	for i, r := range made[:8] {
		v := pushed(r.ID)
		if i%2 == 0 {
			v = refused(r.ID, "91")
		}
		settle(t, s, hour(99), v)
	}
	term := func(pairs ...string) (f []store.Term) {
		for i := 0; i < len(pairs); i += 2 {
			f = append(f, store.Term{Field: pairs[i], Value: pairs[i+1]})
		}
		return f
	}
	for _, c := range []struct {
		filter  []store.Term
		windows int // -1: no such field
		records int
	}{
		{nil, 12, 12},
		{term("instance_id", "i1"), 4, 4},
		{term("package_id", "p1"), 6, 6},
		{term("instance_id", "i1", "package_id", "p1"), 2, 2},
		{term("instance_id", "x"), 0, 0},
		{term("state", "REFUSED"), -1, 4},
		{term("state", "PUSHED"), -1, 4},
		{term("state", "SENDING", "instance_id", "i2"), -1, len(slices.DeleteFunc(slices.Clone(made[8:]), func(r store.UsageRecord) bool { return r.InstanceID != "i2" }))},
		{term("meter", storetest.Meter), -1, -1},
	} {
		for _, desc := range []bool{false, true} {
			q := store.ListQuery{Seller: storetest.Seller, Filter: c.filter, Desc: desc, Limit: 100}
			for list, want := range map[string]int{"windows": c.windows, "records": c.records} {
				rows, err := usageLists[list](check.Context(t), s, q)
				if want < 0 {
					check.Fault(t, err)
					continue
				}
				check.Error(t, err, nil)
				check.Equal(t, fmt.Sprint(list, c.filter), len(rows), want)
				if !slices.IsSortedFunc(rows, func(a, b check.Listed) int {
					return check.Sign(desc) * cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
				}) {
					t.Fatalf("%s %v, descending %v: out of order: %v", list, c.filter, desc, rows)
				}
			}
		}
	}
}

// usagePages: page by page each row comes once and in order, also among rows that were written at one moment.
func usagePages(t *testing.T, s store.Store) {
	for i := range 9 {
		mustAdd(t, s, usage(fmt.Sprint(i), fmt.Sprint("i", i%3), i/3, 1, func(r *store.UsageRaw) {
			r.ReportedAt = hour(0).Add(time.Duration(i%2) * time.Microsecond)
		}))
	}
	closeAll(t, s, hour(9), 4)
	closeAll(t, s, hour(10), 10)
	for _, list := range []string{"windows", "records"} {
		for _, desc := range []bool{false, true} {
			want, err := usageLists[list](check.Context(t), s, store.ListQuery{Seller: storetest.Seller, Desc: desc, Limit: 100})
			check.Error(t, err, nil)
			check.Equal(t, "number of rows", len(want), 9)
			for limit := 1; limit <= 5; limit++ {
				var got []check.Listed
				for q := (store.ListQuery{Seller: storetest.Seller, Limit: limit, Desc: desc}); ; {
					page, err := usageLists[list](check.Context(t), s, q)
					check.Error(t, err, nil)
					if got = append(got, page...); len(page) < limit {
						break
					}
					last := page[len(page)-1]
					q.After = &store.Cursor{CreatedAt: last.At, ID: last.ID}
				}
				check.Equal(t, fmt.Sprintf("%s by pages of %d, descending %v", list, limit, desc), got, want)
			}
		}
	}
}

// nothingPastAQuota: callers report plainly, as what they were judged by allows, while a quota is put that stops the instance.
// What is added was added before the quota, and whoever begins after it was put is told to judge anew, by whichever handle.
func nothingPastAQuota(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	for round := range 10 {
		id := fmt.Sprint("i", round)
		var put atomic.Bool
		added := make([]store.Units, 8)
		errs := check.Together(9, func(i int) error {
			if i == 8 {
				_, err := handles[round%2].PutQuota(ctx, quota(fmt.Sprint("p", round), 100, func(q *store.Quota) { q.InstanceID, q.Stop = id, true }))
				put.Store(true)
				return err
			}
			for n := range 12 {
				after := put.Load()
				outcomes, err := handles[i%2].AddUsage(ctx, []store.UsageRaw{usage(fmt.Sprint(round, "/", i, "/", n), id, 0, 1)})
				switch {
				case err != nil:
					return err
				case outcomes[0] == store.UsageAdded && after:
					return errors.New("plain usage was added after the quota had been put")
				case outcomes[0] == store.UsageAdded:
					added[i]++
				case outcomes[0] != store.UsageStale:
					return fmt.Errorf("outcome %s", outcomes[0])
				}
			}
			return nil
		})
		check.Error(t, errors.Join(errs...), nil)
		var sum, total store.Units
		for _, n := range added {
			sum += n
		}
		for _, p := range prove(t, handles[0], storetest.Seller) {
			if p.InstanceID == id {
				total += p.Total
			}
		}
		check.Equal(t, "total", total, sum)
	}
}

// heldToTheInstance: a record that was judged by what holds no more is not added, and none of the others suffers.
func heldToTheInstance(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	putQuota(t, s, quota("p1", 100, func(q *store.Quota) { q.InstanceID, q.Stop = "stops", true }))
	putQuota(t, s, quota("p2", 100, func(q *store.Quota) { q.InstanceID, q.Stop = "goes-on", false }))
	c := storetest.Admission("CS1", storetest.Epoch)
	c.NewInstances[0].State = store.InstanceReleased
	check.Error(t, s.Apply(ctx, c), nil)
	released := c.NewInstances[0].InstanceID
	c = storetest.Admission("CS2", storetest.Epoch)
	c.NewInstances[0].State = store.InstanceFailed
	check.Error(t, s.Apply(ctx, c), nil)
	failed := c.NewInstances[0].InstanceID
	judged := func(j store.UsageJudged) func(*store.UsageRaw) { return func(r *store.UsageRaw) { r.Judged = j } }
	outcomes, err := s.AddUsage(ctx, []store.UsageRaw{
		usage("a", "stops", 0, 1), usage("b", "goes-on", 0, 1), usage("c", released, 0, 1),
		usage("d", "stops", 0, 1, judged(store.UsageJudged{Stops: true})), usage("e", released, 0, 1, judged(store.UsageJudged{Ended: true})),
		usage("f", "goes-on", 0, 1, judged(store.UsageJudged{Stops: true})),
		usage("g", failed, 0, 1), usage("h", failed, 0, 1, judged(store.UsageJudged{Ended: true})),
	})
	check.Error(t, err, nil)
	check.Equal(t, "outcomes", outcomes, []store.UsageOutcome{
		store.UsageStale, store.UsageAdded, store.UsageStale, store.UsageAdded, store.UsageAdded, store.UsageStale,
		store.UsageStale, store.UsageAdded,
	})
}
