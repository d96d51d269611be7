// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/report"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
)

func about(activities ...judge.Activity) (all []probe.Seen) {
	for _, a := range activities {
		s := seen("POST", "http://s/p", "", "")
		s.Call.Asked.Activity = a
		all = append(all, s)
	}
	return all
}

func TestStepOf(t *testing.T) {
	for want, calls := range map[deadline.Step][]probe.Seen{
		"":               about(judge.ActivityQuery),
		deadline.Open:    about(judge.ActivityNew, judge.ActivityQuery),
		deadline.Refresh: about(judge.ActivityNew, judge.ActivityRefresh),
		deadline.Status:  about(judge.ActivityExpire),
		deadline.Sync:    about(judge.ActivityNew, judge.ActivityAuth),
		deadline.Release: about(judge.ActivityRelease),
		deadline.Upgrade: about(judge.ActivityUpgrade),
		deadline.Check:   about(judge.ActivityCheck),
	} {
		if got := report.StepOf(calls); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Every step of the table can be said, and the joint families have the patience of the interface beside them.
func TestWindow(t *testing.T) {
	for _, w := range deadline.Rules() {
		got, ok := report.Window(judge.Family(w.Family), w.Step)
		if text := report.WindowText(got); !ok || got != w || !strings.Contains(text.EN, w.End.Text()) || !strings.Contains(text.ZH, w.End.Chinese()) {
			t.Errorf("%s %s: %+v", w.Family, w.Step, text)
		}
	}
	for f, want := range map[judge.Family]deadline.Family{
		judge.FamilyKitV1: deadline.SaasV1, judge.FamilyKitV2: deadline.SaasV2, judge.FamilyOrderNotify: deadline.SaasV2,
	} {
		if w, ok := report.Window(f, deadline.Refresh); !ok || w.Family != want {
			t.Errorf("%s: %+v", f, w)
		}
	}
	if _, ok := report.Window(judge.FamilyLicenseCode, deadline.Open); ok {
		t.Error("a licence code is opened by nobody")
	}
	w, _ := report.Window(judge.FamilySaasV2, deadline.Open)
	want := "the marketplace waits 5 s for an answer and repeats a failed call every 1 h for 3 h (4 calls); then the marketplace cancels and refunds the order"
	if got := report.WindowText(w); got.EN != want || got.ZH != "云商店等待应答 5 s，失败后每 1 h 重试一次，共 3 h（4 次调用）；之后云商店取消订单并退款" {
		t.Errorf("got %+v", got)
	}
}

func TestRepeats(t *testing.T) {
	if !report.Repeats(rule.Rule{Cost: rule.Say("每次重试都会再开一个实例", "each repetition makes one more instance")}) ||
		report.Repeats(rule.Rule{Cost: rule.Say("买家看不到", "the buyer sees nothing")}) ||
		report.Repeats(rule.Rule{Severity: rule.Exposes, Cost: rule.Say("任何人都可以冒充云商店", "a stranger repeats it")}) {
		t.Error("what a fault costs is misread")
	}
}
