// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
)

// compare holds the target's answer against the recorded one. What one difference explains is not named as another.
func (r *runner) compare(c *tape.Call, a answered, waited bool) {
	var found []Difference
	differs := func(rule Rule, recorded, answered string) bool {
		if recorded == answered {
			return false
		}
		d := Difference{
			N: c.N, At: c.At, Family: c.Family, Activity: c.Activity, Rule: rule, Recorded: recorded, Answered: answered,
			Test: r.test(c), OrderID: r.order(c), InstanceID: cmp.Or(c.Members()["instanceId"], c.Verdict.InstanceID),
		}
		d.Allowed = slices.ContainsFunc(r.cfg.Allow, func(x Allowance) bool { return x.allows(d) })
		found = append(found, d)
		return true
	}
	sooner := r.sooner(c, a)
	switch {
	case sooner:
	case differs(RuleTime, recordedTime(c), answeredTime(a)):
	case c.Answer == nil: // neither answered
	case differs(RuleStatus, statusText(c.Answer.Status), statusText(a.status)):
	case differs(RuleBodySign, bodySign(c, c.Answer.BodySign), bodySign(c, a.bodySign)):
	case differs(RuleOutcome, outcome(c.Verdict, &a.Verdict, c.Verdict), outcome(c.Verdict, &a.Verdict, a.Verdict)):
	case a.Outcome != judge.OutcomeOK:
		differs(RuleResultCode, c.Verdict.ResultCode, a.ResultCode)
		r.object(c, a, differs)
	default:
		differs(RuleAtOnce, c.Verdict.ResultCode, a.ResultCode)
		differs(RuleInstances, shown(c.Info), shown(a.info))
		differs(RuleAccess, yes(c.Verdict.Shows.Access), yes(a.Shows.Access))
		differs(RuleUsage, usage(c.Verdict.Shows, same), usage(a.Shows, r.ids.back))
		r.object(c, a, differs)
	}
	r.identify(c, a, differs)
	r.report.note(found, sooner, waited && a.Outcome == judge.OutcomeOK)
}

// sooner tells whether the recorded seller needed more attempts than the target.
func (r *runner) sooner(c *tape.Call, a answered) bool {
	return r.story.unripe[c] && c.Verdict.Outcome != judge.OutcomeOK && a.Outcome == judge.OutcomeOK
}

// identify compares what both made of an order line.
func (r *runner) identify(c *tape.Call, a answered, differs func(Rule, string, string) bool) {
	taped, target := c.Verdict.InstanceID, a.InstanceID
	if c.Act != judge.ActivityNew || taped == "" || target == "" {
		return
	}
	if recorded, answered := r.ids.pair(taped, target); differs(RuleIdentity, recorded, answered) {
		return
	}
	if before, now := c.Verdict.Shows.Digest, a.Shows.Digest; before != "" && now != "" {
		then, also := r.ids.changed(taped, before, now)
		differs(RuleHandedOver, change(then), change(also))
	}
}

func change(changed bool) string {
	if changed {
		return "other than at first"
	}
	return "the same as at first"
}

// object compares objections, apart from those about the Body-Sign, which has a rule of its own.
func (r *runner) object(c *tape.Call, a answered, differs func(Rule, string, string) bool) {
	then, now := objections(c.Verdict.Problem), objections(r.ids.back(a.Problem))
	both := func(o string) bool { return slices.Contains(then, o) && slices.Contains(now, o) }
	then, now = slices.DeleteFunc(slices.Clone(then), both), slices.DeleteFunc(slices.Clone(now), both)
	differs(RuleObjections, strings.Join(then, "; "), strings.Join(now, "; "))
}

func objections(problem string) []string {
	if problem == "" {
		return nil
	}
	return slices.DeleteFunc(strings.Split(problem, "; "), func(o string) bool { return strings.Contains(o, "Body-Sign") })
}

func recordedTime(c *tape.Call) string {
	switch {
	case c.Answer == nil:
		return "no answer"
	case late(c):
		return "too late"
	default:
		return "in time"
	}
}

func answeredTime(a answered) string {
	switch {
	case a.Err == "":
		return "in time"
	case strings.HasPrefix(a.Err, "no complete answer within"):
		return "too late"
	default:
		return "no answer"
	}
}

func statusText(status int) string { return fmt.Sprintf("%d %s", status, http.StatusText(status)) }

// bodySign tells what a Body-Sign means in the family of a call: SaaS V2.0 and its kin do not demand one.
func bodySign(c *tape.Call, s tape.Sign) string {
	if s == tape.SignNone && limitless(c) {
		s = tape.SignGood
	}
	return string(s)
}

// limitless tells whether no Body-Sign is demanded.
func limitless(c *tape.Call) bool {
	switch c.Family {
	case judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyKitV1:
		return false
	default:
		return true
	}
}

// outcome prints an outcome; where the two sides differ in it, with the reason.
func outcome(then judge.Verdict, now *judge.Verdict, of judge.Verdict) string {
	if then.Outcome == now.Outcome {
		return string(of.Outcome)
	}
	text := string(of.Outcome)
	if of.ResultCode != "" {
		text += " " + of.ResultCode
	}
	if of.Problem != "" && of.Outcome != judge.OutcomeOK {
		text += ": " + of.Problem
	}
	return text
}

func shown(ids []string) string {
	ids = slices.Sorted(slices.Values(ids))
	return strings.Join(slices.Compact(ids), ", ")
}

func yes(shown bool) string {
	if shown {
		return "shown"
	}
	return "not shown"
}

func usage(s judge.Shown, name func(string) string) string {
	related := make([]string, 0, len(s.Related))
	for _, id := range s.Related {
		related = append(related, name(id))
	}
	return strings.TrimSpace(yes(s.Usage) + " " + shown(related))
}

func same(text string) string { return text }

func (r *runner) test(c *tape.Call) bool { return c.Members()["testFlag"] == "1" }

func (r *runner) order(c *tape.Call) string {
	return cmp.Or(c.Members()["orderLineId"], c.Members()["orderId"])
}
