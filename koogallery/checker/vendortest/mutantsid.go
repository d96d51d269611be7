// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
)

// mutantsOfIdentity returns the mistakes in which instance an order is.
func mutantsOfIdentity() []Mutant {
	state, both := []probe.Hook{probe.HookState}, []probe.Hook{probe.HookKill, probe.HookState}
	crashes := []string{"crash-before-the-answer"}
	told := []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyOrderNotify}
	asked := []judge.Family{judge.FamilySaasV2, judge.FamilyOrderNotify}
	return []Mutant{
		{
			ID: "new-id-each-time", Fault: "F01", Says: "takes the businessId of each call for the ID of a new instance",
			Families: opening(), Rule: "same-instance-again", Also: []string{"pay-per-use-instances", "acceptance-is-a-repeat"},
		},
		{
			ID: "check-then-insert", Fault: "F02", Says: "looks whether an order line is new and inserts it, in two steps",
			Families: opening(), Deep: true, Rule: "one-instance-in-parallel", Also: []string{"one-row-under-load"},
		},
		{
			ID: "resources-in-excess", Fault: "F02", Says: "sets resources up for each of several calls at once, and names the same instance to all",
			Families: opening(), Deep: true, Hooks: state, Rule: "one-row-under-load",
		},
		{
			ID: "provisioned-first", Fault: "F03", Says: "sets resources up before it notes that it does",
			Families: opening(), Deep: true, Hooks: both, Rule: "crash-before-the-answer",
		},
		{
			ID: "stored-later", Fault: "F04", Says: "answers before the instance is written", Families: opening(), Deep: true, Hooks: both,
			Rule: "crash-after-the-answer", Also: crashes,
		},
		{
			ID: "claimed-first", Fault: "F04", Says: "writes the key of an order line before the instance", Families: opening(), Deep: true, Hooks: both,
			Rule: "crash-after-the-answer", Also: crashes,
		},
		{
			ID: "one-id-for-all", Fault: "instance-id", Says: "names every instance alike", Families: opening(), Deep: true,
			Rule: "orders-have-their-own-instance",
			Also: []string{"lines-have-their-own-instance", "crash-before-the-answer", "bought-again-after-release", "pay-per-use-instances"},
		},
		{
			ID: "keyed-by-order", Fault: "new-instance-key", Says: "takes the order for the key, and not its line", Families: told, Deep: true,
			Rule: "lines-have-their-own-instance",
		},
		{
			ID: "order-optional", Fault: "new-instance-key", Says: "opens what names no order", Families: told, Deep: true,
			Rule: "opening-needs-an-order",
		},
		{ID: "query-shows-any", Fault: "F21", Says: "shows whatever instance is asked for", Families: asked, Deep: true, Rule: "unknown-instance-is-not-shown"},
		{
			ID: "changes-unknown", Fault: "F06", Says: "answers success to a change of what it does not have", Families: told, Deep: true,
			Rule: "unknown-instance-is-refused",
		},
		{ID: "list-not-split", Fault: "query-id-list", Says: "takes a list of IDs for one", Families: asked, Deep: true, Rule: "query-knows-lists"},
		{ID: "first-of-a-list", Fault: "query-id-list", Says: "shows the first of a list alone", Families: asked, Deep: true, Rule: "query-knows-lists"},
		{
			ID: "list-of-100-characters", Fault: "query-id-list", Says: "refuses a list of more than 100 characters", Families: asked,
			Rule: "query-takes-a-hundred",
		},
		{
			ID: "debugging-as-production", Fault: "F23", Says: "opens a real instance for a debugging call", Families: opening(), Hooks: state,
			Rule: "debugging-leaves-nothing", Also: []string{"debugging-succeeds", "debugged-opening-shows-front-end"},
		},
		{
			ID: "debugging-acts", Fault: "F23", Says: "releases a real instance upon a debugging call", Families: opening(), Deep: true, Hooks: state,
			Rule: "debugging-touches-nothing",
		},
		{
			ID: "instances-recycled", Fault: "instance-id", Says: "gives a released instance to the next order", Deep: true,
			Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline}, Rule: "bought-again-after-release",
		},
		{
			ID: "notice-once", Fault: "notify-key", Says: "fails when an order notice comes again", Families: []judge.Family{judge.FamilyOrderNotify},
			Deep: true, Rule: "order-notice-again", Also: []string{"debugging-succeeds", "signature-in-either-case"},
		},
		{
			ID: "event-once", Fault: "async-key", Says: "fails when a licence is asked for again", Families: []judge.Family{judge.FamilyLicenseOnline},
			Deep: true, Rule: "licence-event-again",
		},
	}
}
