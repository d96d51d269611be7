// SPDX-License-Identifier: Apache-2.0

package compare_test

import (
	"slices"
	"testing"

	"github.com/koogate/koogate/koogallery/compare"
	"github.com/koogate/koogate/koogallery/judge"
)

// Every rule says in both languages what it compares and what to do.
func TestRulesSayWhatToDo(t *testing.T) {
	for _, r := range compare.Rules() {
		for _, language := range []string{"zh", "en"} {
			if meaning, remedy := r.In(language); meaning == "" || remedy == "" {
				t.Errorf("%s in %s: %q, %q", r, language, meaning, remedy)
			}
		}
	}
	if n := len(compare.Rules()); n != 13 {
		t.Errorf("%d rules", n)
	}
	if meaning, remedy := compare.Rule("no-rule").In("en"); meaning+remedy != "" || compare.Rule("no-rule").Severe() || compare.Rule("no-rule").Meaning() != "" {
		t.Error("what is no rule says something")
	}
}

func heard(code string, outcome judge.Outcome) compare.Heard {
	return compare.Heard{Time: compare.InTime, Status: 200, BodySign: compare.SignNone, Verdict: judge.Verdict{ResultCode: code, Outcome: outcome}}
}

// One thing that differs is found by its rule alone.
func TestADifferenceIsFoundByItsRule(t *testing.T) {
	ok, failed := heard("000000", judge.OutcomeOK), heard("000003", judge.OutcomeFailed)
	with := func(h compare.Heard, change func(h *compare.Heard)) compare.Heard {
		change(&h)
		return h
	}
	query := with(ok, func(h *compare.Heard) { h.Info, h.Verdict.Shows.Access = []string{"a", "b"}, true })
	for name, x := range map[string]struct {
		family    judge.Family
		then, now compare.Heard
		want      []compare.Rule
	}{
		"nothing":            {judge.FamilySaasV2, ok, ok, nil},
		"no answer at all":   {judge.FamilySaasV2, compare.Heard{Time: compare.NoAnswer}, compare.Heard{Time: compare.NoAnswer}, nil},
		"no answer":          {judge.FamilySaasV2, compare.Heard{Time: compare.NoAnswer}, ok, []compare.Rule{compare.RuleTime}},
		"late":               {judge.FamilySaasV2, with(failed, func(h *compare.Heard) { h.Time = compare.TooLate }), ok, []compare.Rule{compare.RuleTime}},
		"status":             {judge.FamilySaasV2, with(ok, func(h *compare.Heard) { h.Status = 500 }), ok, []compare.Rule{compare.RuleStatus}},
		"unsigned, V2":       {judge.FamilySaasV2, ok, with(ok, func(h *compare.Heard) { h.BodySign = compare.SignGood }), nil},
		"unsigned, V1":       {judge.FamilySaasV1, ok, with(ok, func(h *compare.Heard) { h.BodySign = compare.SignGood }), []compare.Rule{compare.RuleBodySign}},
		"wrongly signed, V2": {judge.FamilySaasV2, ok, with(ok, func(h *compare.Heard) { h.BodySign = compare.SignWrong }), []compare.Rule{compare.RuleBodySign}},
		"outcome":            {judge.FamilySaasV2, ok, failed, []compare.Rule{compare.RuleOutcome}},
		"code":               {judge.FamilySaasV2, heard("000005", judge.OutcomeFailed), failed, []compare.Rule{compare.RuleResultCode}},
		"at once":            {judge.FamilySaasV2, ok, heard("000004", judge.OutcomeOK), []compare.Rule{compare.RuleAtOnce}},
		"one is left out":    {judge.FamilySaasV2, query, with(query, func(h *compare.Heard) { h.Info = []string{"b"} }), []compare.Rule{compare.RuleInstances}},
		"another order":      {judge.FamilySaasV2, query, with(query, func(h *compare.Heard) { h.Info = []string{"b", "a"} }), []compare.Rule{compare.RuleOrder}},
		"access":             {judge.FamilySaasV2, query, with(query, func(h *compare.Heard) { h.Verdict.Shows.Access = false }), []compare.Rule{compare.RuleAccess}},
		"usage":              {judge.FamilySaasV2, query, with(query, func(h *compare.Heard) { h.Verdict.Shows.Usage = true }), []compare.Rule{compare.RuleUsage}},
		"objection":          {judge.FamilySaasV2, with(ok, func(h *compare.Heard) { h.Verdict.Problem = "x; y" }), with(ok, func(h *compare.Heard) { h.Verdict.Problem = "y" }), []compare.Rule{compare.RuleObjections}},
	} {
		var p compare.Pairs
		if got := rules(compare.Answers(compare.Asked{Family: x.family, Act: judge.ActivityQuery}, x.then, x.now, &p)); !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
		}
		if got := compare.Answers(compare.Asked{Family: x.family, Act: judge.ActivityQuery, Blind: compare.Rules()}, x.then, x.now, &p); got != nil {
			t.Errorf("%s: a rule that is blind has found %v", name, got)
		}
		if got := compare.Answers(compare.Asked{Family: x.family, Act: judge.ActivityQuery, Sooner: true}, x.then, x.now, &p); got != nil {
			t.Errorf("%s: sooner, and yet %v", name, got)
		}
	}
}

// One order line has one instance, and another one has another.
func TestIdentity(t *testing.T) {
	var p compare.Pairs
	opened := func(then, now, digest string) []compare.Rule {
		a, b := heard("000000", judge.OutcomeOK), heard("000000", judge.OutcomeOK)
		a.Verdict.InstanceID, b.Verdict.InstanceID, a.Verdict.Shows.Digest, b.Verdict.Shows.Digest = then, now, digest, "ours"
		return rules(compare.Answers(compare.Asked{Family: judge.FamilySaasV2, Act: judge.ActivityNew, Sooner: true}, a, b, &p))
	}
	for _, x := range []struct {
		then, now, digest string
		want              []compare.Rule
	}{
		{"a", "1", "x", nil}, {"b", "2", "x", nil}, {"a", "1", "x", nil},
		{"c", "1", "x", []compare.Rule{compare.RuleIdentity}}, // the line of 1 has a
		{"a", "3", "x", []compare.Rule{compare.RuleIdentity}}, // a is that of another line
		{"b", "2", "y", []compare.Rule{compare.RuleHandedOver}}, {"", "4", "x", nil},
	} {
		if got := opened(x.then, x.now, x.digest); !slices.Equal(got, x.want) {
			t.Errorf("%+v: %v", x, got)
		}
	}
	if p.Names("a,b,x") != "1,2,x" || p.Back("of 1, and 2") != "of a, and b" {
		t.Error(p.Names("a,b,x"), p.Back("of 1, and 2"))
	}
}

func rules(found []compare.Found) (list []compare.Rule) {
	for _, f := range found {
		list = append(list, f.Rule)
	}
	return list
}
