// SPDX-License-Identifier: Apache-2.0

// Package work is the lease queue: it hands out jobs under fencing tokens, tries again what failed, cancels what came too late and
// runs in this process what no worker does. It knows what a job is, and nothing of what any job is about: no domain, no proto, no
// SQL. A domain registers its kinds of job in its constructor, and one [Kind] is all that a new sort of job needs:
//
//	kind.go      a kind: queue, handler, retry policy, deadline, trace
//	registry.go  the kinds, and the queues of provisioners
//	add.go       new jobs, and the standing jobs of which each seller has one
//	lease.go     hands out jobs, waiting for the first; cancels those whose deadline has passed
//	run.go       does the jobs of this process, for one seller or for nobody
//	outcome.go   what a handler says of its attempt
//	finish.go    takes a job back from the holder of its fencing token
//	retry.go     how a failure is tried again, and how an operator has a job done again
//	forget.go    deletes jobs that belong to no order some time after their end
//	queue.go     what waits in the queues, and when workers last came
//
// A job is a row of the store's tasks. It belongs to an order, to an instance of one, to a seller or to nobody ([store.Owner]).
package work
