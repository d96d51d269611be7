// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
)

// List writes a line for each rule: its ID, its severity, what it needs besides debugging calls, and its sentence. Language is "zh" or "en".
// Errors: the writer's.
func List(w io.Writer, rules []rule.Rule, language string) error {
	var b strings.Builder
	for _, r := range rules {
		text := r.Sentence.In(language)
		if n := needs(r); n != "" {
			text = "[" + n + "] " + text
		}
		fmt.Fprintf(&b, "%-32s %-8s %s\n", r.ID, r.Severity, text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

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
