// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var licenceCases = []check.Case{
	check.WithStore("EveryColumn", licenceColumns),
	check.WithStore("StalePutsAreRefused", licenceStale),
	check.WithStore("AClientCountsOnce", licenceUses),
	check.WithStore("Days", licenceDays),
	check.TwoStores("AtOnce", licencesAtOnce),
}

func licence(hash string, updated time.Time) store.LicenceCode {
	return store.LicenceCode{
		Seller: storetest.Seller, Hash: hash, Code: []byte{0, 255, 1}, Status: "ALIVE", ActivateAt: hour(1), ExpireAt: hour(2), ProductID: "产品",
		OrderID: "CS1", Amount: 3, CheckedAt: hour(0.5), CreatedAt: hour(0), UpdatedAt: updated.Truncate(time.Microsecond),
	}
}

func licenceUse(hash, day, client string) store.LicenceUse {
	return store.LicenceUse{Seller: storetest.Seller, Hash: hash, Day: day, Client: client, At: hour(0)}
}

func wantLicence(t *testing.T, s store.Store, want store.LicenceCode) {
	t.Helper()
	got, err := s.LicenceCode(check.Context(t), want.Seller, want.Hash)
	check.Error(t, err, nil)
	check.Equal(t, "licence code", got, want)
}

func licenceColumns(t *testing.T, s store.Store) {
	_, err := s.LicenceCode(check.Context(t), storetest.Seller, "h")
	check.Error(t, err, store.ErrNotFound)
	c := licence("h", hour(0))
	check.Error(t, s.PutLicenceCode(check.Context(t), c, time.Time{}), nil)
	wantLicence(t, s, c)
	n := store.LicenceCode{Seller: storetest.Seller, Hash: "h", Status: "RELEASED", CreatedAt: hour(8), UpdatedAt: hour(3)}
	check.Error(t, s.PutLicenceCode(check.Context(t), n, hour(0)), nil)
	n.CreatedAt = c.CreatedAt
	wantLicence(t, s, n)
	_, err = s.LicenceCode(check.Context(t), "other", "h")
	check.Error(t, err, store.ErrNotFound)
}

func licenceStale(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	check.Error(t, s.PutLicenceCode(ctx, licence("h", hour(1)), hour(0)), store.ErrStale) // it is not there
	first := licence("h", hour(1))
	check.Error(t, s.PutLicenceCode(ctx, first, time.Time{}), nil)
	check.Error(t, s.PutLicenceCode(ctx, licence("h", hour(2)), time.Time{}), store.ErrStale) // it is there
	check.Error(t, s.PutLicenceCode(ctx, licence("h", hour(2)), hour(0)), store.ErrStale)
	wantLicence(t, s, first)
	second := licence("h", hour(2))
	check.Error(t, s.PutLicenceCode(ctx, second, hour(1).Add(300*time.Nanosecond)), nil) // times are microseconds
	wantLicence(t, s, second)
}

func licenceUses(t *testing.T, s store.Store) {
	for i, c := range []struct {
		use  store.LicenceUse
		want bool
	}{
		{licenceUse("h", "20260314", "a"), true}, {licenceUse("h", "20260314", "a"), false}, {licenceUse("h", "20260314", "b"), true},
		{licenceUse("h", "20260315", "a"), true}, {licenceUse("g", "20260314", "a"), true},
		{store.LicenceUse{Seller: "other", Hash: "h", Day: "20260314", Client: "a"}, true},
	} {
		added, err := s.AddLicenceUse(check.Context(t), c.use)
		check.Error(t, err, nil)
		check.Equal(t, fmt.Sprint("use ", i), added, c.want)
	}
	wantDays(t, s, "20260316", 10, "20260314 g 1", "20260314 h 2", "20260315 h 1")
}

func wantDays(t *testing.T, s store.Store, before string, limit int, want ...string) {
	t.Helper()
	days, err := s.LicenceDays(check.Context(t), storetest.Seller, before, limit)
	check.Error(t, err, nil)
	got := check.IDs(days, func(d store.LicenceDay) string {
		if d.Seller != storetest.Seller || d.State != "" || d.Reason != "" {
			t.Errorf("an unreported day is %+v", d)
		}
		return fmt.Sprint(d.Day, " ", d.Hash, " ", d.Clients)
	})
	check.Equal(t, "days", got, append([]string{}, want...))
}

func licenceDays(t *testing.T, s store.Store) {
	for _, day := range []string{"20260315", "20260313", "20260314", "20260312"} {
		if _, err := s.AddLicenceUse(check.Context(t), licenceUse("h", day, "a")); err != nil {
			t.Fatal(err)
		}
	}
	wantDays(t, s, "20260315", 10, "20260312 h 1", "20260313 h 1", "20260314 h 1")
	wantDays(t, s, "20260315", 2, "20260312 h 1", "20260313 h 1")
	wantDays(t, s, "20260312", 2)
	report := func(day, state, reason string) {
		t.Helper()
		check.Error(t, s.ReportedLicenceDay(check.Context(t), store.LicenceDay{Seller: storetest.Seller, Hash: "h", Day: day, State: state, Reason: reason}, hour(9)), nil)
	}
	report("20260312", "REPORTED", "")
	report("20260313", "REFUSED", "91")
	report("20260314", "", "")
	report("20270101", "REPORTED", "") // no such day
	wantDays(t, s, "20260316", 10, "20260315 h 1")
	report("20260315", "", "91")
	wantDays(t, s, "20260316", 10)
	added, err := s.AddLicenceUse(check.Context(t), licenceUse("h", "20260312", "late"))
	check.Error(t, err, nil)
	check.Equal(t, "a use of a reported day", added, true)
	wantDays(t, s, "20260316", 10)
}

func licencesAtOnce(t *testing.T, handles []store.Store) {
	ctx := check.Context(t)
	errs := check.Together(16, func(i int) error {
		return handles[i%2].PutLicenceCode(ctx, licence("h", hour(float64(i))), time.Time{})
	})
	check.OneSuccess(t, errs, store.ErrStale)
	c, err := handles[0].LicenceCode(ctx, storetest.Seller, "h")
	check.Error(t, err, nil)
	errs = check.Together(16, func(i int) error {
		return handles[i%2].PutLicenceCode(ctx, licence("h", hour(float64(100+i))), c.UpdatedAt)
	})
	check.OneSuccess(t, errs, store.ErrStale)
	var added atomic.Int64
	errs = check.Together(32, func(i int) error {
		for n := range 10 {
			ok, err := handles[i%2].AddLicenceUse(ctx, licenceUse("h", "20260314", fmt.Sprint("client-", n)))
			if err != nil {
				return err
			}
			if ok {
				added.Add(1)
			}
		}
		return nil
	})
	check.Error(t, errors.Join(errs...), nil)
	check.Equal(t, "added", added.Load(), 10)
	wantDays(t, handles[0], "20260315", 10, "20260314 h 10")
}
