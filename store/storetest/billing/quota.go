// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var quotaCases = []check.Case{
	check.WithStore("EveryColumn", quotaColumns),
	check.WithStore("WhatMayChange", quotaChanges),
	check.WithStore("UsedElsewhere", usedElsewhere),
	check.WithStore("OrderOfDrawing", quotaOrder),
	check.WithStore("ReserveAllOrNothing", reserveAllOrNothing),
	check.WithStore("ReserveAgain", reserveAgain),
	check.WithStore("Commit", commitQuota),
	check.WithStore("CommitOverSeveralPackages", commitSeveral),
	check.WithStore("CommitRefusals", commitRefusals),
	check.WithStore("Cancel", cancelQuota),
	check.WithStore("Expire", expireQuota),
	check.WithStore("Cycles", quotaCycles),
	check.WithStore("OrderOfDrawingByCycle", drawByCycle),
	check.WithStore("Due", quotasDue),
	check.WithStore("AnyHistoryOfCycles", anyHistoryOfCycles),
	check.TwoStores("NeverOversold", neverOversold),
	check.TwoStores("OneReservationAtOnce", oneReservationAtOnce),
	check.TwoStores("OneEndAtOnce", oneEndAtOnce),
}

func quota(packageID string, amount store.Units, set ...func(*store.Quota)) store.Quota {
	q := store.Quota{
		Seller: storetest.Seller, PackageID: packageID, InstanceID: "i", Meter: storetest.Meter, Quota: amount, CreatedAt: hour(0), UpdatedAt: hour(0),
	}
	for _, f := range set {
		f(&q)
	}
	return q
}

func reservation(id string, amount store.Units) store.Reservation {
	return store.Reservation{Seller: storetest.Seller, ID: id, InstanceID: "i", Amount: amount, ExpireAt: hour(2)}
}

func commit(id string, used store.Units) store.QuotaCommit {
	return store.QuotaCommit{Seller: storetest.Seller, ReservationID: id, Used: used, Raw: storetest.NewUsage("use-"+id, "i", 0, 0)}
}

func putQuota(t testing.TB, s store.Store, q store.Quota) store.Quota {
	t.Helper()
	out, err := s.PutQuota(t.Context(), q)
	if err != nil {
		t.Fatalf("PutQuota: %v", err)
	}
	return out
}

func reserve(t testing.TB, s store.Store, r store.Reservation, now time.Time) store.Reservation {
	t.Helper()
	out, err := s.ReserveQuota(t.Context(), r, now)
	if err != nil {
		t.Fatalf("ReserveQuota: %v", err)
	}
	return out
}

func quotas(t testing.TB, s store.Store) []store.Quota {
	t.Helper()
	out, err := s.Quotas(t.Context(), storetest.Seller, "i")
	if err != nil {
		t.Fatalf("Quotas: %v", err)
	}
	return out
}

// wantBooked checks used and reserved of all quotas in their order.
func wantBooked(t *testing.T, s store.Store, want ...store.Units) {
	t.Helper()
	var got []store.Units
	for _, q := range quotas(t, s) {
		got = append(got, q.Used, q.Reserved)
	}
	check.Equal(t, "used and reserved", got, want)
}

