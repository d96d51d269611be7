// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"context"
	"slices"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
)

// Severity is what a fault does.
type Severity string

// The severities, the gravest first.
const (
	// Exposes: a stranger can act for the marketplace, or learns what is not his.
	Exposes Severity = "EXPOSES"
	// Breaks: an order fails and is refunded, or goods are given twice or not at all.
	Breaks Severity = "BREAKS"
	// Refused: the marketplace's debugging or acceptance refuses the answer; no product comes out that way.
	Refused Severity = "REFUSED"
	// Risks: it goes well until something else goes wrong.
	Risks Severity = "RISKS"
)

// Severities returns all, the gravest first.
func Severities() []Severity { return []Severity{Exposes, Breaks, Refused, Risks} }

// Rule is one thing that must hold at a seller's address.
type Rule struct {
	ID       string         // kebab-case, unique
	Families []judge.Family // where it can be found out; none for every family
	Deep     bool           // makes production calls, or many: for staging only
	Hooks    []probe.Hook   // without which it cannot be found out
	Severity Severity
	Sentence Text     // what must hold
	Cost     Text     // what the fault costs a seller
	Remedy   Text     // what to do about it
	Source   []string // IDs of the rules in docs/fidelity.yaml that it comes from, at least one

	// Find finds out. It asks nobody but the probe, and takes time and chance from it.
	Find func(ctx context.Context, p *probe.Probe) Outcome
}

// Concerns tells whether the rule can be found out in a family.
func (r Rule) Concerns(f judge.Family) bool {
	return len(r.Families) == 0 || slices.Contains(r.Families, f)
}

// State is how a rule came out.
type State string

// The states.
const (
	Pass State = "PASS"
	Fail State = "FAIL"
	Skip State = "SKIP" // it could not be found out; the outcome says why
)

// Outcome is what was found out.
type Outcome struct {
	State State
	Seen  Text // what was seen, or why nothing could be; empty for Pass
}

// Holds is the outcome of a rule that holds.
func Holds() Outcome { return Outcome{State: Pass} }

// Broken is the outcome of a rule that does not hold. The texts say what was seen instead.
func Broken(zh, en string, values ...any) Outcome { return Outcome{Fail, Say(zh, en, values...)} }

// Unknown is the outcome of a rule that could not be found out. The texts say why.
func Unknown(zh, en string, values ...any) Outcome { return Outcome{Skip, Say(zh, en, values...)} }
