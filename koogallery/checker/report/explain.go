// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"

	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
)

// families names the families that a rule concerns.
func families(r rule.Rule) string {
	var names []string
	for _, f := range judge.Families() {
		if r.Concerns(f) {
			names = append(names, string(f))
		}
	}
	return strings.Join(names, ", ")
}

// needs says what a rule needs besides debugging calls.
func needs(r rule.Rule) string {
	var all []string
	if r.Deep {
		all = append(all, "--deep")
	}
	for _, h := range r.Hooks {
		all = append(all, "--hook-"+string(h))
	}
	return strings.Join(all, ", ")
}

// windows are the marketplace's patience with every step of the families that a rule concerns, those that are the same in one line.
func windows(r rule.Rule) []rule.Text {
	var texts []rule.Text
	var steps []string
	at := map[rule.Text]int{}
	for _, w := range deadline.Rules() {
		if !r.Concerns(judge.Family(w.Family)) {
			continue
		}
		text, step := WindowText(w), string(w.Family)+" "+string(w.Step)
		i, known := at[text]
		if !known {
			at[text] = len(texts)
			texts, steps = append(texts, text), append(steps, step)
			continue
		}
		steps[i] += ", " + step
	}
	for i := range texts {
		texts[i] = rule.Text{ZH: steps[i] + "：" + texts[i].ZH, EN: steps[i] + ": " + texts[i].EN}
	}
	return texts
}
