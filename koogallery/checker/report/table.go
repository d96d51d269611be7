// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/checker/source"
)

// The colours of a terminal.
const (
	bold  = "1"
	red   = "31"
	green = "32"
	amber = "33"
)

// Table writes the report for people: what is broken first, with sentence, remedy and source; then what could not be found out; then what
// holds. Texts that others made are shown and command no terminal. Language is "zh" or "en". Errors: the writer's.
func Table(w io.Writer, r *Report, of Lookup, language string, colour bool) error {
	t := table{language: language, colour: colour}
	v := r.view(of)
	t.line(bold, visible(r.Verdict(of).In(language)))
	t.line("", visible(v.Target)+" · "+t.mode(r)+" · "+t.label("seed")+fmt.Sprintf(" %d · %d ", r.Seed, v.Calls)+t.label("calls")+" · "+r.Took.Round(time.Millisecond).String())
	for _, g := range v.Groups {
		t.line("", "")
		t.line(bold, fmt.Sprintf("%s: %d %s, %d %s, %d %s", g.Family, len(g.Failed), t.label("failed"), len(g.Unknown), t.label("unknown"), len(g.Held), t.label("held")))
		for _, i := range g.Failed {
			t.failed(i)
		}
		for _, reason := range byReason(g.Unknown, language) {
			t.names(amber, "?", reason.text+": ", reason.ids)
		}
		ids := make([]string, 0, len(g.Held))
		for _, i := range g.Held {
			ids = append(ids, i.Rule.ID)
		}
		t.names(green, "✓", "", ids)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// Explain writes all that is known about a rule. Language is "zh" or "en". Errors: the writer's.
func Explain(w io.Writer, r rule.Rule, language string) error {
	t := table{language: language}
	t.line("", fmt.Sprintf("%s  %s (%s)", r.ID, r.Severity, SeverityText(r.Severity).In(language)))
	t.about(r.Sentence, rule.Text{}, r.Cost, r.Remedy)
	t.field("families", families(r))
	if needs := needs(r); needs != "" {
		t.field("mode", needs)
	}
	for _, id := range r.Source {
		if s, ok := source.Find(id); ok {
			t.field("source", cite(s))
		}
	}
	if Repeats(r) {
		for _, line := range windows(r) {
			t.field("patience", line.In(language))
		}
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type table struct {
	b        strings.Builder
	language string
	colour   bool
}

func (t *table) label(word string) string { return words[word].In(t.language) }

func (t *table) mode(r *Report) string {
	switch {
	case r.Command != "":
		return r.Command
	case r.Deep:
		return t.label("deep")
	default:
		return t.label("safe")
	}
}

func (t *table) line(code, text string) {
	if t.colour && code != "" {
		text = "\x1b[" + code + "m" + text + "\x1b[0m"
	}
	t.b.WriteString(text + "\n")
}

// names writes IDs one after the other, in lines that fit a wide terminal.
func (t *table) names(code, mark, head string, ids []string) {
	const widest = 140
	line := "  " + mark + " " + head
	for n, id := range ids {
		if n < len(ids)-1 {
			id += ", "
		}
		if utf8.RuneCountInString(line)+len(id) > widest {
			t.line(code, strings.TrimRight(line, " "))
			line = "    "
		}
		line += id
	}
	if len(ids) > 0 {
		t.line(code, line)
	}
}

// reason is why rules could not be found out.
type reason struct {
	text string
	ids  []string
}

func byReason(items []item, language string) (all []reason) {
	for _, i := range items {
		text := visible(i.Seen.In(language))
		n := slices.IndexFunc(all, func(r reason) bool { return r.text == text })
		if n < 0 {
			n, all = len(all), append(all, reason{text: text})
		}
		all[n].ids = append(all[n].ids, i.Rule.ID)
	}
	return all
}

// field writes a label and its text below the rule that it is about.
func (t *table) field(word, text string) {
	label := t.label(word)
	columns := utf8.RuneCountInString(label)
	if len(label) > columns { // Chinese characters are two columns wide
		columns *= 2
	}
	t.line("", "    "+label+strings.Repeat(" ", max(11-columns, 1))+visible(text))
}

func (t *table) about(sentence, seen, cost, remedy rule.Text) {
	t.field("sentence", sentence.In(t.language))
	if seen.EN != "" {
		t.field("seen", seen.In(t.language))
	}
	t.field("cost", cost.In(t.language))
	t.field("remedy", remedy.In(t.language))
}

func (t *table) failed(i item) {
	t.line(red, fmt.Sprintf("  ✗ %s  %s", i.Rule.ID, i.Rule.Severity))
	t.about(i.Rule.Sentence, i.Seen, i.Rule.Cost, i.Rule.Remedy)
	for _, s := range i.Sources {
		t.field("source", s.ID+" ("+s.Cite()+")")
	}
	if i.Window.EN != "" {
		t.field("patience", i.Window.In(t.language))
	}
}

// cite says all of a source in one line.
func cite(s source.Source) string {
	text := s.ID + " (" + s.Cite() + "): " + s.Rule
	if s.Says != "" {
		text += "; documents: " + s.Says
	}
	return text + "; Koogate: " + s.Settled
}
