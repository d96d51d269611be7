// SPDX-License-Identifier: Apache-2.0

package calls

import (
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest/check"
)

// comparisons are counted by what came of them, for one endpoint, from a time on, and the latest rows first.
func comparisons(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	begin := call(0).CreatedAt
	row := func(at time.Duration, c store.CallComparison, rules string, times int64) store.Call {
		x := call(at)
		x.Comparison, x.Rules, x.Times, x.LastAt = c, rules, times, x.CreatedAt.Add(time.Second)
		return x
	}
	elsewhere, foreign := row(4*time.Minute, store.CompareSame, "", 1), row(4*time.Minute, store.CompareSame, "", 1)
	elsewhere.Endpoint, foreign.Seller = "other", "other"
	record(t, s, row(0, store.CompareDiffers, "outcome", 1), row(time.Minute, store.CompareSame, "", 4), row(2*time.Minute, store.CompareSame, "", 1),
		row(3*time.Minute, store.CompareDiffers, "order,objections", 2), row(4*time.Minute, store.CompareSkipped, "", 1), row(5*time.Minute, "", "", 9), elsewhere, foreign)
	at := func(minutes, seconds int) time.Time {
		return begin.Add(time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second)
	}
	same := store.Compared{Comparison: store.CompareSame, Calls: 5, FirstAt: at(1, 0), LastAt: at(2, 1)}
	order := store.Compared{Comparison: store.CompareDiffers, Rules: "order,objections", Calls: 2, FirstAt: at(3, 0), LastAt: at(3, 1)}
	outcome := store.Compared{Comparison: store.CompareDiffers, Rules: "outcome", Calls: 1, FirstAt: at(0, 0), LastAt: at(0, 1)}
	skipped := store.Compared{Comparison: store.CompareSkipped, Calls: 1, FirstAt: at(4, 0), LastAt: at(4, 1)}
	late := same
	late.Calls, late.FirstAt = 1, at(2, 0)
	for name, x := range map[string]struct {
		endpoint string
		since    time.Time
		limit    int
		want     []store.Compared
	}{
		"all": {"main", begin, 100, []store.Compared{order, outcome, same, skipped}}, "later": {"main", at(1, 0), 100, []store.Compared{order, same, skipped}},
		"the latest": {"main", begin, 3, []store.Compared{order, late, skipped}}, "none": {"main", begin, 0, nil}, "nobody's": {"x", begin, 100, nil},
	} {
		got, err := s.ComparedCalls(ctx, call(0).Seller, x.endpoint, x.since, x.limit)
		check.Error(t, err, nil)
		if len(got) != len(x.want) || len(got) > 0 && !reflect.DeepEqual(got, x.want) {
			t.Errorf("%s:\n%+v, want\n%+v", name, got, x.want)
		}
	}
}
