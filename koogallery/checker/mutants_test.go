// SPDX-License-Identifier: Apache-2.0

package checker_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
	"text/tabwriter"

	"github.com/koogate/koogate/koogallery/checker"
	"github.com/koogate/koogate/koogallery/checker/vendortest"
	"github.com/koogate/koogate/koogallery/judge"
)

// TestMutants looks at every mistake in every family where it can be made: the rule that is meant for it finds it. If KOOGATE_MATRIX names a
// file (make mutants), all rules are looked at, none that asks about something else may fail, and the matrix is written there, for people.
func TestMutants(t *testing.T) {
	t.Parallel()
	mutants := vendortest.Mutants()
	matrix := make([][][]string, len(mutants))
	t.Run("each", func(t *testing.T) {
		for n, m := range mutants {
			t.Run(m.ID, func(t *testing.T) {
				t.Parallel()
				known, ok := checker.Find(m.Rule)
				if !ok {
					t.Errorf("there is no rule %q", m.Rule)
				}
				for _, f := range m.Families {
					if !known.Concerns(f) {
						t.Errorf("%s does not concern %s", m.Rule, f)
					}
					state := "killed"
					var only []string
					if os.Getenv("KOOGATE_MATRIX") == "" {
						only = []string{m.Rule}
					}
					if !killed(t, m, f, only) {
						state = alive
					}
					matrix[n] = append(matrix[n], []string{m.ID, m.Fault, string(f), m.Rule, state})
				}
			})
		}
	})
	if path := os.Getenv("KOOGATE_MATRIX"); path != "" {
		write(t, path, slices.Concat(matrix...))
	}
}

// english is a sentence in English, and others what the network said of a call without an answer, or the seller himself.
var (
	english = regexp.MustCompile(`[a-z]{2,} [a-z]{2,} [a-z]{2,}`)
	others  = regexp.MustCompile(`没有应答（.*）|"[^"]*"`)
)

// alive is what the matrix has of a mutant that is not found.
const alive = "ALIVE"

// killed tells whether the rule that is meant for a mistake finds it, in each way in which it can be seen.
func killed(t *testing.T, m vendortest.Mutant, f judge.Family, only []string) bool {
	t.Helper()
	found := true
	for _, w := range ways(f, 1) {
		seen := (!m.Deep || w.deep) && (!m.Shallow || !w.deep) && (!m.Mock || !w.madeUp) && (!m.Async || w.ready > 0)
		if !seen && os.Getenv("KOOGATE_MATRIX") == "" {
			continue
		}
		r := look(t, w, only, m.ID)
		for _, f := range r.Findings {
			if text := others.ReplaceAllString(f.Seen.ZH, ""); english.MatchString(text) {
				t.Errorf("%s: %s is told in English to who reads Chinese: %s", m.ID, f.Rule, f.Seen.ZH)
			}
		}
		rules := failed(r)
		if seen && !slices.Contains(rules, m.Rule) {
			t.Errorf("%s is alive: %v: %v", m.ID, w, rules)
			found = false
		}
		for _, id := range rules {
			if id != m.Rule && !slices.Contains(m.Also, id) {
				t.Errorf("%s: %v: %s fails, which asks about something else", m.ID, w, id)
			}
		}
	}
	return found
}

// write writes the matrix down.
func write(t *testing.T, path string, matrix [][]string) {
	t.Helper()
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	left := 0
	for _, line := range slices.Concat([][]string{{"mutant", "fault", "family", "rule", ""}}, matrix) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", line[0], line[1], line[2], line[3], line[4])
		if line[4] == alive {
			left++
		}
	}
	fmt.Fprintf(table, "%d mutants, %d in a family, %d alive\n", len(vendortest.Mutants()), len(matrix), left)
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestMutantsAreNamedOnce holds the table to its promises.
func TestMutantsAreNamedOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range vendortest.Mutants() {
		if seen[m.ID] || m.Fault == "" || m.Says == "" || len(m.Families) == 0 {
			t.Errorf("%+v: the ID is taken, or something is missing", m)
		}
		seen[m.ID] = true
	}
}

// TestEveryRuleHasItsMutant wants a mistake for each rule in each family that it concerns: a rule that nothing has ever broken may be one
// that nothing can break.
func TestEveryRuleHasItsMutant(t *testing.T) {
	t.Parallel()
	type where struct {
		rule   string
		family judge.Family
	}
	made := map[where]bool{}
	for _, m := range vendortest.Mutants() {
		for _, f := range m.Families {
			made[where{m.Rule, f}] = true
		}
	}
	for _, r := range checker.All() {
		for _, f := range judge.Families() {
			generation1 := f == judge.FamilySaasV1 || f == judge.FamilyLicenseV1 || f == judge.FamilyKitV1
			if undemanded := r.ID == "answers-are-signed" && !generation1; r.Concerns(f) && !undemanded && !made[where{r.ID, f}] {
				t.Errorf("%s has no mutant in %s", r.ID, f)
			}
		}
	}
}
