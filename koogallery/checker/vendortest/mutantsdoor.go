// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
)

// mutantsOfDoor returns the mistakes in who is let in.
func mutantsOfDoor() []Mutant {
	v2 := []judge.Family{judge.FamilySaasV2}
	return []Mutant{
		{
			ID: "seconds-for-milliseconds", Fault: "timestamp-unit", Says: "reads the timestamp in seconds, and refuses every call", Families: posts(),
			Rule: "signed-call-is-accepted", Also: []string{"debugging-succeeds", "renewal-14-digits", "freeze-and-thaw"},
		},
		{
			ID: "any-signature", Fault: "F17", Says: "looks at the form of a signature only", Families: posts(), Rule: "wrong-signature-is-refused",
			Also: []string{"stale-call-is-refused", "future-call-is-refused", "nonce-and-timestamp-are-demanded", "replayed-call-has-no-effect"},
		},
		{ID: "signature-prefix", Fault: "url-signature-keys", Says: "compares as many digits as were sent", Families: posts(), Rule: "wrong-signature-is-refused"},
		{ID: "unsigned-accepted", Fault: "F17", Says: "lets calls without a signature in", Families: posts(), Rule: "unsigned-call-is-refused"},
		{
			ID: "debugging-unverified", Fault: "F17", Says: "verifies no debugging call", Families: posts(), Shallow: true, Rule: "unsigned-call-is-refused",
			Also: []string{"wrong-signature-is-refused", "stale-call-is-refused", "future-call-is-refused", "nonce-and-timestamp-are-demanded"},
		},
		{ID: "re-serialised", Fault: "F15", Says: "verifies the body that it has parsed and written anew", Families: posts(), Rule: "signature-over-received-bytes", Also: []string{"change-check-object"}},
		{ID: "upper-case-only", Fault: "url-signature-case", Says: "compares the digits of a signature with their case", Families: posts(), Rule: "signature-in-either-case"},
		{
			ID: "lower-case-only", Fault: "url-signature-case", Says: "knows a signature in lower case only", Families: v2, Rule: "signature-in-either-case",
			Also: []string{"signed-call-is-accepted", "debugging-succeeds"},
		},
		{ID: "one-key", Fault: "F18", Says: "knows one key at a time", Families: posts(), Rule: "two-keys-are-valid"},
		{ID: "stale-accepted", Fault: "freshness", Says: "does not look how old a call is", Families: posts(), Rule: "stale-call-is-refused"},
		{ID: "last-time-counts", Fault: "freshness", Says: "verifies the first timestamp of a URL and looks at the age of the last", Families: posts(), Rule: "signed-time-counts"},
		{ID: "future-accepted", Fault: "F13", Says: "takes calls from the future, as the sample does", Families: posts(), Rule: "future-call-is-refused"},
		{
			ID: "wide-window", Fault: "freshness", Says: "takes calls that are five minutes off", Families: posts(), Rule: "future-call-is-refused",
			Also: []string{"stale-call-is-refused"},
		},
		{ID: "nonce-optional", Fault: "missing-time-or-nonce", Says: "does without a nonce", Families: posts(), Rule: "nonce-and-timestamp-are-demanded"},
		{ID: "time-optional", Fault: "missing-time-or-nonce", Says: "does without a timestamp", Families: posts(), Rule: "nonce-and-timestamp-are-demanded"},
		{
			ID: "nonce-forgotten", Fault: "F14", Says: "does not remember what came before", Families: posts(), Deep: true, Hooks: []probe.Hook{probe.HookState},
			Rule: "replayed-call-has-no-effect",
		},
		{ID: "parses-first", Fault: "F16", Says: "parses the body before it verifies it", Families: posts(), Rule: "authentication-comes-first"},
		{ID: "fails-on-bad-json", Fault: "F10", Says: "fails with HTTP 500 when a body cannot be parsed", Families: posts(), Rule: "odd-bodies-are-answered"},
		{ID: "success-on-error", Fault: "F06", Says: "answers success whatever exception there was", Families: posts(), Rule: "nonsense-is-no-success"},
		{
			ID: "any-activity", Fault: "F09", Says: "answers success to an activity that it does not know", Families: posts(),
			Rule: "unknown-activity-is-refused", Also: []string{"nonsense-is-no-success"},
		},
		{ID: "big-body-fails", Fault: "body-limit", Says: "fails with HTTP 500 when a body is big", Families: posts(), Rule: "big-body-does-no-harm"},
		{
			ID: "duplicate-fails", Fault: "nonce", Says: "fails with HTTP 500 when the same bytes come again", Families: posts(), Rule: "duplicates-are-answered",
		},
	}
}
