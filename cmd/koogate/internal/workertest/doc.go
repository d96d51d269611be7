// SPDX-License-Identifier: Apache-2.0

// Package workertest is koogate worker-test: it runs a vendor's worker against a Koogate of its own, takes its leases away, kills it and
// loses its answers, and says which rules of a worker it breaks.
//
//	command.go    the command line
//	run.go        from the first start to the report
//	site.go       a Koogate with a simulated marketplace behind it
//	gate.go       the task service that the worker talks to, in front of Koogate's own
//	webhook.go    where a webhook is called instead, between Koogate and the program
//	grant.go      a task in the worker's hands, and what became of it
//	process.go    the worker's process
//	resources.go  what exists in the vendor's system
//	cases.go      what is done to the worker
//	called.go     what is done to a webhook instead
//	rules.go      what it must keep to
package workertest