func quotaColumns(t *testing.T, s store.Store) {
	q := store.Quota{
		Seller: storetest.Seller, PackageID: "包", InstanceID: "i", Meter: storetest.Meter, Quota: 100, Priority: -3, ExpireAt: hour(9), Stop: true, Told: 80,
		CreatedAt: hour(0), UpdatedAt: hour(1),
	}
	check.Equal(t, "put", putQuota(t, s, q), q)
	check.Equal(t, "kept", quotas(t, s), []store.Quota{q})
	r := store.Reservation{Seller: storetest.Seller, ID: "键'\"", InstanceID: "i", Amount: 7, ExpireAt: hour(2)}
	got := reserve(t, s, r, hour(1.5))
	r.State, r.Parts, r.CreatedAt, r.UpdatedAt = store.ReservationHeld, []store.ReservationPart{{PackageID: "包", Amount: 7}}, hour(1.5), hour(1.5)
	check.Equal(t, "reservation", got, r)
	q.Reserved, q.UpdatedAt = 7, hour(1.5)
	check.Equal(t, "quota", quotas(t, s), []store.Quota{q})
	c := commit(r.ID, 5)
	c.Raw.ReportedAt = hour(1.75)
	got, err := s.CommitQuota(check.Context(t), c)
	check.Error(t, err, nil)
	r.State, r.Used, r.UpdatedAt = store.ReservationCommitted, 5, hour(1.75)
	check.Equal(t, "committed", got, r)
	q.Reserved, q.Used, q.UpdatedAt = 0, 5, hour(1.75)
	check.Equal(t, "quota at last", quotas(t, s), []store.Quota{q})
	for _, seller := range []string{"other", storetest.Seller} {
		none, err := s.Quotas(check.Context(t), seller, map[bool]string{true: "j", false: "i"}[seller == storetest.Seller])
		check.Error(t, err, nil)
		check.Equal(t, "quotas of another", len(none), 0)
	}
}

func quotaChanges(t *testing.T, s store.Store) {
	first := putQuota(t, s, quota("p", 100, func(q *store.Quota) { q.Used, q.Reserved, q.Stop = 5, 6, true }))
	check.Equal(t, "a new quota is unused", []store.Units{first.Used, first.Reserved}, []store.Units{0, 0})
	reserve(t, s, reservation("r", 30), hour(1))
	change := quota("p", 90, func(q *store.Quota) {
		q.Meter, q.Priority, q.ExpireAt, q.Told, q.Used, q.CreatedAt, q.UpdatedAt = "bytes", 4, hour(7), 80, 99, hour(5), hour(6)
	})
	want := first
	want.Reserved, want.Priority, want.ExpireAt, want.Told, want.UpdatedAt = 30, 4, hour(7), 80, hour(6)
	check.Equal(t, "a smaller quota", putQuota(t, s, change), want)
	change.Told = 0
	check.Equal(t, "what was told stays told", putQuota(t, s, change), want)
	change.Quota, change.ExpireAt = 200, time.Time{}
	want.Quota, want.ExpireAt, want.Told = 200, time.Time{}, 0
	check.Equal(t, "a greater quota", putQuota(t, s, change), want)
	check.Equal(t, "kept", quotas(t, s), []store.Quota{want})
	_, err := s.PutQuota(check.Context(t), quota("p", 300, monthly))
	check.Error(t, err, store.ErrConflict)
	check.Equal(t, "kept after a conflict", quotas(t, s), []store.Quota{want})
}

func quotaOrder(t *testing.T, s store.Store) {
	at := func(priority int32, expire, created float64) func(*store.Quota) {
		return func(q *store.Quota) {
			q.Priority, q.CreatedAt = priority, hour(created)
			if expire > 0 {
				q.ExpireAt = hour(expire)
			}
		}
	}
	for id, set := range map[string]func(*store.Quota){
		"g": at(2, 1, 0), "f": at(1, 0, 4), "e": at(1, 0, 3), "d2": at(1, 9, 3), "d1": at(1, 9, 3), "c": at(1, 9, 2), "b": at(1, 4, 5), "a": at(0, 0, 9),
	} {
		putQuota(t, s, quota(id, 10, set))
	}
	order := func() []string { return check.IDs(quotas(t, s), func(q store.Quota) string { return q.PackageID }) }
	check.Equal(t, "order", order(), strings.Fields("a b c d1 d2 e f g"))
	parts := func(r store.Reservation) (out []string) {
		for _, p := range r.Parts {
			out = append(out, fmt.Sprint(p.PackageID, p.Amount))
		}
		return out
	}
	check.Equal(t, "first", parts(reserve(t, s, reservation("1", 13), hour(2))), []string{"a10", "b3"})
	check.Equal(t, "when b's time is over", parts(reserve(t, s, reservation("2", 25), hour(4))), []string{"c10", "d110", "d25"})
	putQuota(t, s, quota("f", 10, at(-1, 0, 4)))
	check.Equal(t, "another priority", parts(reserve(t, s, reservation("3", 12), hour(4))), []string{"f10", "d22"})
	_, err := s.ReserveQuota(check.Context(t), reservation("4", 14), hour(4)) // g's time is over
	check.Error(t, err, store.ErrExhausted)
	check.Equal(t, "the rest", parts(reserve(t, s, reservation("5", 13), hour(4))), []string{"d23", "e10"})
}

