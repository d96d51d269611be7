// SPDX-License-Identifier: Apache-2.0

package vendortest

import "github.com/koogate/koogate/koogallery/judge"

// mutantsOfForm returns the mistakes in the form of answers.
func mutantsOfForm() []Mutant {
	return []Mutant{
		{ID: "slow", Fault: "v2-time-limit", Says: "answers after ten seconds", Families: forms(), Rule: "answers-in-time"},
		{ID: "created", Fault: "http-status", Says: "answers a success with HTTP status 201", Families: forms(), Rule: "answers-with-http-200"},
		{ID: "html", Fault: "answer-content-type", Says: "answers as text/html", Families: forms(), Rule: "answers-are-json-by-type"},
		{ID: "trailing-comma", Fault: "notify-gap", Says: "answers with the comma of the printed example", Families: forms(), Rule: "answers-are-json"},
		{ID: "code-as-number", Fault: "result-codes", Says: "answers resultCode as a number", Families: forms(), Rule: "result-code-is-text"},
		{
			ID: "code-misprinted", Fault: "new-instance-sync", Says: "answers 0000004, as the page misprints it",
			Families: openers(), Async: true, Deep: true, Rule: "result-code-is-known",
		},
		{ID: "no-message", Fault: "result-msg", Says: "leaves resultMsg out", Families: forms(), Rule: "result-message-is-there"},
		{ID: "long-message", Fault: "result-msg", Says: "answers with the trace of an exception", Families: forms(), Rule: "result-message-is-short"},
		{
			ID: "no-instance-id", Fault: "new-instance-id-with-processing", Says: "leaves instanceId out of the answer to newInstance",
			Families: openers(), Rule: "instance-id-is-there",
		},
		{
			ID: "long-instance-id", Fault: "lengths", Says: "makes instance IDs of more than 64 characters",
			Families: openers(), Rule: "instance-id-is-short",
		},
		{
			ID: "no-front-end-at-first", Fault: "app-info-of-new-instance", Says: "leaves frontEndUrl out of the answer to a debugging newInstance",
			Families: polls(), Shallow: true, Rule: "debugged-opening-shows-front-end",
		},
		{ID: "info-as-object", Fault: "query-poll", Says: "shows info as an object", Families: polls(), Rule: "query-info-is-a-list"},
		{
			ID: "info-without-id", Fault: "query-id-list", Says: "shows no instanceId in info", Families: polls(), Rule: "query-info-is-a-list",
			Also: []string{"unfinished-is-not-a-success"},
		},
		{
			ID: "no-front-end", Fault: "app-info-optional", Says: "shows no frontEndUrl", Families: polls(), Rule: "access-has-a-front-end",
			Also: []string{"unfinished-is-not-a-success"},
		},
		{ID: "long-password", Fault: "lengths-of-v2-answers", Says: "shows a password of 129 characters", Families: polls(), Rule: "access-fits"},
		{ID: "usage-as-text", Fault: "usage-info", Says: "shows usageValue as a text", Families: polls(), Rule: "usage-has-its-form"},
		{ID: "usage-time-short", Fault: "usage-info", Says: "shows statisticalTime with 14 digits", Families: polls(), Rule: "usage-has-its-form"},
		{ID: "plain-memo", Fault: "ascii-answers", Says: "writes the Chinese of memo as it is", Families: polls(), Rule: "memo-is-escaped"},
		{
			ID: "debugging-later", Fault: "dial-test", Says: "answers a debugging newInstance with 000004",
			Families: openers(), Shallow: true, Rule: "debugging-succeeds",
		},
	}
}

// forms are the families whose answers all have the same form, whatever their calls look like.
func forms() []judge.Family { return append(posts(), judge.FamilySaasV1, judge.FamilyLicenseV1) }
