// SPDX-License-Identifier: Apache-2.0

package conduct_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/checker/source"
)

func TestRulesAreComplete(t *testing.T) {
	t.Parallel()
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	han := regexp.MustCompile(`\p{Han}`)
	ids := map[string]bool{}
	for _, r := range conduct.Rules() {
		if ids[r.ID] || !kebab.MatchString(r.ID) || !slices.Contains(rule.Severities(), r.Severity) || len(r.Source) == 0 {
			t.Errorf("%+v", r)
		}
		ids[r.ID] = true
		for _, text := range []rule.Text{r.Sentence, r.Remedy} {
			if !han.MatchString(text.ZH) || text.EN == "" || han.MatchString(text.EN) {
				t.Errorf("%s: %+v", r.ID, text)
			}
		}
		for _, id := range r.Source {
			if _, ok := source.Find(id); !ok {
				t.Errorf("%s: docs/fidelity.yaml has no %s", r.ID, id)
			}
		}
		if found, ok := conduct.Find(r.ID); !ok || found.Sentence != r.Sentence {
			t.Errorf("%s is not found", r.ID)
		}
	}
	if _, ok := conduct.Find("nothing"); ok {
		t.Error("a rule that is none")
	}
}

func TestTheJournalIsBounded(t *testing.T) {
	t.Parallel()
	var j conduct.Journal
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for range 3000 {
		id := j.Begin(at, conduct.ByPage, "", "app")
		for range 3 {
			j.Add(conduct.Step{At: at, Login: id, Point: conduct.PointPage, TenantID: "t", UserName: "u"}, conduct.Granted)
		}
		j.Break(at, conduct.CodeTwice, id, "t", rule.Say("看到", "seen"))
		j.Break(at, conduct.CodeTwice, id, "t", rule.Say("看到", "seen"))
	}
	logins, findings := j.Logins(1<<30), j.Findings(1<<30)
	if len(logins) != conduct.MaxLogins || len(findings) != 1000 || logins[0].ID != 3000 || findings[0].Login != 3000 || findings[0].Times != 2 {
		t.Errorf("%d logins, %d findings, %+v", len(logins), len(findings), logins[0])
	}
	if l, ok := j.Login(3000); !ok || l.TenantID != "t" || l.UserName != "u" || l.State != conduct.Granted || len(l.Findings) != 1 || len(l.Steps) != 3 {
		t.Errorf("%+v", l)
	}
	if _, ok := j.Login(1); ok {
		t.Error("the first login is still there")
	}
	if len(j.Logins(2)) != 2 || len(j.Findings(-1)) != 0 {
		t.Error("limits do not count")
	}
	for range 100 {
		j.Add(conduct.Step{Login: 3000}, "")
	}
	if l, _ := j.Login(3000); len(l.Steps) != 50 || l.LeftOut != 53 {
		t.Errorf("%d steps, %d left out", len(l.Steps), l.LeftOut)
	}
}

func TestEventsAreFollowed(t *testing.T) {
	t.Parallel()
	var j conduct.Journal
	list, lost, changed := j.Events(0)
	if len(list) != 0 || lost != 0 {
		t.Fatal(list, lost)
	}
	j.Add(conduct.Step{Point: conduct.PointToken}, "")
	select {
	case <-changed:
	default:
		t.Fatal("nobody was told")
	}
	j.Break(time.Time{}, conduct.CodeTwice, 0, "t", rule.Text{})
	if list, lost, _ = j.Events(0); len(list) != 2 || lost != 0 || list[0].Step == nil || list[1].Finding == nil || list[1].Seq != 2 {
		t.Errorf("%+v", list)
	}
	j.Reset()
	for range 5000 {
		j.Add(conduct.Step{}, "")
	}
	if list, lost, _ = j.Events(2); len(list) != 4000 || lost != 1000 || list[0].Seq != 1003 {
		t.Errorf("%d events, %d lost, from %d", len(list), lost, list[0].Seq)
	}
	if list, _, _ = j.Events(1 << 40); len(list) != 0 {
		t.Error("events of the future")
	}
}