func reserveAllOrNothing(t *testing.T, s store.Store) {
	_, err := s.ReserveQuota(check.Context(t), reservation("none", 1), hour(1))
	check.Error(t, err, store.ErrExhausted)
	putQuota(t, s, quota("p", 10))
	putQuota(t, s, quota("q", 10))
	_, err = s.ReserveQuota(check.Context(t), reservation("r", 21), hour(1))
	check.Error(t, err, store.ErrExhausted)
	wantBooked(t, s, 0, 0, 0, 0)
	check.Equal(t, "all", len(reserve(t, s, reservation("r", 20), hour(1)).Parts), 2)
	wantBooked(t, s, 0, 10, 0, 10)
	_, err = s.ReserveQuota(check.Context(t), reservation("s", 1), hour(1))
	check.Error(t, err, store.ErrExhausted)
	_, err = s.ReserveQuota(check.Context(t), reservation("s", -1), hour(1))
	check.Fault(t, err)
	zero := reserve(t, s, reservation("zero", 0), hour(1))
	check.Equal(t, "parts of nothing", len(zero.Parts), 0)
	got, err := s.CommitQuota(check.Context(t), commit("zero", 0))
	check.Error(t, err, nil)
	check.Equal(t, "nothing committed", got.State, store.ReservationCommitted)
	wantTotals(t, s)
}

func reserveAgain(t *testing.T, s store.Store) {
	putQuota(t, s, quota("p", 10))
	first := reserve(t, s, reservation("r", 7), hour(1))
	check.Equal(t, "again", reserve(t, s, reservation("r", 7), hour(1.5)), first)
	_, err := s.ReserveQuota(check.Context(t), reservation("r", 6), hour(1))
	check.Error(t, err, store.ErrConflict)
	other := reservation("r", 7)
	other.InstanceID = "j"
	_, err = s.ReserveQuota(check.Context(t), other, hour(1))
	check.Error(t, err, store.ErrConflict)
	wantBooked(t, s, 0, 7)
	cancelled, err := s.CancelQuota(check.Context(t), storetest.Seller, "r", hour(1))
	check.Error(t, err, nil)
	check.Equal(t, "after its end", reserve(t, s, reservation("r", 7), hour(1)), cancelled)
	wantBooked(t, s, 0, 0)
}

func commitQuota(t *testing.T, s store.Store) {
	putQuota(t, s, quota("p", 10))
	reserve(t, s, reservation("r", 7), hour(1))
	c := commit("r", 4)
	c.Raw.InstanceID, c.Raw.PackageID, c.Raw.Value = "", "x", 99 // these come from the reservation
	first, err := s.CommitQuota(check.Context(t), c)
	check.Error(t, err, nil)
	wantBooked(t, s, 4, 0)
	again, err := s.CommitQuota(check.Context(t), c)
	check.Error(t, err, nil)
	check.Equal(t, "again", again, first)
	p := onlyWindow(t, s)
	check.Equal(t, "window", []any{p.InstanceID, p.PackageID, p.Total}, []any{"i", "p", store.Units(4)})
	check.Equal(t, "its raw record", add(t, s, usage("use-r", "i", 0, 4, ofPackage("p"))), []store.UsageOutcome{store.UsageDuplicate})
	_, err = s.CommitQuota(check.Context(t), commit("r", 5))
	check.Error(t, err, store.ErrConflict)
	_, err = s.CancelQuota(check.Context(t), storetest.Seller, "r", hour(1))
	check.Error(t, err, store.ErrConflict)
	late := reserve(t, s, reservation("late", 6), hour(1)) // its time is over, but nobody has taken its amount yet
	c = commit(late.ID, 6)
	c.Raw.ReportedAt = hour(3)
	_, err = s.CommitQuota(check.Context(t), c)
	check.Error(t, err, nil)
	wantBooked(t, s, 10, 0)
}

