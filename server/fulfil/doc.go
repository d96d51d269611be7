// Package fulfil is the core: it decides what a call of the marketplace does to an order, exactly once, and hands the work
// to provisioners. It knows neither proto nor SQL nor gRPC.
//
// The life of an order runs through these files in this order:
//
//	admit.go       newInstance: one transaction claims the line and queues the work
//	settle.go      the answer of newInstance: waits within the product's budget, commits the answer once
//	orderquery.go  asks the marketplace what was bought, then releases the create task to its provisioner
//	lease.go       hands tasks to provisioners; complete.go and fail.go take them back
//	refresh.go status.go upgrade.go release.go check.go query.go   the later calls
//	twin.go        what a debugging call (testFlag 1) gets instead
//
// Every change is a [draft] over what was read: rows, events and tasks that commit together or not at all. When the order
// changed meanwhile the decision is made again from a fresh read; see decide in draft.go.
package fulfil
