// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"slices"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
)

// mutantsLife returns the mistakes that can be made with an instance after it was opened.
func mutantsLife() []Mutant {
	v2, code := judge.FamilySaasV2, judge.FamilyLicenseCode
	base, all := []judge.Family{v2}, []judge.Family{v2, judge.FamilyLicenseOnline, code}
	opened := []judge.Family{v2, judge.FamilyLicenseOnline}
	v1 := []judge.Family{judge.FamilySaasV1, judge.FamilyLicenseV1}
	told, toldOpened := slices.Concat(all, v1), slices.Concat(opened, v1)
	state, store := []probe.Hook{probe.HookState}, []probe.Hook{probe.HookStore}
	return []Mutant{
		{ID: "17-digits-only", Fault: "F11", Says: "reads an expireTime of 17 digits only", Families: told, Rule: "renewal-14-digits"},
		{ID: "14-digits-only", Fault: "F11", Says: "reads an expireTime of 14 digits only", Families: opened, Rule: "renewal-17-digits"},
		{ID: "renewal-scene-only", Fault: "F11", Says: "refuses every scene but RENEWAL", Families: slices.Concat(all, v1[:1]), Rule: "renewal-scenes"},
		{ID: "no-change-upon-renewal", Fault: "F11", Says: "refuses RENEWAL_CHANGE", Families: base, Rule: "renewal-change-scene"},
		{ID: "any-scene", Fault: "F09", Says: "takes any scene for a renewal", Families: all, Deep: true, Rule: "unknown-scene-refused"},
		{ID: "renewal-not-repeatable", Fault: "conflicting-repeat", Says: "refuses a renewal that comes again", Families: told, Deep: true, Rule: "renewal-again"},
		{ID: "renewal-adds-a-year", Fault: "F24", Says: "renews for a year, whatever expireTime says", Families: told, Deep: true, Hooks: state, Rule: "expiry-is-the-calls"},
		{ID: "expiry-never-earlier", Fault: "F24", Says: "keeps the later of two expiries", Families: slices.Concat(all, v1[:1]), Deep: true, Hooks: state, Rule: "expiry-is-the-calls"},
		{ID: "renewal-each-time", Fault: "late-answers", Says: "lets a late repetition of a renewal set the expiry anew", Families: told, Deep: true, Hooks: state, Rule: "renewal-never-back"},
		{ID: "opening-overwrites-expiry", Fault: "F05", Says: "writes the row anew when an order is opened again", Families: toldOpened, Deep: true, Hooks: state, Rule: "opening-again-keeps-renewal"},
		{ID: "frozen-for-freeze", Fault: "F11", Says: "wants FROZEN and UNFROZEN", Families: all, Rule: "freeze-and-thaw"},
		{ID: "freeze-not-repeatable", Fault: "status-idempotent", Says: "fails when an instance already is what it shall be", Families: all, Deep: true, Rule: "freeze-again"},
		{ID: "freeze-without-effect", Fault: "F09", Says: "answers a freeze and does nothing", Families: all, Deep: true, Hooks: state, Rule: "freeze-takes-effect"},
		{ID: "any-status", Fault: "F09", Says: "thaws upon any status but FREEZE", Families: slices.Concat(all, v1[:1]), Deep: true, Rule: "unknown-status-refused"},
		{ID: "freezes-periods-only", Fault: "status-modes", Says: "freezes no instance of a pay-per-use order", Families: base, Mock: true, Rule: "freeze-pay-per-use"},
		{ID: "upgrade-not-repeatable", Fault: "upgrade-key", Says: "fails when an upgrade comes again", Families: slices.Concat(base, v1[:1]), Deep: true, Rule: "upgrade-again"},
		{ID: "nested-names-sorted", Fault: "F15", Says: "sorts the names in nested objects too before it verifies", Families: base, Rule: "change-check-object", Also: []string{"signature-over-received-bytes"}},
		{ID: "product-info-is-a-text", Fault: "F12", Says: "falls over a productInfo that is an object", Families: base, Rule: "change-check-object"},
		{ID: "product-info-unbound", Fault: "F12", Says: "binds productInfo to a text, and answers 000002 for an object", Families: base, Rule: "change-check-object"},
		{ID: "product-info-is-a-list", Fault: "F12", Says: "reads no productInfo but an array", Families: base, Rule: "change-check-object"},
		{ID: "product-info-is-an-object", Fault: "F12", Says: "reads no productInfo but an object", Families: base, Rule: "change-check-other-forms"},
		{ID: "cast-panics", Fault: "F10", Says: "falls over a member that is no text", Families: all, Rule: "odd-values-are-answered", Also: []string{"unknown-members-are-ignored"}},
		{ID: "strict-members", Fault: "F10", Says: "refuses a call with a member that it does not know", Families: all, Rule: "unknown-members-are-ignored"},
		{ID: "opening-begins-anew", Fault: "F22", Says: "begins to provision again when an order is opened again", Families: opened, Deep: true, Rule: "ready-stays-ready"},
		{ID: "unfinished-is-empty", Fault: "F22", Says: "answers a query with an empty success while it provisions", Families: base, Deep: true, Async: true, Rule: "unfinished-is-not-a-success"},
		{ID: "unfinished-without-address", Fault: "F22", Says: "shows an instance without its address while it provisions", Families: base, Deep: true, Async: true, Rule: "unfinished-is-not-a-success", Also: []string{"access-has-a-front-end"}},
		{ID: "release-not-repeatable", Fault: "release-repeat", Says: "refuses a release that comes again", Families: all, Deep: true, Rule: "release-again-v2"},
		{ID: "release-without-effect", Fault: "F09", Says: "answers a release and does nothing", Families: told, Deep: true, Hooks: state, Rule: "released-is-final"},
		{ID: "renewal-revives", Fault: "F25", Says: "brings a released instance back when a renewal comes late", Families: told, Deep: true, Hooks: state, Rule: "released-is-final"},
		{ID: "thaw-revives", Fault: "F25", Says: "brings a released instance back when a change of the status comes late", Families: slices.Concat(all, v1[:1]), Deep: true, Hooks: state, Rule: "released-is-final"},
		{ID: "opening-revives", Fault: "F25", Says: "brings a released instance back when its order is opened again", Families: toldOpened, Deep: true, Hooks: state, Rule: "released-is-final"},
		{ID: "exceptions-are-successes", Fault: "F06", Says: "answers success from its catch block", Families: toldOpened, Deep: true, Hooks: store, Rule: "store-failure-is-told"},
		{ID: "attempt-claims", Fault: "F04", Says: "marks an order as dealt with before its transaction", Families: toldOpened, Deep: true, Hooks: store, Rule: "repeat-after-store-failure"},
		{ID: "mock-orders-given-up", Fault: "F23", Says: "keeps what debugging calls do and refuses those after a release", Families: told, Rule: "saved-cases-repeat"},
	}
}
