// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
)

// StepOf is what the last of the calls was about that was more than a query; empty when all were queries.
func StepOf(seen []probe.Seen) deadline.Step {
	for _, s := range slices.Backward(seen) {
		if step := stepOf(s.Call.Asked.Activity); step != "" {
			return step
		}
	}
	return ""
}

// stepOf is what a call is about, by the name that SaaS V2.0 has for it.
func stepOf(a judge.Activity) deadline.Step {
	switch a {
	case judge.ActivityNew, judge.ActivityLicenseAsync, judge.ActivityNotify:
		return deadline.Open
	case judge.ActivityUpgrade:
		return deadline.Upgrade
	case judge.ActivityRefresh:
		return deadline.Refresh
	case judge.ActivityStatus, judge.ActivityExpire:
		return deadline.Status
	case judge.ActivityRelease:
		return deadline.Release
	case judge.ActivityCheck:
		return deadline.Check
	default:
		if a.Joint() {
			return deadline.Sync
		}
		return ""
	}
}

// base is the family whose base interface a family has.
func base(f judge.Family, s deadline.Step) deadline.Family {
	switch {
	case s == deadline.Sync:
		return deadline.Family(f)
	case f == judge.FamilyKitV1:
		return deadline.SaasV1
	case f == judge.FamilyKitV2, f == judge.FamilyOrderNotify && s != deadline.Open:
		return deadline.SaasV2
	default:
		return deadline.Family(f)
	}
}

// Window is the marketplace's patience with a step in a family; ok is false for a step that the family does not have.
func Window(f judge.Family, s deadline.Step) (w deadline.Rule, ok bool) {
	return deadline.Of(base(f, s), s)
}

// WindowText says a patience in words: how long an answer is waited for, how often the call is repeated, and what follows.
func WindowText(w deadline.Rule) rule.Text {
	wait := w.Answer
	if w.Attempts() == 1 {
		return rule.Text{
			ZH: fmt.Sprintf("云商店等待应答 %s，不自动重试；之后%s", spell(wait), w.End.Chinese()),
			EN: fmt.Sprintf("the marketplace waits %s for an answer and calls once; then %s", spell(wait), w.End.Text()),
		}
	}
	return rule.Text{
		ZH: fmt.Sprintf("云商店等待应答 %s，失败后每 %s 重试一次，共 %s（%d 次调用）；之后%s", spell(wait), spell(w.Every), spell(w.Window), w.Attempts(), w.End.Chinese()),
		EN: fmt.Sprintf("the marketplace waits %s for an answer and repeats a failed call every %s for %s (%d calls); then %s",
			spell(wait), spell(w.Every), spell(w.Window), w.Attempts(), w.End.Text()),
	}
}

// spell writes a duration as people read it: 5 s, 2 min, 3 h.
func spell(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	default:
		return fmt.Sprintf("%g s", d.Seconds())
	}
}

// Repeats tells whether what a fault costs has to do with the marketplace's repetitions, so that its patience is worth showing.
func Repeats(r rule.Rule) bool {
	text := strings.ToLower(r.Cost.ZH + r.Cost.EN)
	return r.Severity != rule.Exposes && slices.ContainsFunc([]string{"重试", "退款", "退订", "retr", "repeat", "repetition", "refund", "restart"}, func(word string) bool {
		return strings.Contains(text, word)
	})
}
