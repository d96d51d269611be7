// SPDX-License-Identifier: Apache-2.0

package checker

import (
	"slices"

	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/checker/rules/answer"
	"github.com/koogate/koogate/koogallery/checker/rules/door"
	"github.com/koogate/koogate/koogallery/checker/rules/get"
	"github.com/koogate/koogate/koogallery/checker/rules/identity"
	"github.com/koogate/koogate/koogallery/checker/rules/kit"
	"github.com/koogate/koogate/koogallery/checker/rules/life"
)

// All returns every rule, in the order in which they are looked at.
func All() []rule.Rule {
	return slices.Concat(
		door.Rules(), answer.Rules(), identity.Rules(),
		get.Rules(), kit.Rules(),
		life.Rules(),
	)
}

// Find returns the rule with an ID.
func Find(id string) (rule.Rule, bool) {
	all := All()
	i := slices.IndexFunc(all, func(r rule.Rule) bool { return r.ID == id })
	if i < 0 {
		return rule.Rule{}, false
	}
	return all[i], true
}
