// SPDX-License-Identifier: Apache-2.0

package checker_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/checker"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/checker/source"
)

// Every rule rests on what docs/fidelity.yaml has, and says all that a report shows of it.
func TestEveryRuleHasItsSources(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, r := range checker.All() {
		if !kebab.MatchString(r.ID) || seen[r.ID] || !slices.Contains(rule.Severities(), r.Severity) || r.Find == nil {
			t.Errorf("%s: not kebab-case, twice, of no severity, or finds nothing out", r.ID)
		}
		seen[r.ID] = true
		if len(r.Source) == 0 {
			t.Errorf("%s has no source", r.ID)
		}
		for i, id := range r.Source {
			if _, ok := source.Find(id); !ok || slices.Contains(r.Source[:i], id) {
				t.Errorf("%s: there is no source %q, or it is named twice", r.ID, id)
			}
		}
		for what, text := range map[string]rule.Text{"sentence": r.Sentence, "cost": r.Cost, "remedy": r.Remedy} {
			if text.ZH == "" || text.EN == "" || text.ZH == text.EN || strings.ContainsAny(text.ZH+text.EN, "\n\t") || strings.Contains(text.ZH+text.EN, "%!") {
				t.Errorf("%s: %s: %+v", r.ID, what, text)
			}
		}
		if got, ok := checker.Find(r.ID); !ok || got.ID != r.ID {
			t.Errorf("%s is not found", r.ID)
		}
	}
}
