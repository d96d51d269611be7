// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

func revive(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 1), usage("b", "i", 1, 2), usage("c", "i", 2, 3), usage("d", "j", 0, 4))
	made := closeAll(t, s, hour(9), 10)
	var all []store.UsageVerdict
	for _, r := range made {
		all = append(all, refused(r.ID, "91"))
	}
	all[slices.IndexFunc(made, func(r store.UsageRecord) bool { return r.Value == 3 })].State = store.UsagePushed
	settle(t, s, hour(9), all...)
	n, err := s.ReviveUsage(check.Context(t), storetest.Seller, "i", hour(10), time.Time{})
	check.Error(t, err, nil)
	check.Equal(t, "revived", n, store.UsageRevived{Records: 2})
	n, err = s.ReviveUsage(check.Context(t), storetest.Seller, "i", hour(10), time.Time{})
	check.Error(t, err, nil)
	check.Equal(t, "revived again", n, store.UsageRevived{})
	rows, err := s.SendingUsage(check.Context(t), storetest.Seller, hour(10), 10)
	check.Error(t, err, nil)
	for _, r := range rows {
		check.Equal(t, "revived record", []any{r.InstanceID, r.DueAt, r.UpdatedAt, r.Attempt, r.ID}, []any{"i", hour(10), hour(10), int32(1), store.UsageRecordID(storetest.Seller, "i", r.StartAt, 0)})
	}
	check.Equal(t, "sending", len(rows), 2)
	prove(t, s, storetest.Seller)
}

// revivePast: what is too old for the marketplace goes out again only for a time that the caller names, and costs the rest nothing.
func revivePast(t *testing.T, s store.Store) {
	mustAdd(t, s, usage("a", "i", 0, 1), usage("b", "i", 5, 2), usage("c", "j", 0, 4))
	made := closeAll(t, s, hour(9), 10)
	refuse := func() {
		t.Helper()
		var all []store.UsageVerdict
		for _, r := range made {
			all = append(all, refused(r.ID, "91"))
		}
		settle(t, s, hour(9), all...)
	}
	refuse()
	old := slices.IndexFunc(made, func(r store.UsageRecord) bool { return r.Value == 1 })
	now := made[old].RefuseAt // to the microsecond: then it is too late
	for _, c := range []struct {
		now, until time.Time
		want       store.UsageRevived
		refuseAt   time.Time // of the old one
	}{
		{now.Add(-time.Microsecond), time.Time{}, store.UsageRevived{Records: 2}, now},
		{now, time.Time{}, store.UsageRevived{Records: 1, Past: 1}, now},
		{now, now.Add(time.Hour), store.UsageRevived{Records: 2}, now.Add(time.Hour)},
		{now.Add(time.Minute), time.Time{}, store.UsageRevived{Records: 2}, now.Add(time.Hour)},
	} {
		got, err := s.ReviveUsage(check.Context(t), storetest.Seller, "i", c.now, c.until)
		check.Error(t, err, nil)
		check.Equal(t, "revived", got, c.want)
		rows, err := s.ListUsageRecords(check.Context(t), store.ListQuery{Seller: storetest.Seller, Limit: 10})
		check.Error(t, err, nil)
		for _, r := range rows {
			switch {
			case r.ID == made[old].ID:
				check.Equal(t, "too late", r.RefuseAt, c.refuseAt)
				check.Equal(t, "state", r.State == store.UsageSending, c.want.Past == 0)
			case r.InstanceID == "i":
				check.Equal(t, "state of the younger", r.State, store.UsageSending)
			default:
				check.Equal(t, "state of another instance", r.State, store.UsageRefused)
			}
		}
		refuse()
	}
	prove(t, s, storetest.Seller)
}
