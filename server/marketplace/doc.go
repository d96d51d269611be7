// SPDX-License-Identifier: Apache-2.0

// Package marketplace answers the core's order queries from the marketplace's open API, uploads licences to it and makes the
// calls about licence codes: one client per seller, each with its own keys. It makes one attempt per call; the caller
// repeats it.
//
// Start at [New], then facts.go for what is read from an answer and fault.go for what becomes of a failure.
package marketplace
