// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/compare"
	"github.com/koogate/koogate/koogallery/judge"
)

// Allowance is a difference that is known and accepted: by a rule, in one activity or in all.
type Allowance struct {
	Rule     compare.Rule
	Activity judge.Activity // as on the wire; empty for all
}

// ErrAllowance says that there is no such rule.
var ErrAllowance = errors.New("unknown rule")

// ParseAllowance reads RULE or RULE@ACTIVITY. Errors: ErrAllowance.
func ParseAllowance(text string) (Allowance, error) {
	name, activity, _ := strings.Cut(text, "@")
	if !slices.Contains(compare.Rules(), compare.Rule(name)) {
		return Allowance{}, fmt.Errorf("%w %q: want one of %v, with @ACTIVITY behind it for one activity only", ErrAllowance, name, compare.Rules())
	}
	return Allowance{compare.Rule(name), judge.Activity(activity)}, nil
}

// allows tells whether a difference is accepted.
func (a Allowance) allows(d Difference) bool {
	return a.Rule == d.Rule && (a.Activity == "" || a.Activity == d.Activity)
}
