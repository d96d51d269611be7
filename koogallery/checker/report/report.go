// SPDX-License-Identifier: Apache-2.0

package report

import (
	"time"

	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
)

// Report is what a check has found.
type Report struct {
	Command  string         `json:"command,omitempty"` // what has made it; empty means koogate check
	Target   string         `json:"target"`            // the seller's address, without a query
	Families []judge.Family `json:"families"`
	Deep     bool           `json:"deep"`
	Seed     uint64         `json:"seed"`
	At       time.Time      `json:"at"`
	Took     time.Duration  `json:"tookNanos"`
	Findings []Finding      `json:"findings"` // by family, in the order of the rules
}

// Finding is what one rule has found in one family.
type Finding struct {
	Rule    string        `json:"rule"`
	Family  judge.Family  `json:"family"`
	Outcome rule.State    `json:"outcome"`
	Seen    rule.Text     `json:"seen"`
	Step    deadline.Step `json:"step,omitempty"`  // of a rule that failed: what its last call was about; empty for a query
	Calls   []Exchange    `json:"calls,omitempty"` // of a rule that failed: the last that were made
	Made    int           `json:"made"`            // calls in all
	Took    time.Duration `json:"tookNanos"`
}

// Exchange is a call and its answer for people to read, without keys, signatures and access information.
type Exchange struct {
	At          time.Time     `json:"at"`
	Took        time.Duration `json:"tookNanos"`
	Call        string        `json:"call"`                  // method, path, parameters and body
	Status      int           `json:"status"`                // 0 without an answer
	ContentType string        `json:"contentType,omitempty"` // of the answer
	Answer      string        `json:"answer"`                // the body, or why there is none
}

// Worst is the gravest severity among the rules that failed; ok is false when none did.
func (r *Report) Worst(of func(id string) (rule.Rule, bool)) (s rule.Severity, ok bool) {
	for _, severity := range rule.Severities() {
		for _, f := range r.Findings {
			if known, is := of(f.Rule); is && f.Outcome == rule.Fail && known.Severity == severity {
				return severity, true
			}
		}
	}
	return "", false
}

// Count tells how many findings came out so.
func (r *Report) Count(s rule.State) (n int) {
	for _, f := range r.Findings {
		if f.Outcome == s {
			n++
		}
	}
	return n
}