func commitSeveral(t *testing.T, s store.Store) {
	for i := range 3 {
		putQuota(t, s, quota(fmt.Sprint("p", i), 10, func(q *store.Quota) { q.Priority = int32(-i) }))
	}
	reserve(t, s, reservation("r", 25), hour(1))
	wantBooked(t, s, 0, 10, 0, 10, 0, 5)
	_, err := s.CommitQuota(check.Context(t), commit("r", 13))
	check.Error(t, err, nil)
	wantBooked(t, s, 10, 0, 3, 0, 0, 0)
	var got []string
	for _, p := range prove(t, s, storetest.Seller) {
		got = append(got, fmt.Sprint(p.PackageID, " ", p.Total))
	}
	check.Equal(t, "windows", got, []string{"p1 3", "p2 10"})
	check.Equal(t, "the keys", add(t, s, usage("use-r/p2", "i", 0, 10, ofPackage("p2")), usage("use-r/p1", "i", 0, 3, ofPackage("p1"))),
		[]store.UsageOutcome{store.UsageDuplicate, store.UsageDuplicate})
	reserve(t, s, reservation("one", 2), hour(1))
	_, err = s.CommitQuota(check.Context(t), commit("one", 2))
	check.Error(t, err, nil)
	check.Equal(t, "the key of one package", add(t, s, usage("use-one", "i", 0, 2, ofPackage("p1"))), []store.UsageOutcome{store.UsageDuplicate})
}

func commitRefusals(t *testing.T, s store.Store) {
	putQuota(t, s, quota("p", 10))
	putQuota(t, s, quota("q", 10))
	mustAdd(t, s, usage("use-taken/q", "i", 0, 1))
	for _, id := range []string{"r", "cancelled", "expired", "taken"} {
		r := reservation(id, map[bool]store.Units{true: 11, false: 1}[id == "taken"])
		if id == "expired" {
			r.ExpireAt = hour(1.5)
		}
		reserve(t, s, r, hour(1))
	}
	_, err := s.CancelQuota(check.Context(t), storetest.Seller, "cancelled", hour(1))
	check.Error(t, err, nil)
	_, err = s.ExpireQuota(check.Context(t), storetest.Seller, hour(1.5), 10)
	check.Error(t, err, nil)
	before := quotas(t, s)
	other := commit("r", 1)
	other.Seller = "other"
	for _, c := range []struct {
		c    store.QuotaCommit
		want error
	}{
		{commit("none", 1), store.ErrNotFound},
		{other, store.ErrNotFound},
		{commit("cancelled", 1), store.ErrConflict},
		{commit("cancelled", 0), store.ErrConflict},
		{commit("expired", 1), store.ErrConflict},
		{commit("r", 2), store.ErrConflict},
		{commit("r", -1), store.ErrConflict},
		{commit("taken", 11), store.ErrConflict}, // its second key belongs to another record
	} {
		_, err := s.CommitQuota(check.Context(t), c.c)
		check.Error(t, err, c.want)
	}
	check.Equal(t, "quotas", quotas(t, s), before)
	wantTotals(t, s, 1)
}

