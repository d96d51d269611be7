// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
)

// formVersion is raised when a member is removed or gets another meaning. Members may be added without.
const formVersion = 1

// document is the form of JSON.
type document struct {
	Version  int             `json:"version"`
	Target   string          `json:"target"`
	Families []judge.Family  `json:"families"`
	Deep     bool            `json:"deep"`
	Seed     uint64          `json:"seed"`
	At       time.Time       `json:"at"`
	Took     float64         `json:"tookSeconds"`
	Calls    int             `json:"calls"`
	Verdict  rule.Text       `json:"verdict"`
	Failed   int             `json:"failed"`
	Unknown  int             `json:"unknown"`
	Held     int             `json:"held"`
	Findings []foundDocument `json:"findings"` // by family: what is broken, what is unknown, what holds
}

// foundDocument is a finding with what is said about its rule.
type foundDocument struct {
	Rule     string           `json:"rule"`
	Family   judge.Family     `json:"family"`
	Outcome  rule.State       `json:"outcome"` // PASS, FAIL or SKIP
	Severity rule.Severity    `json:"severity"`
	Sentence rule.Text        `json:"sentence"`
	Seen     *rule.Text       `json:"seen,omitempty"` // what was seen instead, or why nothing could be
	Cost     rule.Text        `json:"cost"`
	Remedy   rule.Text        `json:"remedy"`
	Patience *rule.Text       `json:"patience,omitempty"` // the marketplace's, where the fault makes it matter
	Sources  []sourceDocument `json:"sources"`
	Calls    int              `json:"calls"`
	Took     float64          `json:"tookSeconds"`
	Last     []Exchange       `json:"exchanges,omitempty"` // of what is broken: the last calls, the newest last
}

type sourceDocument struct {
	ID         string   `json:"id"`
	Rule       string   `json:"rule"`
	Pages      []string `json:"pages"`
	Date       string   `json:"date,omitempty"`
	Confidence string   `json:"confidence"`
	Says       string   `json:"says,omitempty"`
}

// JSON writes the report for programs. Its members are described in koogallery/checker/README.md. Errors: the writer's.
func JSON(w io.Writer, r *Report, of Lookup) error {
	v := r.view(of)
	d := document{
		Version: formVersion, Target: r.Target, Families: r.Families, Deep: r.Deep, Seed: r.Seed, At: r.At.UTC(), Took: r.Took.Seconds(), Calls: v.Calls,
		Verdict: r.Verdict(of), Failed: r.Count(rule.Fail), Unknown: r.Count(rule.Skip), Held: r.Count(rule.Pass), Findings: []foundDocument{},
	}
	for _, g := range v.Groups {
		for _, items := range [][]item{g.Failed, g.Unknown, g.Held} {
			for _, i := range items {
				d.Findings = append(d.Findings, i.document())
			}
		}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

func (i item) document() foundDocument {
	d := foundDocument{
		Rule: i.Rule.ID, Family: i.Family, Outcome: i.Outcome, Severity: i.Rule.Severity, Sentence: i.Rule.Sentence, Seen: present(i.Seen), Cost: i.Rule.Cost,
		Remedy: i.Rule.Remedy, Patience: present(i.Window), Sources: []sourceDocument{}, Calls: i.Made, Took: i.Took.Seconds(), Last: i.Finding.Calls,
	}
	for _, s := range i.Sources {
		pages := s.Pages
		if pages == nil {
			pages = []string{}
		}
		d.Sources = append(d.Sources, sourceDocument{s.ID, s.Rule, pages, s.Date, string(s.Confidence), s.Says})
	}
	return d
}

// present returns nil for a text that says nothing.
func present(t rule.Text) *rule.Text {
	if t == (rule.Text{}) {
		return nil
	}
	return &t
}
