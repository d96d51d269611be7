// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/judge"
)

// Time is when an answer came.
type Time string

// When answers come.
const (
	InTime   Time = "in time"
	TooLate  Time = "too late"
	NoAnswer Time = "no answer"
)

// Sign is how a Body-Sign turned out.
type Sign string

// How a Body-Sign turns out.
const (
	SignNone  Sign = "none"
	SignGood  Sign = "good"
	SignWrong Sign = "wrong"
)

// Heard is one answer, as far as it is compared. Without one, Time is NoAnswer and the rest is zero.
type Heard struct {
	Time     Time
	Status   int // of HTTP
	BodySign Sign
	Verdict  judge.Verdict
	Info     []string // instances that it shows, in its order
}

// Asked is the call that both have answered.
type Asked struct {
	Family judge.Family
	Act    judge.Activity // what SaaS V2.0 calls it

	// Sooner says that the second was ready at once where the first still had it under way: then only what both made of an order line is compared.
	Sooner bool
	// Blind are rules by which the two differ by the nature of the comparison.
	Blind []Rule
}

// Found is one rule by which two answers differ, with a word about each.
type Found struct {
	Rule      Rule
	Then, Now string
}

// Answers compares the answer of the first seller with that of the second. What one difference explains is not named as another.
func Answers(q Asked, then, now Heard, p *Pairs) (found []Found) {
	differs := func(rule Rule, a, b string) bool {
		if a == b || slices.Contains(q.Blind, rule) {
			return false
		}
		found = append(found, Found{rule, a, b})
		return true
	}
	v, w := &then.Verdict, &now.Verdict
	switch {
	case q.Sooner:
	case differs(RuleTime, string(then.Time), string(now.Time)):
	case then.Time == NoAnswer: // neither answered
	case differs(RuleStatus, statusText(then.Status), statusText(now.Status)):
	case differs(RuleBodySign, bodySign(q.Family, then.BodySign), bodySign(q.Family, now.BodySign)):
	case differs(RuleOutcome, outcome(v, w, v), outcome(v, w, w)):
	case w.Outcome != judge.OutcomeOK:
		differs(RuleResultCode, v.ResultCode, w.ResultCode)
		object(v, w, p, differs)
	default:
		differs(RuleAtOnce, v.ResultCode, w.ResultCode)
		if !differs(RuleInstances, shown(then.Info), shown(now.Info)) {
			differs(RuleOrder, strings.Join(then.Info, ", "), strings.Join(now.Info, ", "))
		}
		differs(RuleAccess, yes(v.Shows.Access), yes(w.Shows.Access))
		differs(RuleUsage, usage(v.Shows, same), usage(w.Shows, p.Back))
		object(v, w, p, differs)
	}
	if q.Act == judge.ActivityNew {
		identify(v, w, p, differs)
	}
	return found
}

// identify compares what both made of an order line.
func identify(v, w *judge.Verdict, p *Pairs, differs func(Rule, string, string) bool) {
	if v.InstanceID == "" || w.InstanceID == "" {
		return
	}
	if was, is := p.pair(v.InstanceID, w.InstanceID); differs(RuleIdentity, was, is) {
		return
	}
	if before, after := v.Shows.Digest, w.Shows.Digest; before != "" && after != "" {
		was, is := p.changed(v.InstanceID, before, after)
		differs(RuleHandedOver, change(was), change(is))
	}
}

func change(changed bool) string {
	if changed {
		return "other than at first"
	}
	return "the same as at first"
}

// object compares objections, apart from those about the Body-Sign, which has a rule of its own.
func object(v, w *judge.Verdict, p *Pairs, differs func(Rule, string, string) bool) {
	then, now := objections(v.Problem), objections(p.Back(w.Problem))
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

func statusText(status int) string { return fmt.Sprintf("%d %s", status, http.StatusText(status)) }

// bodySign tells what a Body-Sign means in a family: SaaS V2.0 and its kin do not demand one.
func bodySign(f judge.Family, s Sign) string {
	if s == SignNone && !f.Signs() {
		s = SignGood
	}
	return string(s)
}

// outcome prints an outcome; where the two differ in it, with the reason.
func outcome(v, w, of *judge.Verdict) string {
	if v.Outcome == w.Outcome {
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
