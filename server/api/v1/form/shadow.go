// SPDX-License-Identifier: Apache-2.0

package form

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/compare"
	"github.com/koogate/koogate/store"
)

// Differences are the rules by which an old server's answer differs from ours, as a call's row has them.
func Differences(rules string) (list []*koogatev1.CallDifference) {
	if rules == "" {
		return nil
	}
	for rule := range strings.SplitSeq(rules, ",") {
		list = append(list, difference(compare.Rule(rule)))
	}
	return list
}

// difference says what a rule compares, and what to do.
func difference(r compare.Rule) *koogatev1.CallDifference {
	say := func(language, between string) string {
		meaning, remedy := r.In(language)
		return strings.TrimSuffix(meaning+between+remedy, between)
	}
	return &koogatev1.CallDifference{Rule: string(r), Severe: r.Severe(), Text: say("en", ": "), TextZh: say("zh", "：")}
}

// ShadowReport adds the comparisons of an endpoint up; nil when there are none.
func ShadowReport(rows []store.Compared) *koogatev1.ShadowReport {
	if len(rows) == 0 {
		return nil
	}
	m := &koogatev1.ShadowReport{}
	by := make(map[string]*koogatev1.ShadowRule)
	first := rows[0].FirstAt
	for _, r := range rows {
		if r.FirstAt.Before(first) {
			first = r.FirstAt
		}
		switch r.Comparison {
		case store.CompareSame:
			m.Same += r.Calls
		case store.CompareDiffers:
			m.Differing += r.Calls
		case store.CompareSkipped:
			m.Skipped += r.Calls
		}
		for _, d := range Differences(r.Rules) {
			x := by[d.GetRule()]
			if x == nil {
				x = &koogatev1.ShadowRule{Difference: d, FirstTime: timestamppb.New(r.FirstAt), LastTime: timestamppb.New(r.LastAt)}
				by[d.GetRule()] = x
				m.Rules = append(m.Rules, x)
			}
			x.Calls += r.Calls
			if r.FirstAt.Before(x.GetFirstTime().AsTime()) {
				x.FirstTime = timestamppb.New(r.FirstAt)
			}
			if r.LastAt.After(x.GetLastTime().AsTime()) {
				x.LastTime = timestamppb.New(r.LastAt)
			}
		}
	}
	m.SinceTime = timestamppb.New(first)
	slices.SortFunc(m.Rules, func(a, b *koogatev1.ShadowRule) int {
		return cmp.Or(cmp.Compare(b.GetCalls(), a.GetCalls()), strings.Compare(a.GetDifference().GetRule(), b.GetDifference().GetRule()))
	})
	return m
}