func cancelQuota(t *testing.T, s store.Store) {
	putQuota(t, s, quota("p", 10))
	putQuota(t, s, quota("q", 10))
	r := reserve(t, s, reservation("r", 15), hour(1))
	got, err := s.CancelQuota(check.Context(t), storetest.Seller, "r", hour(1.5))
	check.Error(t, err, nil)
	r.State, r.UpdatedAt = store.ReservationCancelled, hour(1.5)
	check.Equal(t, "cancelled", got, r)
	wantBooked(t, s, 0, 0, 0, 0)
	got, err = s.CancelQuota(check.Context(t), storetest.Seller, "r", hour(1.75))
	check.Error(t, err, nil)
	check.Equal(t, "again", got, r)
	wantBooked(t, s, 0, 0, 0, 0)
	_, err = s.CancelQuota(check.Context(t), storetest.Seller, "none", hour(1))
	check.Error(t, err, store.ErrNotFound)
	_, err = s.CancelQuota(check.Context(t), "other", "r", hour(1))
	check.Error(t, err, store.ErrNotFound)
}

func expireQuota(t *testing.T, s store.Store) {
	putQuota(t, s, quota("p", 100))
	for i, at := range []float64{5, 3, 4, 0, 3.5} {
		r := reservation(fmt.Sprint("r", i), store.Units(1+i))
		if r.ExpireAt = hour(at); at == 0 {
			r.ExpireAt = time.Time{} // never
		}
		reserve(t, s, r, hour(1))
	}
	_, err := s.CommitQuota(check.Context(t), commit("r4", 5))
	check.Error(t, err, nil)
	expire := func(now float64, limit int) []string {
		t.Helper()
		out, err := s.ExpireQuota(check.Context(t), storetest.Seller, hour(now), limit)
		check.Error(t, err, nil)
		for _, r := range out {
			check.Equal(t, "expired", []any{r.State, r.UpdatedAt, r.Used, len(r.Parts)}, []any{store.ReservationExpired, hour(now), store.Units(0), 1})
		}
		return check.IDs(out, func(r store.Reservation) string { return r.ID })
	}
	check.Equal(t, "too early", expire(2.99, 10), []string{})
	check.Equal(t, "the first", expire(6, 1), []string{"r1"})
	wantBooked(t, s, 5, 8)
	check.Equal(t, "until then", expire(4, 10), []string{"r2"})
	check.Equal(t, "the rest", expire(99, 10), []string{"r0"})
	check.Equal(t, "none", expire(99, 10), []string{})
	wantBooked(t, s, 5, 4)
	r, err := s.CancelQuota(check.Context(t), storetest.Seller, "r1", hour(9))
	check.Error(t, err, nil)
	check.Equal(t, "cancelling what is free", []any{r.State, r.UpdatedAt}, []any{store.ReservationExpired, hour(6)})
	wantBooked(t, s, 5, 4)
	none, err := s.ExpireQuota(check.Context(t), "other", hour(99), 10)
	check.Error(t, err, nil)
	check.Equal(t, "of another seller", len(none), 0)
}

