// SPDX-License-Identifier: Apache-2.0

// Package fulfil is the core: it decides what a call of the marketplace does to an order, exactly once, and hands the work
// to provisioners. It knows neither proto nor SQL nor gRPC.
//
// The life of an order runs through these files in this order:
//
//	ordernotify.go orderNotify: an order is known before anything is created for it
//	admit.go       newInstance: one transaction claims the line and queues the work
//	settle.go      the answer of newInstance: waits within the product's budget, commits the answer once
//	accept.go      the newInstance of V1: held until there is access information, and called again when the buyer accepts
//	licencecode.go the instance that stands for a licence code, which begins with the first call about it
//	orderquery.go  asks the marketplace what was bought, then releases the create task to its provisioner
//	kinds.go       the kinds of task, which server/work hands out; complete.go and fail.go take them back
//	refresh.go     renewals and upgrades; status.go release.go check.go queryinstance.go are the other later calls
//	licence.go     getLicenseAsync: a licence for an event, answered in time or uploaded later
//	policy.go      the answer of a later call that is to wait for its tasks
//	quota.go       what a used up package does: warnings on its order, a freeze, a thaw
//	directory.go   what Kit calls change in the directory, on the instance's chain
//	adopt.go       an instance that a restore has lost; imports.go and imported.go are those that another integration has created
//	question.go    the provisioner is asked about an instance that a call names and nobody knows
//	family.go      the protocol families, and what a call tells the provisioner alone
//	twin.go        what a debugging call (testFlag 1) gets instead
//
// Every change is a [draft] over what was read: rows, events and tasks that commit together or not at all. When the order
// changed meanwhile the decision is made again from a fresh read; see decide in draft.go.
//
// It has more than 25 files, on purpose: every activity of the marketplace has one, and all of them draft their changes of the same order on
// the same aggregate and are decided by the same code (draft.go, facts.go, chain.go), which nothing else may call.
package fulfil
