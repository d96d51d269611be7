// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var usageClockCases = []check.Case{check.WithStore("PullInFindsRecordsThatAClockPutOff", pullInRecords)}

func pullInRecords(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	now, err := s.Now(ctx)
	check.Error(t, err, nil)
	ahead := now.Add(8 * time.Hour)
	mustAdd(t, s, storetest.NewUsage("k1", "inst-1", 0, 5), storetest.NewUsage("k2", "inst-2", 0, 5), storetest.NewUsage("k3", "inst-3", 0, 5))
	made := closeAll(t, s, now, 9)
	check.Equal(t, "records", len(made), 3)
	for i, written := range []time.Time{ahead, now, now.Add(-time.Hour)} {
		check.Error(t, s.SettleUsage(ctx, []store.UsageVerdict{
			{Seller: storetest.Seller, ID: made[i].ID, State: store.UsageSending, DueAt: written.Add(5 * time.Minute)},
		}, written), nil)
	}
	n, err := s.PullIn(ctx, storetest.Seller, time.Minute)
	check.Error(t, err, nil)
	check.Equal(t, "corrected", n, 1)
	list, err := s.ListUsageRecords(ctx, store.ListQuery{Seller: storetest.Seller, Limit: 9})
	check.Error(t, err, nil)
	for i, want := range []time.Time{now, now, now.Add(-time.Hour)} {
		for _, r := range list {
			if r.ID == made[i].ID {
				check.Near(t, "due time", r.DueAt, want.Add(5*time.Minute))
			}
		}
	}
}
