// SPDX-License-Identifier: Apache-2.0

package vendortest

import "github.com/koogate/koogate/koogallery/judge"

// mutantsOfForm returns the mistakes in the form of answers.
func mutantsOfForm() []Mutant {
	kit := []string{"kit-calls-succeed"} // which have no other rule about the form of their answers
	return []Mutant{
		{ID: "slow", Fault: "v2-time-limit", Says: "answers after ten seconds", Families: forms(), Rule: "answers-in-time", Also: kit},
		{ID: "created", Fault: "http-status", Says: "answers a success with HTTP status 201", Families: forms(), Rule: "answers-with-http-200", Also: kit},
		{ID: "html", Fault: "answer-content-type", Says: "answers as text/html", Families: forms(), Rule: "answers-are-json-by-type", Also: kit},
		{ID: "trailing-comma", Fault: "notify-gap", Says: "answers with the comma of the printed example", Families: forms(), Rule: "answers-are-json", Also: kit},
		{ID: "code-as-number", Fault: "result-codes", Says: "answers resultCode as a number", Families: forms(), Rule: "result-code-is-text", Also: kit},
		{
			ID: "code-misprinted", Fault: "new-instance-sync", Says: "answers 0000004, as the page misprints it",
			Families: openers(), Async: true, Deep: true, Rule: "result-code-is-known",
		},
		{
			ID: "code-of-http", Fault: "result-codes", Says: "answers a renewal with the resultCode 200", Families: renewed(), Deep: true,
			Rule: "result-code-is-known", Also: []string{"renewal-14-digits"},
		},
		{ID: "no-message", Fault: "result-msg", Says: "leaves resultMsg out", Families: forms(), Rule: "result-message-is-there"},
		{ID: "long-message", Fault: "result-msg", Says: "answers with the trace of an exception", Families: forms(), Rule: "result-message-is-short"},
		{
			ID: "no-instance-id", Fault: "new-instance-id-with-processing", Says: "leaves instanceId out of the answer to newInstance",
			Families: opening(), Rule: "instance-id-is-there",
		},
		{
			ID: "long-instance-id", Fault: "lengths", Says: "makes instance IDs of more than 64 characters",
			Families: opening(), Rule: "instance-id-is-short",
		},
		{
			ID: "no-front-end-at-first", Fault: "app-info-of-new-instance", Says: "leaves frontEndUrl out of the answer to a debugging newInstance",
			Families: polls(), Shallow: true, Rule: "debugged-opening-shows-front-end",
		},
		{ID: "info-as-object", Fault: "query-poll", Says: "shows info as an object", Families: shows(), Rule: "query-info-is-a-list"},
		{
			ID: "info-without-id", Fault: "query-id-list", Says: "shows no instanceId in info", Families: shows(), Rule: "query-info-is-a-list",
			Also: []string{"unfinished-is-not-a-success", "query-shows-what-was-asked"},
		},
		{
			ID: "no-front-end", Fault: "app-info-optional", Says: "shows no frontEndUrl", Families: shows(), Rule: "access-has-a-front-end",
			Also: []string{"unfinished-is-not-a-success", "access-is-the-present-one"},
		},
		{ID: "long-password", Fault: "lengths-of-v2-answers", Says: "shows a password of 129 characters", Families: polls(), Rule: "access-fits"},
		{
			ID: "long-memo", Fault: "lengths", Says: "shows a memo of 1,025 characters", Families: shows(), Rule: "access-fits",
			Also: []string{"access-is-the-present-one"},
		},
		{ID: "usage-as-text", Fault: "usage-info", Says: "shows usageValue as a text", Families: shows(), Rule: "usage-has-its-form"},
		{ID: "usage-time-short", Fault: "usage-info", Says: "shows statisticalTime with 14 digits", Families: shows(), Rule: "usage-has-its-form"},
		{ID: "plain-memo", Fault: "ascii-answers", Says: "writes the Chinese of memo as it is", Families: shows(), Rule: "memo-is-escaped"},
		{
			ID: "debugging-later", Fault: "dial-test", Says: "answers a debugging newInstance with 000004",
			Families: opening(), Shallow: true, Rule: "debugging-succeeds",
		},
	}
}

// forms are the families whose answers all have the same form, whatever their calls look like.
func forms() []judge.Family { return append(posts(), gets()...) }

// renewed are the families that tell of renewals by a call, and no code but of a success or a failure.
func renewed() []judge.Family { return append(gets(), judge.FamilyLicenseCode) }
