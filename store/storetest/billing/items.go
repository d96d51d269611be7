// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

// itemCases are about packages that hold several fee items, each of which is a pay-per-use instance of its own.
var itemCases = []check.Case{
	check.WithStore("EachItemHasItsOwn", itemsApart),
	check.WithStore("ThePackageIsOne", itemsTogether),
	check.WithStore("ItemsEndAndTurn", itemsDue),
	check.WithStore("ItemsJudgeUsage", itemsJudge),
}

func packageQuotas(t *testing.T, s store.Store, packageID string) []store.Quota {
	t.Helper()
	list, err := s.PackageQuotas(check.Context(t), storetest.Seller, packageID)
	check.Error(t, err, nil)
	return list
}

// item is a quota of another fee item, put after the first.
func item(packageID, instanceID string, amount store.Units, set ...func(*store.Quota)) store.Quota {
	q := quota(packageID, amount, set...)
	q.InstanceID, q.CreatedAt = instanceID, hour(0.5)
	return q
}

func reservationOf(instanceID, id string, amount store.Units) store.Reservation {
	r := reservation(id, amount)
	r.InstanceID = instanceID
	return r
}

// itemsApart is the page's example: a package of 100 SMS and 50 MMS.
func itemsApart(t *testing.T, s store.Store) {
	sms := putQuota(t, s, quota("p", 100))
	mms := putQuota(t, s, item("p", "mms", 50))
	check.Equal(t, "items", packageQuotas(t, s, "p"), []store.Quota{sms, mms})
	check.Equal(t, "of the first instance", quotas(t, s), []store.Quota{sms})
	reserve(t, s, reservation("a", 60), hour(1))
	reserve(t, s, reservationOf("mms", "b", 50), hour(1))
	_, err := s.ReserveQuota(check.Context(t), reservationOf("mms", "c", 1), hour(1))
	check.Error(t, err, store.ErrExhausted)
	c := commit("b", 30)
	c.Raw.InstanceID = "mms"
	_, err = s.CommitQuota(check.Context(t), c)
	check.Error(t, err, nil)
	_, err = s.CancelQuota(check.Context(t), storetest.Seller, "a", hour(1))
	check.Error(t, err, nil)
	wantItems := func(what string, want ...store.Units) {
		t.Helper()
		var got []store.Units
		for _, q := range packageQuotas(t, s, "p") {
			got = append(got, q.Quota, q.Used, q.Reserved)
		}
		check.Equal(t, what, got, want)
	}
	wantItems("booked", 100, 0, 0, 50, 30, 0)
	check.Equal(t, "raised", putQuota(t, s, item("p", "mms", 80)).Quota, store.Units(80))
	reserve(t, s, reservationOf("mms", "d", 50), hour(1))
	_, err = s.ExpireQuota(check.Context(t), storetest.Seller, hour(3), 10)
	check.Error(t, err, nil)
	wantItems("freed", 100, 0, 0, 80, 30, 0)
}

// itemsTogether: what is the package's is the same for all of its items.
func itemsTogether(t *testing.T, s store.Store) {
	ends := func(at time.Time) func(*store.Quota) {
		return func(q *store.Quota) { q.Stop, q.ExpireAt = true, at }
	}
	putQuota(t, s, quota("p", 10, ends(hour(9)), monthly))
	for _, other := range []func(*store.Quota){
		func(q *store.Quota) { q.Stop = false }, func(q *store.Quota) { q.Reset = store.ResetYear },
		func(q *store.Quota) { q.Reset, q.BeginAt = store.ResetNone, time.Time{} }, func(q *store.Quota) { q.BeginAt = hour(1) },
	} {
		_, err := s.PutQuota(check.Context(t), item("p", "mms", 5, ends(hour(9)), monthly, other))
		check.Error(t, err, store.ErrConflict)
	}
	putQuota(t, s, item("p", "mms", 5, ends(hour(20)), monthly))
	expiries := func() (at []time.Time) {
		for _, q := range packageQuotas(t, s, "p") {
			at = append(at, q.ExpireAt)
		}
		return at
	}
	check.Equal(t, "a later item moves the end", expiries(), []time.Time{hour(20), hour(20)})
	putQuota(t, s, quota("p", 10, ends(hour(30)), monthly))
	check.Equal(t, "and so does the first", expiries(), []time.Time{hour(30), hour(30)})
	putQuota(t, s, quota("other", 10, ends(hour(4))))
	check.Equal(t, "of another package nothing", expiries(), []time.Time{hour(30), hour(30)})
}

func itemsDue(t *testing.T, s store.Store) {
	putQuota(t, s, quota("p", 10, monthly))
	mms := putQuota(t, s, item("p", "mms", 5, monthly))
	got := reserve(t, s, reservationOf("mms", "a", 5), day(3, 1))
	check.Equal(t, "cycle", got.Parts[0].Cycle, int64(1))
	due := func() (of []string) {
		list, err := s.QuotasDue(check.Context(t), storetest.Seller, day(3, 1), 10)
		check.Error(t, err, nil)
		return check.IDs(list, func(q store.Quota) string { return q.InstanceID })
	}
	check.Equal(t, "due", due(), []string{"i", "mms"})
	check.Error(t, s.QuotaSettled(check.Context(t), mms.Key(), day(3, 1)), nil)
	check.Equal(t, "one is settled", due(), []string{"i"})
	check.Error(t, s.QuotaSettled(check.Context(t), quota("p", 1).Key(), day(3, 1)), nil)
	check.Equal(t, "both", len(due()), 0)
	q := packageQuotas(t, s, "p")
	check.Equal(t, "cycles", []any{q[0].Cycle, q[0].Reserved, q[1].Cycle, q[1].Reserved}, []any{int64(1), store.Units(0), int64(1), store.Units(5)})
	check.Error(t, s.QuotaSettled(check.Context(t), item("p", "none", 1).Key(), day(3, 1)), store.ErrNotFound)
}

func itemsJudge(t *testing.T, s store.Store) {
	stop := func(q *store.Quota) { q.Stop = true }
	putQuota(t, s, quota("p", 10, stop))
	putQuota(t, s, item("p", "mms", 5, stop))
	outcomes, err := s.AddUsage(check.Context(t), []store.UsageRaw{usage("a", "mms", 0, 1), usage("b", "other", 0, 1)})
	check.Error(t, err, nil)
	check.Equal(t, "outcomes", outcomes, []store.UsageOutcome{store.UsageStale, store.UsageAdded})
}
