// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/judge"
)

// Rule is what is compared of two answers.
type Rule string

// The rules, in the order in which they are looked at.
const (
	RuleTime       Rule = "time"        // answered in time, too late, or not at all
	RuleStatus     Rule = "http-status" // the HTTP status
	RuleBodySign   Rule = "body-sign"   // the Body-Sign is good, where the family demands one, and wrong nowhere
	RuleOutcome    Rule = "outcome"     // the call succeeds, or fails, or is under way
	RuleResultCode Rule = "result-code" // a call that fails does so with the same result code
	RuleAtOnce     Rule = "at-once"     // a call that succeeds is answered with the same one of 000000 and 000004
	RuleIdentity   Rule = "identity"    // one order line has one instance id, and another one has another
	RuleInstances  Rule = "instances"   // the same instances are shown
	RuleAccess     Rule = "access"      // access information is shown
	RuleUsage      Rule = "usage"       // usage is shown, and of which instances
	RuleHandedOver Rule = "handed-over" // a repeated opening hands over the same as the first
	RuleObjections Rule = "objections"  // the debugger objects to the same
)

// Meaning says what a rule compares.
func (r Rule) Meaning() string {
	switch r {
	case RuleTime:
		return "answered in time, too late, or not at all"
	case RuleStatus:
		return "the HTTP status"
	case RuleBodySign:
		return "the Body-Sign is good where the family demands one, and wrong nowhere"
	case RuleOutcome:
		return "the call succeeds, fails or is under way"
	case RuleResultCode:
		return "what fails has the same result code"
	case RuleAtOnce:
		return "what succeeds has the same one of 000000 and 000004"
	case RuleIdentity:
		return "one order line has one instance id, another one has another"
	case RuleInstances:
		return "the same instances are shown"
	case RuleAccess:
		return "access information is shown"
	case RuleUsage:
		return "usage is shown, and of which instances"
	case RuleHandedOver:
		return "a repeated opening hands over the same as the first"
	case RuleObjections:
		return "the debugger objects to the same"
	default:
		return ""
	}
}

// Rules returns all rules, in their order.
func Rules() []Rule {
	return []Rule{
		RuleTime, RuleStatus, RuleBodySign, RuleOutcome, RuleResultCode, RuleAtOnce, RuleIdentity, RuleInstances, RuleAccess, RuleUsage,
		RuleHandedOver, RuleObjections,
	}
}

// Allowance is a difference that is known and accepted: by a rule, in one activity or in all.
type Allowance struct {
	Rule     Rule
	Activity judge.Activity // as on the wire; empty for all
}

// ErrAllowance says that there is no such rule.
var ErrAllowance = errors.New("unknown rule")

// ParseAllowance reads RULE or RULE@ACTIVITY. Errors: ErrAllowance.
func ParseAllowance(text string) (Allowance, error) {
	name, activity, _ := strings.Cut(text, "@")
	if !slices.Contains(Rules(), Rule(name)) {
		return Allowance{}, fmt.Errorf("%w %q: want one of %v, with @ACTIVITY behind it for one activity only", ErrAllowance, name, Rules())
	}
	return Allowance{Rule(name), judge.Activity(activity)}, nil
}

// allows tells whether a difference is accepted.
func (a Allowance) allows(d Difference) bool {
	return a.Rule == d.Rule && (a.Activity == "" || a.Activity == d.Activity)
}