// neverOversold: 64 callers draw on three quotas until they are used up, and commit, cancel or leave what they got.
func neverOversold(t *testing.T, handles []store.Store) {
	sizes := []store.Units{100, 57, 230}
	var all store.Units
	for i, n := range sizes {
		putQuota(t, handles[0], quota(fmt.Sprint("p", i), n))
		all += n
	}
	ctx := check.Context(t)
	got := make([][]store.Reservation, 64)
	errs := check.Together(64, func(i int) error {
		s := handles[i%2]
		for n := 0; ; n++ {
			r, err := s.ReserveQuota(ctx, reservation(fmt.Sprint(i, "-", n), store.Units(1+(i+n)%9)), hour(1))
			if errors.Is(err, store.ErrExhausted) {
				return nil
			} else if err != nil {
				return err
			}
			switch {
			case n%4 == 3 && n < 12:
				r, err = s.CancelQuota(ctx, storetest.Seller, r.ID, hour(1))
			case i%2 == 0:
				r, err = s.CommitQuota(ctx, commit(r.ID, r.Amount))
			}
			if err != nil {
				return err
			}
			got[i] = append(got[i], r)
		}
	})
	check.Error(t, errors.Join(errs...), nil)
	used, held := make(map[string]store.Units), make(map[string]store.Units)
	for _, r := range slices.Concat(got...) {
		for _, p := range r.Parts {
			switch r.State {
			case store.ReservationCommitted:
				used[p.PackageID] += p.Amount
			case store.ReservationHeld:
				held[p.PackageID] += p.Amount
			}
		}
	}
	rows := quotas(t, handles[0])
	slices.SortFunc(rows, func(a, b store.Quota) int { return cmp.Compare(a.PackageID, b.PackageID) })
	var taken store.Units
	for i, q := range rows {
		if q.Used != used[q.PackageID] || q.Reserved != held[q.PackageID] || q.Quota != sizes[i] || q.Left() < 0 {
			t.Errorf("%+v: used %d, reserved %d by those who did", q, used[q.PackageID], held[q.PackageID])
		}
		taken += q.Used + q.Reserved
	}
	if left := all - taken; left < 0 || left > 8 {
		t.Errorf("%d of %d are left", left, all)
	}
	for _, p := range prove(t, handles[0], storetest.Seller) {
		check.Equal(t, "raw usage of "+p.PackageID, p.Total, used[p.PackageID])
	}
}

// oneReservationAtOnce: callers with one ID get one reservation.
func oneReservationAtOnce(t *testing.T, handles []store.Store) {
	putQuota(t, handles[0], quota("p", 1000))
	ctx := check.Context(t)
	got := make([]store.Reservation, 32)
	errs := check.Together(32, func(i int) (err error) {
		got[i], err = handles[i%2].ReserveQuota(ctx, reservation("r", 7), hour(1))
		return err
	})
	check.Error(t, errors.Join(errs...), nil)
	for _, r := range got {
		check.Equal(t, "reservation", r, got[0])
	}
	wantBooked(t, handles[0], 0, 7)
	errs = check.Together(32, func(i int) error {
		r := reservation("none", 0)
		r.InstanceID = fmt.Sprint("without-quotas-", i%2)
		_, err := handles[i%2].ReserveQuota(ctx, r, hour(1))
		return err
	})
	conflicts := 0
	for _, err := range errs {
		if errors.Is(err, store.ErrConflict) {
			conflicts++
		} else if err != nil {
			t.Error(err)
		}
	}
	check.Equal(t, "conflicts of two instances over one ID", conflicts, 16)
}

// oneEndAtOnce: committing, cancelling and expiring one reservation at once ends it once.
func oneEndAtOnce(t *testing.T, handles []store.Store) {
	putQuota(t, handles[0], quota("p", 10000))
	ctx := check.Context(t)
	var used store.Units
	for round := range 10 {
		id := fmt.Sprint("r", round)
		reserve(t, handles[0], reservation(id, 9), hour(1))
		errs := check.Together(9, func(i int) (err error) {
			switch s := handles[i%2]; i / 3 {
			case 0:
				_, err = s.CommitQuota(ctx, commit(id, 4))
			case 1:
				_, err = s.CancelQuota(ctx, storetest.Seller, id, hour(1))
			default:
				_, err = s.ExpireQuota(ctx, storetest.Seller, hour(3), 10)
			}
			return err
		})
		for _, err := range errs {
			if err != nil && !errors.Is(err, store.ErrConflict) {
				t.Fatal(err)
			}
		}
		if end := reserve(t, handles[0], reservation(id, 9), hour(1)); end.State == store.ReservationCommitted {
			used += 4
		}
		wantBooked(t, handles[0], used, 0)
	}
	for _, p := range prove(t, handles[0], storetest.Seller) {
		check.Equal(t, "raw usage", p.Total, used)
	}
}
