// SPDX-License-Identifier: Apache-2.0

// Package usage books what pay-per-use instances have used and brings it to the marketplace: every unit once, inside the
// windows in which a bill still collects it. It knows neither proto nor SQL nor gRPC; store.Ledger keeps the ledger.
//
// The way of a unit through these files:
//
//	meter.go   the product's meter: which window a record counts to, and when that is due
//	report.go  records of the vendor's systems, each judged alone, then booked once per key
//	facts.go   what a record is judged by: the instance's mode and life
//	push.go    a round: due windows become records, records go to the marketplace, its verdicts are written down
//	job.go     the standing task of each seller that runs the rounds
//	alarm.go   backlog, deadlines, and the alarm before one is missed
//	prove.go   the ledger recomputed: raw = pending + sending + pushed + refused, for every window
//	total.go   the usage that queryInstance shows
//
// Nothing is a success without the marketplace's word: a call without an answer leaves its records as they are, and the
// identical records go out again. What it knows already it answers as a duplicate, and that is its word too.
//
// Start with [Service].
package usage
