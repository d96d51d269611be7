// SPDX-License-Identifier: Apache-2.0

package vendortest

import "github.com/koogate/koogate/koogallery/judge"

// mutantsKit returns the mistakes that can be made with the Kit's calls.
func mutantsKit() []Mutant {
	v1, v2 := []judge.Family{judge.FamilyKitV1}, []judge.Family{judge.FamilyKitV2}
	both := []judge.Family{judge.FamilyKitV1, judge.FamilyKitV2}
	return []Mutant{
		{ID: "kit-is-open", Fault: "F17", Says: "takes the Kit's calls whether they are signed or not", Families: both, Rule: "kit-signature-demanded", Also: []string{"kit-stale-calls-refused"}},
		{ID: "four-of-five-paths", Fault: "kit-paths", Says: "does not serve the path of all departments", Families: both, Rule: "kit-calls-succeed", Also: []string{"kit-credential-rehearsed"}},
		{ID: "kit-answers-unsigned", Fault: "F20", Says: "signs no answer of the Kit", Families: v1, Rule: "kit-answers-are-signed"},
		{ID: "angle-brackets-escaped", Fault: "F15", Says: "writes the body anew with escapes for < and & before it verifies", Families: v2, Rule: "kit-lists-survive"},
		{ID: "kit-is-never-stale", Fault: "F14", Says: "takes a call of the Kit that is old", Families: v2, Rule: "kit-stale-calls-refused"},
		{ID: "kit-future-passes", Fault: "F13", Says: "takes a call of the Kit from the future, as the sample does", Families: v2, Rule: "kit-future-calls-refused"},
		{ID: "kit-raw-bytes-only", Fault: "F15", Says: "verifies the bytes with their escapes instead of the sorted form", Families: v2, Rule: "kit-sorted-form-verified"},
		{ID: "quotes-refused", Fault: "kit-token-header", Says: "takes the quotation marks round a token for a part of it", Families: v1, Rule: "kit-token-in-quotes"},
		{ID: "blanks-signed", Fault: "kit-token-blanks", Says: "signs members without a value", Families: v1, Rule: "kit-blanks-skipped", Also: []string{"kit-credential-rehearsed"}},
		{ID: "sync-not-repeatable", Fault: "kit-repeat", Says: "fails when an enterprise, a user or a department is told again", Families: both, Rule: "kit-repeats-succeed"},
		{ID: "delete-checks-instance", Fault: "kit-delete-without-instance", Says: "looks for the instance before it deletes", Families: both, Rule: "kit-deletes-without-instance"},
		{ID: "add-and-delete-only", Fault: "F09", Says: "knows the flags 0 and 1 only", Families: both, Rule: "kit-flags"},
		{ID: "any-flag", Fault: "F09", Says: "takes any flag", Families: both, Deep: true, Rule: "kit-unknown-flag-refused"},
		{ID: "nested-text-falls", Fault: "F12", Says: "loses a list in a text when it holds escapes", Families: v1, Rule: "kit-lists-survive"},
		{ID: "text-is-no-list", Fault: "F12", Says: "reads no list that is a text", Families: v2, Rule: "kit-list-as-text"},
		{ID: "unquoted-refused", Fault: "kit-unquoted-names", Says: "reads no list with the printed examples' names without quotation marks", Families: both, Rule: "kit-unquoted-names"},
		{ID: "one-bad-element-refuses-all", Fault: "F30", Says: "refuses a list because of one element", Families: both, Rule: "kit-bad-element-costs-itself"},
		{ID: "late-sync-refused", Fault: "kit-last-writer", Says: "fails when a call comes after one that is newer", Families: both, Rule: "kit-late-calls-succeed"},
		{ID: "rehearsal-refused", Fault: "kit-rehearsal", Says: "wants an instance of the calls of a credential", Families: both, Rule: "kit-credential-rehearsed"},
	}
}
